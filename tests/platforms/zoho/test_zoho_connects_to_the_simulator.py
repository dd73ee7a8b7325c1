"""The OAuth dance over data centres, the self client, channels and deliveries, with the simulator on the other side."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.channels import Channel
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import BadSignature, Invalid, Misconfigured, MissingScope, ReauthRequired, Throttled
from crmbridge.platforms.channels import ChannelRequest
from crmbridge.platforms.http import Api
from crmbridge.platforms.oauth import TokenEndpoint, authorize_url, exchange, login_url, refresh, renew
from crmbridge.platforms.spec import PageRequest
from crmbridge.platforms.zoho import ZOHO

from local.simulators import Running, running

CALLBACK = "https://bridge.example.test/v1/oauth/zoho/callback"
SCOPES = tuple(scope.name for scope in ZOHO.oauth.scopes)

channels = ZOHO.channels
assert channels is not None
assert channels.register is not None
assert channels.renew is not None
assert channels.unregister is not None
register, keep_up, unregister = channels.register, channels.renew, channels.unregister


def now() -> datetime:
    return datetime.now(UTC)


def simulated(url: str) -> AppCredentials:
    hosts = " ".join(f"{url}/accounts.zoho.{domain}" for domain in ("eu", "in", "com.au"))
    return AppCredentials(
        "1000.SIMULATORCLIENT", "simulator-client-secret", auth_url=f"{url}/accounts.zoho.com", hosts=hosts
    )


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture(scope="module")
def europe() -> Iterator[Running]:
    """One of which tokens are made and revoked."""
    with running("zoho", contacts=5, companies=3, deals=3, leads=3) as running_sim:
        yield running_sim


@pytest.fixture
def app(europe: Running) -> AppCredentials:
    europe.no_faults()
    europe.settings(tokens_per_window=1_000, refresh_tokens_per_minute=1_000)
    return simulated(europe.url)


def consented(app: AppCredentials, session: requests.Session, **press: str) -> Mapping[str, list[str]]:
    """What the browser brings back to the callback."""
    asked = authorize_url(ZOHO, app, state="s1", redirect_uri=CALLBACK, scopes=SCOPES)
    assert ",".join(SCOPES) == parse_qs(urlsplit(asked).query)["scope"][0]
    answer = session.get(asked, params=press, allow_redirects=False, timeout=5)
    came_back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert came_back["state"] == ["s1"]
    return came_back


def connected(app: AppCredentials, session: requests.Session, place: str = "1") -> TokenSet:
    back = consented(app, session, _sim_approve=place)
    host = login_url(ZOHO, app, back[ZOHO.oauth.callback_host][0])
    return exchange(ZOHO, app, session, code=back["code"][0], redirect_uri=CALLBACK, auth_url=host, now=now())


def test_consent_leads_to_the_customers_own_data_centre(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api]
) -> None:
    tokens = connected(app, session)
    identity = ZOHO.identify(open_api(tokens.base_url, tokens.access_token), tokens)

    assert tokens.auth_url.endswith("/accounts.zoho.eu")
    assert tokens.base_url.endswith("/www.zohoapis.eu")
    assert identity.account.ui_url.startswith("https://crm.zoho.eu/crm/org")
    assert set(SCOPES) <= set(identity.scopes)
    assert tokens.expires_at
    assert timedelta(minutes=50) < tokens.expires_at - now() <= timedelta(hours=1)


def test_a_code_is_good_in_its_own_data_centre_and_once(app: AppCredentials, session: requests.Session) -> None:
    back = consented(app, session, _sim_approve="1")
    ask = {"code": back["code"][0], "redirect_uri": CALLBACK, "now": now()}
    host = back["accounts-server"][0]

    with pytest.raises(ReauthRequired):
        exchange(ZOHO, app, session, auth_url=app.auth_url, **ask)  # type: ignore[arg-type]  # as asked
    exchange(ZOHO, app, session, auth_url=host, **ask)  # type: ignore[arg-type]
    with pytest.raises(ReauthRequired):
        exchange(ZOHO, app, session, auth_url=host, **ask)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["https://accounts.zoho.eu.evil.test", "https://zoho.eu", "http://accounts.zoho.eu"])
def test_our_secret_is_posted_to_no_other_host(host: str) -> None:
    with pytest.raises(Invalid):
        login_url(ZOHO, AppCredentials("id", "secret"), host)


def test_every_data_centre_is_known_by_its_callback() -> None:
    for url in ZOHO.oauth.login_hosts.values():
        assert login_url(ZOHO, AppCredentials("id", "secret"), url) == url


def test_wrong_credentials_of_the_app_are_our_mistake(app: AppCredentials, session: requests.Session) -> None:
    code = consented(app, session, _sim_approve="1")["code"][0]

    with pytest.raises(Misconfigured, match="apps/zoho"):
        exchange(
            ZOHO, replace(app, client_secret="wrong"), session, code=code, redirect_uri=CALLBACK,
            auth_url=f"{app.auth_url.removesuffix('com')}eu", now=now(),
        )  # fmt: skip


def test_a_refresh_keeps_the_refresh_token_that_zoho_does_not_repeat(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api]
) -> None:
    tokens = connected(app, session)

    fresh = refresh(ZOHO, app, session, tokens, now())

    assert fresh.access_token != tokens.access_token
    assert (fresh.refresh_token, fresh.auth_url, fresh.base_url) == (
        tokens.refresh_token, tokens.auth_url, tokens.base_url,
    )  # fmt: skip
    assert ZOHO.identify(open_api(fresh.base_url, fresh.access_token), fresh).account.id


def test_too_many_tokens_are_a_limit_and_no_goodbye(
    app: AppCredentials, session: requests.Session, europe: Running
) -> None:
    tokens = connected(app, session)
    europe.settings(tokens_per_window=2)

    refresh(ZOHO, app, session, tokens, now())
    with pytest.raises(Throttled) as blocked:
        refresh(ZOHO, app, session, tokens, now())
    europe.advance(blocked.value.retry_after)

    assert blocked.value.retry_after == 600
    assert refresh(ZOHO, app, session, tokens, now()).access_token
    europe.settings(tokens_per_window=1_000)


def test_the_app_has_a_secret_of_its_own_in_a_data_centre(app: AppCredentials, session: requests.Session) -> None:
    elsewhere = replace(app, client_secret="of another place")
    tokens = connected(app, session)

    fresh = refresh(ZOHO, replace(elsewhere, client_secrets={"eu": app.client_secret}), session, tokens, now())

    assert fresh.access_token
    with pytest.raises(Misconfigured, match="client_secrets"):
        refresh(ZOHO, replace(elsewhere, client_secrets={"us": app.client_secret}), session, tokens, now())


def test_saying_goodbye_revokes_the_tokens_and_may_be_repeated(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api]
) -> None:
    tokens = connected(app, session)
    api = open_api(tokens.base_url, tokens.access_token)

    ZOHO.oauth.revoke(api, tokens, app)
    ZOHO.oauth.revoke(api, tokens, app)

    with pytest.raises(ReauthRequired):
        refresh(ZOHO, app, session, tokens, now())


def test_a_self_client_needs_no_consent_and_refreshes_as_itself(
    app: AppCredentials, session: requests.Session, europe: Running, open_api: Callable[..., Api]
) -> None:
    way = ZOHO.ways["self_client"]
    code = europe.mutate({"op": "self_client_code", "scopes": ",".join(SCOPES)})[0]["code"]
    given = {
        "data_centre": "eu", "client_id": app.client_id, "client_secret": app.client_secret, "code": f" {code} ",
    }  # fmt: skip
    ours = replace(app, client_id="1000.OURS", client_secret="ours")

    tokens = way.grant(TokenEndpoint(ZOHO, ours, session, now()), given)
    fresh = renew(ZOHO, ours, session, tokens, now(), "self_client")

    assert set(tokens.given) == {"client_id", "client_secret"}
    assert fresh.refresh_token == tokens.refresh_token
    assert ZOHO.identify(open_api(fresh.base_url, fresh.access_token), fresh).account.id


def test_a_scope_that_is_missing_says_so_and_leaves_the_rest(open_api: Callable[..., Api]) -> None:
    with running("zoho", contacts=3, companies=3, deals=3, token_scopes="ZohoCRM.org.READ") as narrow:
        api = open_api(narrow.url)

        directories = ZOHO.load_directories(api)
        with pytest.raises(MissingScope):
            ZOHO.page(api, PageRequest(object="Deals", directories=directories))

        assert (directories.owners, directories.fields) == ({}, {})
        assert set(ZOHO.prepare(api, directories).values()) == {"none"}


def test_half_of_the_credits_spent_shows_what_is_left(open_api: Callable[..., Api]) -> None:
    with running("zoho", contacts=3, companies=3, deals=3, daily_credits=6) as small:
        api, tokens = open_api(small.url), TokenSet(access_token="t")

        early = ZOHO.identify(api, tokens).quota
        ZOHO.identify(api, tokens)
        late = ZOHO.identify(api, tokens).quota

    assert early == {}
    assert late["credits"][0] <= 3


@dataclass
class Hook:
    """What an endpoint got: (raw body, lower-cased headers) of every POST."""

    url: str = ""
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def deliveries(self, count: int) -> list[Delivery]:
        deadline = time.monotonic() + 5
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [Delivery("POST", self.url, headers, body, now()) for body, headers in list(self.got)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    received = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.got.append((body, {name.lower(): text for name, text in self.headers.items()}))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/v1/webhooks/zoho/c1.w1/"
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()


@pytest.fixture
def watched(europe: Running, open_api: Callable[..., Api]) -> Api:
    europe.no_faults()
    return open_api(europe.url)


def wish(hook: Hook, token: str = "t1", channel: Channel | None = None, at: datetime | None = None) -> ChannelRequest:
    return ChannelRequest(
        target_base=hook.url, target_url=hook.url + token, user="crm-bridge", password=f"of-{token}", channel=channel,
        account="1", person="1", directories=None, now=at or now(),
    )  # fmt: skip


def subscribed(api: Api) -> dict[str, set[str]]:
    """Channel -> the modules it tells of."""
    found: dict[str, set[str]] = {}
    for row in (api.get("/crm/v8/actions/watch") or {}).get("watch", ()):
        found.setdefault(str(row["channel_id"]), set()).add(row["resource_name"])
    return found


def test_registering_again_leaves_exactly_one_channel_for_everything(watched: Api, hook: Hook) -> None:
    first = register(watched, wish(hook, "t1"))
    second = register(watched, wish(hook, "t2", first))

    assert subscribed(watched) == {second.ids[0]: set(ZOHO.objects)}
    assert second.expires_at
    assert second.expires_at - now() > timedelta(days=6)
    unregister(watched, wish(hook, "t2", second))
    assert subscribed(watched) == {}
    unregister(watched, wish(hook, "t2", second))


def test_another_connections_channel_is_left_alone(watched: Api, hook: Hook) -> None:
    other = replace(hook, url=hook.url.replace("c1.w1", "c2.w1"))
    theirs = register(watched, wish(other))

    ours = register(watched, wish(hook))
    unregister(watched, wish(hook, channel=ours))

    assert set(subscribed(watched)) == set(theirs.ids)
    unregister(watched, wish(other, channel=theirs))


def test_a_channel_is_put_off_every_day_and_made_anew_once_it_has_run_out(
    watched: Api, hook: Hook, europe: Running
) -> None:
    channel = register(watched, wish(hook))
    tomorrow = now() + timedelta(days=1)
    europe.advance(86_400)

    renewed = keep_up(watched, wish(hook, channel=channel, at=tomorrow))
    europe.advance(8 * 86_400)
    late = keep_up(watched, wish(hook, channel=channel, at=now() + timedelta(days=9)))

    assert renewed
    assert renewed.ids == channel.ids
    assert renewed.expires_at
    assert channel.expires_at
    assert renewed.expires_at - channel.expires_at > timedelta(hours=23)
    assert late is None


def test_who_may_make_no_channel_is_left_to_incremental_runs(open_api: Callable[..., Api], hook: Hook) -> None:
    with running("zoho", contacts=3, companies=3, deals=3, token_scopes="ZohoCRM.modules.ALL") as narrow:
        api = open_api(narrow.url)

        channel = register(api, wish(hook))

        assert (channel.ids, "reason" in channel.facts) == ((), True)
        assert keep_up(api, wish(hook, channel=channel)) is None
        unregister(api, wish(hook, channel=channel))


@pytest.mark.parametrize("words", ["seen", "documented"])
def test_zohos_own_deliveries_prove_themselves_and_name_what_happened(
    sim: Running, api: Api, hook: Hook, directories: Directories, words: str
) -> None:
    sim.settings(operation_names=words)
    channel = register(api, wish(hook))
    secret = WebhookSecret(("older", "of-t1"), user="crm-bridge", channels=frozenset(channel.ids))
    made = sim.mutate({"op": "create", "object": "Contacts", "fields": {"Last_Name": "Hook {n}"}, "count": 3})[0]["ids"]
    sim.mutate({"op": "update", "object": "Contacts", "ids": made[:2], "fields": {"Title": "Hooked"}})
    sim.mutate({"op": "delete", "object": "Contacts", "id": made[2]})
    sim.webhooks(flush=True)

    found = set()
    for delivery in hook.deliveries(3):
        ZOHO.webhook.verify(delivery, secret)
        assert ZOHO.webhook.claims(delivery).channel == channel.ids[0]
        found |= {(str(change.what), change.object, change.external_id) for change in ZOHO.webhook.parse(delivery)}
    unregister(api, wish(hook, channel=channel))

    assert found >= {
        *(("created", "Contacts", id) for id in made), *(("updated", "Contacts", id) for id in made[:2]),
        ("deleted", "Contacts", made[2]),
    }  # fmt: skip


@pytest.mark.parametrize("forgery", ["wrong_token", "no_token", "unknown_channel"])
def test_forged_deliveries_prove_nothing(sim: Running, api: Api, hook: Hook, forgery: str) -> None:
    channel = register(api, wish(hook))
    secret = WebhookSecret(("of-t1",), channels=frozenset(channel.ids))

    sim.webhooks(forge={"kind": forgery})
    delivery = hook.deliveries(1)[0]
    unregister(api, wish(hook, channel=channel))

    with pytest.raises(BadSignature):
        ZOHO.webhook.verify(delivery, secret)
