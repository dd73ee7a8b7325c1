"""Taking an update back: once, and only while the CRM still has what was written."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, NotFound, Throttled
from crmbridge.domain.records import Kind
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import cancel_action
from crmbridge.services.undo_action import undo_action

UPDATES = [name for name, type in ACTION_TYPES.items() if not type.creates]


@pytest.fixture
def done(ask: Any, settle: Any) -> Action:
    """An amount of 50000 has become 75000."""
    action: Action = settle(ask("update_deal"))
    return action


@pytest.fixture
def undo(house: Deps, member: Caller) -> Callable[..., Action]:
    return lambda action, caller=member: undo_action(house, caller, action.id)


@pytest.mark.parametrize("type", UPDATES)
def test_what_was_there_before_is_written_back(crm: Any, ask: Any, undo: Any, settle: Any, type: str) -> None:
    action = settle(ask(type))

    undone = settle(undo(action))

    assert (undone.status, undone.undoes, undone.type) == (ActionStatus.COMPLETED, action.id, type)
    assert (undone.receipt.before, undone.receipt.after) == (action.receipt.after, action.receipt.before)
    assert crm.objects[action.target.external_id]["fields"] == action.before


def test_undoing_twice_is_undoing_once(crm: Any, undo: Any, settle: Any, done: Action, admin: Caller) -> None:
    first = undo(done)
    settle(first)

    assert undo(done, admin).id == first.id
    assert len(crm.sent) == 2


def test_an_undo_can_be_undone(crm: Any, undo: Any, settle: Any, done: Action) -> None:
    settle(undo(settle(undo(done))))

    assert crm.objects["d1"]["fields"] == {"amount": "75000"}


def test_a_copy_from_before_the_update_does_not_stand_in_the_way(crm: Any, ask: Any, undo: Any, settle: Any) -> None:
    crm.unread = 1
    undone = settle(undo(settle(ask("update_deal"))))

    assert (undone.receipt.before, undone.receipt.after) == ({"amount": "75000"}, {"amount": "50000"})
    assert crm.objects["d1"]["fields"] == {"amount": "50000"}


def test_what_we_know_was_changed_since_is_left_alone(undo: Any, put_record: Any, done: Action) -> None:
    put_record("deals", "d1", Kind.DEAL, amount=Decimal(90000))

    with pytest.raises(Clash, match="amount"):
        undo(done)


def test_what_was_changed_before_the_undo_is_sent_is_left_alone(
    crm: Any, undo: Any, settle: Any, told: Any, done: Action
) -> None:
    undone = undo(done)
    crm.objects["d1"]["fields"] = {"amount": "90000"}

    ended = settle(undone)

    assert (ended.status, len(crm.sent)) == (ActionStatus.SUPERSEDED, 1)
    assert "amount" in ended.error["message"]
    assert [type for type, _ in told()] == ["action.completed", "action.failed"]


def test_what_was_changed_before_the_undo_is_sent_again_is_left_alone(
    house: Deps, crm: Any, undo: Any, settle: Any, done: Action
) -> None:
    undone, crm.answers = undo(done), ["never"]

    def meanwhile(_: float) -> None:
        crm.objects["d1"]["fields"] = {"amount": "90000"}

    assert settle(undone, replace(house, sleep=meanwhile)).status is ActionStatus.SUPERSEDED
    assert crm.objects["d1"]["fields"] == {"amount": "90000"}


def test_a_crm_that_cannot_say_makes_the_undo_wait(house: Deps, crm: Any, undo: Any, settle: Any, done: Action) -> None:
    undone, busy = undo(done), [Throttled("busy", platform="fake", retry_after=5)]

    def fetch(*asked: Any) -> Any:
        if busy:
            raise busy.pop()
        return crm.fetch(*asked)

    deps = replace(house, platform=lambda _: replace(house.platform("hubspot"), fetch=fetch))
    execute_action(deps, "w1", undone.id)

    assert house.actions.get("w1", undone.id).status is ActionStatus.WAITING
    assert settle(undone, deps).status is ActionStatus.COMPLETED


def test_one_that_was_called_off_does_not_stand_in_the_way(
    house: Deps, member: Caller, undo: Any, settle: Any, done: Action
) -> None:
    called_off = cancel_action(house, member, undo(done).id)

    again = undo(done)

    assert again.id != called_off.id
    assert settle(again).status is ActionStatus.COMPLETED


def test_only_a_completed_update_is_undone(ask: Any, undo: Any, settle: Any) -> None:
    with pytest.raises(Clash, match="pending"):
        undo(ask("update_deal"))
    with pytest.raises(Clash, match="made a record"):
        undo(settle(ask("create_task", "k2")))


def test_what_the_crm_does_not_show_is_not_undone(house: Deps, undo: Any, done: Action) -> None:
    receipt = done.receipt and replace(done.receipt, after={})
    blind = house.actions.save(replace(done, receipt=receipt))

    with pytest.raises(Clash, match="amount"):
        undo(blind)


def test_only_who_asked_or_an_admin_undoes(undo: Any, admin: Caller, done: Action) -> None:
    for stranger in (Caller("w1", "u8", "member"), Caller("w1", "u2", "viewer")):
        with pytest.raises(Forbidden):
            undo(done, stranger)

    assert undo(done, admin).undoes == done.id


def test_another_workspaces_action_is_not_there_to_undo(undo: Any, done: Action) -> None:
    with pytest.raises(NotFound):
        undo(done, Caller("w2", "u2", "admin"))


@pytest.mark.parametrize("answer", ["done", "lost", "never"])
def test_whatever_step_a_worker_dies_at_it_is_taken_back(
    house: Deps, crm: Any, ask: Any, undo: Any, settle: Any, deaths: Any, answer: str
) -> None:
    def asked(key: str) -> Action:
        action: Action = undo(settle(ask("update_deal", key)))
        crm.answers = [answer]
        return action

    for action in deaths(house, asked):
        crm.answers = []

        assert settle(action).status is ActionStatus.COMPLETED
        assert crm.objects["d1"]["fields"] == {"amount": "50000"}
