"""Time passes and nobody touches a record: it is looked at when a day begins that may change who belongs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.groups import Group
from crmbridge.domain.predicates import When
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.edit_groups import create_group, delete_group, update_group
from crmbridge.services.evaluate_records import evaluate_message, evaluate_records, settle_records
from crmbridge.services.ports import Deps
from crmbridge.services.wake_records import next_midnight, wake_records
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems

OVERDUE = {"field": "deal_close_date", "operator": "before_today"}
OWNER = {"7": Owner("7", "Olga", "olga@example.test")}
ZONES = (
    "UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "Atlantic/Azores",
    "Pacific/Apia", "America/Havana",
)  # fmt: skip
"""Some begin and end summer time at midnight, some are a quarter of an hour or more than half a day away."""


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", Directories(Account("48", time_zone="Europe/Berlin"), owners=OWNER))
    return make_connection()


@pytest.fixture
def make_group(deps: Deps, admin: Caller) -> Callable[..., Group]:
    def make(rules: Any = OVERDUE, **more: Any) -> Group:
        return create_group(deps, admin, {"name": "g", "channel": "C", "rules": rules, "members": "owner", **more})

    return make


@pytest.fixture
def wait_until(deps: Deps, clock: Any) -> Callable[[datetime], None]:
    """The schedule's minutes, and what they ring for, are all that happens meanwhile."""

    def wait(moment: datetime) -> None:
        clock.moment = moment
        work(deps)
        while wake_records(deps, deps.workspaces.due_clocks(clock()), clock()):
            work(deps)

    return wait


def work(deps: Deps) -> bool:
    messages = deps.queues.groups.take()  # type: ignore[attr-defined]
    for message in messages:
        evaluate_message(deps, message.body, deps.now() + timedelta(minutes=2))
    return bool(messages)


def who_is_in(deps: Deps, group: Group) -> list[str]:
    return [support.person for support in deps.memberships.group_supports("w1", group.id)]


def put_deal(put_record: Any, id: str = "1", day: date = date(2026, 5, 6), **more: Any) -> RecordKey:
    key: RecordKey = put_record("deals", id, Kind.DEAL, owner_id="7", close_date=day, is_closed=False, **more)
    return key


def test_a_deal_is_overdue_as_soon_as_the_next_day_begins_in_the_groups_zone(
    deps: Deps, make_group: Any, put_record: Any, wait_until: Any
) -> None:
    group = make_group(time_zone="Asia/Kathmandu")
    evaluate_records(deps, [put_deal(put_record)])

    wait_until(datetime(2026, 5, 6, 18, 14, tzinfo=UTC))
    before = who_is_in(deps, group)
    wait_until(datetime(2026, 5, 6, 18, 15, tzinfo=UTC))

    assert (before, who_is_in(deps, group)) == ([], ["olga@example.test"])


def test_the_zone_is_that_of_the_account_unless_the_group_names_one(make_group: Any) -> None:
    assert (make_group().time_zone, make_group(time_zone="UTC").time_zone) == ("Europe/Berlin", "UTC")


def test_a_worker_that_began_before_midnight_and_wrote_after_it_is_made_good(
    deps: Deps, make_group: Any, put_record: Any, wait_until: Any
) -> None:
    group = make_group(time_zone="UTC")
    midnight = datetime(2026, 5, 7, tzinfo=UTC)
    wait_until(midnight + timedelta(minutes=1))
    key = put_deal(put_record)
    deps.memberships.wake(key, midnight, midnight - timedelta(seconds=1))

    wait_until(midnight + timedelta(minutes=2))

    assert who_is_in(deps, group) == ["olga@example.test"]


def test_another_zone_brings_another_midnight(
    deps: Deps, admin: Caller, make_group: Any, put_record: Any, wait_until: Any
) -> None:
    group = make_group(time_zone="America/Santiago")
    evaluate_records(deps, [put_deal(put_record)])
    update_group(deps, admin, group.id, {"time_zone": "Pacific/Apia"})
    wait_until(deps.now())

    wait_until(datetime(2026, 5, 6, 11, 0, tzinfo=UTC))

    assert who_is_in(deps, group) == ["olga@example.test"]


