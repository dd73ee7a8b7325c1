"""What keeps workers out of each other's way: leases, single-use OAuth states, and the shared rate budgets."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from threading import Lock, get_ident
from typing import Any, Final
from uuid import uuid4

from crmbridge.domain.budgets import Ask, Heard, Lease, Log, Pool, Slots, closed, grant, remaining
from crmbridge.domain.connections import Pending
from crmbridge.domain.errors import Busy, Throttled
from crmbridge.domain.records import instant_text
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.items import EXPIRES, Item, Items, absent, below, equals
from crmbridge.storage.slots import SlotMeter

BOUND_SECONDS: Final[Mapping[str, float]] = {"click": 1.0, "webhook": 5.0, "incremental": 15.0, "full": 15.0}
"""How long a caller of a lane waits in place; a longer wait is a row's business, not a worker's."""
SLOT_SECONDS: Final = 0.2
"""Between two looks for a free slot."""
_ATTEMPTS = 30


class GuardStore:
    """`sleep` takes seconds. Budgets are kept per process: a lease that one caller left over serves the next."""

    def __init__(self, items: Items, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._items = items
        self._now = now
        self._sleep = sleep
        self._meters: dict[tuple[str, str, str], Meter] = {}
        self._lock = Lock()

    def acquire(self, name: str, holder: str, ttl: timedelta) -> bool:
        now = self._now()
        free = absent("pk") | below("until", instant_text(now)) | equals("holder", holder)
        lease = {"holder": holder, "until": instant_text(now + ttl), EXPIRES: _expires(now + ttl)}
        return self._items.update((name, "lease"), set=lease, when=free) is not None

    def release(self, name: str, holder: str) -> None:
        self._items.delete(name, "lease", equals("holder", holder))

    def held_until(self, name: str) -> datetime | None:
        item = self._items.get(name, "lease")
        until = datetime.fromisoformat(item["until"]) if item else None
        return until if until and until > self._now() else None

    def issue(self, pending: Pending) -> None:
        pk, sk = _state_key(pending.state)
        self._items.put({"pk": pk, "sk": sk, "pending": to_json(pending), EXPIRES: _expires(pending.expires_at)})

    def consume(self, state: str) -> Pending | None:
        item = self._items.delete(*_state_key(state))
        pending = from_json(Pending, item["pending"]) if item else None
        return pending if pending and pending.expires_at > self._now() else None

    def budget(self, scope: str, pools: Sequence[Pool], lane: str, slots: Sequence[Slots] = ()) -> "BudgetGate":
        meters = {pool.name: self._meter(scope, pool, lane) for pool in pools}
        places = [SlotMeter(self._items, self._now, self._sleep, scope, each) for each in slots]
        return BudgetGate(scope, lane, pools, meters, places, self._sleep)

    def usage(self, scope: str, pools: Sequence[Pool]) -> Mapping[str, Mapping[str, float]]:
        now = self._now().timestamp()
        logs = {pool: _log(self._items.get(*_key(scope, pool))) for pool in pools}
        stated = {pool: log for pool, log in logs.items() if not pool.assumed or log.limit or log.closed_until > now}
        found = {pool: remaining(pool, log, now) for pool, log in stated.items()}
        return {pool.name: {"left": left, "limit": limit, "seconds": s} for pool, (left, limit, s) in found.items()}

    def _meter(self, scope: str, pool: Pool, lane: str) -> "Meter":
        with self._lock:
            key = (scope, pool.name, lane)
            if key not in self._meters:
                self._meters[key] = Meter(self._items, self._now, self._sleep, scope, pool, lane)
            return self._meters[key]


class BudgetGate:
    """One lane's view of one account's pools. A pool that the platform did not declare has no limit. Two threads may
    have a request under way each; a slot belongs to the one that took it."""

    def __init__(
        self,
        scope: str,
        lane: str,
        pools: Sequence[Pool],
        meters: Mapping[str, "Meter"],
        places: Sequence[SlotMeter],
        sleep: Callable[[float], None],
    ) -> None:
        self._pools = {pool.name: pool for pool in pools}
        self._places = places
        self._taken: dict[int, list[tuple[SlotMeter, str]]] = {}
        self._platform = scope.partition("#")[0]
        self._bound = BOUND_SECONDS[lane]
        self._meters = meters
        self._sleep = sleep

    def enter(self, pool: str, cost: int = 1) -> None:
        """Wait for one call in every pool that it counts in, and for a slot, or raise Throttled when the wait is longer
        than the lane's bound. What it took of the other pools until then stays taken."""
        for each in self._counted(pool):
            weight = cost if each.weighed else 1
            self._wait_for(each.name, partial(self._meters[each.name].take, weight))
        for place in self._places:
            self._wait_for("concurrency", partial(self._slot, place))

    def left(self) -> None:
        """The answer came, or none will."""
        for place, slot in self._taken.pop(get_ident(), ()):
            place.give_back(slot)

    def heard(self, pool: str, headers: Mapping[str, str], status: int) -> None:
        for each in self._counted(pool):
            self._meters[each.name].hear(headers, status)

    def refused(self, pool: str, seconds: float) -> None:
        """The CRM said in its own words that this limit is used up."""
        if pool in self._meters:
            self._meters[pool].close(seconds)

    def _counted(self, pool: str) -> list[Pool]:
        return [each for each in self._pools.values() if each.every or each.name == pool]

    def _slot(self, place: SlotMeter) -> float:
        slot = place.take()
        if slot is None:
            return SLOT_SECONDS
        self._taken.setdefault(get_ident(), []).append((place, slot))
        return 0.0

    def _wait_for(self, what: str, take: Callable[[], float]) -> None:
        waited = 0.0
        while wait := take():
            if waited + wait > self._bound:
                self.left()
                raise self._throttled(what, wait)
            pause = wait + random.uniform(0.0, 0.05)
            self._sleep(pause)
            waited += pause

    def _throttled(self, pool: str, wait: float) -> Throttled:
        return Throttled(
            f"{self._platform}: the {pool} limit is used up for {wait:.1f} more seconds",
            platform=self._platform, retry_after=wait, pool=pool, status=0,
        )  # fmt: skip


