"""The OAuth dance, missing scopes and signed deliveries, with the simulator on the other side."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import BadSignature, MissingScope, ReauthRequired
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.oauth import authorize_url, exchange, refresh
from crmbridge.platforms.spec import PageRequest

from local.simulators import Running, running

CALLBACK = "https://bridge.example.test/v1/oauth/hubspot/callback"
SECRET = "simulator-client-secret"
SCOPES = tuple(scope.name for scope in HUBSPOT.oauth.scopes)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def app(sim: Running) -> AppCredentials:
    return AppCredentials("5ad1c0de-0000-4000-8000-0000c0ffee01", SECRET, auth_url=sim.url, api_url=sim.url)


@pytest.fixture
def tokens(sim: Running, app: AppCredentials, session: requests.Session) -> TokenSet:
    """What an admin's consent gives us."""
    asked = authorize_url(HUBSPOT, app, state="s1", redirect_uri=CALLBACK, scopes=SCOPES)
    form = {**dict(parse_qsl(urlsplit(asked).query)), "portal": "147000101", "decision": "grant"}
    answer = session.post(f"{sim.url}/oauth/authorize", data=form, allow_redirects=False, timeout=5)
    came_back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert came_back["state"] == ["s1"]
    return exchange(HUBSPOT, app, session, code=came_back["code"][0], redirect_uri=CALLBACK, now=datetime.now(UTC))


def test_consent_gives_tokens_of_one_account_with_every_scope(tokens: TokenSet) -> None:
    assert tokens.account == "147000101"
    assert set(tokens.scopes) == set(SCOPES)
    assert tokens.refresh_token


def test_a_refreshed_token_works(app: AppCredentials, session: requests.Session, tokens: TokenSet, api: Api) -> None:
    fresh = refresh(HUBSPOT, app, session, tokens, datetime.now(UTC))

    api.tokens = OnlyToken(fresh.access_token)
    identity = HUBSPOT.identify(api, fresh)

    assert fresh.access_token != tokens.access_token
    assert (identity.account.id, set(identity.scopes)) == ("147000101", set(SCOPES))


def test_an_uninstalled_app_has_to_be_connected_again(
    app: AppCredentials, session: requests.Session, tokens: TokenSet, api: Api
) -> None:
    api.tokens = OnlyToken(tokens.access_token)

    HUBSPOT.oauth.revoke(api, tokens, app)
    HUBSPOT.oauth.revoke(api, tokens, app)

    with pytest.raises(ReauthRequired):
        refresh(HUBSPOT, app, session, tokens, datetime.now(UTC))


class OnlyToken:
    def __init__(self, token: str) -> None:
        self.token = token

    def current(self, refused: str | None = None) -> str:
        return self.token


def test_a_token_that_sees_only_contacts_reads_contacts_and_leaves_the_rest_unread(
    open_api: Callable[[str], Api],
) -> None:
    scopes = "oauth crm.objects.contacts.read crm.schemas.contacts.read"
    with running("hubspot", contacts=12, companies=5, deals=5, tasks=5, token_scopes=scopes) as narrow:
        api = open_api(narrow.url)
        directories = HUBSPOT.load_directories(api)
        contacts = HUBSPOT.page(api, PageRequest(object="contacts", directories=directories)).seen
        facts = HUBSPOT.prepare(api, directories)
        with pytest.raises(MissingScope, match=r"crm\.objects\.deals\.read"):
            HUBSPOT.page(api, PageRequest(object="deals", directories=directories))

    assert (directories.owners, directories.stages) == ({}, {})
    assert len(contacts) == 12
    assert all("companies" not in seen.links for seen in contacts)
    assert set(facts.values()) == {"marker"}


def test_a_new_stage_translates_deals_anew_and_nothing_else(api: Api, sim: Running, directories: Directories) -> None:
    def fingerprints(known: Directories, object: str) -> list[str]:
        return [seen.fingerprint for seen in HUBSPOT.page(api, PageRequest(object=object, directories=known)).seen]

    sim.mutate({"op": "add_stage", "id": "legal", "pipeline": "default", "label": "Legal", "probability": 0.7})
    later = HUBSPOT.load_directories(api)

    assert fingerprints(later, "contacts") == fingerprints(directories, "contacts")
    assert fingerprints(later, "deals") != fingerprints(directories, "deals")


def test_the_crms_own_deliveries_prove_themselves_and_name_what_happened(sim: Running, endpoint: Any) -> None:
    sim.settings(webhook_url=endpoint.url)
    contact, deal = (sim.state(object=name, ids_only=1)["live"][0] for name in ("contacts", "deals"))
    sim.mutate(
        {"op": "update", "object": "contacts", "id": contact, "properties": {"jobtitle": "CFO"}},
        {"op": "update", "object": "deals", "id": deal, "properties": {"amount": "5"}},
    )
    deadline = time.monotonic() + 5
    changed: set[tuple[Any, ...]] = set()
    while len(changed) < 2 and time.monotonic() < deadline:
        changed = {found for post in list(endpoint.posts) for found in verified(endpoint.url, *post)}
    sim.settings(webhook_url="")

    assert {("updated", "contacts", contact), ("updated", "deals", deal)} <= changed
    body, headers = endpoint.posts[0]
    with pytest.raises(BadSignature):
        HUBSPOT.webhook.verify(Delivery("POST", endpoint.url, headers, body + b" ", datetime.now(UTC)), SECRET)


def verified(url: str, body: bytes, headers: dict[str, str]) -> set[tuple[Any, ...]]:
    delivery = Delivery("POST", url, headers, body, datetime.now(UTC))
    HUBSPOT.webhook.verify(delivery, SECRET)
    assert HUBSPOT.webhook.claims(delivery).accounts == {"147000101"}
    return {(change.what, change.object, change.external_id) for change in HUBSPOT.webhook.parse(delivery)}
