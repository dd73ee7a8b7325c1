"""No rolling window holds more calls than the limit, whatever the workers and their clocks do."""

import heapq
import random
from dataclasses import dataclass, field

import pytest
from crmbridge.domain.budgets import (
    PROBE_SECONDS,
    Ask,
    Grant,
    Heard,
    Lease,
    Log,
    Pool,
    closed,
    grant,
    hear_retry_after,
    remaining,
)
from hypothesis import given, settings
from hypothesis import strategies as st

POOL = Pool("burst", 20, 10.0)
NOW = 1_000_000.0


def asked(calls: int, lane: str = "full", holder: str = "w", **more: object) -> Ask:
    return Ask(holder, lane, calls, **more)  # type: ignore[arg-type]  # spelled out by each test


def filled(calls: int, at: float = NOW) -> Log:
    return Log(calls=((at, calls),))


@dataclass
class Worker:
    """Asks, sends what it was granted at random moments of its own clock, and now and then dies."""

    name: str
    lane: str
    skew: float
    lease: Lease | None = None
    sent: list[float] = field(default_factory=list)


def play(pool: Pool, workers: list[Worker], seconds: float, seed: int) -> list[float]:
    """The true times of all calls of a random history on one log."""
    return played(pool, workers, seconds, seed)[0]


def played(pool: Pool, workers: list[Worker], seconds: float, seed: int) -> tuple[list[float], Log]:
    """Besides them, the log at the end."""
    chance, log, sent = random.Random(seed), Log(), []
    moments = [(NOW + chance.random(), number) for number in range(len(workers))]
    heapq.heapify(moments)
    while moments and moments[0][0] < NOW + seconds:
        now, number = heapq.heappop(moments)
        worker = workers[number]
        local = now + worker.skew
        if worker.lease and local < worker.lease.until and len(worker.sent) < worker.lease.calls:
            worker.sent.append(local)
            sent.append(now)
            wait = chance.expovariate(30)
        else:
            answer = grant(pool, log, Ask(worker.name, worker.lane, chance.randint(1, 9), tuple(worker.sent)), local)
            log, worker.lease, worker.sent, wait = answer.log, answer.lease, [], answer.wait
            if chance.random() < 0.02:
                worker.lease, worker.name = None, f"{worker.name}'"
        heapq.heappush(moments, (now + wait, number))
    return sent, log


def most_in_a_window(sent: list[float], seconds: float) -> int:
    most = first = 0
    for last, moment in enumerate(sent):
        while sent[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@settings(max_examples=60, deadline=None)
@given(
    skews=st.lists(st.floats(0.0, 0.2), min_size=1, max_size=12),
    lanes=st.lists(st.sampled_from(["click", "webhook", "incremental", "full"]), min_size=12, max_size=12),
    limit=st.sampled_from([(1, 1.0), (5, 1.0), (20, 10.0), (110, 10.0)]),
    seed=st.integers(0, 10**6),
)
def test_no_window_ever_holds_more_calls_than_the_limit(
    skews: list[float], lanes: list[str], limit: tuple[int, float], seed: int
) -> None:
    pool = Pool("burst", *limit)
    workers = [Worker(f"w{number}", lanes[number], skew) for number, skew in enumerate(skews)]

    sent = play(pool, workers, 40.0, seed)

    assert most_in_a_window(sent, pool.seconds) <= pool.calls
    assert len(sent) >= 20


@pytest.mark.parametrize("count", [1, 5])
def test_a_steady_lane_gets_what_is_not_kept_for_clicks(count: int) -> None:
    pool = Pool("burst", 110, 10.0)
    workers = [Worker(f"w{number}", "full", 0.0) for number in range(count)]

    sent = play(pool, workers, 200.0, seed=7)

    assert len(sent) >= 0.95 * 0.9 * 110 / 10.0 * 200.0


def test_a_call_counts_for_a_whole_window_after_it_was_sent() -> None:
    before = grant(POOL, filled(20), asked(1), NOW + 10.2)
    after = grant(POOL, filled(20), asked(1), NOW + 10.3)

    assert before.lease is None
    assert after.lease == Lease("w", 1, NOW + 11.3)


def test_the_last_tenth_is_kept_for_clicks() -> None:
    full = grant(POOL, filled(18), asked(1), NOW)
    click = grant(POOL, filled(18), asked(1, "click"), NOW)

    assert full.lease is None
    assert full.wait == pytest.approx(9.35)
    assert click.lease is not None


def test_what_is_kept_is_lent_where_calls_are_about_to_leave_the_window() -> None:
    before, soon = (grant(POOL, filled(18), asked(9), NOW + seconds) for seconds in (9.3, 9.4))

    assert before.lease is None
    assert soon.lease == Lease("w", 2, NOW + 10.4)


def test_nothing_is_lent_for_a_window_after_a_click() -> None:
    clicked = grant(POOL, filled(17), asked(1, "click", "c"), NOW).log

    assert grant(POOL, clicked, asked(1), NOW + 9.9).lease is None


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 5),
    limit=st.sampled_from([(5, 1.0), (20, 10.0), (110, 10.0), (190, 10.0)]),
    seconds=st.floats(0.1, 40.0),
    seed=st.integers(0, 10**6),
)
def test_a_click_waits_no_longer_than_a_slice_of_the_window(
    count: int, limit: tuple[int, float], seconds: float, seed: int
) -> None:
    pool, now = Pool("burst", *limit), NOW + seconds
    log = played(pool, [Worker(f"w{number}", "full", 0.0) for number in range(count)], seconds, seed)[1]

    first = grant(pool, log, asked(1, "click", "c"), now)
    greedy = grant(pool, first.log, asked(9, "full", "g"), now + first.wait)
    then = grant(pool, greedy.log, asked(1, "click", "c"), now + first.wait + 0.001)

    assert first.wait <= pool.slice_seconds
    assert first.lease or then.lease


