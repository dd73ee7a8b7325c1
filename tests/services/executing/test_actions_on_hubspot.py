"""The same promise against the HubSpot simulator, over HTTP: workers die, answers are lost, writes land late."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from time import sleep
from typing import Any

import pytest
import requests
from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Caller, TokenSet
from crmbridge.domain.records import RecordKey
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.execute_action import execute_action
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action
from crmbridge.services.store_sightings import store_sightings
from crmbridge.services.undo_action import undo_action

from local.simulators import Running, running

TOKEN = "pat-na1-simulator"
FIELDS: dict[str, dict[str, Any]] = {
    "create_task": {"subject": "Call Ann", "due_at": "2027-01-15"},
    "create_deal": {"name": "Acme", "pipeline": "default", "amount": "5000"},
    "log_call": {"subject": "Called Ann", "duration_seconds": 60},
    "log_meeting": {"subject": "Met Ann", "duration_seconds": 1800, "outcome": "completed"},
    "create_note": {"body": "Ann is on leave"},
    "create_contact": {"email": "ann@new.test", "last_name": "Lee"},
    "create_company": {"name": "Acme Ltd", "domain": "acme.test"},
    "update_task": {"status": "completed", "priority": "low"},
    "update_deal": {"amount": "77777"},
    "update_activity": {"body": "Rang twice"},
    "update_contact": {"title": "CEO"},
    "update_company": {"employee_count": 12},
}
OBJECTS = {type: HUBSPOT.actions[type].object for type in FIELDS}
CREATES = [type for type in FIELDS if ACTION_TYPES[type].creates]


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    with running("hubspot", contacts=5, companies=2, deals=3, tasks=2, activities=8, private_burst=1_000_000) as up:
        yield up


@pytest.fixture
def house(
    make_deps: Callable[..., Deps], sim: Running, make_connection: Any, put_record: Any, deps: Deps, clock: Any
) -> Iterator[Deps]:
    """A connection by token, prepared as connecting prepares it."""
    sim.no_faults()
    clock.moment = datetime.now(UTC)
    connection = make_connection(auth="token", base_url=sim.url)
    deps.vault.create(connection, TokenSet(access_token=TOKEN))
    for object in ("deals", "tasks", "calls", "contacts", "companies"):
        put_record(object, live(sim, object)[0], HUBSPOT.objects[object].kind)
    with requests.Session() as session:
        over_http = replace(deps, http=session)
        platform, api = deps.platform("hubspot"), open_api(over_http, connection, "click")
        platform.prepare(api, platform.load_directories(api))
        deps.connections.save_directories("w1", "c1", platform.load_directories(api))
        yield over_http


@pytest.fixture
def ask(house: Deps, sim: Running, member: Caller, request: pytest.FixtureRequest) -> Callable[..., Action]:
    """Ask for an action; HubSpot remembers the keys of every test, so each test has its own."""

    def asked(type: str, key: str = "k1") -> Action:
        fields, key = dict(FIELDS[type]), f"{request.node.name}-{key}"
        if type == "create_contact":
            fields["email"] = f"{sha256(key.encode()).hexdigest()}@new.test"
        body: dict[str, Any] = {"type": type, "connection": "c1", "fields": fields}
        if type not in CREATES:
            body["target"] = {"object": OBJECTS[type], "external_id": live(sim, OBJECTS[type])[0]}
        return request_action(house, member, body, key)[0]

    return asked


def live(sim: Running, object: str) -> list[str]:
    found: list[str] = sim.state(object=object, ids_only=1)["live"]
    return found


def has_landed(sim: Running) -> bool:
    late = [request for request in sim.requests()["requests"] if request["fault"] == "commit_late"]
    return bool(late) and all(request["committed"] for request in late)


@pytest.mark.parametrize("type", FIELDS)
def test_each_action_is_done_and_stored(house: Deps, sim: Running, ask: Any, settle: Any, type: str) -> None:
    before = len(live(sim, OBJECTS[type]))

    done = settle(ask(type))

    assert done.status is ActionStatus.COMPLETED
    assert done.receipt.url.startswith("https://app")
    assert house.records.get(RecordKey("w1", "c1", OBJECTS[type], done.receipt.external_id)) is not None
    assert len(live(sim, OBJECTS[type])) == before + (type in CREATES)


@pytest.mark.parametrize("body", ["reset", "half", "html"])
@pytest.mark.parametrize("type", CREATES)
def test_an_answer_that_was_lost_makes_nothing_twice(sim: Running, ask: Any, settle: Any, type: str, body: str) -> None:
    before = len(live(sim, OBJECTS[type]))
    sim.faults({"kind": "commit_then_timeout", "method": "POST", "path": f"/{OBJECTS[type]}$", "body": body})

    assert settle(ask(type)).status is ActionStatus.COMPLETED
    assert len(live(sim, OBJECTS[type])) == before + 1


@pytest.mark.parametrize("type", [type for type in FIELDS if type not in CREATES])
def test_an_update_whose_answer_was_lost_is_found_done(sim: Running, ask: Any, settle: Any, type: str) -> None:
    lost = {"kind": "commit_then_timeout", "method": "PATCH", "path": f"/{OBJECTS[type]}/", "body": "reset"}
    sim.faults(lost)

    done = settle(ask(type))

    assert (done.status, done.attempts) == (ActionStatus.COMPLETED, 1)


@pytest.mark.parametrize("type", CREATES)
def test_a_write_that_lands_after_our_look_up_makes_nothing_twice(
    house: Deps, sim: Running, ask: Any, settle: Any, clock: Any, type: str
) -> None:
    before = len(live(sim, OBJECTS[type]))
    late = {"kind": "commit_late", "method": "POST", "path": f"/{OBJECTS[type]}$", "body": "reset", "late_ms": 600_000}
    sim.faults(late)
    action = ask(type)
    execute_action(house, "w1", action.id)
    clock.advance(60)
    done = settle(action)

    sim.advance(700)
    while not has_landed(sim):
        sleep(0.01)

    assert done.status is ActionStatus.COMPLETED
    assert len(live(sim, OBJECTS[type])) == before + 1


@pytest.mark.parametrize("type", [type for type in FIELDS if type not in CREATES])
def test_an_update_can_be_taken_back(
    house: Deps, sim: Running, ask: Any, settle: Any, member: Caller, type: str
) -> None:
    connection, id = house.connections.get("w1", "c1"), live(sim, OBJECTS[type])[0]
    api = open_api(house, connection, "click")
    known = HUBSPOT.load_directories(api)
    seen, cause = HUBSPOT.fetch(api, OBJECTS[type], [id], known), Cause(Origin.INCREMENTAL)
    store_sightings(house, HUBSPOT, connection, known, seen, read_started_at=house.now(), cause=cause)

    done = settle(ask(type))
    undone = settle(undo_action(house, member, done.id))

    assert undone.status is ActionStatus.COMPLETED
    assert (undone.receipt.before, undone.receipt.after) == (done.receipt.after, done.receipt.before)


def test_a_rate_limit_makes_it_wait(house: Deps, sim: Running, ask: Any, settle: Any) -> None:
    before = len(live(sim, "tasks"))
    sim.faults({"kind": "rate_limit", "method": "POST", "path": "/tasks$", "times": 2})
    action = ask("create_task")
    execute_action(house, "w1", action.id)
    waiting = house.actions.get("w1", action.id)

    assert waiting.status is ActionStatus.WAITING
    assert settle(action).status is ActionStatus.COMPLETED
    assert len(live(sim, "tasks")) == before + 1


def test_a_contact_that_is_there_already_is_linked(house: Deps, sim: Running, member: Caller, settle: Any) -> None:
    there = sim.mutate({"op": "create", "object": "contacts", "properties": {"email": "twice@new.test"}})[0]["ids"][0]
    body = {"type": "create_contact", "connection": "c1", "fields": {"email": "twice@new.test", "title": "CEO"}}

    done = settle(request_action(house, member, body, "only")[0])

    assert (done.receipt.external_id, done.receipt.linked) == (there, True)
    assert not done.receipt.after.get("title")


def test_what_hubspot_refuses_is_said_in_our_words(house: Deps, member: Caller, settle: Any) -> None:
    body = {"type": "create_contact", "connection": "c1", "fields": {"email": "ann@localhost"}}

    failed = settle(request_action(house, member, body, "only")[0])

    assert failed.status is ActionStatus.FAILED
    assert failed.error["platform"] == "hubspot"
    assert "email" in failed.error["fields"]
