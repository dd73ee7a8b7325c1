"""Rules made callable. Kleene's logic: what is not known is neither in nor out, and cannot decide what is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.predicates.operators import Takes
from crmbridge.domain.predicates.trees import Clause, Join, Node, read_tree
from crmbridge.domain.predicates.values import READINGS, Family, each, is_blank, read_text
from crmbridge.domain.predicates.words import Facts, facts
from crmbridge.domain.records import Json, Labelled, Record

Answer = bool | None
Ask = Callable[[Facts], Answer]

_UNREAD: Final = object()
_BLANK: Final = object()


@dataclass(frozen=True, slots=True)
class Predicate:
    """`predicate(record)` is True, False, or None for unknown. `tree` is what it was made of."""

    tree: Node
    _ask: Ask
    _hope: Ask

    def __call__(self, record: Record | Mapping[str, Any]) -> Answer:
        return self._ask(facts(record))

    def may_stay(self, record: Record | Mapping[str, Any]) -> bool:
        """True also when only what was *not read* stands between the record and a match: nobody leaves because a
        field could not be read; who lost a value that was read and is empty does."""
        return self._hope(facts(record)) is True

    def proof(self, record: Record | Mapping[str, Any]) -> Mapping[str, Json]:
        """Why it matches: the clauses that hold, each with what the record actually says."""
        return {"clauses": _holding(self.tree, facts(record), wanted=True)}


def compile_predicate(rules: Any) -> Predicate:
    """From `{"operator": "AND", "rules": [{"field": "deal_stage", "operator": "eq", "value": "Negotiation"}, ...]}`,
    as JSON text or already loaded. Raises Invalid; never anything else."""
    tree = read_tree(rules)
    return Predicate(tree, _compiled(tree, None), _compiled(tree, True))


def _compiled(node: Node, unread: Answer) -> Ask:
    """`unread` is the answer of a clause whose field was not read; under NOT the opposite helps."""
    if isinstance(node, Clause):
        return _clause(node, unread)
    if node.kind == "NOT":
        return _negation(_compiled(node.parts[0], None if unread is None else not unread))
    parts = tuple(_compiled(part, unread) for part in node.parts)
    return _all(parts) if node.kind == "AND" else _any(parts)


def _all(parts: tuple[Ask, ...]) -> Ask:
    def ask(known: Facts) -> Answer:
        answer: Answer = True
        for part in parts:
            said = part(known)
            if said is False:
                return False
            if said is None:
                answer = None
        return answer

    return ask


def _any(parts: tuple[Ask, ...]) -> Ask:
    def ask(known: Facts) -> Answer:
        answer: Answer = False
        for part in parts:
            said = part(known)
            if said is True:
                return True
            if said is None:
                answer = None
        return answer

    return ask


def _negation(part: Ask) -> Ask:
    def ask(known: Facts) -> Answer:
        said = part(known)
        return None if said is None else not said

    return ask


def _clause(clause: Clause, unread: Answer) -> Ask:
    if clause.operator.takes is Takes.NOTHING:
        return _emptiness(clause, unread)
    held, test = _holder(clause), clause.operator.tests[clause.family]
    operand, negated = clause.operand, clause.operator.negated

    def ask(known: Facts) -> Answer:
        value = held(known)
        if value is _UNREAD:
            return unread
        if value is _BLANK:
            return None
        return test(value, operand) is not negated

    return ask


def _emptiness(clause: Clause, unread: Answer) -> Ask:
    names, negated = clause.word.sources[:1], clause.operator.negated
    custom = clause.word.type is None

    def ask(known: Facts) -> Answer:
        value = known.get(names[0], None if custom else _UNREAD)
        return unread if value is _UNREAD else is_blank(value) is not negated

    return ask


def _holder(clause: Clause) -> Callable[[Facts], Any]:
    """What a record holds for this clause, read as its family; or that it was not read, or is empty or unreadable."""
    if clause.family is Family.TEXT:
        return _texts(clause.word.sources)
    if clause.currency:
        return _money(clause.word.sources[0], clause.currency)
    return _single(clause.word.sources[0], clause.family)


def _texts(sources: tuple[str, ...]) -> Callable[[Facts], Any]:
    def held(known: Facts) -> Any:
        values = [known[name] for name in sources if name in known]
        if not values:
            return _UNREAD
        texts = frozenset(text for value in values for item in each(value) if (text := read_text(item)) is not None)
        return texts or _BLANK

    return held


def _single(source: str, family: Family) -> Callable[[Facts], Any]:
    read = READINGS[family].read

    def held(known: Facts) -> Any:
        if source not in known:
            return _UNREAD
        value = read(known[source])
        return _BLANK if value is None else value

    return held


def _money(source: str, currency: str) -> Callable[[Facts], Any]:
    """The amount when it is in that currency, else the home amount when that is; otherwise nobody can tell."""
    amount, home = _single(source, Family.NUMBER), _single("amount_home", Family.NUMBER)

    def held(known: Facts) -> Any:
        if read_text(known.get("currency")) == currency:
            return amount(known)
        if read_text(known.get("home_currency")) == currency:
            return home(known)
        return _BLANK if source in known else _UNREAD

    return held


def _holding(node: Node, known: Facts, *, wanted: bool) -> list[Json]:
    """The leaves that make `node` come out as `wanted`."""
    if isinstance(node, Join) and node.kind == "NOT":
        return _holding(node.parts[0], known, wanted=not wanted)
    if _compiled(node, None)(known) is not wanted:
        return []
    if isinstance(node, Join):
        return [leaf for part in node.parts for leaf in _holding(part, known, wanted=wanted)]
    leaf = {"field": node.word.name, "operator": node.operator.name, "actual": _actual(node, known)}
    if node.operator.takes is not Takes.NOTHING:
        leaf["value"] = node.value
    return [leaf if wanted else {**leaf, "not": True}]


def _actual(clause: Clause, known: Facts) -> Json:
    """As a person would say it: the label of a stage rather than its id."""
    values = [known[name] for name in reversed(clause.word.sources) if not is_blank(known.get(name))]
    return _plain(values[0]) if values else None


def _plain(value: Any) -> Json:
    if isinstance(value, Labelled):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
