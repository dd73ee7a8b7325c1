"""Runs: begun, worked on page by page, interrupted, and ended."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection, Health, Settings
from crmbridge.domain.errors import Clash, ReauthRequired, Rejected, Throttled, Unavailable
from crmbridge.domain.groups import Group
from crmbridge.domain.records import RecordKey, State, instant_text
from crmbridge.domain.runs import Counts, Run, RunType, Status
from crmbridge.domain.stored import Stored
from crmbridge.services.finish_run import finish_run
from crmbridge.services.ports import Deps
from crmbridge.services.read_runs import read_run
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task

from tests.clock import Clock
from tests.little_crm import LittleCrm, expect_same, make_connection, make_deps

PLENTY = timedelta(minutes=5)
ONE_PAGE = timedelta(seconds=10)


class House:
    """A CRM, a connection to it, and workers that answer its doorbells."""

    def __init__(self) -> None:
        self.crm = LittleCrm(Clock())
        self.deps: Deps = make_deps(self.crm)
        self.connection: Connection = make_connection(self.deps)

    def start(self, type: RunType = RunType.FULL) -> Run:
        return start_run(self.deps, self.connection, type, "u1")

    def ring(self, time: timedelta = PLENTY) -> int:
        """Answer every doorbell that is there now; how many there were."""
        bells = self.deps.queues.pages.take()  # type: ignore[attr-defined] # the memory twin's
        for bell in bells:
            sync_task(self.deps, bell.body["workspace"], bell.body["task"], deadline=self.crm.clock() + time)
        return len(bells)

    def run(self, type: RunType = RunType.FULL) -> Run:
        run = self.start(type)
        while self.ring():
            pass
        return self.deps.journal.run("w1", run.id)

    def stored(self) -> Connection:
        return self.deps.connections.get("w1", "c1")

    def told(self) -> list[str]:
        return [event["type"] for _, event in self.events()]

    def events(self) -> list[tuple[str, Mapping[str, Any]]]:
        due = self.deps.outbound.due(self.crm.clock())
        return [(id, row.event) for workspace, id in due if (row := self.deps.outbound.get(workspace, id))]


@pytest.fixture
def house() -> House:
    return House()


def test_a_full_run_stores_everything_and_says_how_much(house: House) -> None:
    people = [house.crm.create("contacts") for _ in range(5)]
    house.crm.link(house.crm.create("deals"), frozenset(people[:2]))

    run = house.run()

    assert run.status is Status.SUCCESS
    assert run.counts["contact"] == Counts(read=5, created=5, calls=0)
    assert run.duration_seconds is not None
    expect_same(house.deps, house.crm, house.connection)


def begun_at_once(call: Callable[[], Any]) -> Callable[[], Any]:
    """As soon as possible: before anything else goes on."""
    result = call()
    return lambda: result


def test_the_next_page_of_a_full_run_is_asked_for_before_one_is_stored(house: House) -> None:
    house.crm.create("contacts"), house.crm.create("contacts"), house.crm.create("contacts")
    house.deps = replace(house.deps, begin=begun_at_once, records=Unwell(house.deps.records))

    with pytest.raises(RuntimeError):
        house.run()

    assert house.crm.calls.count("page contacts") == 2


class Unwell:
    """A store that has a bug when it is written to."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def write(self, writes: Any) -> Any:
        raise RuntimeError


def test_what_is_asked_for_ahead_is_asked_for_once(house: House) -> None:
    people = [house.crm.create("contacts") for _ in range(5)]
    house.crm.link(house.crm.create("deals"), frozenset(people[:2]))
    in_turn = house.run().counts

    house.deps = replace(house.deps, begin=begun_at_once)
    calls = house.crm.calls.copy()
    house.crm.calls.clear()

    assert house.run().counts["contact"].read == in_turn["contact"].read
    assert sorted(house.crm.calls) == sorted(calls)
    expect_same(house.deps, house.crm, house.connection)


def test_near_the_end_of_its_time_a_worker_asks_for_nothing_ahead(house: House) -> None:
    house.crm.create("contacts"), house.crm.create("contacts"), house.crm.create("contacts")
    house.deps = replace(house.deps, begin=begun_at_once)
    house.start()

    house.ring(), house.ring(ONE_PAGE)

    assert house.crm.calls.count("page contacts") == 1


def test_a_record_too_large_to_be_stored_whole_is_named_and_stops_nobody(house: House) -> None:
    noise = "".join(Random(1).choices("0123456789abcdef", k=1_200_000))
    for name in ("Ada", noise, "Grace"):
        house.crm.create("contacts", name)

    run = house.run()

    names = [str(stored.record.get("last_name")) for stored in everybody(house)]
    assert (run.status, run.counts["contact"].created) == (Status.PARTIAL, 3)
    assert "contacts/0002" in run.errors[0]["error"]
    assert {name[:5] for name in names} == {"Ada", noise[:5], "Grace"}
    assert house.run().status is Status.SUCCESS


