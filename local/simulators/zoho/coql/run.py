"""Runs a query: criteria become one function of a row; rows come in order without sorting where that is possible."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from local.simulators.zoho.conditions import WrongType, literal, matches
from local.simulators.zoho.coql.parse import Column, Condition, Criteria, Pair, Query, conditions
from local.simulators.zoho.coql.totals import check, totals
from local.simulators.zoho.errors import Refused
from local.simulators.zoho.fields import POINTERS, Field
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row, Store
from local.simulators.zoho.values import shown

STAMPED = {"id", "Created_Time", "Modified_Time"}
Fits = Callable[[Row], bool]


class Run:
    """One query over one org."""

    def __init__(self, org: Org, query: Query) -> None:
        found = org.queried(query.module)
        if found is None:
            raise Refused(400, "INVALID_QUERY", "module name given seems to be invalid", module=query.module)
        self._org = org
        self._query = query
        self._store: Store = found[1]

    def page(self) -> tuple[list[dict[str, Any]], bool]:
        """The rows as they are shown, and whether there are more."""
        fits, query = self._compiled(self._query.where), self._query
        rows = self._org.queried_rows(query.module, (row for row in self._ordered() if fits(row)))
        if query.module == "Leads" and not any(each.column.name == "Converted__s" for each in conditions(query.where)):
            rows = (row for row in rows if not row.get("Converted__s"))
        if query.has_totals:
            check(query, self._field)
            counted = list(islice(totals(query, rows, self._show), query.offset, query.offset + query.limit + 1))
            return counted[: query.limit], len(counted) > query.limit
        shows = [(column.shown, self._show(column)) for column in query.columns]
        found = list(islice(rows, query.offset, query.offset + query.limit + 1))
        page = [{name: show(row) for name, show in shows} | {"id": row["id"]} for row in found[: query.limit]]
        return page, len(found) > query.limit

    def _show(self, column: Column) -> Callable[[Row], Any]:
        """How the value of a column is shown, for any row."""
        if column.name == "$se_module":
            return lambda row: row.get("$se_module")
        org, field = self._org, self._field(column)
        if len(column.steps) == 1:
            return lambda row: shown(org, field, row)

        def behind_lookups(row: Row) -> Any:
            owner = self._owner(row, column)
            return None if owner is None else shown(org, field, owner)

        return behind_lookups

    def _field(self, column: Column) -> Field:
        """The field that a column ends in, two lookups away at most."""
        module, steps = self._query.module, column.steps
        if len(steps) > 3:
            raise _no_column(column, module)
        for step in steps[:-1]:
            between = self._org.described(module).fields.get(step)
            if between is None or not between.lookup:
                raise _no_column(column, module)
            module = between.lookup
        found = self._org.described(module).fields.get(steps[-1])
        if found is None:
            raise _no_column(column, module)
        return found

    def _owner(self, row: Row, column: Column) -> Row | None:
        """The row in which a column's last step is found; none behind an empty lookup."""
        module, owner = self._query.module, row
        for step in column.steps[:-1]:
            module = self._org.described(module).fields[step].lookup
            found = self._org.stores[module].rows.get(owner.get(step, ""))
            if found is None:
                return None
            owner = found
        return owner

    def _compiled(self, criteria: Criteria) -> Fits:
        if isinstance(criteria, Condition):
            return self._condition(criteria)
        left, right = self._compiled(criteria.left), self._compiled(criteria.right)
        if criteria.joint == "and":
            return lambda row: left(row) and right(row)
        return lambda row: left(row) or right(row)

    def _condition(self, condition: Condition) -> Fits:
        column, field = condition.column, self._field(condition.column)
        if field.type in {"textarea", "subform"}:
            details = {"column_name": column.name, "data_type": field.type, "clause": "where"}
            raise Refused(400, "INVALID_QUERY", "data type not supported", **details)
        read = self._reader(column, field)
        if condition.operator in {"is null", "is not null"}:
            wants_empty = condition.operator == "is null"
            return lambda row: (read(row) is None) == wants_empty
        wanted, operator = _wanted(condition, field), condition.operator
        return lambda row: matches(operator, read(row), wanted)

    def _reader(self, column: Column, field: Field) -> Callable[[Row], Any]:
        """A pointer to what is gone is empty here too."""
        name = column.steps[-1]
        if field.type in POINTERS:
            show = self._show(column)
            return lambda row: (show(row) or {}).get("id")
        if len(column.steps) == 1:
            return lambda row: row.get(name)
        return lambda row: (self._owner(row, column) or {}).get(name)

    def _ordered(self) -> Iterable[Row]:
        """By id unless something else is asked for; stamps are kept in order, the rest is sorted now."""
        order, rows = self._query.order or [(Column("id"), False)], self._store.rows
        names, downwards = [column.name for column, _ in order], {descending for _, descending in order}
        if names[0] in STAMPED and names[1:] in ([], ["id"]) and len(downwards) == 1:
            entries = self._bounded(names[0])
            return (rows[row_id] for _, row_id in (reversed(entries) if True in downwards else entries))
        found = [rows[row_id] for _, row_id in self._store.ordered("id")]
        for column, descending in reversed(order):
            read = self._reader(column, self._field(column))
            found.sort(key=lambda row, read=read: _sortable(read(row)), reverse=descending)  # type: ignore[misc]  # mypy cannot see through the default
        return found

    def _bounded(self, name: str) -> list[tuple[Any, str]]:
        """Without the part that a lower bound in the criteria excludes anyway."""
        bounds = [
            _wanted(each, self._field(each.column)) for each in _conjuncts(self._query.where)
            if each.column.name == name and each.operator in {"=", ">", ">="}
        ]  # fmt: skip
        return self._store.since(name, max(bounds)) if bounds else self._store.ordered(name)


def _wanted(condition: Condition, field: Field) -> Any:
    try:
        if isinstance(condition.value, list):
            return [literal(field, each) for each in condition.value]
        return literal(field, condition.value)
    except WrongType as wrong:
        details = {"column_name": condition.column.name, "expected_data_type": str(wrong)}
        message = "value given seems to be invalid for the column"
        raise Refused(400, "INVALID_QUERY", message, **details) from wrong


def _conjuncts(criteria: Criteria) -> Iterator[Condition]:
    """The conditions that must hold whatever the others say."""
    if isinstance(criteria, Condition):
        yield criteria
    elif isinstance(criteria, Pair) and criteria.joint == "and":
        yield from _conjuncts(criteria.left)
        yield from _conjuncts(criteria.right)


def _sortable(value: Any) -> tuple[bool, Any]:
    """Empty ones first."""
    if value is None:
        return (False, "")
    return (True, value.casefold() if isinstance(value, str) else value)


def _no_column(column: Column, module: str) -> Refused:
    message = "column given seems to be invalid"
    return Refused(400, "INVALID_QUERY", message, column_name=column.name, module=module)
