"""Leases, states and budgets hold whoever asks at the same moment, in both stores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from crmbridge.domain.budgets import Heard, Pool
from crmbridge.domain.connections import Pending
from crmbridge.domain.errors import Throttled
from crmbridge.storage.guards import BOUND_SECONDS, GuardStore
from crmbridge.storage.items import Item, Items, When
from crmbridge.storage.memory import MemoryItems

from tests.clock import BEGIN, Clock


class Counting(MemoryItems):
    """A table that counts its visits."""

    def __init__(self) -> None:
        super().__init__("guards")
        self.puts = self.gets = 0

    def put(self, item: Item, when: When | None = None) -> bool:
        self.puts += 1
        return super().put(item, when)

    def get(self, pk: str, sk: str) -> Item | None:
        self.gets += 1
        return super().get(pk, sk)


NOW = BEGIN
MINUTE = timedelta(minutes=1)
POOL = Pool("burst", 20, 10.0)
SCOPE = "hubspot#48#990012"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(make_items: Callable[[str], Items]) -> Items:
    return make_items("guards")


@pytest.fixture
def guards(store: Items, clock: Clock) -> GuardStore:
    return GuardStore(store, clock, clock.sleep)


@pytest.fixture
def other(store: Items, clock: Clock) -> GuardStore:
    """Another process on the same table."""
    return GuardStore(store, clock, clock.sleep)


def pending(state: str = "s1") -> Pending:
    return Pending(
        state=state, workspace="w1", user="u1", platform="hubspot", scopes=("oauth",),
        return_url="https://chat.test/", expires_at=NOW + 10 * MINUTE, verifier="v",
    )  # fmt: skip


def entered(guards: GuardStore, calls: int, lane: str = "full") -> int:
    """How many of so many calls go through before one is refused."""
    gate = guards.budget(SCOPE, [POOL], lane)
    for number in range(calls):
        try:
            gate.enter("burst")
        except Throttled:
            return number
    return calls


def test_a_lease_has_one_holder_until_it_is_released(guards: GuardStore, other: GuardStore) -> None:
    assert guards.acquire("refresh#w1#c1", "a", MINUTE)
    assert not other.acquire("refresh#w1#c1", "b", MINUTE)

    guards.release("refresh#w1#c1", "a")

    assert other.acquire("refresh#w1#c1", "b", MINUTE)


def test_a_lease_whose_holder_died_is_free_when_its_time_is_over(guards: GuardStore, clock: Clock) -> None:
    guards.acquire("name", "a", MINUTE)
    clock.sleep(61)

    assert guards.acquire("name", "b", MINUTE)


def test_a_holder_may_take_its_lease_again_and_nobody_else_can_release_it(guards: GuardStore) -> None:
    guards.acquire("name", "a", MINUTE)

    guards.release("name", "b")

    assert guards.acquire("name", "a", MINUTE)
    assert not guards.acquire("name", "b", MINUTE)


def test_a_lease_tells_when_it_ends_while_somebody_holds_it(guards: GuardStore, clock: Clock) -> None:
    nobody = guards.held_until("name")
    guards.acquire("name", "a", MINUTE)
    held = guards.held_until("name")
    clock.sleep(60)

    assert (nobody, held, guards.held_until("name")) == (None, clock(), None)


def test_a_state_is_good_once(guards: GuardStore) -> None:
    guards.issue(pending())

    assert guards.consume("s1") == pending()
    assert guards.consume("s1") is None


def test_of_many_callbacks_with_one_state_one_gets_it(clock: Clock) -> None:
    guards = GuardStore(MemoryItems("guards"), clock, clock.sleep)  # moto's deletes are not atomic between threads
    guards.issue(pending())

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guards.consume, ["s1"] * 16))

    assert sum(each is not None for each in found) == 1


def test_an_expired_state_is_dead_before_it_is_deleted(guards: GuardStore, clock: Clock) -> None:
    guards.issue(pending())
    clock.sleep(601)

    assert guards.consume("s1") is None


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000, "\ud800"])
def test_a_state_we_never_issued_is_none(guards: GuardStore, state: str) -> None:
    assert guards.consume(state) is None


def test_calls_beyond_the_limit_wait_until_they_fit(guards: GuardStore, clock: Clock) -> None:
    assert entered(guards, 40) == 40

    assert timedelta(seconds=19) <= clock.moment - NOW <= timedelta(seconds=24)


def test_processes_share_one_budget(guards: GuardStore, other: GuardStore, clock: Clock) -> None:
    taken = 0
    while clock.moment < NOW + timedelta(seconds=1):
        taken += entered(guards, 1, "click") + entered(other, 1, "click")
        clock.sleep(0.05)

    assert taken == 20


def test_a_click_finds_room_beside_a_full_sync_and_never_waits_long(guards: GuardStore, clock: Clock) -> None:
    entered(guards, 18)
    began = clock.moment

    assert entered(guards, 5, "click") == 2
    assert (clock.moment - began).total_seconds() <= BOUND_SECONDS["click"]


def test_a_refused_call_says_how_long_to_wait_and_for_what(guards: GuardStore) -> None:
    gate = guards.budget(SCOPE, [Pool("daily", 1, 86_400.0)], "full")
    gate.enter("daily")

    with pytest.raises(Throttled, match="hubspot: the daily limit") as refused:
        gate.enter("daily")

    assert refused.value.pool == "daily"
    assert 86_000 < refused.value.retry_after < 87_000


def test_a_pool_without_a_limit_is_open(guards: GuardStore) -> None:
    gate = guards.budget(SCOPE, [], "click")

    gate.enter("search")
    gate.heard("search", {}, 429)

    assert guards.usage(SCOPE, []) == {}


def test_what_one_worker_is_refused_closes_the_pool_for_everybody(guards: GuardStore, other: GuardStore) -> None:
    other.budget(SCOPE, [POOL], "full").enter("burst")

    guards.budget(SCOPE, [POOL], "full").heard("burst", {"Retry-After": "60"}, 429)

    assert guards.usage(SCOPE, [POOL])["burst"] == {"left": 0, "limit": 20, "seconds": 60.0}
    assert entered(guards, 1, "click") == 0


def test_a_closed_pool_also_stops_a_lease_that_is_open_elsewhere_within_a_second(
    guards: GuardStore, other: GuardStore, clock: Clock
) -> None:
    entered(other, 2)
    guards.budget(SCOPE, [POOL], "full").heard("burst", {"Retry-After": "60"}, 429)
    clock.sleep(1.0)

    assert entered(other, 1) == 0


def test_another_tool_in_the_same_pool_is_heard_of(guards: GuardStore) -> None:
    pool = Pool("burst", 20, 10.0, hear=lambda headers, _: Heard(left=int(headers["left"])))
    gate = guards.budget(SCOPE, [pool], "full")
    gate.enter("burst")

    gate.heard("burst", {"left": "3"}, 200)
    gate.enter("burst")

    assert guards.usage(SCOPE, [pool])["burst"]["left"] == 2


def test_accounts_do_not_share_a_budget(guards: GuardStore) -> None:
    entered(guards, 18)

    guards.budget("hubspot#49#990012", [POOL], "full").enter("burst")

    assert guards.usage("hubspot#49#990012", [POOL])["burst"]["left"] == 19


def test_a_steady_worker_visits_the_table_about_once_a_lease() -> None:
    clock, items = Clock(), Counting()
    guards = GuardStore(items, clock, clock.sleep)
    gate = guards.budget(SCOPE, [Pool("burst", 110, 10.0)], "full")

    for _ in range(90):
        gate.enter("burst")
        clock.sleep(0.08)

    assert items.puts <= 14
    assert items.gets <= 1


def test_workers_in_threads_share_a_process_and_never_exceed_the_limit(clock: Clock) -> None:
    items = MemoryItems("guards")
    processes = [GuardStore(items, clock, lambda _: None) for _ in range(4)]

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(lambda number: entered(processes[number % 4], 5, "click"), range(32)))

    assert 1 <= taken <= 20


def test_a_limit_that_nobody_has_stated_is_told_once_the_crm_refuses_by_it(guards: GuardStore) -> None:
    day = Pool("daily", 1_500_000, 86_400.0, told=True, assumed=True)
    gate = guards.budget("hubspot#48", [day], "full")
    gate.enter("daily")
    unstated = guards.usage("hubspot#48", [day])

    gate.refused("daily", 3600.0)

    assert unstated == {}
    assert guards.usage("hubspot#48", [day])["daily"]["left"] == 0
