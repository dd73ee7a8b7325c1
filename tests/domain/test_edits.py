"""What is under way on a record's fields, and what came to nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus, Receipt, Target
from crmbridge.domain.edits import SHOWN_FOR, Edits, edits_of
from crmbridge.domain.records import Kind, Record

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AMOUNT = ("amount", False)
DEAL = Record(platform="hubspot", object="deals", external_id="1", kind=Kind.DEAL, fields={"amount": Decimal(50)})


def update(
    amount: str, status: ActionStatus, sequence: int = 1, ended: datetime = NOW, after: str = "", **fields: Any
) -> Action:
    asked = Action(
        id=f"a{sequence}", workspace="w1", connection="c1", type="update_deal", fields={"amount": amount},
        target=Target("deals", "1"), requested_by="u1", body_hash="", key="", created_at=NOW - 9 * SECOND,
        sequence=sequence,
    )  # fmt: skip
    receipt = Receipt(
        object="deals", external_id="1", after={"amount": after or amount}, completed_at=ended, attempts=1
    )
    done: dict[str, Any] = {"receipt": receipt} if status is ActionStatus.COMPLETED else {}
    return replace(asked.moved(status, ended, **done), **fields)


def seen(*actions: Action, deal: Record = DEAL, read_at: datetime = NOW, now: datetime = NOW) -> Edits:
    return edits_of(deal, read_at, actions, now)


def values(edits: Mapping[tuple[str, bool], Any]) -> dict[str, str]:
    return {name: edit.value for (name, _), edit in edits.items()}


@pytest.mark.parametrize("status", [ActionStatus.PENDING, ActionStatus.SENDING, ActionStatus.WAITING])
def test_an_edit_is_pending_until_its_action_has_ended(status: ActionStatus) -> None:
    found = seen(update("75", status))

    assert values(found.pending) == {"amount": "75"}
    assert (found.pending[AMOUNT].action, found.pending[AMOUNT].at) == ("a1", NOW - 9 * SECOND)


def test_of_several_pending_edits_the_last_asked_for_counts() -> None:
    found = seen(update("75", ActionStatus.SENDING, 1), update("80", ActionStatus.PENDING, 2))

    assert values(found.pending) == {"amount": "80"}


def test_a_confirmed_edit_is_no_edit_any_more() -> None:
    deal = replace(DEAL, fields={"amount": Decimal("75.00")})

    assert seen(update("75", ActionStatus.COMPLETED, after="75.00"), deal=deal) == Edits()


def test_a_done_edit_is_pending_while_the_record_was_not_read_since() -> None:
    done = update("75", ActionStatus.COMPLETED, ended=NOW)

    assert values(seen(done, read_at=NOW - SECOND).pending) == {"amount": "75"}
    assert seen(done, read_at=NOW + SECOND) == Edits()
    changed = replace(DEAL, remote_updated_at=NOW + SECOND)
    assert seen(done, deal=changed, read_at=NOW - SECOND) == Edits()


@pytest.mark.parametrize("status", [ActionStatus.FAILED, ActionStatus.UNCERTAIN, ActionStatus.SUPERSEDED])
def test_what_came_to_nothing_says_why_for_a_while(status: ActionStatus) -> None:
    error = {"message": "HubSpot refused", "next_step": "change the input", "fields": {"amount": "too much"}}
    action = update("75", status, error=error)

    refused = seen(action).refused[AMOUNT]

    assert (refused.value, refused.reason, refused.next_step) == ("75", "too much", "change the input")
    assert seen(action, now=NOW + SHOWN_FOR) == Edits()


def test_a_field_that_was_refused_with_another_says_which() -> None:
    error = {"message": "HubSpot refused", "fields": {"name": "too long"}, "next_step": "change the input"}

    refused = seen(update("75", ActionStatus.FAILED, error=error)).refused[AMOUNT]

    assert refused.reason == "not written either: name: too long"


def test_an_edit_that_was_done_since_ends_the_talk_of_a_refused_one() -> None:
    failed, done = update("75", ActionStatus.FAILED, 1), update("50", ActionStatus.COMPLETED, 2)

    assert seen(failed, done) == Edits()


def test_an_older_edit_is_pending_still_when_a_newer_one_was_refused() -> None:
    found = seen(update("75", ActionStatus.WAITING, 1), update("x", ActionStatus.FAILED, 2))

    assert (values(found.pending), values(found.refused)) == ({"amount": "75"}, {"amount": "x"})


def test_a_cancelled_edit_leaves_no_trace() -> None:
    assert seen(update("75", ActionStatus.CANCELLED)) == Edits()


def test_custom_fields_are_told_from_ours_of_the_same_name() -> None:
    found = seen(update("75", ActionStatus.PENDING, custom_fields={"amount": "gold"}))

    assert {key: edit.value for key, edit in found.pending.items()} == {AMOUNT: "75", ("amount", True): "gold"}


def test_what_merely_makes_another_record_edits_nothing() -> None:
    assert seen(update("75", ActionStatus.PENDING, type="create_deal")) == Edits()
