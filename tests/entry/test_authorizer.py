"""What API Gateway is told about a caller."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from crmbridge.domain.errors import Busy
from crmbridge.domain.workspaces import ApiKey, key_hash
from crmbridge.entry.authorizer import answer

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SECRET = "s3cr3ts3cr3ts3cr3ts3cr3t"
KEY = ApiKey("K1", "acme", "member", "U-ADA", "report", key_hash(SECRET), NOW)


class Away:
    """A session that reaches nobody."""

    def get(self, *args: Any, **more: Any) -> None:
        raise requests.ConnectionError


@pytest.fixture
def deps() -> Any:
    """A workspace with one API key, and an issuer that does not answer."""

    def api_key(workspace: str, id: str) -> ApiKey | None:
        return KEY if (workspace, id) == ("acme", "K1") else None

    return SimpleNamespace(now=lambda: NOW, http=Away(), workspaces=SimpleNamespace(api_key=api_key))


def ask(deps: Any, credential: str | None) -> dict[str, Any]:
    event = {"routeKey": "GET /v1/groups", "identitySource": [credential] if credential is not None else None}
    return answer(deps, event, "https://issuer.example", "crm-bridge")


def test_a_known_key_is_let_in_as_its_caller(deps: Any) -> None:
    said = ask(deps, f"Bearer cb_acme_K1_{SECRET}")

    assert said == {
        "isAuthorized": True,
        "context": {"workspace": "acme", "user": "U-ADA", "role": "member", "email": ""},
    }


@pytest.mark.parametrize(
    "credential",
    [None, "", "Bearer", "Basic YTpi", f"Bearer cb_acme_K1_{SECRET}x", f"Bearer cb_other_K1_{SECRET}", "Bearer a.b.c"],
)
def test_an_unknown_caller_is_not_let_in(deps: Any, credential: str | None) -> None:
    assert ask(deps, credential) == {"isAuthorized": False}


def test_an_issuer_that_is_away_is_an_error_and_no_refusal(deps: Any) -> None:
    token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhIn0.c2ln"

    with pytest.raises(Busy):
        ask(deps, f"Bearer {token}")
