"""Whether rules ask for deals that are closed or won: a group of such rules without closed deals would bring nobody."""

from collections.abc import Collection

from crmbridge.domain.predicates.operators import NAMED
from crmbridge.domain.predicates.trees import Clause, Node
from crmbridge.domain.records import Kind


def asks_for_closed(node: Node, stages: Collection[str], *, wanted: bool = True) -> bool:
    """`stages` are the closed ones, by id and by label, case-folded. Naming them to leave them out asks for none."""
    if not isinstance(node, Clause):
        inside = wanted is not (node.kind == "NOT")
        return any(asks_for_closed(part, stages, wanted=inside) for part in node.parts)
    if node.operator.name not in NAMED or node.operator.negated is wanted or node.word.link:
        return False
    named = node.operand if isinstance(node.operand, frozenset) else frozenset({node.operand})
    return node.word.kind is Kind.DEAL and not named.isdisjoint(_closed(node.word.sources[0], stages))


def _closed(source: str, stages: Collection[str]) -> Collection[str | bool]:
    if source in ("is_closed", "is_won"):
        return (True,)
    return stages if source in ("stage", "stage_label") else ()
