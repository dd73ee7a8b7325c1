"""Channels of one connection: made once, proven by what we keep only as hashes, renewed, made anew, and dropped."""

from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Claims, Delivery, WebhookSecret
from crmbridge.domain.channels import Channel
from crmbridge.domain.connections import Caller, Connection, Health, TokenSet
from crmbridge.domain.errors import BadSignature, NotFound, Unavailable, Unsupported
from crmbridge.platforms.spec import Api, AskTokens, ChannelRequest, ChannelSpec, Platform, Way, token_way
from crmbridge.services.apply_delivery import Applied, apply_delivery
from crmbridge.services.disconnect import disconnect
from crmbridge.services.keep_channel import make_address
from crmbridge.services.mark_uninstalled import mark_uninstalled
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.schedule_work import schedule_work
from crmbridge.services.tend_connection import tend_connection

from tests.clock import BEGIN, Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

ADA = Caller("w1", "u1", "admin")
WEEK = timedelta(days=7)


@dataclass
class Crm(LittleCrm):
    """Delivers to one address per connection, with a password; forgets channels when a test says so."""

    channels: dict[str, ChannelRequest] = field(default_factory=dict)
    renewals: int = 0
    oauth: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)

    def platform(self) -> Platform:
        known = {"register": self.register, "renew": self.renew, "unregister": self.unregister}
        little = LittleCrm.platform(self)
        return replace(
            little,
            ways={**little.ways, **self.ways},
            channels=ChannelSpec(**{**known, **self.spec}),
            webhook=replace(
                little.webhook, verify=verify, claims=claims, headers=("authorization", "x-kind"), own_address=True
            ),
            oauth=replace(little.oauth, revoke=lambda *_: None, **self.oauth),
        )

    def register(self, api: Api, request: ChannelRequest) -> Channel:
        self._asked("register")
        mine = [id for id, one in self.channels.items() if one.target_url.startswith(request.target_base)]
        self.made += 1
        self.channels = {id: one for id, one in self.channels.items() if id not in mine} | {str(self.made): request}
        return Channel(ids=(str(self.made),), expires_at=self.clock() + WEEK, facts={"id": str(self.made)})

    def renew(self, api: Api, request: ChannelRequest) -> Channel | None:
        assert request.channel
        self.renewals += 1
        alive = request.channel.facts["id"] in self.channels
        return replace(request.channel, expires_at=self.clock() + WEEK) if alive else None

    def unregister(self, api: Api, request: ChannelRequest) -> None:
        assert request.channel
        del self.channels[request.channel.facts["id"]]

    def post(self, deps: Deps, *, account: str = "48", password: str = "", token: str = "") -> int:
        """One delivery over the only channel there is."""
        (id, request), *_ = self.channels.items()
        place, known = request.target_url.split("/")[-2:]
        basic = b64encode(f"{request.user}:{password or request.password}".encode()).decode()
        event = {"what": "updated", "object": "contacts", "id": "1", "account": account, "channel": id}
        headers = {"authorization": f"Basic {basic}", "x-kind": "change"}
        delivery = Delivery("POST", request.target_url, headers, orjson.dumps([event]), self.clock())
        return receive_delivery(deps, "little", (place, token or known), delivery).status


def verify(delivery: Delivery, secret: str | WebhookSecret) -> None:
    assert isinstance(secret, WebhookSecret)
    shown = f"Basic {b64encode(f'{secret.user}:{secret.values[0]}'.encode()).decode()}"
    channels = {event["channel"] for event in orjson.loads(delivery.body)}
    if delivery.headers["authorization"] != shown or (secret.channels and not channels <= secret.channels):
        raise BadSignature("not ours")


def claims(delivery: Delivery) -> Claims:
    return Claims(frozenset(event["account"] for event in orjson.loads(delivery.body)))


@pytest.fixture
def crm() -> Crm:
    return Crm(Clock())


@pytest.fixture
def deps(crm: Crm) -> Deps:
    return make_deps(crm)


@pytest.fixture
def connection(deps: Deps) -> Connection:
    connection = make_connection(deps)
    tend_connection(deps, connection)
    return deps.connections.get("w1", connection.id)


def test_a_channel_is_made_and_looked_after_before_it_ends(deps: Deps, crm: Crm, connection: Connection) -> None:
    assert len(crm.channels) == 1
    assert connection.tend_due_at is not None
    assert BEGIN < connection.tend_due_at < BEGIN + timedelta(hours=1, seconds=1)


def test_a_delivery_over_it_concerns_this_connection_alone(deps: Deps, crm: Crm, connection: Connection) -> None:
    make_connection(deps, id="c2", workspace="w2")

    status = crm.post(deps)

    (message,) = deps.queues.deliveries.take()  # type: ignore[attr-defined] # the memory twin's
    assert (status, message.body["to"]) == (200, ["w1", "c1"])
    assert apply_delivery(deps, message.body) == Applied(applied=1, asked_again=1)
    assert not deps.journal.deliveries("w2", "c2", limit=9)


def test_nothing_that_proves_a_delivery_lies_in_a_queue_or_a_table(
    deps: Deps, crm: Crm, connection: Connection
) -> None:
    (request,) = crm.channels.values()
    crm.post(deps)

    said = repr(deps.queues.deliveries.take()) + repr(deps.connections.door("w1", "c1"))  # type: ignore[attr-defined]

    assert request.target_url.rpartition("/")[2] not in said
    assert request.password not in said


