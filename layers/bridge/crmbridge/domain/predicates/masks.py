"""All rules of a workspace asked at once: a record costs a look-up per field and some arithmetic on large numbers, not
a walk over every rule. Held to be equal to asking each of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crmbridge.domain.predicates.bits import bits_of, mask_of
from crmbridge.domain.predicates.compiled import Predicate
from crmbridge.domain.predicates.gates import Bundle, gate
from crmbridge.domain.predicates.holding import NOBODY, same_holding
from crmbridge.domain.predicates.mask_layout import lay_out
from crmbridge.domain.predicates.mask_orders import Entry, OrderedColumn
from crmbridge.domain.predicates.mask_texts import TextColumn
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.values import Family
from crmbridge.domain.predicates.words import Facts, facts
from crmbridge.domain.records import Kind, Record

Fails = tuple[int, int]
"""The bits of which a clause surely fails, and those of which one may; the latter may be among the former."""


class MaskIndex:
    """Of predicates about one kind of record, asked in one time zone; None keeps its number and is never true. Building
    it costs some 0.1 ms per predicate."""

    def __init__(self, predicates: Sequence[Predicate | None]) -> None:
        kinds = {predicate.kind for predicate in predicates if predicate}
        if len(kinds) > 1:
            raise ValueError("predicates about several kinds of record")
        self.kind = next(iter(kinds), Kind.DEAL)
        layout = lay_out([(at, gate(one.tree)) for at, one in enumerate(predicates) if one])
        self._numbers = layout.roots
        self._roots = mask_of(layout.roots)
        self._counts = layout.counts
        self._plain = mask_of(bit for bit, bundle in layout.bundles.items() if not bundle.negated)
        self._negated = mask_of(bit for bit, bundle in layout.bundles.items() if bundle.negated)
        self._own, self._linked = _banks(layout.bundles)

    def matches(self, record: Record | Mapping[str, Any], when: When | None = None) -> tuple[int, int]:
        """The masks of the predicates that are true and of those that are unknown; `numbers` names their bits."""
        known = record if isinstance(record, Facts) else facts(record, self.kind)
        fails, may_fail = self._fails(known, when)
        surely = self._counted((fails | may_fail & self._plain) ^ self._plain)
        maybe = self._counted((fails | may_fail & self._negated) ^ self._plain)
        return surely, surely ^ maybe

    def numbers(self, mask: int) -> list[int]:
        """The positions, in the sequence this was made of, of the predicates in a mask; in no order."""
        return [self._numbers[bit] for bit in bits_of(mask)]

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
        return surely, maybe

    def _counted(self, holding: int) -> int:
        """From the bundles that hold to the predicates that do."""
        for counted, added, caught in self._counts:
            holding |= (holding & counted) + added & caught
        return holding & self._roots


class Column(Protocol):
    """What one field says to all rules."""

    def fails(self, known: Facts, when: When | None) -> int | None:
        """The bits of which a clause about it fails; None when it is not known."""

    def days_to_flip(self, known: Facts, when: When) -> int | None:
        """The days until time alone changes what it says; None: it never does."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The columns of one record's fields, each with the bits it has a say in."""

    columns: Sequence[tuple[Column, int]]

    def fails(self, known: Facts, when: When | None) -> Fails:
        surely = maybe = 0
        for column, involved in self.columns:
            if (failing := column.fails(known, when)) is None:
                maybe |= involved
            else:
                surely |= failing
        return surely, maybe

    def days_to_flips(self, known: Facts, when: When) -> Iterable[int]:
        return (days for column, _ in self.columns if (days := column.days_to_flip(known, when)) is not None)


@dataclass(frozen=True, slots=True)
class LinkedBank:
    """The same of linked records. For the bits of `every` none of them may fail, for all others one that does not is
    enough."""

    link: Kind
    bank: Bank
    involved: int
    every: int

    def fails(self, known: Facts, when: When | None) -> Fails:
        others = known.linked.get(self.link)
        if others is None:
            return 0, self.involved
        surely, maybe = self.bank.fails((others or NOBODY)[0], when)
        for other in others[1:]:
            more, perhaps = self.bank.fails(other, when)
            surely, maybe = self._both(surely, more), self._both(surely | maybe, more | perhaps)
        return surely, maybe

    def _both(self, one: int, other: int) -> int:
        return one & other | (one | other) & self.every


def _banks(bundles: Mapping[int, Bundle]) -> tuple[Bank, list[LinkedBank]]:
    """Clauses are in a bank with those that look at the same record."""
    found: dict[Kind | None, list[Entry]] = defaultdict(list)
    for bit, bundle in bundles.items():
        for literal in bundle.literals:
            found[literal.clause.word.link].append((bit, literal))
    own = _bank(found.pop(None, []))
    return own, [_linked_bank(link, entries) for link, entries in found.items() if link]


def _linked_bank(link: Kind, entries: Sequence[Entry]) -> LinkedBank:
    """Wanting that no linked record says so is wanting that all of them say the opposite."""
    every = mask_of(bit for bit, literal in entries if (literal.clause.match == "all") is literal.wanted)
    return LinkedBank(link, _bank(entries), mask_of(bit for bit, _ in entries), every)


def _bank(entries: Sequence[Entry]) -> Bank:
    alike: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for bit, literal in entries:
        alike[same_holding(literal.clause)].append((bit, literal))
    return Bank([(_column(some), mask_of(bit for bit, _ in some)) for some in alike.values()])


def _column(entries: Sequence[Entry]) -> Column:
    clause = entries[0][1].clause
    is_text = clause.family is Family.TEXT and not clause.operator.of_emptiness
    return TextColumn(entries) if is_text else OrderedColumn(entries)
