"""The OAuth dance with its oddities, narrow scopes and deliveries, with the simulator on the other side."""

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
from crmbridge.domain.errors import BadSignature, Misconfigured, MissingScope, ReauthRequired
from crmbridge.platforms.channels import ChannelRequest
from crmbridge.platforms.http import Api
from crmbridge.platforms.oauth import authorize_url, exchange, refresh
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.spec import PageRequest

from local.simulators import Running, running

CALLBACK = "https://bridge.example.test/v1/oauth/pipedrive/callback"
SCOPES = tuple(scope.name for scope in PIPEDRIVE.oauth.scopes)
COMPANY = "5550001"

channels = PIPEDRIVE.channels
assert channels is not None
assert channels.register is not None
assert channels.renew is not None
assert channels.unregister is not None
register, renew, unregister = channels.register, channels.renew, channels.unregister


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def app(sim: Running) -> AppCredentials:
    return AppCredentials("9f0c0ffee0000001", "simulator-client-secret", auth_url=sim.url)


def consented(
    app: AppCredentials, session: requests.Session, callback: str = CALLBACK, **press: str
) -> Mapping[str, list[str]]:
    """What the browser brings back to the callback."""
    asked = authorize_url(PIPEDRIVE, app, state="s1", redirect_uri=callback, scopes=SCOPES)
    assert "scope" not in parse_qs(urlsplit(asked).query)
    answer = session.get(asked, params=press, allow_redirects=False, timeout=5)
    came_back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert came_back["state"] == ["s1"]
    return came_back


def connected(app: AppCredentials, session: requests.Session) -> TokenSet:
    code = consented(app, session, _sim_approve=COMPANY)["code"][0]
    return exchange(PIPEDRIVE, app, session, code=code, redirect_uri=CALLBACK, now=now())


@pytest.fixture
def tokens(app: AppCredentials, session: requests.Session) -> TokenSet:
    return connected(app, session)


@pytest.mark.parametrize("separator", [",", " "])
def test_consent_gives_tokens_a_host_and_every_scope(
    sim: Running, app: AppCredentials, session: requests.Session, separator: str
) -> None:
    sim.settings(scope_separator=separator)

    tokens = connected(app, session)

    assert set(tokens.scopes) >= set(SCOPES)
    assert (tokens.base_url, bool(tokens.refresh_token)) == (sim.url, True)
    assert tokens.expires_at
    assert tokens.expires_at - now() > timedelta(minutes=55)


@pytest.mark.parametrize("word", ["user_denied", "access_denied"])
def test_a_denial_brings_no_code(sim: Running, app: AppCredentials, session: requests.Session, word: str) -> None:
    sim.settings(denial=word)

    came_back = consented(app, session, _sim_deny="1")

    assert came_back["error"] == [word]
    assert "code" not in came_back


def test_a_code_is_good_once(app: AppCredentials, session: requests.Session) -> None:
    code = consented(app, session, _sim_approve=COMPANY)["code"][0]
    exchange(PIPEDRIVE, app, session, code=code, redirect_uri=CALLBACK, now=now())

    with pytest.raises(ReauthRequired):
        exchange(PIPEDRIVE, app, session, code=code, redirect_uri=CALLBACK, now=now())


@pytest.mark.parametrize("wrong", [{"client_secret": "other"}, {"client_id": "other"}])
def test_wrong_credentials_of_the_app_are_our_mistake(
    app: AppCredentials, session: requests.Session, tokens: TokenSet, wrong: Mapping[str, Any]
) -> None:
    with pytest.raises(Misconfigured, match="apps/pipedrive"):
        refresh(PIPEDRIVE, replace(app, **wrong), session, tokens, now())


def test_a_refreshed_token_works_at_the_renamed_domain(
    sim: Running, app: AppCredentials, session: requests.Session, tokens: TokenSet, open_api: Callable[..., Api]
) -> None:
    sim.settings(api_domain=sim.url.replace("127.0.0.1", "localhost"))
    fresh = refresh(PIPEDRIVE, app, session, tokens, now())
    sim.settings(api_domain="")

    identity = PIPEDRIVE.identify(open_api(fresh.base_url, fresh.access_token, "oauth"), fresh)

    assert fresh.base_url != tokens.base_url
    assert fresh.refresh_token == tokens.refresh_token
    assert (identity.account.id, set(identity.scopes)) == (COMPANY, set(tokens.scopes))


def test_a_refresh_token_that_was_idle_for_60_days_is_gone(app: AppCredentials, session: requests.Session) -> None:
    with running("pipedrive", contacts=3, companies=3, deals=3) as old:
        app = replace(app, auth_url=old.url)
        tokens = connected(app, session)
        old.advance(59 * 86_400)
        kept = refresh(PIPEDRIVE, app, session, tokens, now())
        old.advance(61 * 86_400)

        with pytest.raises(ReauthRequired):
            refresh(PIPEDRIVE, app, session, kept, now())


