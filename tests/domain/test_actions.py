"""Actions and the values people give them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus, action_id
from crmbridge.domain.errors import Invalid
from crmbridge.domain.inputs import plain, read_fields, writable
from crmbridge.domain.records import FIELDS, Kind, Labelled
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
ACTION = Action(
    id="a1", workspace="w1", connection="c1", type="create_task", fields={}, requested_by="u1", body_hash="", key="a1",
    created_at=NOW,
)  # fmt: skip


def refused(kind: Kind, fields: dict[str, Any], *, clearing: bool = False) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read_fields(kind, fields, clearing=clearing)
    return {problem.field: problem.fix for problem in caught.value.problems}


def test_the_same_key_of_the_same_caller_means_the_same_action() -> None:
    assert action_id("w1", "u1", "k") == action_id("w1", "u1", "k")


@pytest.mark.parametrize("other", [("w2", "u1", "k"), ("w1", "u2", "k"), ("w1", "u1", "k2"), ("w1", "u1k", "")])
def test_another_workspace_caller_or_key_means_another(other: tuple[str, str, str]) -> None:
    assert action_id("w1", "u1", "k") != action_id(*other)


def test_what_moves_keeps_its_history_and_drops_its_waits() -> None:
    moved = ACTION.moved(ActionStatus.WAITING, NOW, "busy", next_attempt_at=NOW).moved(ActionStatus.SENDING, NOW)

    assert (moved.status, moved.next_attempt_at, moved.lease_until) == (ActionStatus.SENDING, None, None)
    assert [(status, note) for status, _, note in moved.history] == [("waiting", "busy"), ("sending", "")]


def test_a_history_stays_short() -> None:
    moved = ACTION
    for _ in range(500):
        moved = moved.moved(ActionStatus.WAITING, NOW)

    assert len(moved.history) < 60


@pytest.mark.parametrize("type", ACTION_TYPES.values(), ids=lambda type: type.name)
def test_a_type_asks_only_for_fields_that_can_be_written(type: Any) -> None:
    assert {*type.required, *type.one_of, *type.sets} <= set(writable(type.kind))


@pytest.mark.parametrize(
    ("kind", "name", "value", "kept"),
    [
        (Kind.DEAL, "amount", 75000, "75000"),
        (Kind.DEAL, "amount", " 75000.50 ", "75000.50"),
        (Kind.DEAL, "amount", 1e3, "1000.0"),
        (Kind.DEAL, "close_date", "2026-12-31", "2026-12-31"),
        (Kind.DEAL, "owner_id", 7, "7"),
        (Kind.TASK, "due_at", "2026-12-31", "2026-12-31"),
        (Kind.TASK, "due_at", "2026-12-31T10:00:00+02:00", "2026-12-31T08:00:00.000000Z"),
        (Kind.TASK, "subject", " two  words ", " two  words "),
        (Kind.CONTACT, "email", "Ann@x.test", "Ann@x.test"),
        (Kind.CONTACT, "phones", ["1"], [{"value": "1", "label": "", "primary": False}]),
        (
            Kind.CONTACT,
            "emails",
            [{"value": "a@x.test", "label": "work", "primary": True}],
            [{"value": "a@x.test", "label": "work", "primary": True}],
        ),
    ],
)
def test_a_value_is_kept_in_one_form(kind: Kind, name: str, value: Any, kept: Any) -> None:
    assert read_fields(kind, {name: value}) == {name: kept}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Kind.DEAL, "amount", True),
        (Kind.DEAL, "amount", "50,000"),
        (Kind.DEAL, "amount", float("nan")),
        (Kind.DEAL, "amount", "1e99999"),
        (Kind.DEAL, "close_date", "31.12.2026"),
        (Kind.DEAL, "close_date", 20261231),
        (Kind.TASK, "due_at", "2026-12-31T10:00:00"),
        (Kind.TASK, "due_at", "0001-01-01T00:00:00+14:00"),
        (Kind.TASK, "subject", ""),
        (Kind.TASK, "subject", "x" * 70_000),
        (Kind.TASK, "subject", None),
        (Kind.CONTACT, "emails", []),
        (Kind.CONTACT, "emails", [{"label": "work"}]),
        (Kind.CONTACT, "emails", "a@x.test"),
    ],
)
def test_a_value_of_the_wrong_form_is_told_the_right_one(kind: Kind, name: str, value: Any) -> None:
    assert refused(kind, {name: value})[f"fields.{name}"]


def test_a_misspelt_field_is_told_what_it_may_have_meant() -> None:
    assert "did you mean close_date?" in refused(Kind.DEAL, {"close_dat": "2026-12-31"})["fields.close_dat"]


def test_a_derived_field_is_told_what_to_set_instead() -> None:
    assert refused(Kind.DEAL, {"stage_label": "Won"}) == {"fields.stage_label": "set stage"}


def test_null_empties_only_where_there_is_something_to_empty() -> None:
    assert read_fields(Kind.DEAL, {"amount": None}, clearing=True) == {"amount": None}
    assert "fields.amount" in refused(Kind.DEAL, {"amount": None})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), kind=st.sampled_from(list(Kind)))
def test_any_json_is_read_or_refused(data: st.DataObject, kind: Kind) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from(sorted(FIELDS[kind])) | st.text(max_size=9), JSON, max_size=4))
    try:
        read = read_fields(kind, fields, clearing=True)
    except Invalid:
        read = {}

    assert read_fields(kind, read, clearing=True) == read


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 2), "2026-01-02"),
        (NOW, "2026-05-04T08:00:00.000000Z"),
        ((Labelled("a", "work", primary=True),), [{"value": "a", "label": "work", "primary": True}]),
        (("1", "2"), ["1", "2"]),
        (True, True),
        (None, None),
    ],
    ids=repr,
)
def test_values_are_shown_as_plain_json(value: Any, shown: Any) -> None:
    assert plain(value) == shown
