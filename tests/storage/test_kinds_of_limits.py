"""Limits of other kinds than calls per second: tokens of a day, credits, requests at the same time."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from crmbridge.domain.budgets import Heard, Pool, Slots
from crmbridge.domain.errors import Throttled
from crmbridge.storage.guards import GuardStore
from crmbridge.storage.items import Items

from tests.clock import BEGIN, Clock

NOW = BEGIN
DAY = 86_400.0


def hear(headers: Mapping[str, str], status: int) -> Heard:
    left, limit = headers.get("left"), headers.get("limit")
    return Heard(left=int(left) if left else None, limit=int(limit) if limit else None)


BURST = Pool("burst", 80, 2.0)
TOKENS = Pool("tokens", 1000, DAY, reserve=0.0, every=True, weighed=True, told=True, hear=hear)
AT_ONCE = Slots("at_once", 2, seconds=30)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(make_items: Callable[[str], Items]) -> Items:
    return make_items("guards")


@pytest.fixture
def gate(store: Items, clock: Clock) -> Callable[..., Any]:
    """A gate of another process each time."""

    def other(lane: str = "full", slots: tuple[Slots, ...] = ()) -> Any:
        return GuardStore(store, clock, clock.sleep).budget("little#48#", [BURST, TOKENS], lane, slots)

    return other


@pytest.fixture
def left(store: Items, clock: Clock) -> Callable[[], float]:
    return lambda: GuardStore(store, clock, clock.sleep).usage("little#48#", [TOKENS])["tokens"]["left"]


def entered(gate: Any, cost: int, most: int = 500) -> int:
    for number in range(most):
        try:
            gate.enter("burst", cost)
        except Throttled:
            return number
    return most


def test_calls_are_counted_by_what_they_cost_whichever_limit_they_name(gate: Any) -> None:
    assert entered(gate(), cost=40) == 25


def test_a_days_quota_is_shared_by_all_and_never_exceeded(gate: Any) -> None:
    gates = [gate(), gate(), gate()]

    assert sum(entered(each, cost=7) for each in gates) <= 1000 // 7


def test_the_wait_for_a_days_quota_is_a_rows_business(gate: Any) -> None:
    entered(gate(), cost=10)

    with pytest.raises(Throttled) as throttled:
        gate().enter("burst", 10)

    assert throttled.value.pool == "tokens"
    assert throttled.value.retry_after > 3600


@pytest.mark.parametrize("told", [900, 100])
def test_what_the_crm_says_is_left_replaces_what_was_counted(gate: Any, left: Any, clock: Clock, told: int) -> None:
    one = gate()
    entered(one, cost=10, most=50)
    one.heard("burst", {"left": str(told), "limit": "1000"}, 200)
    clock.sleep(40)

    one.enter("burst", 1)

    assert told - 10 <= left() <= told


def test_the_crms_own_limit_is_learned(gate: Any, clock: Clock) -> None:
    one = gate()
    one.enter("burst", 1)
    one.heard("burst", {"left": "40", "limit": "50"}, 200)
    clock.sleep(40)

    assert entered(one, cost=10) == 4


def test_a_limit_that_is_told_in_words_closes_for_everybody(gate: Any) -> None:
    gate().refused("tokens", 3600.0)

    with pytest.raises(Throttled) as throttled:
        gate("click").enter("burst", 1)

    assert throttled.value.retry_after == pytest.approx(3600, abs=1)


def test_no_more_requests_are_under_way_than_allowed(gate: Any) -> None:
    first, second, third = (gate("click", (AT_ONCE,)) for _ in range(3))
    first.enter("burst")
    second.enter("burst")

    with pytest.raises(Throttled):
        third.enter("burst")
    first.left()
    third.enter("burst")


def test_the_slot_of_a_worker_that_died_is_free_again(gate: Any, clock: Clock) -> None:
    gate("click", (AT_ONCE,)).enter("burst")
    gate("click", (AT_ONCE,)).enter("burst")

    clock.sleep(31)

    gate("click", (AT_ONCE,)).enter("burst")


def test_a_call_that_gets_no_slot_takes_none(gate: Any) -> None:
    scarce = (AT_ONCE, Slots("scarce", 1))
    first = gate("click", scarce)
    first.enter("burst")
    for _ in range(3):
        with pytest.raises(Throttled):
            gate("click", scarce).enter("burst")

    first.left()

    gate("click", scarce).enter("burst")