def test_saying_goodbye_uninstalls_the_app_and_may_be_repeated(
    app: AppCredentials, session: requests.Session, tokens: TokenSet, open_api: Callable[..., Api]
) -> None:
    api = open_api(tokens.base_url, tokens.access_token, "oauth")

    PIPEDRIVE.oauth.revoke(api, tokens, app)
    PIPEDRIVE.oauth.revoke(api, tokens, app)

    with pytest.raises(ReauthRequired):
        refresh(PIPEDRIVE, app, session, tokens, now())


def test_an_api_token_is_regenerated_to_death(sim: Running, open_api: Callable[..., Api]) -> None:
    user, token = next((user, token) for token, user in api_tokens(sim).items() if user != 1077)
    assert PIPEDRIVE.identify(open_api(sim.url, token), TokenSet(access_token=token)).user == str(user)

    sim.mutate({"op": "regenerate_token", "user": user})

    with pytest.raises(ReauthRequired):
        PIPEDRIVE.identify(open_api(sim.url, token), TokenSet(access_token=token))


def api_tokens(sim: Running) -> Mapping[str, int]:
    found: Mapping[str, int] = sim.state(summary=1)["companies"][COMPANY]["api_tokens"]
    return found


def test_a_closed_account_says_who_must_act(open_api: Callable[..., Api]) -> None:
    with running("pipedrive", contacts=3, companies=3, deals=3) as closing:
        closing.mutate({"op": "update_company", "closed": True})

        with pytest.raises(ReauthRequired, match="closed this account"):
            PIPEDRIVE.identify(open_api(closing.url), TokenSet(access_token="t"))


def test_an_app_that_may_only_read_people_reads_people_and_leaves_the_rest(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api]
) -> None:
    with running("pipedrive", contacts=12, companies=5, deals=5, app_scopes="base contacts:read") as narrow:
        tokens = connected(replace(app, auth_url=narrow.url), session)
        api = open_api(narrow.url, tokens.access_token, "oauth")
        directories = PIPEDRIVE.load_directories(api)
        persons = PIPEDRIVE.page(api, PageRequest(object="persons", directories=directories)).seen
        facts = PIPEDRIVE.prepare(api, directories)
        with pytest.raises(MissingScope):
            PIPEDRIVE.page(api, PageRequest(object="deals", directories=directories))

    assert (directories.owners, set(directories.fields)) == ({}, {"persons", "organizations"})
    assert len(persons) > 10
    assert set(facts.values()) == {"none"}


