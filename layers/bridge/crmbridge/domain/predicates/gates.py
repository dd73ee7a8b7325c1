"""Rules in one form: gates of AND and of OR, one inside the other, and below them clauses in bundles.

NOT is gone: by De Morgan, which Kleene's logic keeps to, it is handed down to the clauses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crmbridge.domain.predicates.trees import Clause, Node
from crmbridge.domain.records import Kind


@dataclass(frozen=True, slots=True)
class Literal:
    """A clause that must come out as `wanted`."""

    clause: Clause
    wanted: bool

    @property
    def wants_its_test(self) -> bool:
        return self.wanted is not self.clause.operator.negated

    def opposite(self) -> "Literal":
        return Literal(self.clause, not self.wanted)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Clauses that share one bit: it holds when every literal does, or `negated` when not every one does.

    No two of them look at linked records of one kind: of several records each may be held by another one.
    """

    literals: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds when all of its bundles and gates do, or, if not `of_all`, when any of them does.

    Gates come by `rank`, the highest first. The rank says how often one has to count (see `mask_layout`): a gate is
    counted along with the first gate in it, all others must have been counted before.
    """

    of_all: bool
    bundles: tuple[Bundle, ...]
    gates: tuple["Gate", ...]
    rank: int


def gate(node: Node) -> Gate:
    return _gate([node], wanted=True, of_all=True)


def _gate(nodes: Iterable[Node], *, wanted: bool, of_all: bool) -> Gate:
    literals: list[Literal] = []
    inner: list[Gate] = []
    for node in nodes:
        _gather(node, wanted, of_all, literals, inner)
    bundles = _bundled(literals, of_all)
    bundles += [one.bundles[0] for one in inner if _is_bundle(one)]
    gates = sorted((one for one in inner if not _is_bundle(one)), key=lambda one: one.rank, reverse=True)
    return Gate(of_all, tuple(bundles), tuple(gates), max([1, *(one.rank + (at > 0) for at, one in enumerate(gates))]))


def _is_bundle(one: Gate) -> bool:
    return not one.gates and len(one.bundles) == 1


def _gather(node: Node, wanted: bool, of_all: bool, literals: list[Literal], gates: list[Gate]) -> None:
    """Add to a gate that `node` comes out as `wanted`."""
    if isinstance(node, Clause):
        literals.append(Literal(node, wanted))
    elif node.kind == "NOT":
        _gather(node.parts[0], not wanted, of_all, literals, gates)
    elif len(node.parts) == 1 or ((node.kind == "AND") is wanted) is of_all:
        for part in node.parts:
            _gather(part, wanted, of_all, literals, gates)
    else:
        gates.append(_gate(node.parts, wanted=wanted, of_all=not of_all))


def _bundled(literals: Sequence[Literal], of_all: bool) -> list[Bundle]:
    """Any of them holds when not all of them fail."""
    bundles: list[tuple[set[Kind], list[Literal]]] = []
    for literal in literals:
        link = literal.clause.word.link
        free = next((bundle for bundle in bundles if link not in bundle[0]), None)
        if free is None:
            bundles.append(free := (set(), []))
        free[1].append(literal if of_all else literal.opposite())
        if link:
            free[0].add(link)
    return [Bundle(tuple(some), not of_all) for _, some in bundles]
