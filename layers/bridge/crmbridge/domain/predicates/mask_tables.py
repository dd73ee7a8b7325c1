"""What one field says to all rules at once: from the value it holds to the mask of bits whose clauses fail."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from crmbridge.domain.predicates.compiled import flips
from crmbridge.domain.predicates.nands import Literal
from crmbridge.domain.predicates.trees import Clause
from crmbridge.domain.predicates.values import Family

Range = tuple[int, int]
Entry = tuple[int, Literal]
"""A literal and the bit of the conjunction it belongs to."""

REMEMBERED: Final = 512
"""How many different texts a table remembers its answer to."""


def mask_of(bits: Iterable[int]) -> int:
    """Built in one go, since adding a bit to a large number copies all of it."""
    found = list(bits)
    filled = bytearray(max(found, default=0) // 8 + 1)
    for bit in found:
        filled[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(filled, "little")


def _wanted_of_test(literal: Literal) -> bool:
    return literal.wanted is not literal.clause.operator.negated


class OrderedTable:
    """Numbers, days, instants, flags, ages: between two neighbouring thresholds every value is answered alike.

    With k thresholds there are 2k + 1 places: 2i is the gap below the i-th, 2i + 1 that threshold itself.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.thresholds = sorted({value for _, literal in entries for value in _thresholds(literal.clause)})
        places = {value: 2 * at + 1 for at, value in enumerate(self.thresholds)}
        self._fails = _swept(entries, places, 2 * len(self.thresholds) + 1)
        self._flips = sorted({age for _, literal in entries for age in flips(literal.clause)})

    def fails(self, value: Any) -> int:
        at = bisect_left(self.thresholds, value)
        is_threshold = at < len(self.thresholds) and self.thresholds[at] == value
        return self._fails[2 * at + is_threshold]

    def days_to_flip(self, age: int) -> int | None:
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
    if not _wanted_of_test(literal):
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


@dataclass(frozen=True, slots=True)
class Lane:
    """At most one clause of each conjunction. `wanting`: those that want their test to hold; `hits`: per thing that a
    text can have, the bits whose test holds then."""

    wanting: int
    hits: Mapping[tuple[str, str], int]

    def fails(self, had: Iterable[tuple[str, str]]) -> int:
        held = 0
        for thing in had:
            held |= self.hits.get(thing, 0)
        return self.wanting ^ held


_SHAPES: Final[Mapping[str, str]] = {
    "contains": "*", "not_contains": "*", "starts_with": "^", "ends_with": "$",
}  # fmt: skip
_GRAM: Final = 3


class TextTable:
    """Texts: looked up whole, by how they begin and end, and by the needles in them, whatever the number of rules."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        lanes: list[dict[int, Literal]] = []
        for bit, literal in entries:
            free = next((lane for lane in lanes if bit not in lane), None)
            if free is None:
                lanes.append(free := {})
            free[bit] = literal
        self._lanes = [_lane(lane) for lane in lanes]
        wanted = {thing for _, literal in entries for thing in _things(literal.clause)}
        self._sizes = {shape: sorted({len(text) for of, text in wanted if of == shape}) for shape in "^$"}
        self._needles: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for needle in (text for shape, text in wanted if shape == "*"):
            self._needles[min(len(needle), _GRAM)][needle[:_GRAM]].append(needle)
        self._remembered: dict[frozenset[str], int] = {}

    def fails(self, texts: frozenset[str]) -> int:
        known = self._remembered.get(texts)
        if known is None:
            had = {thing for text in texts for thing in self._had(text)}
            known = 0
            for lane in self._lanes:
                known |= lane.fails(had)
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[texts] = known
        return known

    def days_to_flip(self, _: Any) -> None:
        return None

    def _had(self, text: str) -> Iterable[tuple[str, str]]:
        yield "=", text
        for size in self._sizes["^"]:
            yield "^", text[:size]
        for size in self._sizes["$"]:
            yield "$", text[-size:]
        for size, needles in self._needles.items():
            for at in range(len(text) - size + 1):
                for needle in needles.get(text[at : at + size], ()):
                    if text.startswith(needle, at):
                        yield "*", needle


def _things(clause: Clause) -> Iterable[tuple[str, str]]:
    if isinstance(clause.operand, frozenset):
        return [("=", text) for text in clause.operand]
    return [(_SHAPES[clause.operator.name], clause.operand)]


def _lane(lane: Mapping[int, Literal]) -> Lane:
    hits: dict[tuple[str, str], list[int]] = defaultdict(list)
    for bit, literal in lane.items():
        for thing in _things(literal.clause):
            hits[thing].append(bit)
    wanting = mask_of(bit for bit, literal in lane.items() if _wanted_of_test(literal))
    return Lane(wanting, {thing: mask_of(bits) for thing, bits in hits.items()})


Table = OrderedTable | TextTable


def table_of(entries: Sequence[Entry]) -> Table:
    clause = entries[0][1].clause
    is_text = clause.family is Family.TEXT and not clause.operator.of_emptiness
    return TextTable(entries) if is_text else OrderedTable(entries)