def test_a_later_moment_does_not_replace_one_that_is_to_come(deps: Deps, make_group: Any, put_record: Any) -> None:
    make_group(time_zone="UTC")
    key = put_deal(put_record)
    evaluate_records(deps, [key])

    deps.memberships.wake(key, datetime(2026, 5, 9, tzinfo=UTC), deps.now())
    deps.memberships.wake(key, None, deps.now())

    assert deps.memberships.held([key])[key].wakes_at == datetime(2026, 5, 7, tzinfo=UTC)


def test_without_groups_that_ask_what_day_it_is_the_clock_stops(
    deps: Deps, admin: Caller, make_group: Any, wait_until: Any
) -> None:
    group = make_group()
    delete_group(deps, admin, group.id)

    wait_until(deps.now())

    assert not deps.workspaces.due_clocks(deps.now() + timedelta(days=400))


def test_a_workspace_with_many_records_keeps_no_other_waiting(
    deps: Deps, make_group: Any, put_record: Any, clock: Any
) -> None:
    make_group(time_zone="UTC")
    work(deps)
    settle_records(deps, [put_deal(put_record, str(number)) for number in range(250)])
    for number in range(199):
        deps.workspaces.ring_clock(f"other{number}", clock())
    clock.moment = datetime(2026, 5, 7, tzinfo=UTC)

    assert wake_records(deps, deps.workspaces.due_clocks(clock()), clock()) == 100


@pytest.mark.parametrize("zone", ZONES)
def test_every_midnight_of_two_years_is_waited_for(zone: str) -> None:
    here, now = ZoneInfo(zone), datetime(2025, 12, 31, 12, tzinfo=UTC)
    for _ in range(730):
        due = next_midnight([here], now)
        assert due
        assert When(due, here).today == When(now, here).today + timedelta(days=1)
        assert When(due - timedelta(seconds=1), here).today == When(now, here).today
        now = due + timedelta(hours=1)


@pytest.mark.parametrize("seed", range(25))
def test_after_any_time_membership_is_that_of_a_look_from_scratch(
    deps: Deps, admin: Caller, make_group: Any, put_record: Any, wait_until: Any, clock: Any, seed: int
) -> None:
    chance = Random(seed)
    groups = [make_group(some_rules(chance), time_zone=chance.choice(ZONES)) for _ in range(4)]
    groups.append(make_group(some_rules(chance, "task_due"), time_zone=chance.choice(ZONES), kind="task"))
    work(deps)
    for _ in range(12):
        evaluate_records(deps, list(some_records(put_record, chance, clock)))
        if chance.random() < 0.3:
            update_group(deps, admin, chance.choice(groups).id, {"time_zone": chance.choice(ZONES)})

        wait_until(clock() + timedelta(minutes=chance.choice([10, 400, 900, 1440, 4000, 20000])))

        assert supports(deps, groups) == supports(from_scratch(deps), groups)


def some_rules(chance: Random, field: str = "deal_close_date") -> dict[str, Any]:
    def clause() -> dict[str, Any]:
        field_ = chance.choice([field, field, "task_due"])
        operator = chance.choice(["within_last_days", "within_next_days", "before_today", "after_today"])
        return {"field": field_, "operator": operator, "value": chance.randint(0, 9) if "days" in operator else None}

    joined = {"operator": chance.choice(["AND", "OR"]), "rules": [clause(), clause()]}
    return {"operator": "NOT", "rules": [joined]} if chance.random() < 0.3 else joined


def some_records(put_record: Any, chance: Random, clock: Any) -> Iterator[RecordKey]:
    for _ in range(chance.randint(0, 2)):
        yield put_deal(put_record, str(chance.randint(1, 3)), clock().date() + timedelta(chance.randint(-12, 12)))
    if chance.random() < 0.6:
        id, due = str(chance.randint(1, 3)), clock() + timedelta(hours=chance.randint(-300, 300))
        yield put_record("tasks", id, Kind.TASK, owner_id="7", due_at=due, links={"deals": (id,)})


def from_scratch(deps: Deps) -> Deps:
    fresh = replace(deps, memberships=MembershipStore(MemoryItems("memberships")))
    every = [RecordKey("w1", "c1", object, str(id)) for object in ("deals", "tasks") for id in (1, 2, 3)]
    settle_records(fresh, every)
    return fresh


def supports(deps: Deps, groups: list[Group]) -> set[tuple[str, str, RecordKey]]:
    found = (support for group in groups for support in deps.memberships.group_supports("w1", group.id))
    return {(support.group, support.person, support.record) for support in found}
