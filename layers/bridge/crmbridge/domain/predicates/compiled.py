"""Rules made callable. Kleene's logic: what is not known is neither in nor out, and cannot decide what is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmbridge.domain.predicates.asking import Answer, Ask, asked
from crmbridge.domain.predicates.holding import BLANK, UNREAD, holder
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.proofs import holding_clauses
from crmbridge.domain.predicates.schema import Known, Schema
from crmbridge.domain.predicates.trees import Clause, Node, clauses, read_tree
from crmbridge.domain.predicates.values import Family
from crmbridge.domain.predicates.words import Facts, facts
from crmbridge.domain.records import Json, Kind, Record, Type


@dataclass(frozen=True, slots=True)
class Predicate:
    """`predicate(record)` is True, False, or None for unknown. `tree` is what it was made of, `kind` what it is about,
    `needs_links` the kinds of linked records that must be among the facts.

    `when` is for time windows, which without it are as if their field had not been read, and for the day on which an
    instant lies; without it that is a day of UTC.
    """

    tree: Node
    kind: Kind
    needs_links: frozenset[Kind]
    _ask: Ask
    _hope: Ask

    def __call__(self, record: Record | Mapping[str, Any], when: When | None = None) -> Answer:
        return self._ask(facts(record, self.kind), when)

    def may_stay(self, record: Record | Mapping[str, Any], when: When | None = None) -> bool:
        """True also when only what was *not read* stands between the record and a match: nobody leaves because a
        field could not be read; who lost a value that was read and is empty does."""
        return self._hope(facts(record, self.kind), when) is True

    def proof(self, record: Record | Mapping[str, Any], when: When | None = None) -> Mapping[str, Json]:
        """Why it matches, which it does: the clauses that hold, each with what the record actually says."""
        return {"clauses": holding_clauses(self.tree, facts(record, self.kind), when, wanted=True)}

    @property
    def minds_time(self) -> bool:
        """Whether the passing of time alone may change the answer for any record."""
        return any(map(flips, clauses(self.tree)))

    @property
    def minds_zone(self) -> bool:
        """Whether the answer for any record may depend on where the asker lives."""
        return self.minds_time or any(
            each.family is Family.DAY and each.word.type is not Type.DAY for each in clauses(self.tree)
        )

    @property
    def compares_bare_amounts(self) -> bool:
        """Whether a threshold of money has no currency."""
        amounts = (each for each in clauses(self.tree) if each.is_money)
        return any(each.currency is None and not each.operator.of_emptiness for each in amounts)

    def next_flip(self, record: Record | Mapping[str, Any], when: When) -> datetime | None:
        """The next moment at which the passing of time alone may change the answer; None: never."""
        known = facts(record, self.kind)
        ahead = [days for clause in clauses(self.tree) for days in _days_to_flips(clause, known, when)]
        return when.midnight_in(min(ahead)) if ahead else None


def compile_predicate(
    rules: Any,
    *,
    kind: Kind = Kind.DEAL,
    schema: Schema | None = None,
    currency: str | None = None,
    saved: bool = False,
) -> Predicate:
    """From `{"operator": "AND", "rules": [{"field": "deal_stage", "operator": "eq", "value": "Negotiation"}, ...]}`,
    as JSON text or already loaded. Raises Invalid; never anything else.

    With a schema, custom fields and options must be those of the CRMs, and an option goes by value and by label.
    `currency` is that of an amount beside which the rule names none. `saved` rules were accepted once, when a key that
    means nothing was no mistake yet.
    """
    tree = read_tree(rules, kind=kind, schema=schema, currency=currency, saved=saved)
    links = frozenset(clause.word.link for clause in clauses(tree) if clause.word.link)
    return Predicate(tree, kind, links, asked(tree, None), asked(tree, True))


def custom_types(predicate: Predicate, schema: Schema) -> Mapping[str, Type]:
    """As what the custom fields that a predicate asks for were read, as far as the schema knew them."""
    asked = [each.word for each in clauses(predicate.tree) if each.word.type is None]
    known = {f"{word.kind}.{word.sources[0]}": schema.get(word.kind, {}).get(word.sources[0]) for word in asked}
    return {name: field.type for name, field in known.items() if field}


def schema_of_types(types: Mapping[str, Type]) -> Schema:
    """What reads them as the same again, whatever has become of the CRMs' schemas."""
    schema: dict[Kind, dict[str, Known]] = {}
    for name, type_ in types.items():
        kind, _, source = name.partition(".")
        schema.setdefault(Kind(kind), {})[source] = Known(type_)
    return schema


def flips(clause: Clause) -> tuple[int, ...]:
    """The ages at which a window's answer changes."""
    if clause.operator.window is None:
        return ()
    low, high = clause.operand
    return tuple(age for age in (low, None if high is None else high + 1) if age is not None)


def _days_to_flips(clause: Clause, known: Facts, when: When) -> Iterable[int]:
    if not (ages := flips(clause)):
        return
    link, held = clause.word.link, holder(clause)
    for other in known.linked.get(link, ()) if link else (known,):
        age = held(other, when)
        if age is not UNREAD and age is not BLANK:
            yield from (at - age for at in ages if at > age)
