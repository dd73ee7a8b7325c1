"""What a platform may ask of a run: listings in several steps, jobs that take a while, windows of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Connection
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.platforms.spec import Page, PageRequest, Platform
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task

from tests.clock import Clock
from tests.little_crm import CONTACTS, DEALS, LittleCrm, make_connection, make_deps


@dataclass
class House:
    """Little, whose pages are `script` from the first to the last; `asked` are the requests for them."""

    crm: LittleCrm = field(default_factory=lambda: LittleCrm(Clock()))
    contacts: dict[str, Any] = field(default_factory=dict)
    script: list[Page] = field(default_factory=list)
    asked: list[PageRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deps: Deps = make_deps(self.crm, platform=lambda _: self.platform())
        self.connection: Connection = make_connection(self.deps)

    def platform(self) -> Platform:
        objects = {"contacts": replace(CONTACTS, **self.contacts), "deals": replace(DEALS, kind=Kind.TASK)}
        return replace(self.crm.platform(), objects=objects, page=lambda _api, request: self.page(request))

    def page(self, request: PageRequest) -> Page:
        if request.object != "contacts":
            return Page([], None)
        self.asked.append(request)
        self.crm.clock.advance(0.001)
        return self.script.pop(0) if self.script else Page([], None)

    def ring(self) -> int:
        bells = self.deps.queues.pages.take()  # type: ignore[attr-defined] # the memory twin's
        for bell in bells:
            sync_task(self.deps, "w1", bell.body["task"], deadline=self.crm.clock() + timedelta(minutes=5))
        return len(bells)

    def run(self, type: RunType = RunType.FULL) -> Run:
        run = start_run(self.deps, self.connection, type, "u1")
        while self.ring():
            pass
        return self.deps.journal.run("w1", run.id)

    def steps(self) -> list[str]:
        return [request.step for request in self.asked]

    def record(self, id: str, object: str = "contacts") -> Any:
        stored = follow_record(self.deps, RecordKey("w1", "c1", object, id))
        return stored and stored.record


@pytest.fixture
def house() -> House:
    return House()


def contact(id: str, **fields: Any) -> Sighting:
    raw = {"id": id, "name": "Ada", "number": 1}
    return Sighting(**{"object": "contacts", "external_id": id, "kind": Kind.CONTACT, "raw": raw, **fields})


def gone(ids: Sequence[str]) -> Page:
    return Page([contact(id, raw=None, state=State.DELETED) for id in ids], None)


def test_a_job_that_is_still_at_work_keeps_no_worker(house: House) -> None:
    house.script = [Page([], {"job": "7"}, wait_seconds=20), Page([contact("1")], None)]
    run = start_run(house.deps, house.connection, RunType.FULL, "u1")

    house.ring()
    house.ring()
    (bell,) = house.deps.queues.pages.sent[-1:]  # type: ignore[attr-defined] # the memory twin's
    house.ring()

    assert bell.delay_seconds == 21
    assert house.asked[1].cursor == {"job": "7"}
    assert house.deps.journal.run("w1", run.id).status is Status.SUCCESS


def test_a_long_wait_is_rung_by_the_schedule(house: House) -> None:
    house.script = [Page([], {"job": "7"}, wait_seconds=300), Page([contact("1")], None)]
    start_run(house.deps, house.connection, RunType.FULL, "u1")

    while house.ring():
        pass

    due = house.deps.journal.due_tasks(house.crm.clock() + timedelta(seconds=301))
    assert [(task.object, task.cursor) for task in due] == [("contacts", {"job": "7"})]


def test_a_full_run_takes_every_listing_of_an_object_before_it_sweeps(house: House) -> None:
    house.contacts = {"listings": ("list", "archived")}
    house.script = [Page([contact("1")], None), Page([contact("2")], None)]
    house.run()

    house.script = [Page([contact("1")], None), Page([contact("2")], None)]
    house.run()

    assert house.steps() == ["list", "archived"] * 2
    assert house.record("2").state is State.LIVE
    assert "fetch contacts" not in house.crm.calls


def test_an_incremental_run_lists_what_was_deleted(house: House) -> None:
    house.contacts = {"changes": ("list", "deleted")}
    house.script = [Page([contact("1")], None)]
    house.run()
    house.asked.clear()
    house.crm.clock.advance(600)

    house.script = [Page([], None), gone(["1"])]
    run = house.run(RunType.INCREMENTAL)

    assert house.steps() == ["list", "deleted"]
    assert house.asked[0].window == house.asked[1].window
    assert (run.counts["contact"].removed, house.record("1").state) == (1, State.DELETED)


def test_an_objects_windows_have_their_own_lag_and_overlap(house: House) -> None:
    house.contacts = {"lag_seconds": 1, "overlap_seconds": 2}
    house.run()
    house.asked.clear()
    house.crm.clock.advance(600)

    house.run(RunType.INCREMENTAL)

    window = house.asked[0].window
    assert window is not None
    assert house.crm.clock() - window.end < timedelta(seconds=2)
    assert window.end - window.start < timedelta(seconds=603)


def test_a_snapshot_made_before_a_deletion_brings_nobody_back(house: House) -> None:
    house.contacts = {"changes": ("deleted",)}
    ordered_at = house.crm.clock()
    known = contact("1", remote_updated_at=ordered_at)
    house.script = [Page([known], None)]
    house.run()
    house.crm.clock.advance(600)
    house.script = [gone(["1"])]
    house.run(RunType.INCREMENTAL)
    house.crm.clock.advance(1200)

    house.script = [Page([known], None, indexed=True, read_started_at=ordered_at)]
    run = house.run()

    assert run.status is Status.SUCCESS
    assert house.record("1").state is State.DELETED


def test_a_converted_lead_lives_on_as_a_record_of_another_object(house: House) -> None:
    lead = contact("9", raw=None, state=State.CONVERTED, successor_id="1", successor_object="deals")
    house.script = [Page([lead, contact("1", object="deals")], None)]

    house.run()

    assert (house.record("9").object, house.record("9").external_id) == ("deals", "1")
