"""All rules of a workspace asked at once: a record costs a look-up per field and some arithmetic on bits, not a walk
over every rule. Held to be equal to asking each of them."""

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any

from crmbridge.domain.predicates.compiled import Predicate
from crmbridge.domain.predicates.holding import BLANK, NOBODY, UNREAD, Held, holder, same_holding
from crmbridge.domain.predicates.mask_layout import Level, lay_out
from crmbridge.domain.predicates.mask_tables import Entry, Table, mask_of, table_of
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.nands import nand
from crmbridge.domain.predicates.words import Facts, facts
from crmbridge.domain.records import Kind, Record

Fails = tuple[int, int]
"""The bits that surely fail, and those that fail or may."""


class MaskIndex:
    """Of predicates about one kind of record, asked in one time zone; None keeps its number and is never true. Building
    it costs some 0.2 ms per predicate."""

    def __init__(self, predicates: Sequence[Predicate | None]) -> None:
        kinds = {predicate.kind for predicate in predicates if predicate}
        if len(kinds) > 1:
            raise ValueError("predicates about several kinds of record")
        self.kind = next(iter(kinds), Kind.DEAL)
        roots = {at: nand(predicate.tree) for at, predicate in enumerate(predicates) if predicate}
        self._order = sorted(roots, key=lambda at: roots[at].shape, reverse=True)
        levels = lay_out([roots[at] for at in self._order])
        self._levels = [(level, (1 << len(level.columns)) - 1) for level in levels]
        self._holes = mask_of(bit for bit, column in _placed(levels) if column is None) if levels else 0
        self._own, self._linked = _banks(levels)

    def matches(self, record: Record | Mapping[str, Any], when: When | None = None) -> tuple[int, int]:
        """The masks of the predicates that are true and of those that are unknown; `numbers` names their bits."""
        fails = self._fails(facts(record, self.kind), when)
        surely = maybe = 0
        for level, full in reversed(self._levels):
            surely, maybe = _folded(level, full, fails, (surely, maybe))
        return surely, maybe & ~surely

    def numbers(self, mask: int) -> list[int]:
        """The positions, in the sequence this was made of, of the predicates in a mask; in no order."""
        return [self._order[bit] for bit in _bits(mask)]

    def next_flip(self, record: Record | Mapping[str, Any], when: When) -> datetime | None:
        """The next moment at which the passing of time alone may change any of the answers; None: never."""
        known = facts(record, self.kind)
        ahead = list(self._own.days_to_flips(known, when))
        for linked in self._linked:
            for other in known.linked.get(linked.link, ()):
                ahead += linked.bank.days_to_flips(other, when)
        return when.midnight_in(min(ahead)) if ahead else None

    def _fails(self, known: Facts, when: When | None) -> Fails:
        surely, maybe = self._own.fails(known, when)
        for linked in self._linked:
            more, perhaps = linked.fails(known, when)
            surely, maybe = surely | more, maybe | perhaps
        return surely | self._holes, maybe | self._holes


@dataclass(frozen=True, slots=True)
class Bank:
    """The tables of one record's fields, each with how its value is read and the bits it has a say in."""

    tables: Sequence[tuple[Held, Table, int]]

    def fails(self, known: Facts, when: When | None) -> Fails:
        surely = unknown = 0
        for held, table, involved in self.tables:
            value = held(known, when)
            if value is UNREAD or value is BLANK:
                unknown |= involved
            else:
                surely |= table.fails(value)
        return surely, surely | unknown

    def days_to_flips(self, known: Facts, when: When) -> Iterable[int]:
        for held, table, _ in self.tables:
            value = held(known, when)
            if value is not UNREAD and value is not BLANK and (days := table.days_to_flip(value)) is not None:
                yield days


@dataclass(frozen=True, slots=True)
class LinkedBank:
    """The same of linked records: `any_one` of them is enough, or none may fail."""

    link: Kind
    any_one: bool
    bank: Bank
    involved: int

    def fails(self, known: Facts, when: When | None) -> Fails:
        if self.link not in known.linked:
            return 0, self.involved
        found = [self.bank.fails(other, when) for other in known.linked[self.link] or NOBODY]
        combine = and_ if self.any_one else or_
        return reduce(combine, (surely for surely, _ in found)), reduce(combine, (maybe for _, maybe in found))


def _folded(level: Level, full: int, fails: Fails, below: Fails) -> Fails:
    """The bits of a level that surely hold, and those that hold or may. What may hold below may fail here."""
    surely_fails, may_fail = (failing >> level.offset for failing in fails)
    surely_below, maybe_below = below
    for start, at, mask in level.segments:
        surely_fails |= (surely_below >> start & mask) << at
        may_fail |= (maybe_below >> start & mask) << at
    return full & ~may_fail, full & ~surely_fails


def _placed(levels: Sequence[Level]) -> Iterable[tuple[int, Any]]:
    return ((level.offset + at, column) for level in levels for at, column in enumerate(level.columns))


def _banks(levels: Sequence[Level]) -> tuple[Bank, list[LinkedBank]]:
    """A clause is in a bank with those that look at the same record in the same way. Wanting that no linked record
    says so is wanting that all of them say the opposite."""
    found: dict[tuple[Kind, bool] | None, list[Entry]] = {None: []}
    for bit, column in _placed(levels):
        for literal in column.literals if column else ():
            clause = literal.clause
            place = (clause.word.link, (clause.match == "any") is literal.wanted) if clause.word.link else None
            found.setdefault(place, []).append((bit, literal))
    own = _bank(found.pop(None))
    return own, [
        LinkedBank(place[0], place[1], _bank(entries), mask_of(bit for bit, _ in entries))
        for place, entries in found.items()
        if place
    ]


def _bank(entries: Sequence[Entry]) -> Bank:
    alike: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for bit, literal in entries:
        alike[same_holding(literal.clause)].append((bit, literal))
    return Bank(
        [(holder(some[0][1].clause), table_of(some), mask_of(bit for bit, _ in some)) for some in alike.values()]
    )


def _bits(mask: int) -> Iterable[int]:
    """By words of 64, since taking a bit off a large number copies all of it."""
    count = (mask.bit_length() + 63) // 64
    for at, word in enumerate(struct.unpack(f"<{count}Q", mask.to_bytes(8 * count, "little"))):
        left = word
        while left:
            lowest = left & -left
            yield 64 * at + lowest.bit_length() - 1
            left ^= lowest
