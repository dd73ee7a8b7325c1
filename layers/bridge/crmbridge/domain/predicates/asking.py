"""A tree of rules made into one question. Kleene's logic: what is not known cannot decide what is."""

from collections.abc import Callable, Iterable

from crmbridge.domain.predicates.holding import BLANK, NOBODY, UNREAD, holder
from crmbridge.domain.predicates.moments import When
from crmbridge.domain.predicates.trees import Clause, Node
from crmbridge.domain.predicates.words import Facts

Answer = bool | None
Ask = Callable[[Facts, When | None], Answer]


def asked(node: Node, unread: Answer) -> Ask:
    """`unread` is the answer of a clause whose field was not read; under NOT the opposite helps."""
    if isinstance(node, Clause):
        return _linked(node, unread) if node.word.link else _clause(node, unread)
    if node.kind == "NOT":
        return _negation(asked(node.parts[0], None if unread is None else not unread))
    parts = tuple(asked(part, unread) for part in node.parts)
    return _all(parts) if node.kind == "AND" else _any(parts)


def all_of(answers: Iterable[Answer]) -> Answer:
    answer: Answer = True
    for said in answers:
        if said is False:
            return False
        if said is None:
            answer = None
    return answer


def any_of(answers: Iterable[Answer]) -> Answer:
    answer: Answer = False
    for said in answers:
        if said is True:
            return True
        if said is None:
            answer = None
    return answer


def _all(parts: tuple[Ask, ...]) -> Ask:
    return lambda known, when: all_of(part(known, when) for part in parts)


def _any(parts: tuple[Ask, ...]) -> Ask:
    return lambda known, when: any_of(part(known, when) for part in parts)


def _negation(part: Ask) -> Ask:
    def ask(known: Facts, when: When | None) -> Answer:
        said = part(known, when)
        return None if said is None else not said

    return ask


def _clause(clause: Clause, unread: Answer) -> Ask:
    held, test = holder(clause), clause.operator.tests[clause.family]
    operand, negated = clause.operand, clause.operator.negated

    def ask(known: Facts, when: When | None) -> Answer:
        value = held(known, when)
        if value is UNREAD:
            return unread
        if value is BLANK:
            return None
        return test(value, operand) is not negated

    return ask


def _linked(clause: Clause, unread: Answer) -> Ask:
    """Of the records at the other end of the links; a record that is linked to none has nothing in that field."""
    of_one, link = _clause(clause, unread), clause.word.link or clause.word.kind
    combine = all_of if clause.match == "all" else any_of

    def ask(known: Facts, when: When | None) -> Answer:
        if link not in known.linked:
            return unread
        return combine(of_one(other, when) for other in known.linked[link] or NOBODY)

    return ask
