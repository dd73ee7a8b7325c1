"""Where a chat app may listen."""

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.workspaces import check_url


@pytest.mark.parametrize(
    "url", ["https://chat.example.com/x", "http://localhost:8000/", "http://127.0.0.1/", "http://[::1]:9/"]
)
def test_https_is_taken_and_http_from_this_machine(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    ["http://chat.example.com/", "ftp://localhost/", "chat.example.com", "https://", "https://a:b@example.com/", "",
     "https://[::1", "https://example.com:port/", "http://localhost.example.com/", "https://example.com/#a"],
)  # fmt: skip
def test_no_other_address_is_taken(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url)