def test_an_open_lease_counts_in_full_until_it_is_settled() -> None:
    held = grant(POOL, filled(16), asked(2), NOW).log

    other = grant(POOL, held, asked(1, holder="other"), NOW + 0.5)
    settled = grant(POOL, held, asked(1, sent=(NOW + 0.1,)), NOW + 0.5)

    assert other.lease is None
    assert settled.lease is not None


def test_who_was_sent_away_comes_before_lower_lanes() -> None:
    sent_away = grant(POOL, filled(20), asked(1, "click"), NOW + 9.9).log

    full = grant(POOL, sent_away, asked(1, "full"), NOW + 10.3)
    click = grant(POOL, sent_away, asked(1, "click"), NOW + 10.3)

    assert full.lease is None
    assert 0 < full.wait <= 0.25
    assert click.lease is not None


def test_a_lane_that_was_served_or_gave_up_holds_nobody_back() -> None:
    sent_away = grant(POOL, filled(20), asked(1, "click"), NOW + 9.9).log
    served = grant(POOL, sent_away, asked(1, "click"), NOW + 10.3).log

    assert grant(POOL, served, asked(1), NOW + 10.4).lease is not None
    assert grant(POOL, sent_away, asked(1), NOW + 11.0).lease is not None


def test_calls_that_only_the_crm_counted_are_counted_too() -> None:
    answer = grant(POOL, filled(3), asked(20, heard=Heard(left=5), heard_at=NOW), NOW + 0.1)

    assert answer.lease == Lease("w", 2, NOW + 1.1)
    assert remaining(POOL, answer.log, NOW + 0.1)[0] == 3


def test_a_crm_that_allows_more_or_less_than_we_thought_is_believed() -> None:
    answer = grant(POOL, Log(), asked(2, heard=Heard(limit=40), heard_at=NOW), NOW)

    assert remaining(POOL, answer.log, NOW)[:2] == (38, 40)


def test_old_news_is_not_compared_with_the_log() -> None:
    answer = grant(POOL, Log(), asked(1, heard=Heard(left=0), heard_at=NOW - 5), NOW)

    assert answer.lease is not None


DAY = Pool("daily", 1_000, 86_400.0, told=True)


def used_up() -> Log:
    """The CRM has just said so, and who had used it: others."""
    return grant(DAY, Log(), asked(1, heard=Heard(left=0), heard_at=NOW), NOW).log


def test_a_quota_that_the_crm_counts_is_asked_for_again_long_before_its_window_is_over() -> None:
    soon = grant(DAY, used_up(), asked(5), NOW + 60)
    later = grant(DAY, used_up(), asked(5), NOW + PROBE_SECONDS)

    assert (soon.lease, soon.wait) == (None, PROBE_SECONDS - 60)
    assert later.lease is not None
    assert later.lease.calls == 1


def test_one_asks_for_all_whether_a_quota_has_come_back() -> None:
    first = grant(DAY, used_up(), asked(1, holder="a"), NOW + PROBE_SECONDS)
    second = grant(DAY, first.log, asked(1, holder="b"), NOW + PROBE_SECONDS + 1)
    news = asked(5, holder="a", heard=Heard(left=900), heard_at=NOW + PROBE_SECONDS + 2)

    assert (second.lease, second.wait) == (None, PROBE_SECONDS - 1)
    assert grant(DAY, second.log, news, NOW + PROBE_SECONDS + 3).lease is not None


def test_a_closed_quota_is_not_asked_for() -> None:
    log = closed(used_up(), NOW + 3_600)

    answer = grant(DAY, log, asked(1), NOW + 1_800)

    assert (answer.lease, answer.wait) == (None, 1_800.0)


def test_a_closed_pool_is_closed_for_clicks_too() -> None:
    log = closed(Log(), NOW + 7)

    answer: Grant = grant(POOL, log, asked(1, "click"), NOW)

    assert answer.lease is None
    assert answer.wait == 7.0
    assert remaining(POOL, log, NOW) == (0, 20, 7.0)


def test_a_log_stays_small_whatever_the_limit() -> None:
    pool, log = Pool("daily", 100_000, 86_400.0), Log()
    for hour in range(48):
        now = NOW + hour * 1800
        log = grant(pool, log, asked(2, sent=(now - 1, now - 2)), now).log

    assert len(log.calls) <= 50


@pytest.mark.parametrize(
    ("headers", "status", "heard"),
    [
        ({}, 200, Heard()),
        ({"Retry-After": "12"}, 429, Heard(left=0, closed_seconds=12.0)),
        ({"retry-after": "soon"}, 429, Heard(left=0, closed_seconds=1.0)),
    ],
)
def test_a_refusal_closes_the_pool_for_as_long_as_the_crm_says(
    headers: dict[str, str], status: int, heard: Heard
) -> None:
    assert hear_retry_after(headers, status) == heard


def test_nothing_taken_means_everything_left() -> None:
    assert remaining(POOL, Log(), NOW) == (20, 20, 0.0)


def test_what_a_clock_far_ahead_noted_closes_nothing() -> None:
    wrong = Log(calls=((1_300.0, 20),), leases=(Lease("ahead", 5, 1_301.0),))

    given_now = grant(POOL, wrong, Ask("me", "click", 1), 1_000.0)

    assert given_now.lease is not None
