"""All groups of a workspace are evaluated in full as often as its admins want."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection, Health, Settings
from crmbridge.domain.errors import Forbidden, Invalid
from crmbridge.domain.groups import Group
from crmbridge.services.check_groups import check_groups, read_check, set_check
from crmbridge.services.edit_groups import create_group
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import SHARDS
from crmbridge.services.schedule_work import schedule_work


@pytest.fixture(autouse=True)
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection()


@pytest.fixture(autouse=True)
def group(deps: Deps, admin: Caller, connection: Connection) -> Group:
    rules = {"field": "deal_amount", "operator": "gte", "value": 1}
    made = create_group(deps, admin, {"name": "g", "channel": "C", "rules": rules})
    deps.queues.groups.take()  # type: ignore[attr-defined]
    return made


@pytest.fixture
def tick(deps: Deps, clock: Any) -> Callable[[float], int]:
    """So many minutes later: how many scans the schedule queues."""

    def later(minutes: float) -> int:
        clock.advance(minutes * 60)
        schedule_work(deps, clock())
        return len(deps.queues.groups.take())  # type: ignore[attr-defined]

    return later


def test_every_interval_everything_is_checked_once(deps: Deps, admin: Caller, tick: Callable[[float], int]) -> None:
    set_check(deps, admin, 15)

    assert [tick(14), tick(1), tick(1), tick(14)] == [0, SHARDS, 0, SHARDS]


def test_an_admin_who_says_otherwise_during_a_check_is_heard(deps: Deps, admin: Caller) -> None:
    class Interrupted:
        def send(self, *messages: Any) -> None:
            set_check(deps, admin, 30)

    set_check(deps, admin, 15)

    check_groups(replace(deps, queues=replace(deps.queues, groups=Interrupted())), "w1")

    assert read_check(deps, admin) == 30


def test_without_an_interval_daily_full_runs_are_enough(
    deps: Deps, admin: Caller, tick: Callable[[float], int]
) -> None:
    set_check(deps, admin, 15)
    set_check(deps, admin, None)

    assert (tick(60), tick(1440), read_check(deps, admin)) == (0, 0, None)


@pytest.mark.parametrize(
    "change",
    [{"settings": Settings(full_every=timedelta(days=7))}, {"health": Health.NEEDS_RECONNECT}],
    ids=["once a week", "not connected"],
)
def test_what_has_no_full_run_every_day_is_checked_once_a_day(
    deps: Deps, connection: Connection, tick: Callable[[float], int], change: dict[str, Any]
) -> None:
    deps.connections.save(replace(connection, **change))

    assert [tick(1439), tick(1), tick(60), tick(1380)] == [0, SHARDS, 0, SHARDS]


def test_everybody_may_see_how_often(deps: Deps, admin: Caller, member: Caller) -> None:
    set_check(deps, admin, 60)

    assert read_check(deps, member) == 60


@pytest.mark.parametrize("minutes", [14, 1441, 0])
def test_an_interval_has_its_limits(deps: Deps, admin: Caller, minutes: int) -> None:
    with pytest.raises(Invalid):
        set_check(deps, admin, minutes)


def test_only_admins_set_it(deps: Deps, member: Caller) -> None:
    with pytest.raises(Forbidden):
        set_check(deps, member, 60)
