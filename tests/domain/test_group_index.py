"""All groups of a workspace at once: only those that a record concerns are looked at any closer."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.group_index import GroupIndex, Panel
from crmbridge.domain.groups import Group, Support
from crmbridge.domain.predicates import Facts, MaskIndex, compile_predicate
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.domain.views import View

KEY = RecordKey("w1", "c1", "deals", "d1")
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
RULES = {"large": 50_000, "small": 10}


@pytest.fixture
def groups() -> GroupIndex:
    entries = [(group(name), compile_predicate(group(name).rules)) for name in RULES]
    return GroupIndex(1, {Kind.DEAL: [Panel(None, entries, MaskIndex([predicate for _, predicate in entries]))]})


def group(name: str) -> Group:
    rules = {"field": "deal_amount", "operator": "gte", "value": RULES[name]}
    return Group(id=name, workspace="w1", name=name, channel="C", rules=rules, created_at=NOW)


def view(**known: Any) -> View:
    return View(key=KEY, facts=Facts(known), contacts={"ann@x.test": "contacts/1"}, owners={}, now=NOW)


def held(*groups: str) -> list[Support]:
    return [Support(group, "ann@x.test", KEY, 1, {"since": "before"}) for group in groups]


def test_a_record_is_brought_into_the_groups_that_it_matches(groups: GroupIndex) -> None:
    assert [one.group for one in groups.wanted(view(amount=Decimal(100)), [])] == ["small"]


def test_who_is_in_one_group_keeps_the_beginning_of_that_group(groups: GroupIndex) -> None:
    found = groups.wanted(view(amount=Decimal(60_000)), held("large"))

    assert {one.group: one.proof.get("since") for one in found} == {"large": "before", "small": None}


def test_what_was_not_read_keeps_whom_it_has_brought_and_brings_nobody(groups: GroupIndex) -> None:
    assert [one.group for one in groups.wanted(view(), held("large"))] == ["large"]


def test_what_is_empty_keeps_nobody(groups: GroupIndex) -> None:
    assert groups.wanted(view(amount=None), held("large", "small")) == []


@pytest.mark.parametrize(
    ("known", "before", "are_wanted"),
    [
        ({"amount": Decimal(20)}, [], True),
        ({"amount": Decimal(1)}, ["small"], False),
        ({}, [], False),
        ({}, ["small"], True),
    ],
    ids=["match", "no match", "unknown", "unknown and in"],
)
def test_contacts_are_read_for_groups_that_may_bring_or_keep_them(
    groups: GroupIndex, known: dict[str, Any], before: list[str], *, are_wanted: bool
) -> None:
    assert groups.bring_contacts_of(view(**known), held(*before)) is are_wanted
