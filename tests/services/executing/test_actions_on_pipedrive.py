"""The same promise where nothing is unique, against the Pipedrive simulator: a marker is all there is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import requests
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import AppCredentials, Caller, TokenSet
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.execute_action import execute_action
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action
from crmbridge.storage.vault import MemoryVault

from local.simulators import Running, running

TOKEN = "5d1f00c0ffee00000000000000000000c0ffee01"
FIELDS: dict[str, dict[str, Any]] = {
    "create_task": {"subject": "Call Ann", "due_at": "2027-01-15"},
    "log_call": {"subject": "Called Ann", "duration_seconds": 60},
    "create_contact": {"email": "ann@new.test", "last_name": "Lee"},
    "create_company": {"name": "New Ltd"},
    "create_deal": {"name": "New", "stage": "2", "amount": "5"},
    "update_deal": {"amount": "77777"},
}
OBJECTS = {
    "create_task": "activities", "log_call": "activities", "create_contact": "persons", "create_deal": "deals",
    "create_company": "organizations", "update_deal": "deals",
}  # fmt: skip
CREATES = ("create_task", "log_call", "create_contact", "create_company", "create_deal")


class SharedClock:
    """Ours and the CRM's: what is looked for since a moment must be there at that moment."""

    def __init__(self, sim: Running) -> None:
        self.sim = sim
        self.ahead = datetime.fromisoformat(sim.control("GET", "clock")["now"]) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        self.sim.advance(seconds)

    advance = sleep


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    with running(
        "pipedrive", contacts=5, companies=2, deals=3, tasks=2, activities=2, token=TOKEN, token_burst=1_000_000,
        search_burst=1_000_000, daily=100_000_000,
    ) as up:  # fmt: skip
        yield up


@pytest.fixture
def clock(sim: Running) -> SharedClock:
    return SharedClock(sim)


@pytest.fixture
def house(
    make_deps: Callable[..., Deps], sim: Running, make_connection: Any, put_record: Any, deps: Deps
) -> Iterator[Deps]:
    """A connection by API token, prepared as connecting prepares it."""
    sim.no_faults()
    connection = make_connection(platform="pipedrive", account="5550001", auth="token", base_url=sim.url)
    put_record("deals", live(sim, "deals")[0], Kind.DEAL, name="Acme")
    with requests.Session() as session:
        vault = MemoryVault({"pipedrive": AppCredentials("client", "secret")})
        vault.create(connection, TokenSet(access_token=TOKEN))
        over_http = replace(deps, http=session, vault=vault)
        platform, api = deps.platform("pipedrive"), open_api(over_http, connection, "click")
        platform.prepare(api, platform.load_directories(api))
        deps.connections.save_directories("w1", "c1", platform.load_directories(api))
        yield over_http


@pytest.fixture
def ask(house: Deps, sim: Running, member: Caller, request: pytest.FixtureRequest) -> Callable[..., Action]:
    """Ask for an action; Pipedrive remembers the keys of every test, so each test has its own."""

    def asked(type: str, key: str = "k1") -> Action:
        fields, key = dict(FIELDS[type]), f"{request.node.name}-{key}"
        if type == "create_contact":
            fields["email"] = f"{sha256(key.encode()).hexdigest()}@new.test"
        body: dict[str, Any] = {"type": type, "connection": "c1", "fields": fields}
        if type == "update_deal":
            body["target"] = {"object": "deals", "external_id": live(sim, "deals")[0]}
        return request_action(house, member, body, key)[0]

    return asked


def live(sim: Running, object: str) -> list[str]:
    found: list[str] = sim.state(object=object, ids_only=1, limit=100_000)["live"]
    return found


@pytest.mark.parametrize("type", FIELDS)
def test_each_action_is_done_and_stored(house: Deps, sim: Running, ask: Any, settle: Any, type: str) -> None:
    before = len(live(sim, OBJECTS[type]))

    done = settle(ask(type))

    assert done.status is ActionStatus.COMPLETED
    assert done.receipt.url.startswith("https://kaldera.pipedrive.com/")
    assert house.records.get(RecordKey("w1", "c1", OBJECTS[type], done.receipt.external_id)) is not None
    assert len(live(sim, OBJECTS[type])) == before + (type in CREATES)


@pytest.mark.parametrize("body", ["reset", "half", "html"])
@pytest.mark.parametrize("type", CREATES)
def test_an_answer_that_was_lost_makes_nothing_twice(sim: Running, ask: Any, settle: Any, type: str, body: str) -> None:
    before = len(live(sim, OBJECTS[type]))
    sim.faults({"kind": "commit_then_timeout", "method": "POST", "path": f"/{OBJECTS[type]}$", "body": body})

    assert settle(ask(type)).status is ActionStatus.COMPLETED
    assert len(live(sim, OBJECTS[type])) == before + 1


@pytest.mark.parametrize("type", CREATES)
def test_a_write_that_lands_late_but_within_the_limit_makes_nothing_twice(
    sim: Running, ask: Any, settle: Any, type: str
) -> None:
    before = len(live(sim, OBJECTS[type]))
    late = {"kind": "commit_late", "method": "POST", "path": f"/{OBJECTS[type]}$", "body": "reset", "late_ms": 40_000}
    sim.faults(late)

    assert settle(ask(type)).status is ActionStatus.COMPLETED
    assert len(live(sim, OBJECTS[type])) == before + 1


def test_a_write_that_never_shows_is_sent_once_more_and_then_a_person_decides(
    sim: Running, ask: Any, settle: Any
) -> None:
    before = len(live(sim, "activities"))
    sim.forget_requests()
    sim.faults({"kind": "status", "status": 502, "method": "POST", "path": "/activities$", "body": "html", "times": 5})

    ended = settle(ask("create_task"))

    assert ended.status is ActionStatus.UNCERTAIN
    assert len(live(sim, "activities")) == before
    assert sum(request["method"] == "POST" for request in sim.requests()["requests"]) == 2


def test_a_rate_limit_makes_it_wait(house: Deps, sim: Running, ask: Any, settle: Any) -> None:
    before = len(live(sim, "activities"))
    sim.faults({"kind": "rate_limit", "method": "POST", "path": "/activities$", "times": 2})
    action = ask("create_task")
    execute_action(house, "w1", action.id)
    waiting = house.actions.get("w1", action.id)

    assert waiting.status is ActionStatus.WAITING
    assert settle(action).status is ActionStatus.COMPLETED
    assert len(live(sim, "activities")) == before + 1


def test_a_contact_that_is_there_already_is_linked(house: Deps, sim: Running, member: Caller, settle: Any) -> None:
    emails = [{"value": "twice@new.test", "primary": True, "label": "work"}]
    fields = {"name": "Twice", "emails": emails}
    there = sim.mutate({"op": "create", "object": "persons", "fields": fields})[0]["ids"][0]
    body = {"type": "create_contact", "connection": "c1", "fields": {"email": "twice@new.test", "phone": "+1"}}

    done = settle(request_action(house, member, body, "only")[0])

    assert (done.receipt.external_id, done.receipt.linked) == (str(there), True)
    assert not done.receipt.after.get("phone")
