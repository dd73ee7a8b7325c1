"""The records of one module: live, deleted, merged away, and as `/search` still sees them."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from local.simulators.zoho.modules import Module

Row = dict[str, Any]


@dataclass(slots=True)
class Gone:
    """What the list of deleted records keeps of a row; `row` None: nobody can bring it back."""

    id: str
    name: str
    deleted_ms: int
    deleted_by: str
    created_by: str
    row: Row | None


@dataclass(slots=True)
class Version:
    """What the search index still holds of a record until a later write has reached it; None: nothing yet."""

    until_ms: int
    row: Row | None


class Store:
    """Rows hold moments in milliseconds, pointers as bare ids, and nothing that is empty."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.rows: dict[str, Row] = {}
        self.gone: dict[str, Gone] = {}
        self.merged: dict[str, str] = {}
        self.hidden: dict[str, Row] = {}
        self.unindexed: dict[str, list[Version]] = {}
        self._holders: dict[str, dict[str, list[str]]] = {}
        self._sorted: dict[str, list[tuple[Any, str]]] = {}

    def put(self, row: Row) -> None:
        """Takes a row's new state; rows are replaced, never changed in place."""
        held = self.rows.get(row["id"])
        if held is not None:
            self._release(held)
        self.rows[row["id"]] = row
        self._sorted.clear()
        for name in self._holders:
            self._claim(name, row)

    def remove(self, row_id: str) -> Row:
        row = self.rows.pop(row_id)
        self._sorted.clear()
        self._release(row)
        return row

    def hide(self, row_id: str) -> None:
        """No longer shared with the connected user, for whom it is as if it had never been."""
        self.hidden[row_id] = self.remove(row_id)

    def show(self, row_id: str) -> None:
        self.put(self.hidden.pop(row_id))

    def watch_unique(self, name: str) -> None:
        if name not in self._holders:
            self._holders[name] = {}
            for row in self.rows.values():
                self._claim(name, row)

    def holder(self, name: str, value: object) -> str | None:
        """The live record with this value of a field that is watched for duplicates."""
        self.watch_unique(name)
        return next(iter(self._holders[name].get(str(value).casefold(), ())), None)

    def ordered(self, by: str) -> list[tuple[Any, str]]:
        """(value, id) of all live rows in ascending order; kept until the next write."""
        if by not in self._sorted:
            if by == "id":
                self._sorted[by] = [(each, each) for each in sorted(self.rows)]
            else:
                self._sorted[by] = sorted(map(itemgetter(by, "id"), self.rows.values()))
        return self._sorted[by]

    def since(self, by: str, bound: Any) -> list[tuple[Any, str]]:
        """The part of `ordered` whose values are at least `bound`."""
        entries = self.ordered(by)
        return entries[bisect_left(entries, (bound, "")) :]

    def remember(self, row_id: str, lag_ms: int, now_ms: int) -> None:
        """Keep for the search index what is there before a write that it will notice only later."""
        if lag_ms > 0:
            self.unindexed.setdefault(row_id, []).append(Version(now_ms + lag_ms, self.rows.get(row_id)))

    def indexed(self, now_ms: int) -> Iterable[Row]:
        """The rows as `/search` sees them."""
        for row_id, versions in list(self.unindexed.items()):
            waiting = [each for each in versions if each.until_ms > now_ms]
            if waiting:
                self.unindexed[row_id] = waiting
            else:
                del self.unindexed[row_id]
        old = (versions[0].row for versions in self.unindexed.values())
        current = (row for row_id, row in self.rows.items() if row_id not in self.unindexed)
        return [*current, *(row for row in old if row is not None)]

    def survivor(self, row_id: str) -> str:
        while row_id in self.merged:
            row_id = self.merged[row_id]
        return row_id

    def _claim(self, name: str, row: Row) -> None:
        if row.get(name) is not None:
            self._holders[name].setdefault(str(row[name]).casefold(), []).append(row["id"])

    def _release(self, row: Row) -> None:
        for name, index in self._holders.items():
            if row.get(name) is not None:
                index[str(row[name]).casefold()].remove(row["id"])
