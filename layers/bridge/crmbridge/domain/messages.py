"""What travels on queues: doorbells, never the only copy of anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from crmbridge.domain.records import Json


@dataclass(frozen=True, slots=True)
class Message:
    """`group` orders on FIFO queues and keeps accounts fair on standard ones; `dedup` is for FIFO queues only."""

    body: Mapping[str, Json]
    group: str = ""
    dedup: str = ""
    delay_seconds: int = 0
