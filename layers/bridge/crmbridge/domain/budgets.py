"""A CRM's rate limits, shared by every worker of one account and app.

Each limit has a log of the calls of its last window, and of the leases that are still open. A lease is counted in full,
as if every call of it were sent at its very end, until its holder settles it with the times of the calls it did send.
So whatever happens to a worker, no window ever holds more calls than the limit.

A share is kept for clicks. While nobody clicks, the lower lanes borrow of it what is about to leave the window anyhow:
who clicks then waits for that, less than a second, and has the whole share again for a window.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, inf
from typing import Final

MARGIN_SECONDS: Final = 0.25
"""Clocks of two workers may differ, and of two requests the later may arrive first."""
AHEAD_SECONDS: Final = 5.0
"""No two clocks differ by more. What is noted further ahead is not believed: it would close the pool until then."""
SLICE_SECONDS: Final = 0.9
"""How long a click may wait for calls that were borrowed; less than it waits in place."""
BUCKETS: Final = 200
"""A window's calls are noted to this precision, rounded up, so that a log stays small."""
PATIENCE_SECONDS: Final = 1.0
"""How long a lane that was sent away keeps lower lanes from taking what it waits for."""
NEWS_SECONDS: Final = 2.0
"""How long what an answer's headers said is worth comparing with the log."""
PROBE_SECONDS: Final = 900.0
"""How long a quota that the CRM itself counts is believed to be used up: it may have been given back, or made larger,
long before the window that we can see is over."""
LONG_SECONDS: Final = 60.0
LONG_LEASE_SECONDS: Final = 30.0
LANES: Final = ("click", "webhook", "incremental", "full")


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer's headers say of a pool: calls left, the limit itself, and for how long it is closed."""

    left: int | None = None
    limit: int | None = None
    closed_seconds: float = 0.0


Hear = Callable[[Mapping[str, str], int], Heard]


def hear_retry_after(headers: Mapping[str, str], status: int) -> Heard:
    """A 429 closes a pool for its `Retry-After`, or for a second where the CRM does not say."""
    if status != 429:
        return Heard()
    said = headers.get("Retry-After") or headers.get("retry-after") or ""
    return Heard(left=0, closed_seconds=float(said) if said.isdecimal() else 1.0)


