"""The records of one object in one company, and what search can see of them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.simulators.pipedrive.kinds import Kind

Values = dict[str, Any]


@dataclass(slots=True)
class Version:
    """What search still shows until its index has caught up with a later write; None: nothing yet."""

    until_ms: int
    values: Values | None
    custom: Values


@dataclass(slots=True)
class Record:
    """`values` are v2's, by field code, nulls included; `custom` has no nulls."""

    id: int
    values: Values
    custom: Values
    is_deleted: bool = False
    deleted_ms: int = 0
    versions: list[Version] = field(default_factory=list)


class Store:
    """Live ids are kept in order; new ones are the highest, so appending is the usual way."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.records: dict[int, Record] = {}
        self.merged: dict[int, int] = {}
        self.erased: set[int] = set()
        self._live: list[int] = []
        self._last_id = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add(self, record: Record) -> Record:
        self.records[record.id] = record
        self._last_id = max(self._last_id, record.id)
        if not record.is_deleted:
            insort(self._live, record.id)
        return record

    def find(self, number: int) -> Record | None:
        """The live record with this id. A loser of a merge is not found under its old one."""
        record = self.records.get(number)
        return record if record and not record.is_deleted else None

    def live(self, after: int = 0) -> Iterator[Record]:
        for number in self._live[bisect_right(self._live, after) :]:
            yield self.records[number]

    def live_down(self, before: int | None) -> Iterator[Record]:
        end = len(self._live) if before is None else bisect_left(self._live, before)
        for number in reversed(self._live[:end]):
            yield self.records[number]

    def count(self) -> int:
        return len(self._live)

    def deleted(self) -> Iterator[Record]:
        return (record for record in self.records.values() if record.is_deleted)

    def remove(self, record: Record, now_ms: int) -> None:
        record.is_deleted, record.deleted_ms = True, now_ms
        record.values["is_deleted"] = True
        self._live.pop(bisect_left(self._live, record.id))

    def restore(self, record: Record) -> None:
        record.is_deleted = False
        record.values["is_deleted"] = False
        insort(self._live, record.id)

    def drop(self, number: int) -> None:
        """For good: as after 30 days, or into another record."""
        record = self.records.pop(number)
        if not record.is_deleted:
            self._live.pop(bisect_left(self._live, number))

    def erase(self, number: int) -> None:
        self.drop(number)
        self.erased.add(number)

    def survivor(self, number: int) -> int:
        while number in self.merged:
            number = self.merged[number]
        return number

    def remember(self, record: Record, lag_ms: int, now_ms: int, *, new: bool = False) -> None:
        """Keep for search what was there before a write that its index will notice only later."""
        if lag_ms > 0:
            values = None if new else dict(record.values)
            record.versions.append(Version(now_ms + lag_ms, values, dict(record.custom)))


def as_indexed(record: Record, now_ms: int) -> tuple[Values, Values] | None:
    """What search knows of a record: the oldest state that its index has not left behind yet."""
    if record.versions:
        record.versions = [each for each in record.versions if each.until_ms > now_ms]
    if not record.versions:
        return None if record.is_deleted else (record.values, record.custom)
    oldest = record.versions[0]
    return None if oldest.values is None or oldest.values["is_deleted"] else (oldest.values, oldest.custom)
