"""Records as the store gives them back, and pages of anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from crmbridge.domain.changes import Cause
from crmbridge.domain.records import Record, RecordKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the store has it: translated back into our words, with the cause of its last write."""

    key: RecordKey
    record: Record
    cause: Cause
    ord: str


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """`cursor` continues; None when there is no more."""

    items: Sequence[T]
    cursor: str | None
