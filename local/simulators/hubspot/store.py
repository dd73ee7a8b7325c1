"""The records of one object type in one portal, and what search can see of them."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from local.simulators.hubspot.links import LinkChange
from local.simulators.hubspot.schema import ObjectType

Values = dict[str, str]


@dataclass(slots=True)
class Version:
    """What search still shows until the index has caught up with a later write; None: nothing yet."""

    until_ms: int
    values: Values | None
    updated_ms: int


@dataclass(slots=True)
class Record:
    """`values` holds what is not null, `createdate` and the modified date included."""

    id: int
    values: Values
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None
    versions: list[Version] = field(default_factory=list)


class Ids:
    """Ids in ascending order; adding the highest, which is what creation does, costs nothing."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._ids = sorted(ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def add(self, number: int) -> None:
        if not self._ids or number > self._ids[-1]:
            self._ids.append(number)
        else:
            insort(self._ids, number)

    def remove(self, number: int) -> None:
        place = bisect_left(self._ids, number)
        if place < len(self._ids) and self._ids[place] == number:
            del self._ids[place]

    def page(self, start: int, size: int) -> list[int]:
        """Up to `size` ids from `start` on, and one more that tells whether there is a next page."""
        place = bisect_left(self._ids, start)
        return self._ids[place : place + size + 1]


class Store:
    def __init__(self, kind: ObjectType, first_id: int) -> None:
        self.kind = kind
        self.records: dict[int, Record] = {}
        self.live = Ids()
        self.archived = Ids()
        self.merged: dict[int, int] = {}
        self.erased: set[int] = set()
        self.unindexed: dict[int, Record] = {}
        self.parked: dict[int, list[LinkChange]] = {}
        self._uniques: dict[str, dict[str, int]] = {}
        self._last_id = first_id

    def next_id(self, step: int = 1) -> int:
        self._last_id += step
        return self._last_id

    def survivor(self, record_id: int) -> int:
        """Follow merges to the record that an old id stands for today."""
        while record_id in self.merged:
            record_id = self.merged[record_id]
        return record_id

    def find(self, record_id: int, *, archived: bool = False) -> Record | None:
        record = self.records.get(self.survivor(record_id))
        return record if record and (record.archived_ms is not None) == archived else None

    def add(self, record: Record) -> None:
        self.records[record.id] = record
        self.live.add(record.id)

    def watch_unique(self, name: str) -> None:
        index = self._uniques.setdefault(name, {})
        for record in self.records.values():
            for value in unique_values(name, record.values):
                index.setdefault(value, record.id)

    def holder(self, name: str, value: str) -> int | None:
        """Who holds this value of a unique property among the live records."""
        return self._uniques.get(name, {}).get(value.casefold())

    def unique_names(self) -> list[str]:
        return list(self._uniques)

    def is_unique(self, name: str) -> bool:
        return name in self._uniques

    def claim(self, record: Record) -> None:
        for name, index in self._uniques.items():
            for value in unique_values(name, record.values):
                index.setdefault(value, record.id)

    def release(self, record: Record) -> None:
        for name, index in self._uniques.items():
            for value in unique_values(name, record.values):
                if index.get(value) == record.id:
                    del index[value]

    def remember(self, record: Record, lag_ms: int, now_ms: int, before: Values | None) -> None:
        """Keep for the search index what was there before a write that it will notice only later."""
        if lag_ms > 0:
            record.versions.append(Version(now_ms + lag_ms, before, record.updated_ms))
            self.unindexed[record.id] = record

    def settle(self, now_ms: int) -> None:
        for record_id, record in list(self.unindexed.items()):
            record.versions = [version for version in record.versions if version.until_ms > now_ms]
            if not record.versions:
                del self.unindexed[record_id]


def unique_values(name: str, values: Values) -> list[str]:
    """A contact's additional addresses are as taken as its first one."""
    found = [values[name]] if name in values else []
    if name == "email":
        found += values.get("hs_additional_emails", "").split(";")
    return [each.casefold() for each in found if each]
