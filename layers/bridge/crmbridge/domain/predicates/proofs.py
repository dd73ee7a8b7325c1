"""Why a record matches: the clauses that hold, each with what the record says there, in a person's words."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from crmbridge.domain.predicates.asking import asked
from crmbridge.domain.predicates.holding import holder
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.operators import Takes
from crmbridge.domain.predicates.trees import Clause, Join, Node
from crmbridge.domain.predicates.values import is_blank
from crmbridge.domain.predicates.words import Facts
from crmbridge.domain.records import Json, Labelled, Type


def holding_clauses(node: Node, known: Facts, when: When | None, *, wanted: bool) -> list[Json]:
    """The leaves that make `node` come out as `wanted`, which it does. Where all parts must, none is asked again."""
    if not isinstance(node, Join):
        leaf = {**asked_by(node), "actual": _actual(node, known)}
        return [leaf if wanted else {**leaf, "not": True}]
    if node.kind == "NOT":
        return holding_clauses(node.parts[0], known, when, wanted=not wanted)
    all_must = (node.kind == "AND") is wanted
    parts = [part for part in node.parts if all_must or asked(part, None)(known, when) is wanted]
    return [leaf for part in parts for leaf in holding_clauses(part, known, when, wanted=wanted)]


def decided_clauses(node: Node, known: Facts, when: When | None) -> list[Json]:
    """Every leaf of which it is known whether it holds, as `explained` takes them."""
    if isinstance(node, Join):
        return [leaf for part in node.parts for leaf in decided_clauses(part, known, when)]
    holds = asked(node, None)(known, when)
    if holds is None:
        return []
    leaf = {**asked_by(node), "actual": _actual(node, known)}
    return [leaf if holds else {**leaf, "not": True}]


def asked_by(clause: Clause) -> dict[str, Json]:
    """The clause as a rule says it; an amount with the currency in which it is compared."""
    asked = {"field": clause.word.name, "operator": clause.operator.name}
    if clause.operator.takes is not Takes.NOTHING:
        asked["value"] = clause.value
    if clause.match == "all":
        asked["match"] = clause.match
    return {**asked, "currency": clause.currency.upper()} if clause.currency else asked


def _actual(clause: Clause, known: Facts) -> Json:
    """As a person would say it: the label of a stage rather than its id, an amount in the currency it was compared in.
    Of linked records, what each of them says."""
    link = clause.word.link
    return [_said(clause, other) for other in known.linked.get(link, ())] if link else _said(clause, known)


def _said(clause: Clause, known: Facts) -> Json:
    if clause.currency:
        compared = holder(clause)(known, None)
        return str(compared) if isinstance(compared, Decimal) else None
    values = [known[name] for name in reversed(clause.word.sources) if not is_blank(known.get(name))]
    if not values:
        return None
    said = _plain(values[0], is_option=clause.word.type is not Type.LABELLED)
    return said[0] if clause.word.type in (None, Type.OPTION) and isinstance(said, list) and len(said) == 1 else said


def _plain(value: Any, *, is_option: bool) -> Json:
    """An option by its label, a linked record by its name, an amount without its currency; an e-mail's label is not
    what it is."""
    if isinstance(value, Labelled):
        return (is_option and value.label) or value.value
    if isinstance(value, Mapping):
        return value.get("name", value.get("value"))
    if isinstance(value, (tuple, list)):
        return [_plain(item, is_option=is_option) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
