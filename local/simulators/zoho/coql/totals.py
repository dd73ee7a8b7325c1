"""Aggregates: one row per group of rows, or one over all of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from local.simulators.zoho.coql.parse import Column, Query
from local.simulators.zoho.errors import Refused
from local.simulators.zoho.fields import NUMBERS, Field
from local.simulators.zoho.store import Row

Read = Callable[[Row], Any]
ORDERED = NUMBERS | {"date", "datetime", "bigint"}


def check(query: Query, field: Callable[[Column], Field]) -> None:
    """What is selected is a total or part of the group; sums are of numbers, extremes of what has an order."""
    grouped = {column.name for column in query.group}
    for column in query.columns:
        if not column.function and column.name not in grouped:
            raise Refused(400, "INVALID_QUERY", "column given is not in the group by clause", column_name=column.name)
        allowed = {"SUM": NUMBERS, "AVG": NUMBERS, "MIN": ORDERED, "MAX": ORDERED}.get(column.function)
        if allowed is not None and field(column).type not in allowed:
            details = {"column_name": column.name, "data_type": field(column).type, "clause": "select"}
            raise Refused(400, "INVALID_QUERY", "data type not supported", **details)


def totals(query: Query, rows: Iterable[Row], show: Callable[[Column], Read]) -> Iterator[dict[str, Any]]:
    """Groups in the order in which they are met; without a group all rows are one, even when there are none."""
    readers = {column.shown: show(column) for column in (*query.columns, *query.group)}
    groups: dict[bytes, list[Row]] = {}
    for row in rows:
        key = orjson.dumps([readers[column.shown](row) for column in query.group])
        groups.setdefault(key, []).append(row)
    for members in groups.values() if query.group else [[each for held in groups.values() for each in held]]:
        yield {column.shown: _value(column, members, readers[column.shown]) for column in query.columns}


def _value(column: Column, members: list[Row], read: Read) -> Any:
    if not column.function:
        return read(members[0])
    held = [value for value in map(read, members) if value is not None]
    if column.function == "COUNT":
        return len(held)
    if not held:
        return None
    return TOTALS[column.function](held)


def _average(values: list[Any]) -> float:
    return round(float(sum(values)) / len(values), 2)


TOTALS: dict[str, Callable[[list[Any]], Any]] = {"SUM": sum, "MIN": min, "MAX": max, "AVG": _average}
