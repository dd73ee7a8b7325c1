"""Where each rule has its bit: the roots first, then level by level the parts that they are made of.

The bits of a level lie one after another, and of each level's parts all first ones lie together, then all second ones,
each in the order of what it is a part of. So a level is folded into the one above by a few shifts of many bits each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from crmbridge.domain.predicates.nands import Nand

GAP: Final = 256
"""How many columns without such a part are bridged by holes; beyond that a segment of its own costs less."""


class Segment(NamedTuple):
    """One part each of neighbouring columns of the level above, from the column `at`; `start` is where the first of
    them is within the level of the parts, `mask` as many ones as there are."""

    start: int
    at: int
    mask: int


@dataclass(frozen=True, slots=True)
class Level:
    """`offset` is where its bits begin among all; a column that is None is a hole, where no part is."""

    offset: int
    columns: Sequence[Nand | None]
    segments: Sequence[Segment]


def lay_out(roots: Sequence[Nand]) -> list[Level]:
    levels: list[Level] = []
    columns: list[Nand | None] = list(roots)
    offset = 0
    while columns:
        segments, parts = _parts(columns)
        levels.append(Level(offset, columns, segments))
        offset += len(columns)
        columns = parts
    return levels


def _parts(columns: Sequence[Nand | None]) -> tuple[list[Segment], list[Nand | None]]:
    segments: list[Segment] = []
    parts: list[Nand | None] = []
    having = [(at, column) for at, column in enumerate(columns) if column]
    turn = 0
    while having := [(at, column) for at, column in having if len(column.parts) > turn]:
        for run in _runs(having):
            first, last = run[0][0], run[-1][0]
            held = {at: column.parts[turn] for at, column in run}
            segments.append(Segment(len(parts), first, (1 << (last + 1 - first)) - 1))
            parts += [held.get(at) for at in range(first, last + 1)]
        turn += 1
    return segments, parts


def _runs(having: Sequence[tuple[int, Nand]]) -> list[list[tuple[int, Nand]]]:
    runs = [[having[0]]]
    for before, column in pairwise(having):
        if column[0] - before[0] > GAP:
            runs.append([])
        runs[-1].append(column)
    return runs