@dataclass(frozen=True, slots=True)
class Pool:
    """One rate limit: at most `calls` in any `seconds`; `reserve` is the share kept for clicks.

    `hear` reads what the CRM's headers (any case-insensitive mapping) and status say of this very pool. `every`: all
    calls count here, besides in the pool they name. `weighed`: a call counts as much as it costs (tokens, credits).
    `told`: the CRM counts everybody's calls, so what its headers say replaces what we counted (a day's quota).
    `assumed`: `calls` is a limit that nobody has stated, and not worth telling until the CRM does.
    """

    name: str
    calls: int
    seconds: float
    reserve: float = 0.1
    hear: Hear = hear_retry_after
    every: bool = False
    weighed: bool = False
    told: bool = False
    assumed: bool = False

    @property
    def is_long(self) -> bool:
        """Of a day's quota a lease may be more than a second's worth: nobody visits the log for every call."""
        return self.seconds > LONG_SECONDS

    @property
    def burst(self) -> int:
        """A second's worth of calls, at least one; of a long window a two-hundredth."""
        if self.is_long:
            return max(1, self.calls // BUCKETS)
        return max(1, min(self.calls, ceil(self.calls / self.seconds)))

    @property
    def lease_seconds(self) -> float:
        return LONG_LEASE_SECONDS if self.is_long else min(1.0, self.seconds)

    @property
    def news_seconds(self) -> float:
        return max(NEWS_SECONDS, 2 * self.lease_seconds) if self.told else NEWS_SECONDS

    @property
    def kept_seconds(self) -> float:
        """How long a call counts."""
        return self.seconds + MARGIN_SECONDS

    @property
    def slice_seconds(self) -> float:
        return min(SLICE_SECONDS, self.seconds / 10)


@dataclass(frozen=True, slots=True)
class Slots:
    """A concurrency limit: at most `count` requests at the same time; a slot outlives any request by `seconds`."""

    name: str
    count: int
    seconds: float = 60.0


Sent = tuple[float, int]
"""(epoch second, calls)"""


@dataclass(frozen=True, slots=True)
class Lease:
    """`calls` that `holder` may still send, until the epoch second `until`."""

    holder: str
    calls: int
    until: float


@dataclass(frozen=True, slots=True)
class Log:
    """One pool's last window: calls in order of time, open leases, and who waits (lane -> until)."""

    calls: tuple[Sent, ...] = ()
    leases: tuple[Lease, ...] = ()
    waiting: Mapping[str, float] = field(default_factory=dict)
    limit: int = 0
    closed_until: float = 0.0
    told_at: float = 0.0
    """When the CRM said what `calls` now hold, or was last asked; older news, and the same news again, say nothing."""
    clicked_at: float = 0.0
    """When a click last asked: for a window from then on nobody borrows what is kept for clicks."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One worker's request: up to `calls` for a lane, settling its last lease with the times of the calls it sent.

    `heard` is what the CRM said at the epoch second `heard_at`.
    """

    holder: str
    lane: str
    calls: int
    sent: Sequence[float] = ()
    heard: Heard = Heard()
    heard_at: float = 0.0
    least: int = 1
    """Fewer than so many are of no use: what one call costs."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The log as it now is, and the lease, or how many seconds to wait for one."""

    log: Log
    lease: Lease | None
    wait: float = 0.0


def grant(pool: Pool, log: Log, ask: Ask, now: float) -> Grant:
    """Give as many of the calls as fit beside everything that still counts, or say when some will fit."""
    log = _corrected(pool, _settled(pool, _pruned(pool, log, now), ask), ask, now)
    log = replace(log, clicked_at=now) if ask.lane == LANES[0] else log
    room = _ceiling(pool, log, ask.lane) + _borrowed(pool, log, ask.lane, now) - _taken(pool, log, now)
    wait = _closed_for(log, ask, now)
    least = min(ask.least, _ceiling(pool, log, ask.lane))
    if pool.told and room < least and not wait and _until_probe(log, now) == 0.0:
        room, least, log = ask.least, ask.least, replace(log, told_at=now)
    if room >= least and not wait:
        calls = min(room, max(least, min(ask.calls, pool.burst)))
        lease = Lease(ask.holder, calls, now + pool.lease_seconds)
        return Grant(replace(log, leases=(*log.leases, lease), waiting=_waiting(log, ask.lane, 0.0)), lease)
    wait = max(wait, min(_until_room(pool, log, ask, now), _until_probe(log, now)))
    return Grant(replace(log, waiting=_waiting(log, ask.lane, now + PATIENCE_SECONDS)), None, wait)


def closed(log: Log, until: float) -> Log:
    """The CRM refused a call: nobody asks before `until`."""
    return replace(log, closed_until=max(log.closed_until, until))


def remaining(pool: Pool, log: Log, now: float) -> tuple[int, int, float]:
    """Calls left, the limit, and seconds until everything is free again."""
    limit = log.limit or pool.calls
    full = max((end + pool.kept_seconds - now for end, _ in _ends(log)), default=0.0)
    if log.closed_until > now:
        return 0, limit, max(full, log.closed_until - now)
    return max(0, limit - _taken(pool, log, now)), limit, max(0.0, full)


def _ends(log: Log) -> list[tuple[float, int]]:
    """Everything that counts, in order of the last moment it may have been sent."""
    return sorted([*log.calls, *((lease.until, lease.calls) for lease in log.leases)])


def _taken(pool: Pool, log: Log, now: float) -> int:
    since = now - pool.kept_seconds
    return sum(count for end, count in _ends(log) if end > since)


def _pruned(pool: Pool, log: Log, now: float) -> Log:
    """Without what counts neither now nor at the time of any news, and without what a wrong clock noted."""
    since = now - pool.kept_seconds - pool.news_seconds
    latest = now + AHEAD_SECONDS
    calls = tuple(entry for entry in log.calls if since < entry[0] <= latest + pool.seconds / BUCKETS)
    leases = tuple(lease for lease in log.leases if since < lease.until <= latest + pool.lease_seconds)
    return replace(log, calls=calls, leases=leases)


def _settled(pool: Pool, log: Log, ask: Ask) -> Log:
    """The holder's own leases, replaced by the calls it sent under them."""
    leases = tuple(lease for lease in log.leases if lease.holder != ask.holder)
    if len(leases) == len(log.leases):
        return log
    return replace(log, leases=leases, calls=_noted(pool, log.calls, [(moment, 1) for moment in ask.sent]))


def _noted(pool: Pool, calls: Sequence[tuple[float, int]], more: Sequence[tuple[float, int]]) -> tuple[Sent, ...]:
    width = pool.seconds / BUCKETS
    counts = dict(calls)
    for moment, count in more:
        end = round(ceil(moment / width) * width, 3)
        counts[end] = counts.get(end, 0) + count
    return tuple(sorted(counts.items()))


def _corrected(pool: Pool, log: Log, ask: Ask, now: float) -> Log:
    """What the CRM counted and we did not (another tool in the same pool) is noted as sent when it said so."""
    if now - ask.heard_at > pool.news_seconds:
        return log
    log = replace(log, limit=ask.heard.limit or log.limit)
    if ask.heard.left is None:
        return log
    if pool.told:
        used = max(0, (log.limit or pool.calls) - ask.heard.left)
        heard_at = round(ask.heard_at, 3)
        since = sum(moment > ask.heard_at for moment in ask.sent)
        told = _noted(pool, (), [(ask.heard_at, used + since)])
        return replace(log, calls=told, told_at=heard_at) if heard_at > log.told_at else log
    unseen = (log.limit or pool.calls) - ask.heard.left - _taken(pool, log, ask.heard_at)
    return replace(log, calls=_noted(pool, log.calls, [(ask.heard_at, unseen)])) if unseen > 0 else log


def _ceiling(pool: Pool, log: Log, lane: str) -> int:
    limit = log.limit or pool.calls
    return limit if lane == LANES[0] else max(1, floor(limit * (1 - pool.reserve)))


def _may_borrow(pool: Pool, log: Log, lane: str, now: float) -> bool:
    return lane != LANES[0] and not pool.is_long and now - log.clicked_at > pool.kept_seconds


def _kept(pool: Pool, log: Log) -> int:
    return (log.limit or pool.calls) - _ceiling(pool, log, LANES[-1])


def _borrowed(pool: Pool, log: Log, lane: str, now: float) -> int:
    """As much of what is kept for clicks as leaves the window within a slice of it."""
    if not _may_borrow(pool, log, lane, now):
        return 0
    since = now - pool.kept_seconds
    leaving = sum(count for end, count in _ends(log) if since < end <= since + pool.slice_seconds)
    return min(leaving, _kept(pool, log))


def _closed_for(log: Log, ask: Ask, now: float) -> float:
    """Seconds to stand back: the CRM closed the pool, or a higher lane was sent away and comes first."""
    higher = LANES[: LANES.index(ask.lane)]
    waits = [min(until - now, PATIENCE_SECONDS / 4) for lane, until in log.waiting.items() if lane in higher]
    return max(0.0, log.closed_until - now, *waits)


def _until_probe(log: Log, now: float) -> float:
    """Seconds until one call may ask the CRM whether there is still nothing left; for ever where it never said so."""
    return max(0.0, log.told_at + PROBE_SECONDS - now) if log.told_at else inf


def _until_room(pool: Pool, log: Log, ask: Ask, now: float) -> float:
    """Seconds until an eighth of a second's worth is free: worth a visit to the log, and soon."""
    wanted = (
        max(ask.least, min(ask.calls, ceil(pool.burst / 8))) - _ceiling(pool, log, ask.lane) + _taken(pool, log, now)
    )
    wait = _until_left(pool, log, wanted, now)
    if not _may_borrow(pool, log, ask.lane, now):
        return wait
    return max(wait - pool.slice_seconds, _until_left(pool, log, wanted - _kept(pool, log), now))


def _until_left(pool: Pool, log: Log, calls: int, now: float) -> float:
    """Seconds until so many of those that count have left the window."""
    wait = 0.0
    for end, count in _ends(log):
        if calls <= 0:
            break
        wait = end + pool.kept_seconds - now
        calls -= count if wait > 0 else 0
    return max(0.0, wait)


def _waiting(log: Log, lane: str, until: float) -> Mapping[str, float]:
    """Who waits, this lane's entry renewed, or dropped when it was served."""
    others = {name: patience for name, patience in log.waiting.items() if name != lane}
    return {**others, lane: until} if until else others
