"""Rules in one form: a conjunction of clauses and of other such conjunctions that must *not* hold.

Every AND, OR and NOT can be said so, and Kleene's logic says the same of it: A or B is not (not A and not B).
"""

from dataclasses import dataclass

from crmbridge.domain.predicates.trees import Clause, Node


@dataclass(frozen=True, slots=True)
class Literal:
    """A clause that must come out as `wanted`."""

    clause: Clause
    wanted: bool


@dataclass(frozen=True, slots=True)
class Nand:
    """Holds when every literal does and none of the parts does. A literal about linked records is always alone.

    Parts come largest first; `shape` is how they branch, so that what is alike can be laid side by side.
    """

    literals: tuple[Literal, ...]
    parts: tuple["Nand", ...]
    shape: tuple["Shape", ...]


Shape = int | tuple["Shape", ...]


def nand(node: Node) -> Nand:
    return _conjunction([node], wanted=True)


def _conjunction(nodes: list[Node], *, wanted: bool) -> Nand:
    literals: list[Literal] = []
    parts: list[Nand] = []
    for node in nodes:
        _gather(node, wanted, literals, parts)
    return _made(literals, parts)


def _made(literals: list[Literal], parts: list[Nand]) -> Nand:
    largest_first = sorted(parts, key=lambda part: part.shape, reverse=True)
    return Nand(tuple(literals), tuple(largest_first), (len(parts), *(part.shape for part in largest_first)))


def _gather(node: Node, wanted: bool, literals: list[Literal], parts: list[Nand]) -> None:
    """Add to a conjunction that `node` comes out as `wanted`."""
    if isinstance(node, Clause):
        if node.word.link:
            parts.append(_made([Literal(node, not wanted)], []))
        else:
            literals.append(Literal(node, wanted))
    elif node.kind == "NOT":
        _gather(node.parts[0], not wanted, literals, parts)
    elif (node.kind == "AND") is wanted or len(node.parts) == 1:
        for part in node.parts:
            _gather(part, wanted, literals, parts)
    else:
        parts.append(_conjunction(list(node.parts), wanted=not wanted))
