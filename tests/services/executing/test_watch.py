"""What lands after an action has ended: it completes what was uncertain, and a twin is named to whoever asked."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Rejected
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import retry_action
from crmbridge.services.settle_action import settle_action

from tests.mortality import Killed, Life, mortal


@pytest.fixture(autouse=True)
def marked(crm: Any) -> None:
    crm.unique = False


@pytest.fixture
def resent(crm: Any, ask: Any, settle: Any) -> Action:
    """Sent again when nothing should land any more, and done then; the first request is still on its way."""
    crm.answers = ["late"]
    done: Action = settle(ask())
    assert (done.status, len(crm.sent), done.is_watched) == (ActionStatus.COMPLETED, 2, True)
    return done


def test_what_lands_after_it_was_sent_again_is_named_in_the_receipt(
    house: Deps, crm: Any, resent: Action, watch: Any, told: Any
) -> None:
    crm.land()

    done = watch(resent)

    [twin] = done.receipt.twins
    assert (done.receipt.external_id, twin.object, twin.external_id) == ("n1", "tasks", "n2")
    assert twin.url == "https://fake.test/48/tasks/n2"
    assert [type for type, _ in told()] == ["action.completed", "action.doubled"]
    assert told()[1][1]["twins"] == [{"object": "tasks", "external_id": "n2", "url": twin.url}]
    assert "n2 beside n1" in done.history[-1][2]


def test_it_is_told_of_once_and_then_left_alone(crm: Any, resent: Action, watch: Any, told: Any) -> None:
    crm.land()

    watched = watch(watch(resent))

    assert not watched.is_watched
    assert len(told()) == 2


@pytest.mark.parametrize("step", range(1, 16))
def test_whatever_step_who_watches_dies_at_a_twin_is_told_of_once(
    house: Deps, crm: Any, resent: Action, watch: Any, told: Any, clock: Any, step: int
) -> None:
    crm.land()
    clock.advance(3 * 3600)
    with suppress(Killed):
        execute_action(mortal(house, Life(step)), "w1", resent.id)

    done = watch(resent)

    assert [twin.external_id for twin in done.receipt.twins] == ["n2"]
    assert house.outbound.get("w1", f"{resent.id}.doubled.1") is not None
    assert [type for type, _ in told()].count("action.doubled") <= 1


def test_what_never_lands_is_not_looked_at_for_ever(crm: Any, resent: Action, watch: Any, told: Any) -> None:
    watched = watch(resent)

    assert (watched.is_watched, watched.receipt) == (False, resent.receipt)
    assert [type for type, _ in told()] == ["action.completed"]


def test_where_every_request_was_answered_nothing_is_watched(crm: Any, ask: Any, settle: Any) -> None:
    crm.answers = ["lost"]

    assert not settle(ask()).is_watched


def test_under_a_unique_key_nothing_is_watched(crm: Any, ask: Any, settle: Any) -> None:
    crm.unique, crm.answers = True, ["late"]

    done = settle(ask())

    assert (len(crm.sent), done.is_watched) == (2, False)


def test_an_uncertain_one_that_lands_after_all_is_completed(
    crm: Any, ask: Any, settle: Any, watch: Any, told: Any
) -> None:
    crm.answers = ["never", "late"]
    unsure = settle(ask())
    crm.land()

    done = watch(unsure)

    assert (unsure.status, done.status, crm.made()) == (ActionStatus.UNCERTAIN, ActionStatus.COMPLETED, ["n1"])
    assert done.receipt.external_id == "n1"
    assert [type for type, _ in told()] == ["action.uncertain", "action.completed"]


def test_what_a_person_has_given_up_is_completed_when_it_lands(
    house: Deps, crm: Any, ask: Any, settle: Any, watch: Any, member: Caller
) -> None:
    crm.answers = ["never", "late"]
    failed = settle_action(house, member, settle(ask()).id, done=False)
    crm.land()

    assert failed.status is ActionStatus.FAILED
    assert watch(failed).status is ActionStatus.COMPLETED


def test_a_retry_waits_until_what_was_sent_cannot_land_any_more(
    house: Deps, crm: Any, ask: Any, settle: Any, member: Caller
) -> None:
    crm.answers, crm.hidden = ["late", "done"], [Rejected("you may not look", platform="fake")]
    unsure = settle(ask())
    retry_action(house, member, unsure.id)
    settle(unsure, minutes=5)
    crm.land()

    done = settle(unsure)

    assert (unsure.status, done.status) == (ActionStatus.UNCERTAIN, ActionStatus.COMPLETED)
    assert (len(crm.sent), crm.made()) == (1, ["n1"])


def test_a_crm_that_is_away_is_asked_later(crm: Any, house: Deps, resent: Action, watch: Any, told: Any) -> None:
    crm.land()
    crm.away = 3

    assert [twin.external_id for twin in watch(resent).receipt.twins] == ["n2"]


def test_of_a_connection_that_is_gone_nothing_is_watched(house: Deps, resent: Action, watch: Any) -> None:
    house.actions.save(replace(house.actions.get("w1", resent.id), connection="gone"))

    watched = watch(resent)

    assert (watched.status, watched.is_watched) == (ActionStatus.COMPLETED, False)
