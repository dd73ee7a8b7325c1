"""When nobody knows whether the CRM did it: looked for, sent again where that is safe, else for a person to decide."""

from typing import Any

import pytest
from crmbridge.domain.actions import ACTION_TYPES, ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import (
    Rejected,
    Throttled,
    Unavailable,
)
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import retry_action

DECLINED = Unavailable("Fake is being mended (503)", platform="fake", outcome_unknown=True, declined=True)
CREATES = [name for name, type in ACTION_TYPES.items() if type.creates]


class TestWhenNobodyKnows:
    @pytest.mark.parametrize("unique", [True, False])
    @pytest.mark.parametrize("type", ACTION_TYPES)
    def test_a_lost_answer_is_found_by_its_key(
        self, crm: Any, ask: Any, settle: Any, type: str, *, unique: bool
    ) -> None:
        crm.unique, crm.answers = unique, ["lost"]

        done = settle(ask(type))

        assert (done.status, len(crm.sent)) == (ActionStatus.COMPLETED, 1)
        assert len(crm.made()) == (1 if type in CREATES else 0)

    @pytest.mark.parametrize("unique", [True, False])
    def test_what_never_arrived_is_sent_again(self, crm: Any, ask: Any, settle: Any, *, unique: bool) -> None:
        crm.unique, crm.answers = unique, ["never"]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n1"]

    def test_without_a_unique_key_it_is_sent_again_once_and_then_a_person_decides(
        self, told: Any, house: Deps, crm: Any, ask: Any, settle: Any
    ) -> None:
        crm.unique, crm.answers = False, ["never", "never", "done"]

        unsure = settle(ask())

        assert (unsure.status, len(crm.sent), crm.made()) == (ActionStatus.UNCERTAIN, 2, [])
        assert [type for type, _ in told()] == ["action.uncertain"]
        assert "look in Fake" in unsure.error["next_step"]

    def test_an_uncertain_action_is_looked_for_before_it_is_tried_again(
        self, house: Deps, crm: Any, ask: Any, settle: Any, member: Caller
    ) -> None:
        crm.unique, crm.answers = False, ["late", "never"]
        action = ask()
        settle(action)
        crm.land()

        done = settle(retry_action(house, member, action.id))

        assert (done.status, len(crm.sent), crm.made()) == (ActionStatus.COMPLETED, 2, ["n1"])

    def test_what_nothing_would_tell_of_is_never_sent_again_by_itself(
        self, house: Deps, crm: Any, ask: Any, settle: Any, member: Caller
    ) -> None:
        crm.unique, crm.traceable, crm.answers = False, False, ["never", "done"]

        unsure = settle(ask())

        assert (unsure.status, len(crm.sent)) == (ActionStatus.UNCERTAIN, 1)
        assert settle(retry_action(house, member, unsure.id)).status is ActionStatus.COMPLETED

    @pytest.mark.parametrize("minutes", [0, 1, 4, 10, 14])
    def test_without_a_unique_key_nothing_is_sent_again_while_it_may_still_land(
        self, house: Deps, crm: Any, ask: Any, settle: Any, clock: Any, minutes: int
    ) -> None:
        crm.unique, crm.answers = False, ["late"]
        action = ask()
        settle(action, minutes=minutes + 1)
        crm.land()

        assert settle(action).status is ActionStatus.COMPLETED
        assert (len(crm.sent), crm.made()) == (1, ["n1"])

    def test_what_the_crm_has_declined_is_looked_for_and_sent_again_as_often_as_it_takes(
        self, crm: Any, ask: Any, settle: Any
    ) -> None:
        crm.unique, crm.answers = False, [DECLINED, DECLINED, DECLINED, "done"]

        done = settle(ask())

        assert (done.status, done.is_watched, crm.made()) == (ActionStatus.COMPLETED, True, ["n1"])
        assert [note for _, _, note in done.history].count("looking for what was sent") == 3

    def test_what_was_done_though_the_crm_has_declined_it_is_found(self, crm: Any, ask: Any, settle: Any) -> None:
        crm.unique, crm.answers = False, [DECLINED]
        crm.on_send = lambda: crm.commit(crm.sent[-1])

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert (len(crm.sent), crm.made()) == (1, ["n1"])

    @pytest.mark.parametrize("when", ["before the resend", "after the resend"])
    def test_what_lands_after_our_look_up_is_not_made_twice(
        self, house: Deps, crm: Any, ask: Any, settle: Any, when: str
    ) -> None:
        crm.answers = ["late"]
        action = ask()
        execute_action(house, "w1", action.id)
        if when == "before the resend":
            crm.on_send = crm.land

        done = settle(action)
        crm.land()

        assert (done.status, crm.made()) == (ActionStatus.COMPLETED, ["n1"])

    def test_a_look_up_that_meets_a_busy_crm_waits_and_stays_unknown(
        self, house: Deps, crm: Any, ask: Any, settle: Any, clock: Any
    ) -> None:
        crm.answers, crm.hidden = ["lost"], [Throttled("busy", platform="fake", retry_after=5)]
        action = ask()
        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.SENDING
        assert settle(action).status is ActionStatus.COMPLETED
        assert len(crm.sent) == 1

    def test_a_resend_that_was_throttled_is_looked_for_first(self, crm: Any, ask: Any, settle: Any) -> None:
        crm.unique, crm.answers = False, ["never", Throttled("busy", platform="fake", retry_after=5)]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n1"]

    def test_a_look_up_that_is_refused_leaves_it_to_a_person(self, crm: Any, ask: Any, settle: Any) -> None:
        crm.answers, crm.hidden = ["lost"], [Rejected("no", platform="fake")]

        assert settle(ask()).status is ActionStatus.UNCERTAIN
