"""A field of text, asked by all rules at once: looked up whole, by how it begins and ends, and by the needles in it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Final

from crmbridge.domain.predicates.bits import mask_of
from crmbridge.domain.predicates.gates import Literal
from crmbridge.domain.predicates.holding import BLANK, UNREAD, holder
from crmbridge.domain.predicates.mask_orders import Entry
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.trees import Clause
from crmbridge.domain.predicates.words import Facts

REMEMBERED: Final = 512
"""How many different values a column remembers its answer to: of stages and owners there are few."""

SHORT: Final = 100
"""A text longer than this is not remembered."""

LETTERS: Final = 4
"""How many letters of what a rule asks for have a branch each; a rule may ask for very long texts."""

Lane = dict[int, Literal]
"""At most one clause of each bundle."""

Hits = tuple[int, ...]
"""What a text has that rules ask for: per lane the bits whose test holds then."""

_MISSING: Final[Any] = object()


class TextColumn:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self._sources = entries[0][1].clause.word.sources
        self._only = self._sources[0] if len(self._sources) == 1 else None
        self._held = holder(entries[0][1].clause)
        lanes = _lanes(entries)
        self._wanting = [mask_of(bit for bit, literal in lane.items() if literal.wants_its_test) for lane in lanes]
        self._without = reduce(or_, self._wanting)
        self._finds = _Finds(lanes)
        self._remembered: dict[Any, int | None] = {}

    def fails(self, known: Facts, when: When | None) -> int | None:
        raw = known.get(self._only) if self._only else tuple([known.get(source) for source in self._sources])
        try:
            found = self._remembered.get(raw, _MISSING)
        except TypeError:  # a list cannot be looked up
            return self._fails(known, when)
        return self._learnt(raw, known, when) if found is _MISSING else found

    def days_to_flip(self, _: Facts, __: When) -> None:
        return None

    def _learnt(self, raw: Any, known: Facts, when: When | None) -> int | None:
        """Only texts are remembered, since 1 and True are the same to a dict and not to a rule."""
        found = self._fails(known, when)
        if _is_short(raw) if self._only else all(map(_is_short, raw)):
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[raw] = found
        return found

    def _fails(self, known: Facts, when: When | None) -> int | None:
        texts = self._held(known, when)
        if texts is UNREAD or texts is BLANK:
            return None
        had = [hits for text in texts for hits in self._finds.of(text)]
        if not had:
            return self._without
        failing = 0
        for lane, wanting in enumerate(self._wanting):
            held = 0
            for hits in had:
                held |= hits[lane]
            failing |= wanting ^ held
        return failing


class _Finds:
    """Finds what rules ask for in a text, letter by letter, whatever the number of rules."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._whole: dict[str, Hits] = {}
        self._begin, self._inside, self._end = _Tree(), _Tree(), _Tree()
        for (operator, text), hits in _hits(lanes).items():
            if operator == "starts_with":
                self._begin.add(text, hits)
            elif operator == "ends_with":
                self._end.add(text[::-1], hits)
            elif operator == "contains":
                self._inside.add(text, hits)
            else:
                self._whole[text] = hits

    def of(self, text: str) -> list[Hits]:
        """Some of them more than once."""
        found = [self._whole[text]] if text in self._whole else []
        if text[0] in self._begin.branches:
            self._begin.find(text, 0, found)
        if text[-1] in self._end.branches:
            self._end.find(text[::-1], 0, found)
        begun = self._inside.branches
        for at, letter in enumerate(text):
            if letter in begun:
                self._inside.find(text, at, found)
        return found


@dataclass(slots=True)
class _Tree:
    """Of texts by their first letters. `hits` belong to the text that ends here, `longer` are those that go on where
    branches end."""

    branches: dict[str, "_Tree"] = field(default_factory=dict)
    hits: Hits = ()
    longer: list[tuple[str, Hits]] = field(default_factory=list)

    def add(self, text: str, hits: Hits) -> None:
        tree = self
        for letter in text[:LETTERS]:
            tree = tree.branches.setdefault(letter, _Tree())
        if len(text) > LETTERS:
            tree.longer.append((text, hits))
        else:
            tree.hits = hits

    def find(self, text: str, at: int, found: list[Hits]) -> None:
        """Add the hits of all that begins there."""
        tree = self
        for letter in text[at : at + LETTERS]:
            if letter not in tree.branches:
                return
            tree = tree.branches[letter]
            if tree.hits:
                found.append(tree.hits)
        if tree.longer:
            found += [hits for longer, hits in tree.longer if text.startswith(longer, at)]


def _is_short(value: Any) -> bool:
    return value is None or (type(value) is str and len(value) <= SHORT)


def _lanes(entries: Sequence[Entry]) -> list[Lane]:
    lanes: list[Lane] = []
    for bit, literal in entries:
        free = next((lane for lane in lanes if bit not in lane), None)
        if free is None:
            lanes.append(free := {})
        free[bit] = literal
    return lanes


def _hits(lanes: Sequence[Lane]) -> Mapping[tuple[str, str], Hits]:
    """By how a rule asks and what for."""
    bits: dict[tuple[str, str], list[list[int]]] = defaultdict(lambda: [[] for _ in lanes])
    for at, lane in enumerate(lanes):
        for bit, literal in lane.items():
            for asked in _asked(literal.clause):
                bits[asked][at].append(bit)
    return {asked: tuple(map(mask_of, of_lanes)) for asked, of_lanes in bits.items()}


def _asked(clause: Clause) -> Iterable[tuple[str, str]]:
    if isinstance(clause.operand, frozenset):
        return [("eq", text) for text in clause.operand]
    return [(clause.operator.name.removeprefix("not_"), clause.operand)]
