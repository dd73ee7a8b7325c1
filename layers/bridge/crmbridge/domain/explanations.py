"""Rules told back to a person: the tree as it was saved, each clause with what the record said."""

from collections.abc import Mapping, Sequence
from typing import Final

from crmbridge.domain.predicates.proofs import asked_by
from crmbridge.domain.predicates.trees import Clause, Node
from crmbridge.domain.records import Json

MOST_LETTERS: Final = 100
MOST_VALUES: Final = 10


def explained(node: Node, leaves: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """`leaves` are a proof's clauses. `holds` is null where a clause was not known, or was not needed."""
    if isinstance(node, Clause):
        return _explained_clause(node, leaves)
    parts = [explained(part, leaves) for part in node.parts]
    return {"operator": node.kind, "holds": _joined(node.kind, [part["holds"] for part in parts]), "rules": parts}


def outdated(leaves: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """What held under rules that are not the group's any more; their tree is gone."""
    parts = [
        {**{name: each for name, each in leaf.items() if name != "not"}, "holds": not leaf.get("not")}
        for leaf in leaves
    ]
    return {"operator": "AND", "holds": True, "rules": parts}


def abridged(told: Mapping[str, Json]) -> dict[str, Json]:
    """The same, with no more of what a record said than a person reads: a clause may have looked at a thousand linked
    records, or at a long text."""
    if "rules" in told:
        return {**told, "rules": [abridged(part) for part in told["rules"]]}
    return {**told, "actual": _brief(told["actual"])} if "actual" in told else dict(told)


def _brief(value: Json) -> Json:
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        return f"{value[:MOST_LETTERS]}…"
    if isinstance(value, list) and len(value) > MOST_VALUES:
        return [*map(_brief, value[:MOST_VALUES]), "…"]
    return list(map(_brief, value)) if isinstance(value, list) else value


def _explained_clause(clause: Clause, leaves: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    asked = asked_by(clause)
    for leaf in leaves:
        if _is_of(leaf, asked):
            return {**asked, "holds": not leaf.get("not"), "actual": leaf.get("actual")}
    return {**asked, "holds": None}


def _is_of(leaf: Mapping[str, Json], asked: Mapping[str, Json]) -> bool:
    """Proofs of an older version of ours do not say the currency."""
    told = {"currency": asked.get("currency"), **leaf}
    return all(told.get(name) == asked.get(name) for name in ("field", "operator", "value", "match", "currency"))


def _joined(kind: str, holds: Sequence[bool | None]) -> bool | None:
    """Kleene's AND, OR and NOT."""
    if kind == "NOT":
        return None if holds[0] is None else not holds[0]
    decides = kind == "OR"
    if decides in holds:
        return decides
    return None if None in holds else not decides
