"""Where each rule has its bits, so that adding two numbers answers all rules: a sum carries like a chain of gates.

A gate is a chain of neighbouring bits. Going up the chain, the carry is what the gate says so far: at a bit that must
hold too, it goes on only if that bit is set; at one that is enough, where 1 is added, it goes on if either is. The
first bit starts the carry, and what comes out at the end is caught in a bit that was free. There, the chain of an outer
gate finds it in the next count, and passes over the inner chain since ones are added all along it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crmbridge.domain.predicates.bits import mask_of
from crmbridge.domain.predicates.gates import Bundle, Gate


class Count(NamedTuple):
    """One addition: of `added` to the bits that are `counted`; its outcomes are the bits that are `caught`."""

    counted: int
    added: int
    caught: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`bundles` and `roots` by their bits; a root's bit is where its outcome is caught."""

    bundles: dict[int, Bundle]
    roots: dict[int, int]
    counts: Sequence[Count]


def lay_out(gates: Sequence[tuple[int, Gate]]) -> Layout:
    """Of numbered gates. What is counted more than once lies lowest, so that later counts are of smaller numbers."""
    writer = _Writer()
    roots = {}
    for number, gate in sorted(gates, key=lambda one: one[1].rank, reverse=True):
        writer.chain(gate, gate.rank)
        roots[writer.catch(gate.rank)] = number
    return Layout(writer.bundles, roots, writer.counts())


@dataclass(slots=True)
class _Writer:
    """Bits by the count (from 1) that they have a part in."""

    at: int = 0
    bundles: dict[int, Bundle] = field(default_factory=dict)
    counted: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    added: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    caught: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def chain(self, gate: Gate, count: int) -> None:
        if gate.gates:
            self.chain(gate.gates[0], count)
        for at, bundle in enumerate(gate.bundles):
            self.bundles[self.at] = bundle
            starts = at == 0 and not gate.gates
            self.link(count, adds=starts or not gate.of_all)
        for inner in gate.gates[1:]:
            start = self.at
            self.chain(inner, inner.rank)
            self.added[count] += range(start, self.at)
            self.caught[inner.rank].append(self.at)
            self.link(count, adds=not gate.of_all)

    def link(self, count: int, *, adds: bool) -> None:
        self.counted[count].append(self.at)
        if adds:
            self.added[count].append(self.at)
        self.at += 1

    def catch(self, count: int) -> int:
        self.caught[count].append(self.at)
        self.at += 1
        return self.at - 1

    def counts(self) -> list[Count]:
        return [
            Count(*(mask_of(bits[count]) for bits in (self.counted, self.added, self.caught)))
            for count in sorted(self.counted)
        ]