class Meter:
    """One process's share of one pool: the lease it holds, the calls it sent under it, the log as last seen."""

    def __init__(
        self,
        items: Items,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        scope: str,
        pool: Pool,
        lane: str,
    ) -> None:
        self._items, self._now, self._sleep = items, now, sleep
        self._pool, self._lane, self._key = pool, lane, _key(scope, pool)
        self._holder = uuid4().hex[:12]
        self._lease: Lease | None = None
        self._sent: list[float] = []
        self._heard, self._heard_at = Heard(), 0.0
        self._wanted = 1
        self._seen: Item | None = None
        self._lock = Lock()

    def take(self, cost: int = 1) -> float:
        """Take one call; 0.0 when it may be sent now, otherwise the seconds to wait before asking again. A call that
        costs more than the whole limit takes all of it."""
        with self._lock:
            now = self._now().timestamp()
            if self._lease is None or now >= self._lease.until or len(self._sent) + cost > self._lease.calls:
                wait = self._ask(now, cost)
                if self._lease is None:
                    return max(wait, 0.001)
            self._sent += [now] * cost
            return 0.0

    def hear(self, headers: Mapping[str, str], status: int) -> None:
        """Note what the CRM says for the next visit to the log; a closed pool closes for everybody at once."""
        now = self._now().timestamp()
        heard = self._pool.hear(headers, status)
        with self._lock:
            if heard != Heard():  # an answer that says nothing of this pool does not undo what another one said
                self._heard, self._heard_at = heard, now
            if heard.closed_seconds:
                self._close(now + heard.closed_seconds)

    def close(self, seconds: float) -> None:
        with self._lock:
            self._close(self._now().timestamp() + seconds)

    def _close(self, until: float) -> None:
        self._lease = None
        self._change(lambda log: (closed(log, until), None))

    def _ask(self, now: float, cost: int) -> float:
        """A worker that used its lease up wants twice as much, one that let it expire half."""
        if self._lease:
            used_up = len(self._sent) + cost > self._lease.calls
            self._wanted = min(self._pool.burst, self._wanted * 2) if used_up else max(1, self._wanted // 2)
        wanted = cost if self._lane == "click" else max(cost, self._wanted)
        ask = Ask(self._holder, self._lane, wanted, tuple(self._sent), self._heard, self._heard_at, cost)
        wait = 0.0

        def visit(log: Log) -> tuple[Log, Lease | None]:
            nonlocal wait
            answer = grant(self._pool, log, ask, now)
            wait = answer.wait
            return answer.log, answer.lease

        self._lease = self._change(visit)
        self._sent = []
        return wait

    def _change(self, change: Callable[[Log], tuple[Log, Lease | None]]) -> Lease | None:
        """Optimistically, on the log as last seen; somebody else's visit costs another look."""
        for attempt in range(_ATTEMPTS):
            log, lease = change(_log(self._seen))
            version = int(self._seen["version"]) if self._seen else 0
            made = self._item(log, version + 1)
            unseen = equals("version", version) if version else absent("pk")
            if self._items.put(made, unseen):
                self._seen = made
                return lease
            if attempt:
                self._sleep(random.uniform(0.0, min(0.4, 0.01 * 2**attempt)))
            self._seen = self._items.get(*self._key)
        raise Busy("too many workers ask for the same budget at once")

    def _item(self, log: Log, version: int) -> Item:
        pk, sk = self._key
        last = self._now() + timedelta(seconds=2 * self._pool.seconds + 3600)
        return {"pk": pk, "sk": sk, "version": version, EXPIRES: _expires(last), **_log_attributes(log)}


def _key(scope: str, pool: Pool) -> tuple[str, str]:
    return f"budget#{scope}#{pool.name}", "log"


def _log_attributes(log: Log) -> dict[str, Any]:
    return {
        "calls": ",".join(f"{_ms(when)}:{count}" for when, count in log.calls),
        "leases": ",".join(f"{_ms(lease.until)}:{lease.calls}:{lease.holder}" for lease in log.leases),
        "waiting": ",".join(f"{_ms(until)}:{lane}" for lane, until in log.waiting.items()),
        "limit": log.limit,
        "closed_until": _ms(log.closed_until),
        "told_at": _ms(log.told_at),
        "clicked_at": _ms(log.clicked_at),
    }


def _log(item: Item | None) -> Log:
    if item is None:
        return Log()
    leases = (entry.split(":") for entry in item["leases"].split(",") if entry)
    return Log(
        tuple((int(ms) / 1000, int(count)) for ms, count in _pairs(item["calls"])),
        tuple(Lease(holder, int(count), int(ms) / 1000) for ms, count, holder in leases),
        {lane: int(ms) / 1000 for ms, lane in _pairs(item["waiting"])},
        int(item["limit"]),
        int(item["closed_until"]) / 1000,
        int(item.get("told_at", 0)) / 1000,
        int(item.get("clicked_at", 0)) / 1000,
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(left, right) for left, _, right in (entry.partition(":") for entry in text.split(",") if entry)]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _expires(moment: datetime) -> int:
    return int(moment.timestamp())


def _state_key(state: str) -> tuple[str, str]:
    """Whatever a stranger sends as a state makes a key."""
    return f"state#{sha256(state.encode(errors='replace')).hexdigest()}", "state"
