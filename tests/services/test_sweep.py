"""What a full listing no longer shows is asked about, and believed only in small numbers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid
from crmbridge.domain.records import RecordKey, State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.platforms.spec import Platform
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.request_run import request_run
from crmbridge.services.sync_task import sync_task

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps


class House:
    def __init__(self) -> None:
        self.crm = LittleCrm(Clock())
        self.deps = make_deps(self.crm)
        self.connection = make_connection(self.deps)

    def run(self, *, confirm_removals: bool = False) -> Run:
        run = request_run(self.deps, Caller("w1", "u1", "admin"), "c1", RunType.FULL, confirm_removals=confirm_removals)
        while bells := self.deps.queues.pages.take():  # type: ignore[attr-defined] # the memory twin's
            for bell in bells:
                deadline = self.crm.clock() + timedelta(minutes=5)
                sync_task(self.deps, "w1", bell.body["task"], deadline=deadline)
        return self.deps.journal.run("w1", run.id)

    def make_and_store_once(self) -> None:
        self.crm.on_the_wire = lambda: None
        self.crm.create("contacts")
        receive_delivery(self.deps, "little", None, self.crm.delivery(self.crm.told[-1]))
        (message,) = self.deps.queues.deliveries.take()  # type: ignore[attr-defined] # the memory twin's
        apply_delivery(self.deps, message.body)

    def state(self, id: str) -> State | None:
        found = self.deps.records.get(RecordKey("w1", "c1", "contacts", id))
        return found.record.state if found else None

    def live(self) -> int:
        shards = (self.deps.records.ids("w1", "c1", "contacts", shard) for shard in range(16))
        return sum(state == State.LIVE for shard in shards for _, state in shard)


@pytest.fixture
def house() -> House:
    return House()


def test_each_missing_record_becomes_what_the_crm_says_it_is(house: House) -> None:
    archived, erased, winner, loser = (house.crm.create("contacts") for _ in range(4))
    house.run()
    house.crm.delete("contacts", archived)
    house.crm.delete("contacts", erased, erased=True)
    survivor = house.crm.merge("contacts", winner, loser)

    run = house.run()

    assert [house.state(id) for id in (archived, erased, winner, loser, survivor)] == [
        State.ARCHIVED, State.HIDDEN, State.MERGED, State.MERGED, State.LIVE,
    ]  # fmt: skip
    assert run.counts["contact"].removed == 4


def test_a_record_made_while_the_listing_was_under_way_stays(house: House) -> None:
    """The webhook has stored it, the listing was past its place."""
    house.run()
    house.crm.on_the_wire = house.make_and_store_once

    run = house.run()

    assert house.live() == 1
    assert run.counts["contact"].removed == 0


def test_an_outage_of_everything_removes_nothing_and_says_so(house: House) -> None:
    ids = [house.crm.create("contacts") for _ in range(40)]
    house.run()
    for id in ids:
        house.crm.hide("contacts", id)

    run = house.run()

    assert house.live() == 40
    assert run.status is Status.PARTIAL
    assert "40 stored contacts" in run.errors[0]["error"]


def test_an_admin_who_knows_better_has_everything_removed(house: House) -> None:
    ids = [house.crm.create("contacts") for _ in range(40)]
    house.run()
    for id in ids:
        house.crm.delete("contacts", id)
    house.run()

    run = house.run(confirm_removals=True)

    assert (house.live(), run.status) == (0, Status.SUCCESS)
    assert run.counts["contact"].removed == 40


def test_only_an_admin_confirms_and_only_a_full_run_removes(house: House) -> None:
    for caller, type, refusal in (
        (Caller("w1", "u2", "member"), RunType.FULL, Forbidden),
        (Caller("w1", "u1", "admin"), RunType.INCREMENTAL, Invalid),
    ):
        with pytest.raises(refusal):
            request_run(house.deps, caller, "c1", type, confirm_removals=True)


def test_as_many_as_a_sweep_may_remove_are_removed(house: House) -> None:
    ids = [house.crm.create("contacts") for _ in range(40)]
    house.run()
    for id in ids[:20]:
        house.crm.delete("contacts", id)

    run = house.run()

    assert (house.live(), run.status) == (20, Status.SUCCESS)


def test_records_that_merely_left_the_listing_do_not_stop_a_sweep(house: House) -> None:
    """More are missing than may be removed, yet most of them live: they are asked about first."""
    ids = [house.crm.create("contacts") for _ in range(40)]
    house.run()
    house.crm.delete("contacts", ids[0])
    shown = house.crm.platform()
    unlisted = replace(shown, page=lambda api, request: replace(shown.page(api, request), seen=()))
    house.deps = replace(house.deps, platform=lambda _: unlisted)

    run = house.run()

    assert (house.live(), run.status) == (39, Status.SUCCESS)


def test_a_long_sweep_goes_on_where_it_stopped(house: House) -> None:
    ids = [house.crm.create("contacts") for _ in range(520)]
    house.run()
    shown = house.crm.platform()
    unlisted: Platform = replace(shown, page=lambda api, request: replace(shown.page(api, request), seen=(), next=None))
    house.crm.delete("contacts", ids[-1])
    house.deps = replace(house.deps, platform=lambda _: unlisted)

    run = house.run()

    assert house.state(ids[-1]) is State.ARCHIVED
    assert run.status is Status.SUCCESS
