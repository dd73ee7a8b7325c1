"""One pass over a connection and the tasks it is made of: the sync log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from crmbridge.domain.records import Json


class RunType(StrEnum):
    FULL = "full"
    INCREMENTAL = "incremental"


class Status(StrEnum):
    """`partial`: some objects failed, or a sweep stopped to ask before removing more than a small share."""

    RUNNING = "running"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened to one kind; `unchanged` were read and no news, stale readings among them; `shortened` names some
    of the records (`object/id`) that were too large to be stored whole."""

    read: int = 0
    created: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    calls: int = 0
    shortened: tuple[str, ...] = ()

    def __add__(self, other: "Counts") -> "Counts":
        added = Counts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))
        return replace(added, shortened=tuple(dict.fromkeys(added.shortened))[:NAMED])


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One object of one run, resumable from `cursor`. `step` is directories, sweep, or one of the object's listings.

    `fence` counts takeovers: a checkpoint is conditional on it, so a worker that lost its lease cannot move the
    cursor. `window` is the ISO pair of an incremental run; without one everything is listed, then swept.
    `confirmed`: an admin has said that the CRM may be believed, however much is gone.
    """

    id: str
    run: str
    workspace: str
    connection: str
    object: str
    step: str = "list"
    cursor: Mapping[str, Json] = field(default_factory=dict)
    window: tuple[str, str] | None = None
    confirmed: bool = False
    status: Status = Status.RUNNING
    counts: Mapping[str, Counts] = field(default_factory=dict)
    error: str = ""
    pages: int = 0
    fence: int = 0
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    attempts: int = 0

    @property
    def is_over(self) -> bool:
        return self.status is not Status.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The sync log's line. `totals` are per kind where the CRM says how many there are (progress bars need them)."""

    id: str
    workspace: str
    connection: str
    type: RunType
    status: Status = Status.RUNNING
    counts: Mapping[str, Counts] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[Mapping[str, Json], ...] = ()
    tasks: tuple[str, ...] = ()
    started_at: datetime
    completed_at: datetime | None = None
    requested_by: str = ""

    @property
    def duration_seconds(self) -> float | None:
        return (self.completed_at - self.started_at).total_seconds() if self.completed_at else None


MAX_ATTEMPTS: Final = 12
"""In a row, without a page between them: about two hours of waiting."""


def back_off(attempts: int, jitter: float, at_least: float = 0.0) -> timedelta:
    """How long to wait before attempt number `attempts` + 1; `jitter` is 0..1, `at_least` what the CRM asked for."""
    return timedelta(seconds=at_least + min(900.0, 5.0 * 2**attempts) * (0.5 + jitter / 2))


def outcome(tasks: Sequence[Task]) -> Status:
    """What a run came to, once each of its tasks is over."""
    statuses = {task.status for task in tasks}
    if statuses <= {Status.SUCCESS}:
        return Status.SUCCESS
    return Status.FAILED if statuses == {Status.FAILED} else Status.PARTIAL


def add_counts(*counted: Mapping[str, Counts]) -> dict[str, Counts]:
    """Per kind, over several pages or tasks."""
    totals: dict[str, Counts] = {}
    for counts in counted:
        for kind, more in counts.items():
            totals[kind] = totals.get(kind, Counts()) + more
    return totals


def removal_limit(stored: int) -> int:
    """How many of an object's stored records one sweep may remove without asking."""
    return max(20, stored // 20)
