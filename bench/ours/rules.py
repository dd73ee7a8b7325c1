"""The product's own index of all rules, asked of every record as a worker asks it."""

from collections import Counter
from collections.abc import Sequence

from crmbridge.domain.predicates import MaskIndex, compile_predicate
from crmbridge.wiring import calm_collector

from bench.deals import WHEN, Row, Rule, deal_of
from bench.sides import measure

Masks = list[tuple[int, int]]


class Ours:
    def __init__(self, rows: Sequence[Row], rules: Sequence[Rule]) -> None:
        calm_collector()
        self._deals = [deal_of(row) for row in rows]
        self._index = MaskIndex([compile_predicate(rule) for rule in rules])
        self._size = len(rules)

    def answers(self, first: int) -> list[list[bool | None]]:
        return [self._row(*self._index.matches(deal, WHEN)) for deal in self._deals[:first]]

    def evaluate(self) -> Masks:
        return [self._index.matches(deal, WHEN) for deal in self._deals]

    def counts(self, evaluated: Masks) -> list[int]:
        found = Counter(number for true, _ in evaluated for number in self._index.numbers(true))
        return [found[number] for number in range(self._size)]

    def _row(self, true: int, unknown: int) -> list[bool | None]:
        row: list[bool | None] = [False] * self._size
        for number in self._index.numbers(true):
            row[number] = True
        for number in self._index.numbers(unknown):
            row[number] = None
        return row


if __name__ == "__main__":
    measure(Ours)