@dataclass
class Hook:
    """What a webhook endpoint got: (method, raw body, lower-cased headers) of every request; `status` is its answer."""

    url: str = ""
    status: int = 200
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def deliveries(self, count: int) -> list[Delivery]:
        deadline = time.monotonic() + 5
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return [Delivery(method, self.url, headers, body, now()) for method, body, headers in list(self.got)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    received = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.got.append((self.command, body, {name.lower(): text for name, text in self.headers.items()}))
            self.send_response(received.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_DELETE = do_POST  # noqa: N815 - what the server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/v1/webhooks/pipedrive/c1.w1/"
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()


def wish(hook: Hook, token: str = "t1", channel: Channel | None = None) -> ChannelRequest:
    return ChannelRequest(
        target_base=hook.url, target_url=hook.url + token, user="crm-bridge", password=f"of-{token}", channel=channel,
        account=COMPANY, person="1077", directories=None, now=now(),
    )  # fmt: skip


def subscribed(api: Api) -> list[str]:
    return [str(row["id"]) for row in api.get("/api/v1/webhooks")["data"]]


def test_registering_again_leaves_exactly_one_webhook(api: Api, hook: Hook) -> None:
    first = register(api, wish(hook, "t1"))
    second = register(api, wish(hook, "t2", first))

    assert subscribed(api) == list(second.ids)
    assert renew(api, wish(hook, "t2", second)) == second
    unregister(api, wish(hook, "t2", second))
    assert subscribed(api) == []


def test_a_webhook_that_is_gone_or_banned_is_not_renewed(sim: Running, api: Api, hook: Hook) -> None:
    channel = register(api, wish(hook))
    hook.status = 500
    for n in range(11):
        sim.mutate({"op": "create", "object": "organizations", "fields": {"name": f"Banned {n}"}})
    hook.deliveries(10)
    time.sleep(0.1)

    banned = renew(api, wish(hook, channel=channel))
    api.write("DELETE", f"/api/v1/webhooks/{channel.ids[0]}", None)
    sim.webhooks(drop_waiting=True)

    assert banned is None
    assert renew(api, wish(hook, channel=channel)) is None


def test_a_user_who_may_make_no_webhooks_is_left_to_incremental_runs(
    app: AppCredentials, session: requests.Session, open_api: Callable[..., Api], hook: Hook
) -> None:
    with running("pipedrive", contacts=3, companies=3, deals=3, app_scopes="base deals:read") as narrow:
        tokens = connected(replace(app, auth_url=narrow.url), session)
        api = open_api(narrow.url, tokens.access_token, "oauth")

        channel = register(api, wish(hook))

        assert (channel.ids, "reason" in channel.facts) == ((), True)
        assert renew(api, wish(hook, channel=channel)) is None
        unregister(api, wish(hook, channel=channel))


def test_the_crms_own_deliveries_prove_themselves_and_name_what_happened(sim: Running, api: Api, hook: Hook) -> None:
    channel = register(api, wish(hook))
    secret = WebhookSecret(("older", "of-t1"), user="crm-bridge", account=COMPANY)
    one, two = (str(id) for id in sim.mutate({"op": "create", "object": "persons", "fields": {"name": "Hook {n}"},
                                              "count": 2})[0]["ids"])  # fmt: skip
    deal = str(sim.mutate({"op": "create", "object": "deals", "fields": {"title": "Hooked"}})[0]["ids"][0])
    sim.mutate({"op": "update", "object": "deals", "id": deal, "fields": {"value": 5}})
    sim.mutate({"op": "merge", "object": "persons", "primary": one, "other": two})
    sim.mutate({"op": "delete", "object": "deals", "id": deal})
    sim.mutate({"op": "update_stage", "id": 1, "name": "Renamed again"})
    sim.webhooks(flush=True)

    found = set()
    for delivery in hook.deliveries(8):
        PIPEDRIVE.webhook.verify(delivery, secret)
        assert PIPEDRIVE.webhook.claims(delivery).accounts == {COMPANY}
        assert PIPEDRIVE.webhook.claims(delivery).channel == channel.ids[0]
        found |= {(str(change.what), change.object, change.external_id) for change in PIPEDRIVE.webhook.parse(delivery)}
    unregister(api, wish(hook))

    assert found >= {
        ("created", "persons", one), ("created", "persons", two), ("created", "deals", deal),
        ("updated", "deals", deal), ("merged", "persons", one), ("deleted", "deals", deal),
    }  # fmt: skip
    assert ("named", None, None) in found


def test_a_full_record_of_a_delivery_reads_like_the_one_of_a_list(sim: Running, api: Api, hook: Hook) -> None:
    register(api, wish(hook))
    directories = PIPEDRIVE.load_directories(api)
    fields = {field.raw_type: key for key, field in directories.fields["deals"].items() if field.custom}
    custom = {fields["monetary"]: {"value": 5, "currency": "EUR"}, fields["varchar"]: "x"}
    operation = {"op": "create", "object": "deals", "fields": {"title": "Full", "custom_fields": custom}}
    deal = str(sim.mutate(operation)[0]["ids"][0])

    change = PIPEDRIVE.webhook.parse(hook.deliveries(1)[0])[0]
    listed = PIPEDRIVE.fetch(api, "deals", [deal], directories)[0]
    unregister(api, wish(hook))

    assert change.full
    assert PIPEDRIVE.read("deal", dict(change.fields)) == PIPEDRIVE.read("deal", listed.raw)


@pytest.mark.parametrize("forgery", ["bad_password", "no_auth", "wrong_company"])
def test_forged_deliveries_prove_nothing(sim: Running, api: Api, hook: Hook, forgery: str) -> None:
    register(api, wish(hook))
    secret = WebhookSecret(("of-t1",), user="crm-bridge", account=COMPANY)

    sim.webhooks(forge={"kind": forgery})
    delivery = hook.deliveries(1)[0]
    unregister(api, wish(hook))

    with pytest.raises(BadSignature):
        PIPEDRIVE.webhook.verify(delivery, secret)


def test_removing_the_app_is_told_with_our_own_credentials(
    app: AppCredentials, session: requests.Session, hook: Hook
) -> None:
    uninstalled = PIPEDRIVE.oauth.uninstalled
    assert uninstalled is not None
    with running("pipedrive", contacts=3, companies=3, deals=3, callback_url=hook.url) as leaving:
        code = consented(replace(app, auth_url=leaving.url), session, hook.url, _sim_approve=COMPANY)["code"][0]
        exchange(PIPEDRIVE, replace(app, auth_url=leaving.url), session, code=code, redirect_uri=hook.url, now=now())
        leaving.mutate({"op": "uninstall"})
        call = hook.deliveries(1)[0]

    assert call.method == "DELETE"
    assert uninstalled(call, app) == COMPANY
    with pytest.raises(BadSignature):
        uninstalled(call, replace(app, client_secret="other"))
