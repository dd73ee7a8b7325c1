"""The rows of one object type in one org: what is there, what can be seen already, and what was deleted when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.kinds import Kind

Row = dict[str, Any]
"""Rows are never changed in place, so that a cursor or a bulk job may hold on to them. A missing key is null."""


@dataclass(frozen=True, slots=True)
class Late:
    """Until then readers still see what was there before (None: nothing): a transaction that takes long to commit."""

    until_ms: int
    before: Row | None


@dataclass(slots=True)
class Store:
    kind: Kind
    now_ms: Callable[[], int]
    rows: dict[str, Row] = field(default_factory=dict)
    deleted_ms: dict[str, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    late: dict[str, Late] = field(default_factory=dict)
    undo: list[Callable[[], None]] | None = None
    _indexes: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def seen(self, row_id: str) -> Row | None:
        """As the API's user sees it now, deleted rows included."""
        if row_id in self.hidden:
            return None
        late = self.late.get(row_id)
        return late.before if late and late.until_ms > self.now_ms() else self.rows.get(row_id)

    def scan(self, *, deleted: bool = False) -> Iterator[Row]:
        """Every row that can be seen; those in the recycle bin only if asked for."""
        if not self.late and not self.hidden:
            yield from (row for row in self.rows.values() if deleted or not row.get("IsDeleted"))
            return
        for row_id in self.rows:
            row = self.seen(row_id)
            if row is not None and (deleted or not row.get("IsDeleted")):
                yield row

    def put(self, row: Row) -> None:
        row_id = row["Id"]
        self._note(row_id)
        self._index(self.rows.get(row_id), row)
        self.rows[row_id] = row

    def delay(self, row_id: str, until_ms: int, before: Row | None) -> None:
        self.late[row_id] = Late(until_ms, before)

    def erase(self, row_id: str) -> None:
        """Gone from the recycle bin, too; only the log of deletions still knows of it."""
        self._index(self.rows.pop(row_id, None), None)
        self.erased.add(row_id)

    def holders(self, name: str, value: Any) -> list[str]:
        """The live rows that hold this value of an external id or unique field, oldest first."""
        if name not in self._indexes:
            self._indexes[name] = {}
            for row in self.rows.values():
                self._enter(name, row)
        return sorted(self._indexes[name].get(str(value).casefold(), ()))

    def _note(self, row_id: str) -> None:
        if self.undo is not None:
            before, when = self.rows.get(row_id), self.deleted_ms.get(row_id)
            self.undo.append(lambda: self._restore(row_id, before, when))

    def _restore(self, row_id: str, before: Row | None, deleted_ms: int | None) -> None:
        self._index(self.rows.pop(row_id, None), before)
        self.late.pop(row_id, None)
        self.deleted_ms.pop(row_id, None)
        if before is not None:
            self.rows[row_id] = before
        if deleted_ms is not None:
            self.deleted_ms[row_id] = deleted_ms

    def _index(self, before: Row | None, after: Row | None) -> None:
        for name, index in self._indexes.items():
            if before and before.get(name) is not None:
                index.get(str(before[name]).casefold(), set()).discard(before["Id"])
            if after:
                self._enter(name, after)

    def _enter(self, name: str, row: Row) -> None:
        if row.get(name) is not None and not row.get("IsDeleted"):
            self._indexes[name].setdefault(str(row[name]).casefold(), set()).add(row["Id"])
