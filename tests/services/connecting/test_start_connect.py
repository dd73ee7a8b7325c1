"""Where the admin's browser is sent, and where it is never sent back to."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from crmbridge.domain.connections import AppCredentials, Caller
from crmbridge.domain.errors import (
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    Unsupported,
)
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.add_connection import add_connection
from crmbridge.services.disconnect import disconnect
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import start_connect
from crmbridge.storage.vault import MemoryVault

ADA = Caller("w1", "u1", "admin")
ZOE = Caller("w2", "u9", "admin")


def test_the_consent_page_is_asked_for_everything_that_was_chosen(deps: Deps, hubspot: Any) -> None:
    url = start_connect(deps, ADA, "hubspot")

    query = parse_qs(urlsplit(url).query)
    assert url.startswith("https://app.hubspot.com/oauth/authorize?")
    assert query["redirect_uri"] == ["https://bridge.test/v1/oauth/hubspot/callback"]
    assert query["client_id"] == ["client"]
    assert query["optional_scope"][0].split() == [
        "crm.objects.companies.write",
        "tickets",
        *(f"crm.schemas.{name}.write" for name in ("contacts", "companies", "deals")),
    ]


def test_required_scopes_are_always_asked_for(deps: Deps, hubspot: Any) -> None:
    url = start_connect(deps, ADA, "hubspot", scopes=["oauth"])

    query = parse_qs(urlsplit(url).query)
    assert "crm.objects.deals.read" in query["scope"][0]
    assert "optional_scope" not in query


def test_only_admins_connect(deps: Deps, member: Caller, hubspot: Any) -> None:
    with pytest.raises(Forbidden):
        start_connect(deps, member, "hubspot")
    with pytest.raises(Forbidden):
        add_connection(deps, member, "hubspot", {"token": "pat-48"})
    with pytest.raises(Forbidden):
        disconnect(deps, member, "c1")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/",
        "https://chat.test.evil.test/",
        "http://chat.test/",
        "https://chat.test@evil.test/",
        "https://evil.test/https://chat.test/",
        "//chat.test/",
        "javascript:alert(1)",
        "https://chat.test\\@evil.test/",
        "https://chat.test/\r\nLocation: https://evil.test",
        "https://[",
    ],
)
def test_a_person_is_never_sent_where_the_deployment_does_not_allow(deps: Deps, hubspot: Any, url: str) -> None:
    with pytest.raises(Invalid, match="return_url"):
        start_connect(deps, ADA, "hubspot", return_url=url)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [("https://a.test/x/y?z=1", True), ("https://a.test/x", True), ("https://a.test/xy", False),
     ("https://a.test/x/../y", False)],
)  # fmt: skip
def test_a_return_url_lies_below_an_allowed_one(make_deps: Any, hubspot: Any, url: str, allowed: bool) -> None:
    deps = make_deps(return_urls=("https://a.test/x",))

    with nullcontext() if allowed else pytest.raises(Invalid, match="return_url"):
        start_connect(deps, ADA, "hubspot", return_url=url)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"scopes": ["crm.everything"]}, Invalid),
        ({"reconnect": "unknown"}, NotFound),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused_before_the_browser_leaves(
    deps: Deps, hubspot: Any, wish: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        start_connect(deps, ADA, "hubspot", **wish)


def test_an_unknown_platform_is_named_with_those_there_are(deps: Deps) -> None:
    with pytest.raises(NotFound, match="hubspot"):
        start_connect(deps, ADA, "sugar")


def test_a_deployment_without_an_app_says_which_secret_to_fill(make_deps: Any) -> None:
    with pytest.raises(Misconfigured, match="apps/hubspot"):
        start_connect(make_deps(vault=MemoryVault()), ADA, "hubspot")


def test_a_foreign_connection_cannot_be_reconnected(connect: Any, begin: Any) -> None:
    mine = connect().connection

    with pytest.raises(NotFound):
        begin(ZOE, reconnect=mine.id)


def test_what_a_platform_cannot_do_is_said(deps: Deps, hubspot: Any) -> None:
    by_token = replace(deps, platform=lambda name: replace(HUBSPOT, auth=("token",)))
    by_oauth = replace(deps, platform=lambda name: replace(HUBSPOT, auth=("oauth",)))

    with pytest.raises(Unsupported):
        start_connect(by_token, ADA, "hubspot")
    with pytest.raises(Unsupported):
        add_connection(by_oauth, ADA, "hubspot", {"token": "pat-48"})


def test_an_app_that_points_at_a_simulator_is_asked_there(make_deps: Any, remote: Any) -> None:
    app = AppCredentials("client", "secret", auth_url="http://127.0.0.1:9", api_url="http://127.0.0.1:9")
    deps = make_deps(vault=MemoryVault({"hubspot": app}))

    assert start_connect(deps, ADA, "hubspot").startswith("http://127.0.0.1:9/oauth/authorize?")
