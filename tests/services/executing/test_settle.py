"""Nobody could tell what became of it; a person has looked in the CRM and says so."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus, Target
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Invalid
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import retry_action
from crmbridge.services.settle_action import settle_action

MADE = Target("tasks", "n1")


@pytest.fixture
def unsure(crm: Any, ask: Any, settle: Any) -> Callable[..., Action]:
    """An action of which nobody can tell: sent twice, and never seen under its key."""

    def unsure(type: str = "create_task") -> Action:
        crm.unique, crm.answers = False, ["never", "never"]
        return settle(ask(type))  # type: ignore[no-any-return]

    return unsure


@pytest.fixture
def say(house: Deps, member: Caller) -> Callable[..., Action]:
    def said(action: Action, caller: Caller = member, *, done: bool = True, record: Target | None = MADE) -> Action:
        return settle_action(house, caller, action.id, done=done, record=record if done else None)

    return said


def find(crm: Any, **fields: Any) -> None:
    """It is there, and whoever made it has lost our mark."""
    crm.objects["n1"] = {"object": "tasks", "fields": fields, "key": ""}


def test_what_a_person_found_completes_it_with_a_receipt(
    house: Deps, crm: Any, unsure: Any, say: Any, settle: Any, told: Any
) -> None:
    action = unsure()
    find(crm, subject="Call Ann")

    done = settle(say(action))

    assert (done.status, len(crm.sent)) == (ActionStatus.COMPLETED, 2)
    assert (done.receipt.external_id, done.receipt.after) == ("n1", {"subject": "CALL ANN"})
    assert done.receipt.url == "https://fake.test/48/tasks/n1"
    assert [type for type, _ in told()] == ["action.uncertain", "action.completed"]
    assert any("done, says u2" in note for _, _, note in done.history)


def test_an_update_needs_no_record_to_be_named(crm: Any, unsure: Any, say: Any, settle: Any) -> None:
    action = unsure("update_deal")

    done = settle(say(action, record=None))

    assert (done.status, done.receipt.external_id, len(crm.sent)) == (ActionStatus.COMPLETED, "d1", 2)


def test_what_the_crm_does_not_show_stays_uncertain_and_nothing_is_sent(
    crm: Any, unsure: Any, say: Any, settle: Any, told: Any
) -> None:
    still = settle(say(unsure()))

    assert (still.status, len(crm.sent)) == (ActionStatus.UNCERTAIN, 2)
    assert "does not show that record" in still.error["message"]
    assert [type for type, _ in told()] == ["action.uncertain", "action.uncertain"]


def test_after_a_wrong_word_a_retry_looks_by_the_key_again(
    house: Deps, crm: Any, unsure: Any, say: Any, settle: Any, member: Caller
) -> None:
    still = settle(say(unsure()))

    done = settle(retry_action(house, member, still.id))

    assert (done.status, crm.made()) == (ActionStatus.COMPLETED, ["n1"])


def test_what_was_not_done_has_failed_and_can_be_retried(
    house: Deps, crm: Any, unsure: Any, say: Any, settle: Any, told: Any, member: Caller
) -> None:
    failed = say(unsure(), done=False)

    assert (failed.status, len(crm.sent)) == (ActionStatus.FAILED, 2)
    assert [type for type, _ in told()] == ["action.uncertain", "action.failed"]
    assert settle(retry_action(house, member, failed.id)).status is ActionStatus.COMPLETED


@pytest.mark.parametrize("record", [None, Target("deals", "d1"), Target("nonsense", "1")])
def test_what_was_made_must_be_named_by_its_kind(unsure: Any, say: Any, record: Target | None) -> None:
    action = unsure()

    with pytest.raises(Invalid) as refused:
        say(action, record=record)

    assert [problem.field for problem in refused.value.problems] == ["record"]


def test_an_update_was_of_no_other_record(unsure: Any, say: Any) -> None:
    action = unsure("update_deal")

    with pytest.raises(Invalid, match="another"):
        say(action, record=Target("deals", "d2"))


def test_only_what_is_uncertain_is_settled(ask: Any, say: Any) -> None:
    action = ask()

    with pytest.raises(Clash, match="pending"):
        say(action)


def test_only_who_asked_or_an_admin_says_so(unsure: Any, say: Any) -> None:
    action = unsure()

    with pytest.raises(Forbidden):
        say(action, Caller("w1", "u8", "member"))
