"""Runs against the Pipedrive simulator: what the CRM has is what is stored, at what it may cost."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.records import RecordKey, State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.services.add_connection import add_connection
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.ports import Deps
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task
from crmbridge.storage.vault import MemoryVault

from local.simulators import Running, running

TOKEN = "5d1f00c0ffee00000000000000000000c0ffee01"
ADMIN = Caller("w1", "u1", "admin", "ada@example.test")
OBJECTS = ("organizations", "persons", "deals", "activities", "notes")


class SharedClock:
    """Ours and the CRM's."""

    def __init__(self, sim: Running) -> None:
        self.sim, self.ahead = sim, timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        self.sim.advance(seconds)


@pytest.fixture
def sim() -> Iterator[Running]:
    with running("pipedrive", contacts=600, companies=80, deals=200, tasks=30, activities=60, token=TOKEN) as up:
        yield up


@pytest.fixture
def clock(sim: Running) -> SharedClock:
    return SharedClock(sim)


@dataclass
class House:
    deps: Deps
    sim: Running
    connection: Connection

    def run(self, type: RunType) -> tuple[Run, int]:
        """A whole run, and how many calls it took beside those for names."""
        self.sim.forget_requests()
        self.deps.sleep(60)
        run = start_run(self.deps, self.deps.connections.get("w1", self.connection.id), type, "test")
        return self.finished(run.id), self.calls()

    def finished(self, run: str) -> Run:
        while bells := self.deps.queues.pages.take():  # type: ignore[attr-defined] # the memory twin's
            for bell in bells:
                deadline = self.deps.now() + timedelta(minutes=5)
                sync_task(self.deps, "w1", bell.body["task"], deadline=deadline)
        return self.deps.journal.run("w1", run)

    def calls(self) -> int:
        routes: dict[str, int] = self.sim.requests(summary=1)["by_route"]
        return sum(count for route, count in routes.items() if route.rsplit("/", 1)[1] in (*OBJECTS, "archived"))

    def stored(self, object: str) -> dict[str, str]:
        shards = (self.deps.records.ids("w1", self.connection.id, object, shard) for shard in range(16))
        return {id: str(state) for shard in shards for id, state in shard}

    def is_equal(self, object: str) -> bool:
        truth = self.sim.state(object=object, ids_only=1, limit=100_000)
        held = self.stored(object)
        archived = sum(state == State.ARCHIVED for state in held.values())
        living = {id for id, state in held.items() if state in (State.LIVE, State.ARCHIVED)}
        return living == set(truth["live"]) and archived == truth["counts"].get("archived", 0)


@pytest.fixture
def house(make_deps: Callable[..., Deps], sim: Running) -> Iterator[House]:
    """Connected by API token, and synced once."""
    app = AppCredentials("9f0c0ffee0000001", "simulator-client-secret", auth_url=sim.url, api_url=sim.url)
    with requests.Session() as session:
        deps = replace(make_deps(vault=MemoryVault({"pipedrive": app})), http=session)
        connection = add_connection(deps, ADMIN, "pipedrive", {"token": TOKEN})
        house = House(deps, sim, connection)
        assert house.finished(str(connection.active_run)).status is Status.SUCCESS
        yield house


def test_a_full_run_ends_equal_at_the_fewest_calls_and_without_a_429(house: House, sim: Running) -> None:
    run, calls = house.run(RunType.FULL)

    assert run.status is Status.SUCCESS
    assert all(house.is_equal(object) for object in OBJECTS)
    crowded = sum(bool(deal["participants"]) for deal in sim.state(object="deals", limit=1_000)["live"])
    sampled_for_names = 1
    assert calls == 2 + 1 + 2 + 1 + 1 + crowded + sampled_for_names
    assert sum(counts.updated + counts.created for counts in run.counts.values()) == 0
    assert sim.requests(summary=1)["throttled"] == 0


def test_changes_and_deletions_of_deals_arrive_with_an_incremental_run(house: House, sim: Running) -> None:
    persons, deals = (sim.state(object=name, ids_only=1, limit=1_000)["live"] for name in ("persons", "deals"))
    gone = sim.mutate({"op": "create", "object": "deals", "fields": {"title": "Gone"}})[0]["ids"][0]
    sim.mutate({"op": "update", "object": "persons", "ids": persons[:100], "fields": {"name": "Renamed Person"}})
    sim.mutate({"op": "archive", "object": "deals", "id": deals[0]}, {"op": "delete", "object": "deals", "id": gone})

    run, calls = house.run(RunType.INCREMENTAL)

    assert run.counts["contact"].updated == 100
    assert house.stored("deals")[str(gone)] == State.DELETED
    assert house.is_equal("deals")
    assert calls == 7


def test_what_was_deleted_in_the_archive_or_unseen_is_found_by_a_full_run(house: House, sim: Running) -> None:
    persons, deals = (sim.state(object=name, ids_only=1, limit=1_000)["live"] for name in ("persons", "deals"))
    sim.mutate({"op": "archive", "object": "deals", "id": deals[0]})
    house.run(RunType.FULL)
    sim.mutate(
        {"op": "delete", "object": "deals", "id": deals[0]}, {"op": "delete", "object": "persons", "id": persons[0]}
    )

    house.run(RunType.FULL)

    assert house.stored("deals")[deals[0]] == house.stored("persons")[persons[0]] == State.DELETED
    assert all(house.is_equal(object) for object in OBJECTS)


def test_connecting_has_made_a_webhook_and_the_key_fields(house: House, sim: Running) -> None:
    door = house.deps.connections.door("w1", house.connection.id)
    facts = house.deps.connections.get("w1", house.connection.id).facts

    assert door is not None
    assert door.channel is not None
    assert len(door.channel.ids) == 1
    assert {facts[f"key.{name}"] for name in ("persons", "organizations", "deals")} == {"field"}


def test_what_a_delivery_hints_at_is_read_again(house: House, sim: Running) -> None:
    deal = sim.state(object="deals", ids_only=1, limit=1_000)["live"][0]
    sim.mutate({"op": "update", "object": "deals", "id": deal, "fields": {"title": "Told"}})
    event = {"meta": {"action": "change", "entity": "deal", "entity_id": deal, "company_id": "5550001"}, "data": {}}
    message: Any = {
        "id": "d1", "platform": "pipedrive", "method": "POST", "url": "", "headers": {},
        "to": ["w1", house.connection.id], "body": b64encode(orjson.dumps(event)).decode(),
        "received_at": house.deps.now().isoformat(),
    }  # fmt: skip

    applied = apply_delivery(house.deps, message)

    stored = house.deps.records.get(RecordKey("w1", house.connection.id, "deals", deal))
    assert applied.applied == 1
    assert stored is not None
    assert stored.record.name == "Told"
