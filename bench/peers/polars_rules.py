"""polars: a frame in memory, and one `select` that asks all rules. Its nulls are Kleene's, too."""

import operator
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import polars

from bench.deals import WHEN, Row, Rule
from bench.peers.columns import COLUMNS, folded, table_of
from bench.sides import measure

COMPARISONS: Final = {"eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "lt": operator.lt, "lte": operator.le}


class Polars:
    def __init__(self, rows: Sequence[Row], rules: Sequence[Rule]) -> None:
        """Numbers are floats here: decimals cost polars more."""
        table = {
            column: [float(value) if isinstance(value, Decimal) else value for value in values]
            for column, values in table_of(rows).items()
        }
        self._frame = polars.DataFrame(table)
        self._asked = [condition(rule).alias(str(at)) for at, rule in enumerate(rules)]

    def answers(self, first: int) -> list[tuple[bool | None, ...]]:
        found: list[tuple[bool | None, ...]] = self._frame.head(first).select(self._asked).rows()
        return found

    def evaluate(self) -> Any:
        return self._frame.select([asked.sum() for asked in self._asked]).row(0)

    def counts(self, evaluated: Any) -> list[int]:
        return list(evaluated)


def condition(rule: Rule) -> Any:
    if "rules" not in rule:
        return _comparison(polars.col(COLUMNS[rule["field"]]), rule["operator"], folded(rule["value"]))
    parts = [condition(part) for part in rule["rules"]]
    if rule["operator"] == "NOT":
        return ~parts[0]
    return reduce(operator.and_ if rule["operator"] == "AND" else operator.or_, parts)


def _comparison(column: Any, name: str, value: Any) -> Any:
    if name == "in":
        return column.is_in(value)
    if name == "within_next_days":
        return column.is_between(WHEN.today, WHEN.today + timedelta(value))
    if name == "contains":
        return column.str.contains(value, literal=True)
    if name == "starts_with":
        return column.str.starts_with(value)
    return COMPARISONS[name](column, value)


if __name__ == "__main__":
    measure(Polars)
