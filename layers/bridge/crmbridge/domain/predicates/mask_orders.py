"""A field of ordered values, asked by all rules at once: numbers, days, instants, flags, ages, whether it is empty."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from crmbridge.domain.predicates.compiled import flips
from crmbridge.domain.predicates.gates import Literal
from crmbridge.domain.predicates.holding import BLANK, UNREAD, holder
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.trees import Clause
from crmbridge.domain.predicates.words import Facts

Range = tuple[int, int]
Entry = tuple[int, Literal]
"""A literal and the bit of the bundle it belongs to."""


class OrderedColumn:
    """Between two neighbouring thresholds every value is answered alike.

    With k thresholds there are 2k + 1 places: 2i is the gap below the i-th, 2i + 1 that threshold itself.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._held = holder(entries[0][1].clause)
        self._thresholds = sorted({value for _, literal in entries for value in _thresholds(literal.clause)})
        places = {value: 2 * at + 1 for at, value in enumerate(self._thresholds)}
        self._fails = _swept(entries, places, 2 * len(self._thresholds) + 1)
        self._flips = sorted({age for _, literal in entries for age in flips(literal.clause)})

    def fails(self, known: Facts, when: When | None) -> int | None:
        value = self._held(known, when)
        if value is UNREAD or value is BLANK:
            return None
        thresholds = self._thresholds
        at = bisect_left(thresholds, value)
        is_threshold = at < len(thresholds) and thresholds[at] == value
        return self._fails[2 * at + is_threshold]

    def days_to_flip(self, known: Facts, when: When) -> int | None:
        age: Any = self._held(known, when) if self._flips else UNREAD
        if age is UNREAD or age is BLANK:
            return None
        at = bisect_right(self._flips, age)
        return self._flips[at] - age if at < len(self._flips) else None


def _thresholds(clause: Clause) -> Iterable[Any]:
    if clause.operator.of_emptiness:
        return (True,)
    operand = clause.operand if isinstance(clause.operand, (tuple, frozenset)) else (clause.operand,)
    return (value for value in operand if value is not None)


_SPANS: Final[Mapping[str, Callable[[int, int], Range]]] = {
    "gt": lambda place, end: (place + 1, end),
    "gte": lambda place, end: (place, end),
    "lt": lambda place, _: (0, place),
    "lte": lambda place, _: (0, place + 1),
}
"""Where a comparison with one threshold holds; every other operator holds at its thresholds, or between two."""


def _holds(clause: Clause, places: Mapping[Any, int], end: int) -> list[Range]:
    operator, operand = clause.operator, clause.operand
    if operator.of_emptiness:
        return [(places[True], places[True] + 1)]
    if span := _SPANS.get(operator.name):
        return [span(places[operand], end)]
    if isinstance(operand, tuple):
        low, high = operand
        return [(0 if low is None else places[low], end if high is None else places[high] + 1)]
    several = sorted(operand) if isinstance(operand, frozenset) else [operand]
    return [(places[value], places[value] + 1) for value in several]


def _failing(literal: Literal, places: Mapping[Any, int], end: int) -> list[Range]:
    holds = _holds(literal.clause, places, end)
    if not literal.wants_its_test:
        return holds
    edges = [0, *(edge for span in holds for edge in span), end]
    return [(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if start < stop]


def _swept(entries: Sequence[Entry], places: Mapping[Any, int], end: int) -> list[int]:
    """One mask per place; neighbours that say the same share it."""
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for bit, literal in entries:
        for start, stop in _failing(literal, places, end):
            steps[start].append((bit, 1))
            steps[stop].append((bit, -1))
    failing: dict[int, int] = defaultdict(int)
    filled = bytearray(max(bit for bit, _ in entries) // 8 + 1)
    masks: list[int] = []
    for start, stop in pairwise([*sorted({0, *steps} - {end}), end]):
        for bit, by in steps.get(start, ()):
            failing[bit] += by
            _put(filled, bit, failing[bit] > 0)
        masks += [int.from_bytes(filled, "little")] * (stop - start)
    return masks


def _put(filled: bytearray, bit: int, on: bool) -> None:
    if on:
        filled[bit >> 3] |= 1 << (bit & 7)
    else:
        filled[bit >> 3] &= ~(1 << (bit & 7))
