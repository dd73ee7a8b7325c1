"""What is shown of a row: fields in the order they were asked for, parents nested, children as lists."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.fields import Child, Field
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.soql.paths import Scope
from local.simulators.salesforce.soql.tree import FieldsOf, Path, Query
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import shown, shown_address

Rows = Callable[[Query, Kind], list[Row]]
SHORT = 200


def shown_value(base: str, kind: str, known: Field, row: Row) -> Any:
    """Compounds are put together, a note's content is an address, everything else is what it is."""
    if known.type == "address":
        return shown_address(known.name.removesuffix("Address"), row)
    if known.type == "base64":
        return f"{base}/sobjects/{kind}/{row['Id']}/{known.name}" if row.get(known.name) is not None else None
    return shown(known, row.get(known.name, False if known.type == "boolean" else None))


def attributes(base: str, kind: str, row_id: str) -> dict[str, str]:
    return {"type": kind, "url": f"{base}/sobjects/{kind}/{row_id}"}


@dataclass(slots=True)
class Level:
    """The fields of one object in the answer, and of the objects that its lookups lead to."""

    fields: list[Field] = field(default_factory=list)
    parents: dict[str, tuple[Field, "Level"]] = field(default_factory=dict)
    children: dict[str, "Children"] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def take(self, steps: list[Field]) -> None:
        first, *rest = steps
        name = str(first.relationship) if rest else first.name
        if name not in self.order:
            self.order.append(name)
        if rest:
            self.parents.setdefault(name, (first, Level()))[1].take(rest)
        elif first not in self.fields:
            self.fields.append(first)


@dataclass(frozen=True, slots=True)
class Children:
    """One subquery: the rows below each parent, found once for all of them."""

    plan: "Plan"
    rows: dict[str, list[Row]]

    def shown(self, base: str, parent_id: str) -> dict[str, Any] | None:
        rows = self.rows.get(parent_id)
        if not rows:
            return None
        return {"totalSize": len(rows), "done": True, "records": [self.plan.show(base, row) for row in rows]}


@dataclass(slots=True)
class Plan:
    """How the rows of one query are shown, as JSON and as CSV."""

    scope: Scope
    level: Level = field(default_factory=Level)

    def show(self, base: str, row: Row) -> dict[str, Any]:
        return self._shown(base, self.level, self.scope.kind.name, row)

    def columns(self) -> list[tuple[str, Path]]:
        """What a CSV has: plain fields and parents' fields, each by its own name."""
        selected = [each for each in self.scope.query.select if isinstance(each, Path)]
        return [(".".join(_named(self.scope, each)), each) for each in selected]

    def _shown(self, base: str, level: Level, kind: str, row: Row) -> dict[str, Any]:
        body: dict[str, Any] = {"attributes": attributes(base, kind, row["Id"])}
        fields = {each.name: each for each in level.fields}
        for name in level.order:
            if name in level.parents:
                body[name] = self._parent(base, *level.parents[name], row)
            elif name in level.children:
                body[name] = level.children[name].shown(base, row["Id"])
            elif name == "Type" and fields[name].type == "string":
                body[name] = kind
            else:
                body[name] = shown_value(base, kind, fields[name], row)
        return body

    def _parent(self, base: str, lookup: Field, level: Level, row: Row) -> dict[str, Any] | None:
        parent = self.scope.parent(lookup, row)
        if parent is None:
            return None
        kind = self.scope.org.object_of(parent["Id"]) or lookup.refers_to[0]
        return self._shown(base, level, kind, parent)


def planned(scope: Scope, rows_of: Rows) -> Plan:
    plan = Plan(scope)
    taken: list[list[Field]] = []
    for each in scope.query.select:
        if isinstance(each, Path):
            steps = scope.steps(each)
            if steps in taken:
                raise scope.refused("INVALID_FIELD", each, f"duplicate field selected: {'.'.join(each.parts)}")
            taken.append(steps)
            plan.level.take(steps)
        elif isinstance(each, FieldsOf):
            for known in _fields_of(scope, each):
                plan.level.take([known])
        elif isinstance(each, Query):
            _plan_children(scope, plan, each, rows_of)
    return plan


def child_kind(scope: Scope, query: Query) -> tuple[Child, Kind]:
    child = scope.kind.child(query.object)
    kind = scope.org.known(child.object) if child else None
    if child is None or kind is None:
        message = f"Didn't understand relationship '{query.object}' in FROM part of query call."
        raise scope.refused("INVALID_TYPE", Path((query.object,), query.object_place), message)
    return child, kind


def _plan_children(scope: Scope, plan: Plan, query: Query, rows_of: Rows) -> None:
    child, kind = child_kind(scope, query)
    inner = Scope(scope.org, kind, query, scope.deleted)
    below = grouped(rows_of(query, kind), child.field, query)
    plan.level.order.append(child.relationship)
    plan.level.children[child.relationship] = Children(planned(inner, rows_of), below)


def grouped(rows: Iterable[Row], name: str, query: Query) -> dict[str, list[Row]]:
    """LIMIT and OFFSET of a subquery count for each parent."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get(name):
            groups[row[name]].append(row)
    end = None if query.limit is None else query.offset + query.limit
    return {parent: found[query.offset : end] for parent, found in groups.items()}


def _fields_of(scope: Scope, group: FieldsOf) -> list[Field]:
    if group.group not in {"ALL", "STANDARD", "CUSTOM"}:
        raise Refused(400, "MALFORMED_QUERY", f"unexpected token: '{group.group}'")
    if group.group != "STANDARD" and (scope.query.limit is None or scope.query.limit > SHORT):
        message = "The SOQL FIELDS function must have a LIMIT of at most 200"
        raise Refused(400, "MALFORMED_QUERY", message)
    if group.group == "ALL":
        return scope.kind.visible()
    return [each for each in scope.kind.visible() if each.custom == (group.group == "CUSTOM")]


def _named(scope: Scope, path: Path) -> list[str]:
    *lookups, last = scope.steps(path)
    return [*(str(each.relationship) for each in lookups), last.name]
