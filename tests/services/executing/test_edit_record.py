"""An edit of a record: pending at once, then what the CRM has, or what it was, with the reason."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Invalid, MovedOn, NotFound, Rejected
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services.edit_record import Wish, edit_record
from crmbridge.services.ports import Deps
from crmbridge.services.read_records import read_record

DEAL = RecordKey("w1", "c1", "deals", "d1")
Settle = Callable[..., Action]


def edit(house: Deps, caller: Caller, amount: str = "75000", key: str = "k1", **more: Any) -> Action:
    return edit_record(house, caller, DEAL, Wish(fields={"amount": amount}, **more), key)


def read(house: Deps, caller: Caller) -> tuple[Any, list[Any], list[Any]]:
    """(the CRM's amount, what is pending, what was refused)"""
    shown = read_record(house, caller, "c1", "deals", "d1")
    return shown["fields"]["amount"], *([each["value"] for each in shown[part]] for part in ("pending", "refused"))


def test_an_edit_is_pending_and_then_confirmed_by_what_the_crm_has(house: Deps, member: Caller, settle: Settle) -> None:
    action = edit(house, member)
    asked = read(house, member)

    settle(action)

    assert asked == ("50000", ["75000"], [])
    assert read(house, member) == ("75000", [], [])


def test_a_refused_edit_is_rolled_back_with_the_reason(house: Deps, member: Caller, settle: Settle, crm: Any) -> None:
    crm.answers.append(Rejected("no", platform="fake", fields={"amount": "more than the deal may have"}))

    settle(edit(house, member))

    assert read(house, member) == ("50000", [], ["75000"])
    (refused,) = read_record(house, member, "c1", "deals", "d1")["refused"]
    assert (refused["reason"], refused["status"]) == ("more than the deal may have", "failed")


def test_an_edit_is_an_update_action_of_the_records_kind(house: Deps, member: Caller) -> None:
    action = edit(house, member, chat="room", message="m1")

    assert (action.type, action.target and action.target.external_id) == ("update_deal", "d1")
    assert (action.chat, action.message, action.before) == ("room", "m1", {"amount": "50000"})


@pytest.mark.parametrize("base", [0, "0.00", 0.0])
def test_zero_is_a_number_to_begin_from(house: Deps, member: Caller, put_record: Any, base: Any) -> None:
    put_record("deals", "d1", Kind.DEAL, amount=Decimal(0))

    assert edit(house, member, base={"amount": base}).status is ActionStatus.PENDING


def test_who_saw_an_edit_under_way_goes_on_from_there(house: Deps, member: Caller) -> None:
    edit(house, member, amount="75000")

    again = edit(house, member, amount="80000", key="k2", base={"amount": 75_000})

    assert again.fields == {"amount": "80000"}
    with pytest.raises(MovedOn):
        edit(house, member, amount="80000", key="k3", base={"amount": 74_000})


@pytest.mark.parametrize("base", ["50000", 5e4, "50000.00"])
def test_an_edit_of_what_the_crm_still_has_is_taken(house: Deps, member: Caller, base: Any) -> None:
    assert edit(house, member, base={"amount": base}).status is ActionStatus.PENDING


def test_an_edit_of_what_has_moved_on_names_both_values(house: Deps, member: Caller) -> None:
    with pytest.raises(MovedOn) as refused:
        edit(house, member, base={"amount": "40000"})

    assert refused.value.fields == {"amount": ("40000", "50000")}
    assert read(house, member)[1] == []


def test_force_writes_whatever_the_crm_has(house: Deps, member: Caller) -> None:
    assert edit(house, member, base={"amount": "40000"}, force=True).fields == {"amount": "75000"}


def test_asking_again_is_the_same_edit_however_the_record_has_moved(
    house: Deps, member: Caller, settle: Settle
) -> None:
    done = settle(edit(house, member, base={"amount": "50000"}))

    again = edit(house, member, base={"amount": "50000"})

    assert (again.id, again.status) == (done.id, ActionStatus.COMPLETED)
    with pytest.raises(Clash, match="another body"):
        edit(house, member, amount="80000")


def test_a_base_of_what_is_not_changed_is_refused_by_name(house: Deps, member: Caller) -> None:
    with pytest.raises(Invalid, match=r"base\.name"):
        edit(house, member, base={"name": "Renewal"})


def test_a_field_that_was_empty_or_never_read_has_not_moved(house: Deps, member: Caller) -> None:
    wish = Wish(fields={"name": "Renewal"}, custom_fields={"tier": "g"}, base={"name": "?", "tier": ""})

    assert edit_record(house, member, DEAL, wish, "k1").fields == {"name": "Renewal"}


def test_who_may_not_write_edits_nothing(house: Deps, member: Caller) -> None:
    with pytest.raises(Forbidden):
        edit(house, replace(member, role="viewer"))


@pytest.mark.parametrize(
    "key", [DEAL._replace(external_id="404"), DEAL._replace(connection="c9"), DEAL._replace(object="spaceships")]
)
def test_an_unknown_record_is_not_edited(house: Deps, member: Caller, key: RecordKey) -> None:
    with pytest.raises(NotFound):
        edit_record(house, member, key, Wish(fields={"amount": "1"}), "k1")


def test_a_pending_edit_is_seen_on_the_record_that_the_edited_one_was_merged_into(
    house: Deps, member: Caller, put_record: Any
) -> None:
    edit(house, member)
    put_record("deals", "d2", Kind.DEAL, amount=Decimal(60000))
    put_record("deals", "d1", Kind.DEAL, state=State.MERGED, successor_id="d2")

    assert read(house, member) == ("60000", ["75000"], [])


def test_a_later_edit_is_what_is_pending(house: Deps, member: Caller) -> None:
    edit(house, member, key="k1")
    edit(house, member, amount="80000", key="k2")

    assert read(house, member)[1] == ["80000"]
