"""An update that lands late over a newer one: the newer value is written again, unless somebody has changed it."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.errors import Unavailable
from crmbridge.domain.records import RecordKey
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps

DEAL = RecordKey("w1", "c1", "deals", "d1")


@pytest.fixture
def change(ask: Callable[..., Action]) -> Callable[..., Action]:
    """`change("75000")`: an update of the deal's amount."""
    return lambda amount, **more: ask("update_deal", f"to {amount}", fields={"amount": amount}, **more)


@pytest.fixture
def late(crm: Any, change: Any, settle: Any) -> Action:
    """Sent twice and done, and the first request is still on its way."""
    crm.answers = ["late"]
    done: Action = settle(change("75000"))
    assert (done.status, len(crm.sent), done.is_watched) == (ActionStatus.COMPLETED, 2, True)
    return done


def amount(crm: Any) -> str:
    held: str = crm.objects["d1"]["fields"]["amount"]
    return held


def mend(house: Deps) -> Action:
    [found] = [one for one in house.actions.of_record(DEAL, limit=10) if "landed late" in one.history[0][2]]
    return found


def test_the_newer_value_is_written_again(
    house: Deps, crm: Any, late: Action, change: Any, settle: Any, watch: Any, told: Any
) -> None:
    newer = settle(change("90000", chat="C1", message="m1"))
    crm.land()
    landed = amount(crm)

    watch(late)

    done = mend(house)
    assert (landed, amount(crm)) == ("75000", "90000")
    assert (done.status, done.requested_by, done.chat) == (ActionStatus.COMPLETED, newer.requested_by, "C1")
    assert done.receipt
    assert (done.receipt.before, done.receipt.after) == ({"amount": "75000"}, {"amount": "90000"})
    assert told()[-1][1]["action"] == done.id


def test_it_is_noticed_once(house: Deps, crm: Any, late: Action, change: Any, settle: Any, watch: Any) -> None:
    settle(change("90000"))
    crm.land()

    watch(late)

    assert mend(house).status is ActionStatus.COMPLETED
    assert len(crm.sent) == 4


def test_what_somebody_has_changed_since_stays(crm: Any, late: Action, change: Any, settle: Any, watch: Any) -> None:
    settle(change("90000"))
    crm.land()
    crm.objects["d1"] |= {"fields": {"amount": "12"}, "key": ""}

    watch(late)

    assert amount(crm) == "12"


def test_what_somebody_changes_before_it_is_mended_stays(
    house: Deps, crm: Any, late: Action, change: Any, settle: Any, clock: Any
) -> None:
    settle(change("90000"))
    crm.land()
    clock.advance(3600)
    execute_action(house, "w1", late.id)
    crm.objects["d1"] |= {"fields": {"amount": "12"}, "key": ""}

    assert settle(mend(house)).status is ActionStatus.SUPERSEDED
    assert amount(crm) == "12"


def test_an_update_that_nothing_newer_has_overtaken_may_land_as_late_as_it_likes(
    house: Deps, crm: Any, late: Action, watch: Any
) -> None:
    crm.land()

    watch(late)

    assert (amount(crm), len(crm.sent)) == ("75000", 2)


def test_one_that_is_found_when_a_newer_one_is_done_gives_way_to_it(
    house: Deps, crm: Any, change: Any, settle: Any, clock: Any
) -> None:
    crm.answers, crm.on_send = ["late"], lambda: clock.advance(20)
    older = change("75000")
    execute_action(house, "w1", older.id)
    settle(change("90000"))
    crm.land()

    gone = settle(older)

    settle(mend(house))
    assert (gone.status, amount(crm)) == (ActionStatus.SUPERSEDED, "90000")


def test_only_the_fields_that_both_have_written_are_mended(
    house: Deps, crm: Any, ask: Any, settle: Any, watch: Any
) -> None:
    crm.answers = ["late"]
    older = settle(ask("update_deal", "k1", fields={"amount": "75000", "name": "Older"}))
    settle(ask("update_deal", "k2", fields={"amount": "90000"}))
    crm.land()

    watch(older)

    assert (mend(house).fields, amount(crm)) == ({"amount": "90000"}, "90000")


def test_while_the_crm_is_away_it_is_tried_again(
    house: Deps, crm: Any, late: Action, change: Any, settle: Any, watch: Any
) -> None:
    settle(change("90000"))
    crm.land()
    crm.hidden = [Unavailable("away", platform="fake") for _ in range(2)]

    watch(late)

    assert amount(crm) == "90000"