def everybody(house: House) -> list[Stored]:
    keys = [RecordKey("w1", "c1", "contacts", id) for object, id in house.crm.rows if object == "contacts"]
    return list(house.deps.records.get_many(keys).values())


def test_a_run_reads_the_names_once_and_each_page_once(house: House) -> None:
    for _ in range(5):
        house.crm.create("contacts")

    house.run()

    assert house.crm.calls == ["directories", *["page contacts"] * 3, "page deals"]


def test_a_second_full_run_of_the_same_writes_nothing(house: House) -> None:
    house.crm.create("contacts")
    house.run()

    run = house.run()

    assert run.counts["contact"] == Counts(read=1, unchanged=1)


def test_a_worker_hands_on_when_its_time_is_nearly_up(house: House) -> None:
    for _ in range(5):
        house.crm.create("contacts")
    house.start()
    house.ring(ONE_PAGE)

    rings = [house.ring(ONE_PAGE) for _ in range(6)]

    assert rings == [2, 2, 1, 1, 0, 0]
    expect_same(house.deps, house.crm, house.connection)


def test_while_a_run_is_under_way_its_counts_are_those_so_far(house: House) -> None:
    for _ in range(5):
        house.crm.create("contacts")
    run = house.start()
    house.ring(ONE_PAGE)

    house.ring(ONE_PAGE)

    seen = read_run(house.deps, Caller("w1", "u1", "admin"), run.id)
    assert seen.status is Status.RUNNING
    assert seen.counts["contact"].read == 2
    assert seen.totals == {"contact": 5, "deal": 0}


def test_a_doorbell_that_rings_twice_finds_the_task_taken_or_over(house: House) -> None:
    house.crm.create("contacts")
    house.start()
    (bell,) = house.deps.queues.pages.take()  # type: ignore[attr-defined] # the memory twin's
    for _ in range(2):
        sync_task(house.deps, "w1", bell.body["task"], deadline=house.crm.clock() + PLENTY)

    house.ring()

    assert house.crm.calls.count("page contacts") == 1


def test_one_run_at_a_time(house: House) -> None:
    first = house.start()

    with pytest.raises(Clash, match=first.id):
        house.start()


def test_the_connection_is_free_and_its_due_times_are_set_once_a_run_is_over(house: House) -> None:
    house.run()

    connection = house.stored()
    assert connection.active_run is None
    assert connection.full_due_at
    assert timedelta(hours=22) < connection.full_due_at - house.crm.clock() < timedelta(hours=26)
    assert connection.incremental_due_at
    assert timedelta(minutes=14) < connection.incremental_due_at - house.crm.clock() < timedelta(minutes=16)


def test_a_connection_that_must_be_reconnected_is_not_synced(house: House) -> None:
    house.deps.connections.save(replace(house.stored(), health=Health.NEEDS_RECONNECT))

    with pytest.raises(Clash, match="reconnects it first"):
        house.start()


def test_an_incremental_run_asks_for_what_changed_between_the_last_one_and_the_lag(house: House) -> None:
    id = house.crm.create("contacts")
    house.run()
    house.crm.clock.advance(600)
    house.crm.update("contacts", id, "Ada")
    house.crm.clock.advance(100)

    run = house.run(RunType.INCREMENTAL)

    assert run.counts["contact"] == Counts(read=1, updated=1)
    assert house.stored().watermarks["contacts"] == instant_text(run.started_at - timedelta(seconds=90))


def test_what_changed_within_the_lag_waits_for_the_next_window(house: House) -> None:
    house.run()
    house.crm.clock.advance(600)
    house.crm.create("contacts", "Ada")

    first = house.run(RunType.INCREMENTAL)
    house.crm.clock.advance(100)
    second = house.run(RunType.INCREMENTAL)

    assert "contact" not in first.counts
    assert second.counts["contact"].created == 1


def test_an_object_that_was_never_listed_is_listed_in_full_by_an_incremental_run(house: House) -> None:
    house.crm.create("contacts")

    run = house.run(RunType.INCREMENTAL)

    assert run.counts["contact"].created == 1


@pytest.mark.parametrize(
    "error", [Throttled("too many", platform="little", retry_after=10.0), Unavailable("asleep", platform="little")]
)
def test_a_crm_that_is_busy_or_away_makes_the_task_wait_and_go_on(house: House, error: Exception) -> None:
    house.crm.create("contacts")
    run = house.start()
    house.ring()
    house.crm.failures.append(error)

    house.ring()
    waiting = [task for task in house.deps.journal.tasks("w1", run.id) if task.next_attempt_at and task.attempts]
    while house.ring():
        house.crm.clock.advance(60)

    ended = house.deps.journal.run("w1", run.id)
    assert [task.object for task in waiting] == ["contacts"]
    assert (ended.status, ended.errors) == (Status.SUCCESS, ())


def test_a_crm_that_stays_away_fails_the_task_after_many_attempts(house: House) -> None:
    run = house.start()
    house.ring()
    house.crm.failures += [Unavailable("asleep", platform="little") for _ in range(13)]
    contacts = house.deps.journal.tasks("w1", run.id)[1]

    for _ in range(13):
        sync_task(house.deps, "w1", contacts.id, deadline=house.crm.clock() + PLENTY)
        house.crm.clock.advance(1000)

    assert house.deps.journal.tasks("w1", run.id)[1].status is Status.FAILED


