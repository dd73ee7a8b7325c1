"""What counts as having happened to a record, and when that is a rule's moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin, What
from crmbridge.domain.occasions import ChatMessage, RecordChange, message_id
from crmbridge.domain.records import Kind, Record, RecordKey, State
from crmbridge.domain.rules import On, Rule, Trigger, changed_among, firing_id, is_edge, what_happened
from crmbridge.domain.stored import Stored

KEY = RecordKey("w1", "c1", "deals", "1")
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
ON_DEALS = Trigger(on=On.CHANGE)
MESSAGE = ChatMessage(chat="CH", id="1", labels=(" Quote ",))


def deal(state: State = State.LIVE, *, created: datetime | None = None, **fields: Any) -> Stored:
    record = Record(
        platform="hubspot", object="deals", external_id="1", kind=Kind.DEAL, state=state, fields=fields,
        remote_created_at=created,
    )  # fmt: skip
    return Stored(KEY, record, Cause(Origin.WEBHOOK), "")


def change(before: State | None, after: State) -> RecordChange:
    return RecordChange(KEY, deal(before) if before else None, deal(after))


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (None, State.LIVE, What.CREATED),
        (State.LIVE, State.LIVE, What.UPDATED),
        (State.HIDDEN, State.LIVE, What.UPDATED),
        (State.ARCHIVED, State.LIVE, What.RESTORED),
        (State.LIVE, State.ARCHIVED, What.DELETED),
        (State.HIDDEN, State.DELETED, What.DELETED),
        (State.ARCHIVED, State.DELETED, None),
        (State.LIVE, State.HIDDEN, None),
        (None, State.DELETED, None),
        (None, State.MERGED, None),
        (State.LIVE, State.MERGED, What.MERGED),
        (State.LIVE, State.CONVERTED, What.CONVERTED),
        (State.MERGED, State.MERGED, None),
    ],
)
def test_what_happened_is_read_off_the_states(before: State | None, after: State, what: What | None) -> None:
    assert what_happened(change(before, after)) is what


@pytest.mark.parametrize(
    "trigger",
    [
        replace(ON_DEALS, kind=Kind.CONTACT),
        replace(ON_DEALS, connections=("c2",)),
        replace(ON_DEALS, what=(What.DELETED,)),
        Trigger(on=On.MESSAGE, labels=("quote",)),
    ],
    ids=["kind", "connection", "what", "message"],
)
def test_a_trigger_sees_what_it_asked_for_only(trigger: Trigger) -> None:
    assert trigger.sees(change(State.LIVE, State.LIVE), NOW) is None


@pytest.mark.parametrize(("age", "what"), [(timedelta(hours=1), None), (timedelta(), What.CREATED)])
def test_a_record_is_created_when_the_crm_made_it(age: timedelta, what: What | None) -> None:
    first_seen = RecordChange(KEY, None, deal(created=NOW - age))

    assert ON_DEALS.sees(first_seen, NOW) is what


@pytest.mark.parametrize(
    ("held", "holds", "acts"),
    [
        (False, True, True),
        (None, True, True),
        (True, True, False),
        (False, None, False),
        (True, False, False),
    ],
)
def test_an_update_counts_when_the_record_comes_to_satisfy_the_condition(
    held: bool | None, holds: bool | None, acts: bool
) -> None:
    update = change(State.LIVE, State.LIVE)

    assert is_edge(ON_DEALS, What.UPDATED, update, held=held, holds=holds) is acts


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"stage": "s1"}, {"stage": "s2"}, True),
        ({"stage": "s1"}, {"stage": "s1", "amount": Decimal(1)}, False),
        ({}, {"stage": None}, False),
        ({"stage": "s1"}, {}, True),
    ],
)
def test_a_named_field_has_changed_when_its_value_is_another(before: Any, after: Any, changed: bool) -> None:
    trigger = replace(ON_DEALS, fields=("deal_stage",))

    assert changed_among(trigger.sources, RecordChange(KEY, deal(**before), deal(**after))) is changed


def test_labels_are_heard_without_regard_to_case_in_the_chats_that_are_named() -> None:
    trigger = Trigger(on=On.MESSAGE, labels=("quote",))

    assert trigger.hears(MESSAGE)
    assert not replace(trigger, chats=("other",)).hears(MESSAGE)
    assert not replace(trigger, labels=("urgent",)).hears(MESSAGE)
    assert not ON_DEALS.hears(MESSAGE)


def test_a_firing_has_one_name_whatever_the_rule_is_edited_to() -> None:
    rule = Rule(
        id="r1", workspace="w1", name="n", trigger=ON_DEALS, actions=(), acts_as="u", created_by="u", created_at=NOW,
        since=NOW,
    )  # fmt: skip

    assert firing_id(replace(rule, epoch=2, name="m"), "o1") == firing_id(rule, "o1")
    assert len({firing_id(rule, "o1"), firing_id(rule, "o2"), firing_id(replace(rule, id="r2"), "o1")}) == 3


def test_a_message_is_named_by_workspace_chat_and_id() -> None:
    assert len({message_id("w1", "a", "b"), message_id("w2", "a", "b"), message_id("w1", "ab", "")}) == 3
