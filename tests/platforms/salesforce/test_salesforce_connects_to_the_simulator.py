"""The OAuth dance with its oddities, another way in, and outbound messages, with the simulator on the other side."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import pytest
import requests
from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import BadSignature, Invalid, MalformedPayload, ReauthRequired, Throttled
from crmbridge.platforms.http import Api
from crmbridge.platforms.oauth import TokenEndpoint, authorize_url, exchange, login_url, refresh, renew
from crmbridge.platforms.salesforce import SALESFORCE

from local.simulators import Running, running

CALLBACK = "https://bridge.example.test/v1/oauth/salesforce/callback"
SCOPES = tuple(scope.name for scope in SALESFORCE.oauth.scopes)
ORG = "00D5g0000000001EAA"
VERIFIER = "v" * 64
Connect = Callable[..., TokenSet]


@pytest.fixture
def sim() -> Iterator[Running]:
    """One of one's own, that insists on PKCE."""
    with running(
        "salesforce", contacts=8, leads=2, companies=2, deals=2, tasks=2, activities=2, require_pkce=True
    ) as up:
        yield up


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def app(sim: Running) -> AppCredentials:
    return AppCredentials("3MVG9simulatorConsumerKey", "simulator-client-secret", auth_url=sim.url)


@pytest.fixture
def connect(app: AppCredentials, session: requests.Session) -> Connect:
    """`connect(login_url, scopes)`: what an admin's consent gives us there."""

    def dance(login: str = "", scopes: tuple[str, ...] = SCOPES) -> TokenSet:
        asked = authorize_url(
            SALESFORCE, app, state="s1", redirect_uri=CALLBACK, scopes=scopes, verifier=VERIFIER, auth_url=login
        )
        host, _, query = asked.partition("?")
        form = {**dict(parse_qsl(query)), "_sim_approve": "1"}
        answer = session.get(host, params=form, allow_redirects=False, timeout=5)
        came_back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert came_back["state"] == ["s1"]
        return exchange(
            SALESFORCE, app, session, code=came_back["code"][0], redirect_uri=CALLBACK, verifier=VERIFIER,
            auth_url=login, now=datetime.now(UTC),
        )  # fmt: skip

    return dance


def test_consent_gives_a_session_without_an_end_at_the_orgs_own_host(sim: Running, connect: Connect) -> None:
    tokens = connect()

    assert (tokens.account, tokens.base_url, tokens.expires_at) == (ORG, sim.url, None)
    assert tokens.extra["user_id"].startswith("005")
    assert set(SCOPES) <= set(tokens.scopes)
    assert tokens.refresh_token


def test_a_sandbox_is_another_login_host_and_another_org(sim: Running, connect: Connect) -> None:
    tokens = connect(f"{sim.url}/test")

    assert tokens.account not in ("", ORG)
    assert tokens.auth_url == f"{sim.url}/test"


@pytest.mark.parametrize(
    ("wish", "url"),
    [
        ("sandbox", "https://test.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com/", "https://acme--uat.sandbox.my.salesforce.com"),
    ],
)
def test_a_login_host_may_be_the_sandboxes_or_the_customers_own(wish: str, url: str) -> None:
    assert login_url(SALESFORCE, AppCredentials("id", "secret"), wish) == url


@pytest.mark.parametrize(
    "wish", ["evil.test", "my.salesforce.com.evil.test", "a.b.my.salesforce.com", "acme.lightning.force.com"]
)
def test_our_secret_goes_nowhere_else(wish: str) -> None:
    with pytest.raises(Invalid):
        login_url(SALESFORCE, AppCredentials("id", "secret"), wish)


def test_a_refresh_keeps_the_refresh_token_unless_the_app_rotates(
    sim: Running, app: AppCredentials, session: requests.Session, connect: Connect, open_api: Callable[..., Api]
) -> None:
    first = connect()

    second = refresh(SALESFORCE, app, session, first, datetime.now(UTC))
    sim.settings(refresh_returns="rotated")
    third = refresh(SALESFORCE, app, session, second, datetime.now(UTC))

    assert second.refresh_token == first.refresh_token
    assert third.refresh_token not in ("", first.refresh_token)
    assert SALESFORCE.identify(open_api(third.base_url, third.access_token), third).account.id == ORG


def test_an_org_that_moved_is_found_at_its_new_host(
    sim: Running, app: AppCredentials, session: requests.Session, connect: Connect
) -> None:
    tokens = connect()
    sim.settings(instance_url="https://new.my.salesforce.com")

    assert refresh(SALESFORCE, app, session, tokens, datetime.now(UTC)).base_url == "https://new.my.salesforce.com"


def test_two_refreshes_at_once_are_told_to_wait_and_not_to_reconnect(
    sim: Running, app: AppCredentials, session: requests.Session, connect: Connect
) -> None:
    tokens = connect()
    sim.settings(refresh_busy_seconds=5)
    refresh(SALESFORCE, app, session, tokens, datetime.now(UTC))

    with pytest.raises(Throttled):
        refresh(SALESFORCE, app, session, tokens, datetime.now(UTC))


def test_the_sixth_approval_ends_the_first(app: AppCredentials, session: requests.Session, connect: Connect) -> None:
    first, *_ = [connect() for _ in range(6)]

    with pytest.raises(ReauthRequired):
        refresh(SALESFORCE, app, session, first, datetime.now(UTC))


