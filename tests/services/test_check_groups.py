"""All groups of a workspace are evaluated in full as often as its admins want."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Forbidden, Invalid
from crmbridge.domain.groups import Group
from crmbridge.services.check_groups import read_check, set_check
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


def test_without_an_interval_nothing_is_checked(deps: Deps, admin: Caller, tick: Callable[[float], int]) -> None:
    set_check(deps, admin, 15)
    set_check(deps, admin, None)

    assert (tick(60), read_check(deps, admin)) == (0, None)


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
