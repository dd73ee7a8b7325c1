"""The token endpoint's dialects: other hosts, other words, other parameters, and ways without a consent page."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Invalid, Misconfigured, ReauthRequired, Throttled
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.oauth import authorize_url, exchange, login_url, refresh, renew
from crmbridge.platforms.spec import AskTokens, Input, OAuthSpec, Platform, Way

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
APP = AppCredentials("client", "very secret")
EU = "https://accounts.little.eu"

Scripted = Callable[..., tuple[requests.Session, Any]]


def read_tokens(reply: Any, now: datetime) -> TokenSet:
    """A CRM that says where its API is, and never how long a token lives."""
    until = now + timedelta(hours=2)
    return TokenSet(access_token=reply["access_token"], expires_at=until, base_url=reply.get("api_domain", ""))


def refusal(status: int, body: Mapping[str, Any]) -> str:
    return {"Access Denied": "busy", "app_blocked": "gone", "wrong_secret": "app"}.get(str(body.get("error")), "")


def assertion(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:
    app = AppCredentials(given["client_id"], "")
    tokens = ask({"grant_type": "jwt", "assertion": f"signed at {ask.now:%H:%M}"}, auth_url=EU, app=app)
    return replace(tokens, given=given)


JWT = Way(
    title="Key",
    description="A certificate",
    inputs=(Input(name="client_id", label="Client"),),
    grant=assertion,
    renew=lambda ask, tokens: assertion(ask, tokens.given),
)
LITTLE: Platform = replace(
    HUBSPOT,
    name="little",
    auth_url="https://accounts.little.com",
    ways={"jwt": JWT},
    oauth=OAuthSpec(
        authorize_path="/auth",
        token_path="/token",
        scopes=(),
        read_tokens=read_tokens,
        revoke=lambda *_: None,
        sends_scopes=False,
        authorize_extra={"access_type": "offline"},
        token_extra={"format": "json"},
        login_hosts={"production": "https://accounts.little.com", "eu": EU},
        login_pattern=r"[a-z0-9-]+(--[a-z0-9]+\.sandbox)?\.my\.little\.com",
        refusal=refusal,
    ),
)


def form(request: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body).items()}


def test_the_consent_page_gets_what_the_platform_always_sends_and_no_scopes_where_they_are_fixed() -> None:
    url = authorize_url(LITTLE, APP, state="s", redirect_uri="https://x.test", scopes=("a",), auth_url=EU)

    assert url.startswith(f"{EU}/auth?")
    assert parse_qs(urlsplit(url).query)["access_type"] == ["offline"]
    assert "scope" not in parse_qs(urlsplit(url).query)


def test_tokens_are_refreshed_where_they_came_from_and_say_where_their_api_is(scripted: Scripted) -> None:
    session, script = scripted({"access_token": "a1", "api_domain": "https://api.little.eu"}, {"access_token": "a2"})

    first = exchange(LITTLE, APP, session, code="c", redirect_uri="https://x.test", auth_url=EU, now=NOW)
    second = refresh(LITTLE, APP, session, replace(first, refresh_token="r1"), NOW)

    assert [request.url for request in script.sent] == [f"{EU}/token"] * 2
    assert form(script.sent[1])["format"] == "json"
    assert (second.access_token, second.base_url) == ("a2", "https://api.little.eu")
    assert (second.refresh_token, second.auth_url) == ("r1", EU)


@pytest.mark.parametrize(
    ("word", "error"), [("Access Denied", Throttled), ("app_blocked", ReauthRequired), ("wrong_secret", Misconfigured)]
)
def test_a_platform_says_what_its_own_words_mean(scripted: Scripted, word: str, error: type[Exception]) -> None:
    session, _ = scripted((400, {}, orjson.dumps({"error": word})))

    with pytest.raises(error):
        refresh(LITTLE, APP, session, TokenSet(access_token="a", refresh_token="r"), NOW)


@pytest.mark.parametrize(("headers", "seconds"), [({}, 600.0), ({"Retry-After": "7"}, 7.0)])
def test_a_busy_token_endpoint_is_left_alone_as_long_as_it_says_or_the_platform_knows(
    scripted: Scripted, headers: dict[str, str], seconds: float
) -> None:
    session, _ = scripted((429, headers, b"{}"))
    slow = replace(LITTLE, oauth=replace(LITTLE.oauth, busy_seconds=600.0))

    with pytest.raises(Throttled) as busy:
        refresh(slow, APP, session, TokenSet(access_token="a", refresh_token="r"), NOW)

    assert busy.value.retry_after == seconds


@pytest.mark.parametrize(
    ("host", "secret"),
    [
        (EU, "of eu"),
        ("https://accounts.little.com", APP.client_secret),
        ("https://crms.test/accounts.little.eu", "of eu"),
    ],
)
def test_an_app_may_have_a_secret_of_its_own_at_a_login_host(scripted: Scripted, host: str, secret: str) -> None:
    session, script = scripted({"access_token": "a2"})
    app = replace(APP, client_secrets={"eu": "of eu", "mars": "of mars"})

    refresh(LITTLE, app, session, TokenSet(access_token="a", refresh_token="r", auth_url=host), NOW)

    assert form(script.sent[0])["client_secret"] == secret


def test_an_error_with_status_200_is_an_error(scripted: Scripted) -> None:
    session, _ = scripted({"error": "invalid_code"})

    with pytest.raises(ReauthRequired):
        refresh(LITTLE, APP, session, TokenSet(access_token="a", refresh_token="r"), NOW)


def test_a_way_of_its_own_renews_by_what_was_given(scripted: Scripted) -> None:
    session, script = scripted({"access_token": "a2"})
    tokens = TokenSet(access_token="a1", given={"client_id": "theirs"})

    fresh = renew(LITTLE, APP, session, tokens, NOW, "jwt")

    assert (fresh.access_token, fresh.given) == ("a2", {"client_id": "theirs"})
    assert form(script.sent[0])["client_id"] == "theirs"
    assert "client_secret" not in form(script.sent[0])


@pytest.mark.parametrize(
    ("wish", "url"),
    [
        ("", ""),
        ("eu", EU),
        (EU, EU),
        ("acme.my.little.com", "https://acme.my.little.com"),
        ("https://acme--test.sandbox.my.little.com/", "https://acme--test.sandbox.my.little.com"),
    ],
)
def test_a_login_host_is_chosen_by_name_or_by_the_customers_own_domain(wish: str, url: str) -> None:
    assert login_url(LITTLE, APP, wish) == url


@pytest.mark.parametrize(
    "wish",
    [
        "evil.test", "http://acme.my.little.com", "https://acme.my.little.com@evil.test", "acme.my.little.com/path",
        "https://acme.my.little.com.evil.test", "acme.my.little.com:8443", "http://169.254.169.254",
        "a\n.my.little.com",
    ],
)  # fmt: skip
def test_a_host_that_our_secret_must_not_go_to_is_refused(wish: str) -> None:
    with pytest.raises(Invalid, match="login_host"):
        login_url(LITTLE, APP, wish)


def test_hosts_that_override_the_crms_own_leave_no_others() -> None:
    app = replace(APP, auth_url="http://127.0.0.1:9", hosts="http://127.0.0.1:10")

    assert login_url(LITTLE, app, "eu") == "http://127.0.0.1:9"
    assert login_url(LITTLE, app, "http://127.0.0.1:10") == "http://127.0.0.1:10"
    with pytest.raises(Invalid):
        login_url(LITTLE, app, EU)
