"""Groups whose rules are about today: a deal that nobody touched is looked at with today's eyes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.edit_groups import create_group
from crmbridge.services.evaluate_records import evaluate_records
from crmbridge.services.ports import Deps
from crmbridge.services.preview_group import preview_group

OVERDUE = {"field": "deal_close_date", "operator": "before_today"}
OLGA = Owner("7", "Olga", "olga@example.test")


@pytest.fixture
def deal(deps: Deps, make_connection: Callable[..., Connection], put_record: Callable[..., RecordKey]) -> RecordKey:
    """Olga's, to be closed today."""
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), owners={"7": OLGA}))
    make_connection()
    return put_record("deals", "1", Kind.DEAL, owner_id="7", close_date=deps.now().date(), is_closed=False)


def test_a_deal_becomes_overdue_by_the_passing_of_time(deps: Deps, clock: Any, admin: Caller, deal: RecordKey) -> None:
    group = create_group(deps, admin, {"name": "Late", "channel": "C1", "rules": OVERDUE, "members": "owner"})
    evaluate_records(deps, [deal])
    before = list(deps.memberships.group_supports("w1", group.id))

    clock.advance(timedelta(days=1).total_seconds())
    evaluate_records(deps, [deal])

    assert before == []
    assert [support.person for support in deps.memberships.group_supports("w1", group.id)] == ["olga@example.test"]


def test_a_preview_is_about_today(deps: Deps, admin: Caller, deal: RecordKey) -> None:
    later = {"field": "deal_close_date", "operator": "within_next_days", "value": 3}

    assert preview_group(deps, admin, {"rules": later, "members": "owner"}).join.count == 1


@pytest.mark.parametrize(("zone", "expected"), [("UTC", []), ("Europe/Berlin", ["olga@example.test"])])
def test_a_task_is_due_on_the_day_it_is_where_the_group_lives(
    deps: Deps, admin: Caller, put_record: Callable[..., RecordKey], deal: RecordKey, zone: str, expected: list[str]
) -> None:
    task = put_record("tasks", "t1", Kind.TASK, owner_id="7", due_at=datetime(2026, 5, 31, 22, 30, tzinfo=UTC))
    rules = {"field": "task_due", "operator": "eq", "value": "2026-06-01"}
    settings = {"name": "g", "channel": "C1", "kind": "task", "rules": rules, "members": "owner", "time_zone": zone}
    group = create_group(deps, admin, settings)

    evaluate_records(deps, [task])

    assert [support.person for support in deps.memberships.group_supports("w1", group.id)] == expected