def test_a_crm_that_refuses_ends_the_task_and_the_chat_app_hears_why(house: House) -> None:
    run = house.start()
    house.ring()
    house.crm.failures.append(Rejected("no such property", platform="little", request_id="req-7"))

    while house.ring():
        pass

    ended = house.deps.journal.run("w1", run.id)
    assert ended.status is Status.PARTIAL
    assert ended.errors == (
        {"object": "contacts", "error": "no such property (request req-7); next: change the input"},
    )
    assert house.told() == ["sync.failed"]


def test_without_names_the_whole_run_fails(house: House) -> None:
    house.crm.failures.append(ReauthRequired("the token is gone", platform="little"))

    run = house.run()

    assert run.status is Status.FAILED
    assert house.told() == ["sync.failed"]
    assert house.stored().active_run is None


def test_nobody_hears_of_a_run_whose_connection_was_said_goodbye_to(house: House) -> None:
    run = house.start()
    house.ring()
    house.deps.connections.save(replace(house.stored(), health=Health.DISCONNECTED, active_run=None))

    while house.ring():
        pass

    assert house.deps.journal.run("w1", run.id).status is Status.PARTIAL
    assert house.told() == []


def test_a_bug_leaves_its_mark_on_the_task_and_is_raised(house: House) -> None:
    run = house.start()
    house.crm.failures.append(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        house.ring()

    assert house.deps.journal.tasks("w1", run.id)[0].error == "a bug (ZeroDivisionError)"


def test_a_worker_that_lost_its_lease_moves_no_cursor(house: House) -> None:
    for _ in range(5):
        house.crm.create("contacts")
    run = house.start()
    house.ring()
    contacts = house.deps.journal.tasks("w1", run.id)[1]
    house.crm.on_the_wire = _once(lambda: _take_over(house, contacts.id))

    sync_task(house.deps, "w1", contacts.id, deadline=house.crm.clock() + PLENTY)

    assert house.deps.journal.tasks("w1", run.id)[1].status is Status.SUCCESS
    assert house.crm.calls.count("page contacts") == 4


def _take_over(house: House, task: str) -> None:
    house.crm.clock.advance(301)
    sync_task(house.deps, "w1", task, deadline=house.crm.clock() + PLENTY)


def _once(work: Callable[[], None]) -> Callable[[], None]:
    waiting = [work]
    return lambda: waiting.pop()() if waiting else None


def test_a_run_that_died_before_its_last_word_is_ended_by_whoever_looks_next(house: House) -> None:
    run = house.run()
    house.deps.connections.save(replace(house.stored(), active_run=run.id))

    assert house.run(RunType.INCREMENTAL).status is Status.SUCCESS


def test_ending_a_run_twice_tells_of_it_once(house: House) -> None:
    house.crm.failures.append(ReauthRequired("the token is gone", platform="little"))
    run = house.run()

    finish_run(house.deps, "w1", run.id)

    assert len(house.events()) == 1


def test_a_full_run_is_followed_by_an_evaluation_of_every_deal(house: House) -> None:
    about_deals = Group(id="g1", workspace="w1", name="g", channel="C", rules={}, created_at=house.crm.clock())
    house.deps.groups.add(about_deals, 10)

    house.run()

    scans = [bell.body["scan"] for bell in house.deps.queues.groups.take()]  # type: ignore[attr-defined] # the twin's
    assert [scan["shard"] for scan in scans if scan["object"] == "deals"] == list(range(16))


def test_full_runs_keep_what_the_filters_of_their_time_take(house: House) -> None:
    ada, bob = house.crm.create("contacts", "Ada"), house.crm.create("contacts", "Bob")
    kept = []
    for name in ("Ada", "Bob"):
        rules = {"field": "last_name", "operator": "eq", "value": name}
        settings = Settings(filters={"contact": rules})
        house.connection = house.deps.connections.save(replace(house.stored(), settings=settings))
        house.run()
        found = {id: house.deps.records.get(RecordKey("w1", "c1", "contacts", id)) for id in (ada, bob)}
        kept.append([id for id, one in found.items() if one and one.record.state is State.LIVE])

    assert kept == [[ada], [bob]]


def test_a_disconnected_connection_ends_its_run_quietly(house: House) -> None:
    run = house.start()
    house.deps.connections.delete(house.stored())

    house.ring()

    assert house.deps.journal.run("w1", run.id).status is Status.FAILED


def test_what_was_deleted_while_a_page_was_on_its_way_stays_deleted(house: House) -> None:
    id = house.crm.create("contacts")
    house.run()
    house.crm.update("contacts", id, "Ada")
    house.crm.on_the_wire = _once(lambda: house.crm.delete("contacts", id))

    house.run()
    house.run()

    found = house.deps.records.get(RecordKey("w1", "c1", "contacts", id))
    assert found
    assert found.record.state is State.ARCHIVED
