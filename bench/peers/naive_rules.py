"""The obvious interpreter: walk the JSON of every group's rules for every record that changed.

It knows the same three answers, and no more about values than the workload needs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from bench.deals import WHEN, Row, Rule
from bench.sides import measure

TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda held, wanted: bool(held == wanted),
    "ne": lambda held, wanted: bool(held != wanted),
    "gt": lambda held, wanted: bool(held > wanted),
    "lt": lambda held, wanted: bool(held < wanted),
    "lte": lambda held, wanted: bool(held <= wanted),
    "in": lambda held, wanted: held in wanted,
    "contains": lambda held, wanted: wanted in held,
    "starts_with": lambda held, wanted: bool(held.startswith(wanted)),
}


def matching(groups: Sequence[Rule], row: Row, today: date) -> list[int]:
    return [at for at, rules in enumerate(groups) if answer(rules, row, today) is True]


def answer(rule: Rule, row: Row, today: date) -> bool | None:
    if "rules" not in rule:
        return _clause(rule, row, today)
    parts = (answer(part, row, today) for part in rule["rules"])
    if rule["operator"] == "NOT":
        said = next(parts)
        return None if said is None else not said
    return _joined(parts, rule["operator"] == "OR")


def _joined(parts: Iterable[bool | None], decides: bool) -> bool | None:
    found: bool | None = not decides
    for said in parts:
        if said is decides:
            return decides
        if said is None:
            found = None
    return found


def _clause(rule: Rule, row: Row, today: date) -> bool | None:
    held, wanted = row.get(rule["field"]), rule["value"]
    if held is None:
        return None
    if rule["operator"] == "within_next_days":
        return bool(0 <= (held - today).days <= wanted)
    if isinstance(held, str):
        held = held.strip().lower()
        wanted = [each.lower() for each in wanted] if isinstance(wanted, list) else wanted.lower()
    return TESTS[rule["operator"]](held, wanted)


class Naive:
    def __init__(self, rows: Sequence[Row], rules: Sequence[Rule]) -> None:
        self._rows, self._rules = rows, rules

    def answers(self, first: int) -> list[list[bool | None]]:
        return [[answer(rule, row, WHEN.today) for rule in self._rules] for row in self._rows[:first]]

    def evaluate(self) -> list[list[int]]:
        return [matching(self._rules, row, WHEN.today) for row in self._rows]

    def counts(self, evaluated: list[list[int]]) -> list[int]:
        found = Counter(at for row in evaluated for at in row)
        return [found[at] for at in range(len(self._rules))]


if __name__ == "__main__":
    measure(Naive)
