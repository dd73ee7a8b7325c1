"""rule-engine: a compiled rule per group. It knows no unknown, so every comparison asks first whether there is a value,
and NOT is handed down to the comparisons; that makes what is true the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import rule_engine

from bench.deals import WHEN, Row, Rule
from bench.peers.columns import COLUMNS, folded, table_of
from bench.sides import measure

COMPARISONS: Final = {"eq": "==", "ne": "!=", "gt": ">", "lt": "<", "lte": "<="}


class RuleEngine:
    def __init__(self, rows: Sequence[Row], rules: Sequence[Rule]) -> None:
        table = table_of(rows)
        self._rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
        self._rules = [rule_engine.Rule(condition(rule, wanted=True)) for rule in rules]

    def answers(self, first: int) -> list[list[bool | None]]:
        return [[rule.matches(row) for rule in self._rules] for row in self._rows[:first]]

    def evaluate(self) -> list[int]:
        return [sum(rule.matches(row) for row in self._rows) for rule in self._rules]

    def counts(self, evaluated: list[int]) -> list[int]:
        return evaluated


def condition(rule: Rule, *, wanted: bool) -> str:
    if "rules" not in rule:
        column = COLUMNS[rule["field"]]
        asked = _comparison(column, rule["operator"], folded(rule["value"]))
        return f"({column} != null and {asked if wanted else f'not ({asked})'})"
    if rule["operator"] == "NOT":
        return condition(rule["rules"][0], wanted=not wanted)
    joined = " and " if (rule["operator"] == "AND") is wanted else " or "
    return f"({joined.join(condition(part, wanted=wanted) for part in rule['rules'])})"


def _comparison(column: str, operator: str, value: Any) -> str:
    if operator == "in":
        return f"{column} in [{', '.join(map(_literal, value))}]"
    if operator == "within_next_days":
        last = WHEN.today + timedelta(value)
        return f'({column} >= d"{WHEN.today}" and {column} <= d"{last}")'
    if operator == "contains":
        return f"{_literal(value)} in {column}"
    if operator == "starts_with":
        return f"{column}.starts_with({_literal(value)})"
    return f"{column} {COMPARISONS[operator]} {_literal(value)}"


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    measure(RuleEngine, knows_unknown=False)
