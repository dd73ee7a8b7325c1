"""The OAuth dance, as every platform dances it."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Misconfigured, ReauthRequired, Rejected, Throttled, Unavailable
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.oauth import authorize_url, exchange, refresh

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
APP = AppCredentials("client", "very secret")
OLD = TokenSet(access_token="old", refresh_token="keep-me", scopes=("oauth",), account="48120077")
REPLY = {
    "token_type": "bearer", "access_token": "CN_k1", "refresh_token": "eu1-7d1c", "expires_in": 1800,
    "hub_id": 48120077, "user_id": 5501, "scopes": ["oauth", "crm.objects.contacts.read"],
}  # fmt: skip
PKCE = replace(HUBSPOT, oauth=replace(HUBSPOT.oauth, pkce=True, basic_auth=True))

Scripted = Callable[..., tuple[requests.Session, Any]]


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_the_consent_page_is_asked_for_the_chosen_scopes() -> None:
    scopes = ("oauth", "crm.objects.deals.read", "crm.schemas.contacts.write")

    url = authorize_url(HUBSPOT, APP, state="s1", redirect_uri="https://x.test/cb", scopes=scopes)

    assert url.startswith("https://app.hubspot.com/oauth/authorize?")
    assert query(url)["scope"] == ["oauth crm.objects.deals.read"]
    assert query(url)["optional_scope"] == ["crm.schemas.contacts.write"]
    assert (query(url)["state"], query(url)["redirect_uri"]) == (["s1"], ["https://x.test/cb"])


def test_a_verifier_is_sent_as_its_challenge_where_the_platform_knows_pkce() -> None:
    url = authorize_url(PKCE, APP, state="s", redirect_uri="https://x.test", scopes=(), verifier="a" * 43)

    assert query(url)["code_challenge"] == ["ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA"]
    assert query(url)["code_challenge_method"] == ["S256"]


def test_no_challenge_goes_to_a_platform_without_pkce() -> None:
    url = authorize_url(HUBSPOT, APP, state="s", redirect_uri="https://x.test", scopes=(), verifier="a" * 43)

    assert "code_challenge" not in query(url)


def test_the_apps_own_hosts_are_used_where_they_are_set() -> None:
    app = replace(APP, auth_url="http://127.0.0.1:1", api_url="http://127.0.0.1:2")

    url = authorize_url(HUBSPOT, app, state="s", redirect_uri="https://x.test", scopes=())

    assert url.startswith("http://127.0.0.1:1/oauth/authorize?")


def test_a_code_becomes_tokens_by_a_form_and_not_by_a_query(scripted: Scripted) -> None:
    session, script = scripted(REPLY)

    tokens = exchange(HUBSPOT, APP, session, code="c1", redirect_uri="https://x.test/cb", now=NOW)

    assert (tokens.access_token, tokens.refresh_token, tokens.account) == ("CN_k1", "eu1-7d1c", "48120077")
    assert tokens.expires_at == NOW + timedelta(seconds=1800)
    assert script.sent[0].url == "https://api.hubapi.com/oauth/2026-03/token"
    assert parse_qs(script.sent[0].body) == {
        "grant_type": ["authorization_code"], "code": ["c1"], "redirect_uri": ["https://x.test/cb"],
        "client_id": ["client"], "client_secret": ["very secret"],
    }  # fmt: skip


def test_basic_client_authentication_keeps_the_secret_out_of_the_form(scripted: Scripted) -> None:
    session, script = scripted(REPLY)

    exchange(PKCE, APP, session, code="c1", redirect_uri="https://x.test", verifier="v1", now=NOW)

    assert script.sent[0].headers["Authorization"] == f"Basic {b64encode(b'client:very secret').decode()}"
    assert parse_qs(script.sent[0].body)["code_verifier"] == ["v1"]
    assert "client_secret" not in parse_qs(script.sent[0].body)


@pytest.mark.parametrize("given", [{"refresh_token": ""}, {"refresh_token": None}, {}])
def test_an_empty_refresh_token_in_a_reply_never_overwrites(scripted: Scripted, given: dict[str, Any]) -> None:
    session, _ = scripted({"access_token": "new", "expires_in": 1800, **given})

    tokens = refresh(HUBSPOT, APP, session, OLD, NOW)

    assert (tokens.access_token, tokens.refresh_token) == ("new", "keep-me")
    assert (tokens.scopes, tokens.account) == (("oauth",), "48120077")


def test_a_rotated_refresh_token_is_taken_over(scripted: Scripted) -> None:
    session, _ = scripted(REPLY)

    assert refresh(HUBSPOT, APP, session, OLD, NOW).refresh_token == "eu1-7d1c"


def test_a_token_made_by_hand_cannot_be_refreshed(scripted: Scripted) -> None:
    session, script = scripted()

    with pytest.raises(ReauthRequired):
        refresh(HUBSPOT, APP, session, TokenSet(access_token="pat"), NOW)
    assert script.sent == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","correlationId":"4c1e"}'),
        (400, b'{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}'),
        (400, b'{"error":"invalid_grant"}'),
        (400, b'{"status":"BAD_AUTH_CODE"}'),
        (200, b'{"error":"invalid_code"}'),
    ],
)
def test_a_grant_that_is_gone_needs_a_person(scripted: Scripted, status: int, body: bytes) -> None:
    session, _ = scripted((status, {}, body))

    with pytest.raises(ReauthRequired, match="no longer accepts"):
        refresh(HUBSPOT, APP, session, OLD, NOW)


@pytest.mark.parametrize("word", ["BAD_CLIENT_SECRET", "BAD_CLIENT_ID", "BAD_REDIRECT_URI"])
def test_an_app_that_is_not_accepted_is_our_own_mistake_and_names_the_secret(scripted: Scripted, word: str) -> None:
    session, _ = scripted((400, {}, b'{"status":"%s"}' % word.encode()))

    with pytest.raises(Misconfigured, match="apps/hubspot"):
        refresh(HUBSPOT, APP, session, OLD, NOW)


def test_the_token_endpoint_may_be_busy_and_say_for_how_long(scripted: Scripted) -> None:
    session, _ = scripted((429, {"Retry-After": "7"}, b""))

    with pytest.raises(Throttled) as caught:
        refresh(HUBSPOT, APP, session, OLD, NOW)
    assert (caught.value.retry_after, caught.value.pool) == (7.0, "tokens")


@pytest.mark.parametrize(
    "answer",
    [
        (502, {}, b"<html>Bad gateway</html>"),
        (500, {}, b'{"status":"error"}'),
        (200, {}, b""),
        (200, {}, b'{"access_token":"CN_'),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
        (400, {}, b"<html>"),
    ],
)
def test_an_answer_that_says_nothing_leaves_the_connection_alone(scripted: Scripted, answer: Any) -> None:
    session, _ = scripted(answer)

    with pytest.raises(Unavailable) as caught:
        refresh(HUBSPOT, APP, session, OLD, NOW)
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(("error", "unknown"), [(requests.ConnectTimeout(), False), (requests.ReadTimeout(), True)])
def test_no_answer_at_all_is_unknown_only_once_it_was_sent(scripted: Scripted, error: Exception, unknown: bool) -> None:
    session, _ = scripted(error)

    with pytest.raises(Unavailable) as caught:
        exchange(HUBSPOT, APP, session, code="c", redirect_uri="https://x.test", now=NOW)
    assert caught.value.outcome_unknown is unknown


def test_any_other_refusal_is_passed_on_with_its_word(scripted: Scripted) -> None:
    session, _ = scripted((400, {}, b'{"error":"unsupported_grant_type"}'))

    with pytest.raises(Rejected, match="unsupported_grant_type"):
        refresh(HUBSPOT, APP, session, OLD, NOW)


def test_no_secret_reaches_an_error_message(scripted: Scripted) -> None:
    session, _ = scripted(requests.ReadTimeout("https://x?client_secret=very secret"))

    with pytest.raises(Unavailable) as caught:
        refresh(HUBSPOT, APP, session, OLD, NOW)
    assert "secret" not in str(caught.value)
    assert "keep-me" not in str(caught.value)
