"""Events on their way to a workspace's chat app."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from crmbridge.domain.records import Json

GIVE_UP_AFTER: Final = timedelta(days=1)
KEPT: Final = timedelta(days=30)
"""How long a failed event can still be read and sent again."""


class OutboundStatus(StrEnum):
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundEvent:
    """`event` is what the chat app gets: `type`, `timestamp`, `data`. `since` is when its day began: when it happened,
    or when it was sent again by hand. `error` says why the last try failed; `told` are those of several chat apps that
    have heard of it."""

    id: str
    event: Mapping[str, Json]
    status: OutboundStatus
    since: datetime
    attempts: int = 0
    error: str = ""
    next_attempt_at: datetime | None = None
    told: tuple[str, ...] = ()
