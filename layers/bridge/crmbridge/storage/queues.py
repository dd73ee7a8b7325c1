"""SQS queues, and their memory twin. What does not fit into a message is parked and pointed to."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from threading import RLock
from typing import Any, Final
from uuid import uuid4

import orjson

from crmbridge.domain.errors import Busy, Misconfigured
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json
from crmbridge.storage.blobs import Blobs
from crmbridge.storage.meanings import aws_errors, meaning

PARK_ABOVE: Final = 200 * 1024
_BATCH_BYTES: Final = 256 * 1024
_LONGEST_GROUP: Final = 128
_ATTEMPTS: Final = 4
DEDUP_WINDOW: Final = timedelta(minutes=5)

Entry = dict[str, Any]


class SqsQueue:
    """`sleep` waits between attempts, in seconds. Sending raises Busy when SQS did not take everything."""

    def __init__(self, client: Any, url: str, blobs: Blobs, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._url = url
        self._blobs = blobs
        self._sleep = sleep
        self._fifo = url.endswith(".fifo")

    def send(self, *messages: Message) -> None:
        for batch in _batches([self._entry(number, message) for number, message in enumerate(messages)]):
            self._send(batch)

    def _send(self, batch: list[Entry]) -> None:
        for attempt in range(_ATTEMPTS):
            failed = self._failures(batch)
            if not failed:
                return
            batch = [entry for entry in batch if entry["Id"] in failed]
            self._sleep(random.uniform(0.0, 0.1 * 2**attempt))
        raise Busy(f"SQS did not take {len(batch)} messages")

    def _failures(self, batch: list[Entry]) -> set[str]:
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=batch)
        except aws_errors() as error:
            raise meaning(error, "an SQS queue") from error
        failed = answer.get("Failed", [])
        for failure in failed:
            if failure.get("SenderFault"):
                raise Misconfigured(f"SQS refuses a message: {failure.get('Code')}")
        return {failure["Id"] for failure in failed}

    def _entry(self, number: int, message: Message) -> Entry:
        """Standard queues take a group too (it keeps accounts fair), but a delay only they."""
        entry: Entry = {"Id": str(number), "MessageBody": park(message.body, self._blobs)}
        if message.group:
            entry["MessageGroupId"] = _group_id(message.group)
        if self._fifo:
            entry["MessageDeduplicationId"] = message.dedup or str(uuid4())
        elif message.delay_seconds:
            entry["DelaySeconds"] = message.delay_seconds
        return entry


def _group_id(group: str) -> str:
    """As SQS takes it: the name of a workspace alone may have 128 characters."""
    return group if len(group) <= _LONGEST_GROUP else sha256(group.encode()).hexdigest()


class MemoryQueue:
    """`sent` remembers every message that was taken in; `take` hands out what nobody has taken yet, in order.

    A message whose `dedup` was seen in the last five minutes of `now` is dropped, as a FIFO queue does.
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.sent: list[Message] = []
        self._waiting: list[Message] = []
        self._seen: dict[str, datetime | None] = {}
        self._now = now
        self._lock = RLock()

    def send(self, *messages: Message) -> None:
        with self._lock:
            for message in messages:
                if not self._is_repeated(message.dedup):
                    self.sent.append(message)
                    self._waiting.append(message)

    def take(self, limit: int | None = None) -> list[Message]:
        with self._lock:
            taken, self._waiting = self._waiting[:limit], self._waiting[len(self._waiting[:limit]) :]
            return taken

    def _is_repeated(self, dedup: str) -> bool:
        if not dedup:
            return False
        now = self._now() if self._now else None
        before = self._seen.get(dedup)
        if dedup in self._seen and (now is None or before is None or now - before < DEDUP_WINDOW):
            return True
        self._seen[dedup] = now
        return False


def park(body: Mapping[str, Json], blobs: Blobs) -> str:
    """The body as it travels: itself, or where it is parked."""
    text = orjson.dumps(body, default=dict)
    if len(text) <= PARK_ABOVE:
        return text.decode()
    key = f"parked/{uuid4()}"
    blobs.put(key, text)
    return orjson.dumps({"parked": key}).decode()


def unpark(text: str, blobs: Blobs) -> Mapping[str, Json]:
    """What was sent, from a message's body."""
    body: Mapping[str, Json] = orjson.loads(text)
    if "parked" not in body:
        return body
    parked = blobs.get(body["parked"])
    if parked is None:
        raise Misconfigured(f"{body['parked']} is no longer in the bucket; check its lifecycle rule")
    found: Mapping[str, Json] = orjson.loads(parked)
    return found


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Up to ten messages that weigh up to 256 KB together."""
    batch: list[Entry] = []
    weight = 0
    for entry in entries:
        size = len(entry["MessageBody"].encode())
        if batch and (len(batch) == 10 or weight + size > _BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(entry)
        weight += size
    if batch:
        yield batch