@pytest.mark.parametrize("token", ["wrong", "\ud800", "x" * 9000])
def test_an_address_without_its_token_is_not_there(deps: Deps, crm: Crm, connection: Connection, token: str) -> None:
    with pytest.raises(NotFound):
        crm.post(deps, token=token)


@pytest.mark.parametrize("wrong", [{"password": "guessed"}, {"account": "49"}])
def test_a_good_address_alone_proves_nothing(
    deps: Deps, crm: Crm, connection: Connection, wrong: dict[str, str]
) -> None:
    assert crm.post(deps, **wrong) == 401


def test_the_app_has_no_address_where_connections_have(deps: Deps, crm: Crm, connection: Connection) -> None:
    with pytest.raises(NotFound, match="address per connection"):
        receive_delivery(deps, "little", None, crm.delivery())


def test_a_channel_is_renewed_by_the_schedule_and_not_made_twice(deps: Deps, crm: Crm, connection: Connection) -> None:
    before = list(crm.channels)
    crm.clock.advance(3700)

    done = schedule_work(deps, crm.clock())

    assert (done["tended"], done["runs"]) == (1, 0)
    assert (crm.renewals, list(crm.channels)) == (1, before)
    assert crm.post(deps) == 200


def test_a_channel_that_the_crm_dropped_is_made_anew_and_what_it_missed_is_read(
    deps: Deps, crm: Crm, connection: Connection
) -> None:
    deps.connections.save(replace(connection, watermarks={"contacts": "2026-05-04T07:00:00.000000Z"}))
    crm.channels.clear()
    crm.clock.advance(3700)

    schedule_work(deps, crm.clock())

    due = deps.connections.get("w1", "c1").incremental_due_at
    assert len(crm.channels) == 1
    assert due is not None
    assert due <= crm.clock()
    assert crm.post(deps) == 200


def test_what_was_on_its_way_when_a_channel_was_made_anew_is_let_in(
    deps: Deps, crm: Crm, connection: Connection
) -> None:
    old = dict(crm.channels)
    crm.channels.clear()
    tend_connection(deps, connection)
    door = deps.connections.door("w1", "c1")
    assert door
    deps.connections.save_door(replace(door, channel=None))

    crm.channels = old

    assert crm.post(deps) == 200


def test_a_crm_in_trouble_is_asked_again_in_a_few_minutes(deps: Deps, crm: Crm) -> None:
    connection = make_connection(deps)
    crm.failures = [Unavailable("away", platform="little")]

    assert tend_connection(deps, connection) is False

    assert deps.connections.get("w1", "c1").tend_due_at == crm.clock() + timedelta(minutes=5)
    assert crm.channels == {}


def test_a_disconnect_takes_the_channel_along(deps: Deps, crm: Crm, connection: Connection) -> None:
    disconnect(deps, ADA, "c1")

    assert crm.channels == {}
    with pytest.raises(NotFound):
        deps.connections.get("w1", "c1")


def test_an_address_is_made_for_a_crm_that_is_set_up_by_hand(deps: Deps, crm: Crm) -> None:
    crm.spec = {"register": None, "setup": "Send changes to {url}"}
    make_connection(deps)

    address = make_address(deps, ADA, "c1")

    assert address.url.startswith("https://bridge.test/v1/webhooks/little/c1.w1/")
    assert address.steps == f"Send changes to {address.url}"
    door = deps.connections.door("w1", "c1")
    assert door
    assert door.password(address.url.rpartition("/")[2]) == address.password


def test_no_address_is_made_where_the_crm_is_told_by_itself(deps: Deps, connection: Connection) -> None:
    with pytest.raises(Unsupported):
        make_address(deps, ADA, "c1")


def test_an_app_that_was_removed_leaves_connections_to_be_renewed(deps: Deps, crm: Crm) -> None:
    crm.oauth = {"uninstalled": lambda _delivery, app: "48" if app.client_secret else ""}
    make_connection(deps, auth="oauth")
    make_connection(deps, id="c2")

    assert mark_uninstalled(deps, "little", crm.delivery()) == 1

    assert deps.connections.get("w1", "c1").health is Health.NEEDS_RECONNECT
    assert deps.connections.get("w1", "c2").health is Health.CONNECTED


def test_a_platform_that_does_not_tell_of_removals_has_no_such_door(deps: Deps, crm: Crm) -> None:
    with pytest.raises(NotFound):
        mark_uninstalled(deps, "little", crm.delivery())


@pytest.mark.parametrize(("days", "used"), [(1, 0), (16, 1)])
def test_a_refresh_token_that_dies_when_idle_is_used_in_time(deps: Deps, crm: Crm, days: int, used: int) -> None:
    renewed: list[datetime] = []

    def renew(_ask: AskTokens, tokens: TokenSet) -> TokenSet:
        renewed.append(crm.clock())
        return replace(tokens, access_token="t2")

    crm.oauth, crm.spec = {"idle_days": 60}, {"register": None}
    crm.ways = {"oauth": replace(token_way("OAuth", "As if"), renew=renew)}
    make_connection(deps, auth="oauth", tend_due_at=BEGIN)
    crm.clock.advance(days * 86400)

    schedule_work(deps, crm.clock())

    assert len(renewed) == used
    due = deps.connections.get("w1", "c1").tend_due_at
    assert due is not None
    assert crm.clock() < due < BEGIN + timedelta(days=32)
