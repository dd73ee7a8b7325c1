"""What travels on queues (doorbells, never the only copy of anything), and how long a failed try waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from crmbridge.domain.records import Json


@dataclass(frozen=True, slots=True)
class Message:
    """`group` orders on FIFO queues and keeps accounts fair on standard ones; `dedup` is for FIFO queues only."""

    body: Mapping[str, Json]
    group: str = ""
    dedup: str = ""
    delay_seconds: int = 0


SHORTEST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(hours=1)


def next_try(now: datetime, since: datetime, key: str, *, at_least: float = 0.0) -> datetime:
    """When to try again what has failed since `since`: about as long again as it has waited, within bounds.

    `key` spreads the tries of many rows, so that they do not all come at the same moment; `at_least` is what the other
    side asked for, in seconds.
    """
    wait = min(max(now - since, SHORTEST_WAIT), LONGEST_WAIT)
    spread = 0.75 + crc32(f"{key}{now.timestamp()}".encode()) / 2**33
    return now + max(wait * spread, timedelta(seconds=at_least))