def test_goodbye_ends_the_sessions_too_and_may_be_said_twice(
    app: AppCredentials, session: requests.Session, connect: Connect, open_api: Callable[..., Api]
) -> None:
    tokens = connect()
    api = open_api(tokens.base_url, tokens.access_token)

    SALESFORCE.oauth.revoke(api, tokens, app)
    SALESFORCE.oauth.revoke(api, tokens, app)

    with pytest.raises(ReauthRequired):
        SALESFORCE.identify(api, tokens)
    with pytest.raises(ReauthRequired):
        refresh(SALESFORCE, app, session, tokens, datetime.now(UTC))


def test_a_session_that_may_not_say_who_it_is_still_names_the_org(
    connect: Connect, open_api: Callable[..., Api]
) -> None:
    tokens = connect(scopes=("api", "refresh_token"))

    identity = SALESFORCE.identify(open_api(tokens.base_url, tokens.access_token), tokens)

    assert identity.account.id == ORG
    assert identity.user


def test_client_credentials_connect_an_org_without_anybody(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api]
) -> None:
    given = {"domain": "falkenau.my.salesforce.com", "client_id": app.client_id, "client_secret": app.client_secret}
    way = SALESFORCE.ways["client_credentials"]
    ours = replace(app, client_id="ours", auth_url=f"{app.auth_url}/my/falkenau")

    tokens = way.grant(TokenEndpoint(SALESFORCE, ours, session, datetime.now(UTC)), given)
    renewed = renew(SALESFORCE, ours, session, tokens, datetime.now(UTC), "client_credentials")

    api = open_api(renewed.base_url, renewed.access_token)
    assert (tokens.given, tokens.refresh_token) == (given, "")
    assert {scope.name for scope in SALESFORCE.oauth.scopes if scope.required} <= set(renewed.scopes)
    assert SALESFORCE.identify(api, renewed).account.id == ORG


def test_client_credentials_are_sent_to_the_orgs_own_domain(scripted: Callable[..., Any]) -> None:
    session, script = scripted({"access_token": "a", "instance_url": "https://acme.my.salesforce.com"})
    given = {"domain": "acme.my.salesforce.com", "client_id": "theirs", "client_secret": "hidden"}
    endpoint = TokenEndpoint(SALESFORCE, AppCredentials("ours", "our secret"), session, datetime.now(UTC))

    tokens = SALESFORCE.ways["client_credentials"].grant(endpoint, given)

    assert script.sent[0].url == "https://acme.my.salesforce.com/services/oauth2/token"
    assert parse_qs(script.sent[0].body) == {
        "grant_type": ["client_credentials"], "client_id": ["theirs"], "client_secret": ["hidden"],
    }  # fmt: skip
    assert tokens.auth_url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize("word", ["invalid_client", "unsupported_grant_type"])
def test_an_app_that_the_org_has_changed_is_the_admins_to_renew(scripted: Callable[..., Any], word: str) -> None:
    session, _ = scripted((400, {}, orjson.dumps({"error": word, "error_description": "no"})))
    given = {"domain": "acme.my.salesforce.com", "client_id": "theirs", "client_secret": "old"}
    tokens = TokenSet(access_token="a", given=given)

    with pytest.raises(ReauthRequired):
        renew(SALESFORCE, AppCredentials("ours", "x"), session, tokens, datetime.now(UTC), "client_credentials")


def delivered(url: str, body: bytes, headers: dict[str, str]) -> Delivery:
    return Delivery("POST", f"{url}?key=s3cret", headers, body, datetime.now(UTC))


def arrived(endpoint: Any, count: int = 1) -> list[Delivery]:
    deadline = time.monotonic() + 5
    while len(endpoint.posts) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [delivered(endpoint.url, *post) for post in endpoint.posts]


def test_the_crms_own_messages_prove_themselves_and_name_what_happened(sim: Running, endpoint: Any) -> None:
    sim.settings(webhook_url=endpoint.url)
    contact = sim.mutate({"op": "create", "object": "Contact", "fields": {"LastName": "Told"}})[0]["ids"][0]

    delivery = arrived(endpoint)[0]

    SALESFORCE.webhook.verify(delivery, WebhookSecret(("s3cret",), account=ORG))
    assert SALESFORCE.webhook.claims(delivery).accounts == {ORG}
    assert [(each.object, each.external_id) for each in SALESFORCE.webhook.parse(delivery)] == [("Contact", contact)]
    with pytest.raises(BadSignature):
        SALESFORCE.webhook.verify(delivery, WebhookSecret(("other",), account=ORG))


@pytest.mark.parametrize(("kind", "error"), [("wrong_org", BadSignature), ("entities", MalformedPayload)])
def test_forged_messages_are_refused(sim: Running, endpoint: Any, kind: str, error: type[Exception]) -> None:
    sim.settings(webhook_url=endpoint.url)
    sim.webhooks(forge={"kind": kind})

    delivery = arrived(endpoint)[0]

    with pytest.raises(error):
        let_in(delivery)


def let_in(delivery: Delivery) -> None:
    SALESFORCE.webhook.parse(delivery)
    SALESFORCE.webhook.verify(delivery, WebhookSecret(("s3cret",), account=ORG))
