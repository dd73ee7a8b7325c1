"""Sends webhooks: batches, retries, duplicates, disorder and loss, at a bounded number in flight."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import requests

from local.simulators.clock import Clock, iso, settle

Event = dict[str, Any]
KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"


@dataclass(slots=True)
class DeliveryPolicy:
    """How a platform delivers. `gaps` are the seconds before each retry, of which half to all is waited."""

    gaps: Sequence[float]
    timeout_seconds: float = 5.0
    batch_size: int = 100
    max_concurrent: int = 10
    linger_ms: int = 30
    paused: bool = False
    shuffle: bool = False
    mix_accounts: bool = True
    duplicate_probability: float = 0.0
    drop_probability: float = 0.0


@dataclass(slots=True)
class Delivery:
    number: int
    events: list[Event]
    attempts: list[dict[str, object]] = field(default_factory=list)
    state: str = "queued"
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def send(post: Post, timeout: float) -> tuple[int, bytes]:
    answer = requests.request(
        post.method, post.url, data=post.body, headers=post.headers, timeout=timeout, allow_redirects=False
    )
    return answer.status_code, answer.content


def is_success(status: int, _: bytes) -> bool:
    return 200 <= status < 300


def as_answered(_: list[Event], __: int, ___: int | None, taken: bool) -> bool:
    return taken


class Outbox:
    """Events go in, POSTs go out.

    `seal` turns events and the attempt's number into the POST to send; `account` says whose an event is; `forge` makes
    a POST that does not come from the platform; `accepts` tells from status and body whether a POST was taken;
    `heard` is told how every attempt went (events, attempt, status, taken) and says whether the delivery is over.
    """

    def __init__(
        self,
        clock: Clock,
        policy: DeliveryPolicy,
        seal: Callable[[list[Event], int], Post],
        account: Callable[[Event], Hashable],
        forge: Callable[[Mapping[str, Any]], Post],
        seed: int,
        accepts: Callable[[int, bytes], bool] = is_success,
    ) -> None:
        self.policy = policy
        self._clock = clock
        self._seal = seal
        self._account = account
        self._forge = forge
        self._accepts = accepts
        self.heard: Callable[[list[Event], int, int | None, bool], bool] = as_answered
        self._random = random.Random(seed)
        self._waiting: deque[Event] = deque()
        self._deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._numbers = 0
        self._dropped = 0
        self._in_flight = 0
        self._stirred = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="webhooks")

    def put(self, event: Event) -> None:
        if self._random.random() < self.policy.drop_probability:
            self._dropped += 1
            return
        self._waiting.append(event)
        if self._random.random() < self.policy.duplicate_probability:
            self._waiting.append(dict(event))
        self._stirred.set()

    async def run(self) -> None:
        """Pack and send until cancelled; a short linger lets the events of one burst share a POST."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await asyncio.sleep(self.policy.linger_ms / 1000)
            if not self.policy.paused:
                self.dispatch()

    def dispatch(self) -> None:
        """Start deliveries for what waits, as far as the concurrency allows."""
        while self._waiting and self._in_flight < self.policy.max_concurrent:
            batch = self._next_batch()
            self._numbers += 1
            delivery = Delivery(self._numbers, batch)
            self._deliveries.append(delivery)
            self._start(delivery)

    def stir(self) -> None:
        self._stirred.set()

    def retry_now(self) -> int:
        due = [delivery for delivery in self._deliveries if delivery.state == "retrying"]
        for delivery in due:
            delivery.wake.set()
        return len(due)

    def drop_waiting(self) -> None:
        self._waiting.clear()

    async def flush(self, timeout: float = 30.0) -> bool:
        """Send what waits and what is due again; True when all of it was answered (or given up for now) in time."""
        await settle()
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if not self._in_flight and not self._waiting:
                return True
            self.dispatch()
            await asyncio.sleep(0.005)
        return False

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def report(self, limit: int) -> dict[str, object]:
        states = [delivery.state for delivery in self._deliveries]
        return {
            "waiting": len(self._waiting),
            "in_flight": self._in_flight,
            "dropped": self._dropped,
            **{state: states.count(state) for state in ("delivered", "retrying", "given_up")},
            "deliveries": [
                {"number": each.number, "state": each.state, "attempts": each.attempts, "events": each.events}
                for each in list(self._deliveries)[-limit:]
            ],
        }

    def delivery_of(self, wanted: Callable[[Event], bool]) -> Delivery | None:
        """The one that carries such an event, as far as it has come."""
        return next((each for each in self._deliveries if any(map(wanted, each.events))), None)

    async def forge(self, spec: Mapping[str, Any]) -> dict[str, object]:
        """Send something that the receiver should refuse, once, and say how it was answered."""
        began = time.monotonic()
        status, _, error = await self._answer(self._forge(spec))
        return _attempt(self._clock, status, error, began)

    def _next_batch(self) -> list[Event]:
        if self.policy.shuffle:
            shuffled = list(self._waiting)
            self._random.shuffle(shuffled)
            self._waiting = deque(shuffled)
        if not self.policy.mix_accounts:
            account = self._account(self._waiting[0])
            own = (event for event in self._waiting if self._account(event) == account)
            batch = list(islice(own, self.policy.batch_size))
            taken = {id(event) for event in batch}
            self._waiting = deque(event for event in self._waiting if id(event) not in taken)
            return batch
        return [self._waiting.popleft() for _ in range(min(self.policy.batch_size, len(self._waiting)))]

    def _start(self, delivery: Delivery) -> None:
        self._in_flight += 1
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        for attempt, gap in enumerate([*self.policy.gaps, None]):
            done = await self._try(delivery, attempt)
            self._in_flight -= 1
            self._stirred.set()
            if done or gap is None:
                delivery.state = "delivered" if done else "given_up"
                return
            delivery.state = "retrying"
            await self._wait_for_retry(delivery, gap * self._random.uniform(0.5, 1.0))
            self._in_flight += 1

    async def _try(self, delivery: Delivery, attempt: int) -> bool:
        began = time.monotonic()
        status, body, error = await self._answer(self._seal(delivery.events, attempt))
        delivery.attempts.append(_attempt(self._clock, status, error, began))
        taken = status is not None and self._accepts(status, body)
        return self.heard(delivery.events, attempt, status, taken)

    async def _answer(self, post: Post) -> tuple[int | None, bytes, str | None]:
        loop = asyncio.get_running_loop()
        try:
            status, body = await loop.run_in_executor(self._threads, send, post, self.policy.timeout_seconds)
        except requests.RequestException as failure:
            return None, b"", type(failure).__name__
        return status, body, None

    async def _wait_for_retry(self, delivery: Delivery, seconds: float) -> None:
        delivery.wake.clear()
        sleeping = asyncio.create_task(self._clock.sleep(seconds))
        woken = asyncio.create_task(delivery.wake.wait())
        _, waiting = await asyncio.wait({sleeping, woken}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


def _attempt(clock: Clock, status: int | None, error: str | None, began: float) -> dict[str, object]:
    took = round((time.monotonic() - began) * 1000, 3)
    return {"at": iso(clock.now_ms()), "status": status, "error": error, "milliseconds": took}
