"""Compiled groups are kept as long as nobody edits one."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind
from crmbridge.services.compile_groups import compile_groups
from crmbridge.services.compile_terms import MOST_KEPT
from crmbridge.services.edit_groups import create_group, delete_group, update_group
from crmbridge.services.ports import Deps

LARGE = {"field": "deal_amount", "operator": "gte", "value": 50}
OVERDUE = {"field": "deal_close_date", "operator": "before_today"}


@pytest.fixture
def group(deps: Deps, admin: Caller, make_connection: Callable[..., Connection]) -> Group:
    make_connection()
    return create_group(deps, admin, {"name": "g", "channel": "C", "rules": LARGE})


def test_what_nobody_edited_is_not_read_again(deps: Deps, group: Group) -> None:
    assert compile_groups(deps, "w1") is compile_groups(deps, "w1")


@pytest.mark.parametrize("change", [{"rules": OVERDUE}, {"members": "owner"}, {"name": "other"}])
def test_every_edit_is_seen_at_once(deps: Deps, admin: Caller, group: Group, change: dict[str, Any]) -> None:
    before = compile_groups(deps, "w1")

    update_group(deps, admin, group.id, change)

    assert compile_groups(deps, "w1").version > before.version


def test_a_deleted_group_is_asked_no_more(deps: Deps, admin: Caller, group: Group) -> None:
    before = compile_groups(deps, "w1").kinds()

    delete_group(deps, admin, group.id)

    assert (before, compile_groups(deps, "w1").kinds()) == (frozenset({Kind.DEAL}), frozenset[Kind]())


def test_many_workspaces_do_not_pile_up(deps: Deps, group: Group) -> None:
    first = compile_groups(deps, "w1")
    for number in range(MOST_KEPT):
        compile_groups(deps, f"other{number}")

    assert compile_groups(deps, "w1") is not first
