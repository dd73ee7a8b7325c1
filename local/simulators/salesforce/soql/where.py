"""Conditions as functions of a row, with the type checks that Salesforce makes first."""

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.soql.dates import range_of
from local.simulators.salesforce.soql.paths import Getter, Scope
from local.simulators.salesforce.soql.tree import Among, Both, Compare, Condition, Not, Path, Query, Value
from local.simulators.salesforce.store import Row

Test = Callable[[Row], bool]
Subselect = Callable[[Query], set[Any]]
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
WANTED = {
    "datetime": ("dateTime", {"datetime", "range", "null"}),
    "date": ("date", {"date", "range", "null"}),
    "boolean": ("boolean", {"boolean", "null"}),
}


class Compiler:
    def __init__(self, scope: Scope, subselect: Subselect) -> None:
        self._scope = scope
        self._subselect = subselect

    def test(self, condition: Condition | None) -> Test:
        if condition is None:
            return lambda _: True
        if isinstance(condition, Both):
            tests = [self.test(each) for each in condition.conditions]
            return _all(tests) if condition.every else _any(tests)
        if isinstance(condition, Not):
            inner = self.test(condition.condition)
            return lambda row: not inner(row)
        if isinstance(condition, Among):
            return self._among(condition)
        return self._compare(condition)

    def _compare(self, condition: Compare) -> Test:
        field = self._filterable(condition.path)
        get = self._folded(field, condition.path)
        if condition.operator == "LIKE":
            return self._like(condition, field, get)
        if condition.value.sort == "range":
            return self._within(condition, field, get)
        wanted = self._value(field, condition.value, condition.path)
        if condition.operator in ORDERINGS:
            return _ordered(get, ORDERINGS[condition.operator], wanted)
        equal = condition.operator == "="
        return lambda row: (get(row) == wanted) is equal

    def _among(self, condition: Among) -> Test:
        field = self._filterable(condition.path)
        get = self._folded(field, condition.path)
        if isinstance(condition.values, Query):
            wanted = self._subselect(condition.values)
        else:
            wanted = {self._value(field, each, condition.path) for each in condition.values}
        negated = condition.negated
        return lambda row: (get(row) in wanted) is not negated

    def _like(self, condition: Compare, field: Field, get: Getter) -> Test:
        if condition.value.sort != "string" or not field.is_text:
            message = f"invalid operator on {field.type} field '{field.name}'"
            raise self._scope.refused("INVALID_QUERY_FILTER_OPERATOR", condition.path, message)
        matches = like_pattern(str(condition.value.value)).fullmatch
        return lambda row: (value := get(row)) is not None and matches(value) is not None

    def _within(self, condition: Compare, field: Field, get: Getter) -> Test:
        """A date literal is a range: `<` is before it, `>=` from its first day on."""
        if field.type not in {"date", "datetime"}:
            raise self._mistyped(field, condition.path, quoted=False)
        first, after = (self._edge(field, each) for each in self._range(condition.value))
        test: Callable[[Any], bool] = {
            "=": lambda value: first <= value < after,
            "!=": lambda value: not first <= value < after,
            "<": lambda value: value < first,
            "<=": lambda value: value < after,
            ">": lambda value: value >= after,
            ">=": lambda value: value >= first,
        }[condition.operator]
        return lambda row: (value := get(row)) is not None and test(value)

    def _range(self, value: Value) -> tuple[date, date]:
        zone = ZoneInfo(self._scope.org.facts.time_zone)
        today = datetime.fromtimestamp(self._scope.org.clock.now(), zone).date()
        try:
            return range_of(str(value.value), value.amount, today)
        except (OverflowError, ValueError):
            raise Refused(400, "INVALID_QUERY_FILTER_OPERATOR", f"number out of range: {value.amount}") from None

    def _edge(self, field: Field, day: date) -> Any:
        if field.type == "date":
            return day.isoformat()
        zone = ZoneInfo(self._scope.org.facts.time_zone)
        return int(datetime.combine(day, time(), zone).timestamp() * 1000)

    def _value(self, field: Field, value: Value, path: Path) -> Any:
        if value.sort == "null":
            return False if field.type == "boolean" else None
        if field.type in {"id", "reference"}:
            return self._id(value, path)
        if field.type in WANTED:
            if value.sort not in WANTED[field.type][1]:
                raise self._mistyped(field, path, quoted=value.sort == "string")
        elif (value.sort == "number") != field.is_number or value.sort not in {"number", "string"}:
            raise self._mistyped(field, path, quoted=value.sort == "string")
        return str(value.value).casefold() or None if field.is_text else value.value

    def _id(self, value: Value, path: Path) -> str | None:
        if value.value == "":
            return None
        found = long_id(value.value) if value.sort == "string" else None
        if found is None:
            message = f"invalid ID field: {value.value}"
            raise self._scope.refused("INVALID_QUERY_FILTER_OPERATOR", path, message)
        return found

    def _filterable(self, path: Path) -> Field:
        field = self._scope.field(path)
        if not field.filterable:
            message = f"field '{field.name}' can not be filtered in a query call"
            raise self._scope.refused("INVALID_FIELD", path, message)
        return field

    def _folded(self, field: Field, path: Path) -> Getter:
        """Texts compare without case; ids are told apart by it."""
        get = self._scope.getter(path)
        if not field.is_text:
            return get
        return lambda row: None if (value := get(row)) is None else str(value).casefold()

    def _mistyped(self, field: Field, path: Path, *, quoted: bool) -> Refused:
        wanted = WANTED.get(field.type, (field.type if field.is_number else "string", set()))[0]
        tail = "" if field.is_text else " and should not be enclosed in quotes" if quoted else ""
        tail = " and should be enclosed in quotes" if field.is_text else tail
        message = f"value of filter criterion for field '{field.name}' must be of type {wanted}{tail}"
        return self._scope.refused("INVALID_FIELD", path, message)


def like_pattern(text: str) -> re.Pattern[str]:
    """`%` stands for any characters, `_` for one; a backslash takes the meaning away."""
    parts = re.findall(r"\\[%_]|.", text.casefold(), re.DOTALL)
    signs = {"%": ".*", "_": "."}
    return re.compile("".join(signs.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


def _ordered(get: Getter, holds: Callable[[Any, Any], bool], wanted: Any) -> Test:
    """Nothing is before or after null."""
    if wanted is None:
        return lambda _: False
    return lambda row: (value := get(row)) is not None and holds(value, wanted)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) and second(row)
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)
