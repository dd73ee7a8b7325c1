"""The same promise against the Salesforce simulator, with the unique key field and without it."""

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

SESSION = "00D5g0000000001!simulator"
FIELDS: dict[str, dict[str, Any]] = {
    "create_task": {"subject": "Call Ann", "due_at": "2027-01-15"},
    "log_call": {"subject": "Called Ann", "duration_seconds": 60},
    "log_meeting": {"subject": "Demo", "duration_seconds": 1800},
    "create_note": {"body": "Ann wants a quote"},
    "create_contact": {"email": "ann@new.test", "last_name": "Lee"},
    "create_company": {"name": "New Ltd"},
    "create_deal": {"name": "New", "amount": "5"},
    "update_deal": {"amount": "77777"},
}
OBJECTS = {
    "create_task": "Task", "log_call": "Task", "log_meeting": "Event", "create_note": "ContentNote",
    "create_contact": "Contact", "create_company": "Account", "create_deal": "Opportunity",
    "update_deal": "Opportunity",
}  # fmt: skip
CREATES = tuple(type for type in FIELDS if type != "update_deal")


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


@pytest.fixture(scope="module", params=["CrmBridgeKey__c", ""], ids=["key", "marker"])
def sim(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(
        "salesforce", contacts=5, leads=2, companies=2, deals=3, tasks=2, activities=2, orgs=1, token=SESSION,
        external_id_field=request.param, daily_requests=100_000_000,
    ) as up:  # fmt: skip
        yield up


@pytest.fixture
def clock(sim: Running) -> SharedClock:
    return SharedClock(sim)


@pytest.fixture
def house(deps: Deps, sim: Running, make_connection: Any, put_record: Any) -> Iterator[Deps]:
    sim.no_faults()
    connection = make_connection(
        platform="salesforce", account="00D5g0000000001EAA", auth="client_credentials", base_url=sim.url
    )
    put_record("Opportunity", live(sim, "Opportunity")[0], Kind.DEAL, name="Acme")
    with requests.Session() as session:
        vault = MemoryVault({"salesforce": AppCredentials("client", "secret", app_id="1")})
        vault.create(connection, TokenSet(access_token=SESSION, base_url=sim.url))
        over_http = replace(deps, http=session, vault=vault)
        platform, api = deps.platform("salesforce"), open_api(over_http, connection, "click")
        deps.connections.save_directories("w1", "c1", platform.load_directories(api))
        yield over_http


@pytest.fixture
def ask(house: Deps, sim: Running, member: Caller, request: pytest.FixtureRequest) -> Callable[..., Action]:
    """Ask for an action; Salesforce remembers the keys of every test, so each test has its own."""

    def asked(type: str, key: str = "k1") -> Action:
        fields, key = dict(FIELDS[type]), f"{request.node.name}-{key}"
        if type == "create_contact":
            fields["email"] = f"{sha256(key.encode()).hexdigest()[:40]}@new.test"
        body: dict[str, Any] = {"type": type, "connection": "c1", "fields": fields}
        if type == "update_deal":
            body["target"] = {"object": "Opportunity", "external_id": live(sim, "Opportunity")[0]}
        return request_action(house, member, body, key)[0]

    return asked


def live(sim: Running, object: str) -> list[str]:
    return [row["Id"] for row in sim.state(object=object, limit=100_000)["live"]]


@pytest.mark.parametrize("type", FIELDS)
def test_each_action_is_done_and_stored(house: Deps, sim: Running, ask: Any, settle: Any, type: str) -> None:
    before = len(live(sim, OBJECTS[type]))

    done = settle(ask(type))

    assert done.status is ActionStatus.COMPLETED
    assert done.receipt.url.endswith(f"/lightning/r/{OBJECTS[type]}/{done.receipt.external_id}/view")
    assert house.records.get(RecordKey("w1", "c1", OBJECTS[type], done.receipt.external_id)) is not None
    assert len(live(sim, OBJECTS[type])) == before + (type in CREATES)


@pytest.mark.parametrize("type", ["create_task", "create_note", "create_contact", "create_deal"])
def test_whatever_step_a_worker_dies_at_one_object_is_made(
    house: Deps, sim: Running, ask: Any, settle: Any, deaths: Any, type: str
) -> None:
    before, made = len(live(sim, OBJECTS[type])), set()
    for action in deaths(house, lambda key: ask(type, key)):
        done = settle(action)
        assert done.status is ActionStatus.COMPLETED
        made.add(done.receipt.external_id)

    assert len(made) > 10
    assert len(live(sim, OBJECTS[type])) == before + len(made)


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
    late = {"kind": "commit_late", "method": "POST", "path": f"/{OBJECTS[type]}$", "body": "reset", "late_ms": 300_000}
    sim.faults(late)

    done = settle(ask(type))
    sim.advance(301)

    assert done.status is ActionStatus.COMPLETED
    assert len(live(sim, OBJECTS[type])) == before + 1


def test_the_limit_of_the_day_makes_it_wait(house: Deps, sim: Running, ask: Any, settle: Any) -> None:
    before = len(live(sim, "Task"))
    sim.faults({"kind": "rate_limit", "method": "POST", "path": "/Task$", "times": 2})
    action = ask("create_task")
    execute_action(house, "w1", action.id)
    waiting = house.actions.get("w1", action.id)

    assert waiting.status is ActionStatus.WAITING
    assert settle(action).status is ActionStatus.COMPLETED
    assert len(live(sim, "Task")) == before + 1


def test_somebody_who_is_a_lead_already_is_linked(house: Deps, sim: Running, member: Caller, settle: Any) -> None:
    fields = {"LastName": "Twice", "Company": "x", "Email": "twice@new.test"}
    there = sim.mutate({"op": "create", "object": "Lead", "fields": fields})[0]["ids"][0]
    body = {"type": "create_contact", "connection": "c1", "fields": {"email": "twice@new.test", "phone": "+1"}}

    done = settle(request_action(house, member, body, "only")[0])

    assert (done.receipt.object, done.receipt.external_id, done.receipt.linked) == ("Lead", there, True)
    assert not done.receipt.after.get("phone")
