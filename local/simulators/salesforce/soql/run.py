"""Carries out a query on an org: finds the rows, orders them, and says how to show them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.soql.parse import parse
from local.simulators.salesforce.soql.paths import Getter, Scope
from local.simulators.salesforce.soql.select import Plan, planned
from local.simulators.salesforce.soql.tokens import located
from local.simulators.salesforce.soql.tree import Aggregate, Among, Both, Compare, Condition, Order, Path, Query
from local.simulators.salesforce.soql.where import Compiler
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import shown

FARTHEST_OFFSET = 2_000
LINK_RESTRICTION = (
    "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or"
    " LinkedEntityId using the equals operator or multiple Id's using the IN operator."
)
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a query in order, and how to show them; `total` is all that COUNT() answers with."""

    query: Query
    rows: list[Row]
    plan: Plan | None
    total: int
    aggregates: list[dict[str, Any]] | None = None


def run(org: Org, text: str, *, deleted: bool = False) -> Found:
    """`deleted`: what lies in the recycle bin is found, too."""
    query = parse(text)
    kind = org.known(query.object)
    if kind is None:
        raise Refused(400, "INVALID_TYPE", located(query.text, query.object_place, unsupported(query.object)))
    if query.offset > FARTHEST_OFFSET:
        message = f"SOQL offset maximum is {FARTHEST_OFFSET}"
        raise Refused(400, "NUMBER_OUTSIDE_VALID_RANGE", message)
    return Runner(org, deleted or query.all_rows).found(query, kind)


def unsupported(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the"
        " '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )


@dataclass(frozen=True, slots=True)
class Runner:
    org: Org
    deleted: bool

    def found(self, query: Query, kind: Kind) -> Found:
        if kind.name == "ContentDocumentLink" and not _narrows(query.where):
            raise Refused(400, "MALFORMED_QUERY", LINK_RESTRICTION)
        scope = Scope(self.org, kind, query, self.deleted)
        plan = None if query.aggregates else planned(scope, self.rows)
        rows = self.rows(query, kind)
        if query.is_count:
            return Found(query, [], None, len(rows))
        if query.aggregates:
            groups = _aggregated(scope, query, rows)
            return Found(query, [], None, len(groups), groups)
        end = None if query.limit is None else query.offset + query.limit
        rows = rows[query.offset : end]
        return Found(query, rows, plan, len(rows))

    def rows(self, query: Query, kind: Kind) -> list[Row]:
        """Filtered and ordered, not yet cut."""
        scope = Scope(self.org, kind, query, self.deleted)
        test = Compiler(scope, self._subselect).test(query.where)
        rows = [row for row in self._present(kind) if test(row)]
        for order in reversed(query.order_by):
            _sort(scope, rows, order)
        return rows

    def _present(self, kind: Kind) -> Iterable[Row]:
        """A row leaves the recycle bin for good some days after it was deleted."""
        store = self.org.stores[kind.name]
        if not self.deleted:
            return (row for row in store.scan() if not row.get("IsArchived"))
        oldest = self.org.clock.now_ms() - self.org.settings.recycle_days * DAY_MS
        return (row for row in store.scan(deleted=True) if store.deleted_ms.get(row["Id"], oldest) >= oldest)

    def _subselect(self, query: Query) -> set[Any]:
        """The values of a semi-join."""
        kind = self.org.known(query.object)
        if kind is None:
            raise Refused(400, "INVALID_TYPE", located(query.text, query.object_place, unsupported(query.object)))
        path = query.select[0]
        if len(query.select) != 1 or not isinstance(path, Path):
            raise Refused(400, "MALFORMED_QUERY", "a semi-join selects one field")
        get = Scope(self.org, kind, query, self.deleted).getter(path)
        return {get(row) for row in self.rows(query, kind)} - {None}


def _narrows(condition: Condition | None) -> bool:
    if isinstance(condition, Both):
        return condition.every and any(map(_narrows, condition.conditions))
    if isinstance(condition, Compare | Among):
        is_positive = not condition.negated if isinstance(condition, Among) else condition.operator == "="
        return is_positive and condition.path.parts[-1].casefold() in {"contentdocumentid", "linkedentityid"}
    return False


def _sort(scope: Scope, rows: list[Row], order: Order) -> None:
    """Null comes first in either direction unless the query says otherwise."""
    field, get = scope.field(order.path), scope.getter(order.path)
    if not field.filterable:
        message = f"field '{field.name}' can not be sorted in a query call"
        raise scope.refused("INVALID_FIELD", order.path, message)
    value: Getter = (lambda row: str(get(row)).casefold()) if field.is_text else get
    empty = [row for row in rows if get(row) is None]
    full = [row for row in rows if get(row) is not None] if empty else rows[:]
    full.sort(key=value, reverse=order.descending)
    rows[:] = [*full, *empty] if order.nulls_last else [*empty, *full]


def _aggregated(scope: Scope, query: Query, rows: list[Row]) -> list[dict[str, Any]]:
    paths = [each for each in query.select if isinstance(each, Path)]
    for path in paths:
        if path.parts not in [each.parts for each in query.group_by]:
            message = f"Field must be grouped or aggregated: {'.'.join(path.parts)}"
            raise scope.refused("MALFORMED_QUERY", path, message)
    keys = [(path.parts[-1], scope.getter(path)) for path in query.group_by]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(get(row) for _, get in keys), []).append(row)
    if not keys:
        groups = {(): rows}
    return [
        {"attributes": {"type": "AggregateResult"}, **dict(zip((name for name, _ in keys), group, strict=True)),
         **_totals(scope, query.aggregates, members)}
        for group, members in groups.items()
    ]  # fmt: skip


def _totals(scope: Scope, aggregates: list[Aggregate], rows: list[Row]) -> dict[str, Any]:
    unnamed = (f"expr{number}" for number in range(len(aggregates)))
    return {each.alias or next(unnamed): _total(scope, each, rows) for each in aggregates}


def _total(scope: Scope, aggregate: Aggregate, rows: list[Row]) -> Any:
    if aggregate.path is None:
        return len(rows)
    get, field = scope.getter(aggregate.path), scope.field(aggregate.path)
    if aggregate.function in {"SUM", "AVG"} and not field.is_number:
        message = f"field {field.name} does not support aggregate operator {aggregate.function}"
        raise scope.refused("INVALID_FIELD", aggregate.path, message)
    values = [value for row in rows if (value := get(row)) is not None]
    return _reduced(aggregate.function, values, field)


def _reduced(function: str, values: list[Any], field: Field) -> Any:
    count: dict[str, Callable[[list[Any]], Any]] = {"COUNT": len, "COUNT_DISTINCT": lambda each: len(set(each))}
    if function in count:
        return count[function](values)
    if not values:
        return None
    if function in {"MIN", "MAX"}:
        return shown(field, (min if function == "MIN" else max)(values))
    return sum(values) / (len(values) if function == "AVG" else 1)
