"""Rules as JSON, read into a tree whose every leaf is known to make sense; what does not is named by its path."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates.operators import OPERATORS, Operator, Takes, operators_of
from crmbridge.domain.predicates.values import OF_TYPE, READINGS, Family, guess_family, read_instant, read_number
from crmbridge.domain.predicates.words import Word, names, word

MAX_DEPTH: Final = 10
MAX_CLAUSES: Final = 200
MAX_VALUES: Final = 500
MAX_SIZE: Final = 100_000
MAX_NAME: Final = 100

_JOINS: Final = ("AND", "OR", "NOT")
_GROUP_SHAPE: Final = '{"operator": "AND", "rules": [...]}'
_RULE_SHAPE: Final = '{"field": "deal_stage", "operator": "eq", "value": "Negotiation"}'


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `operand` is read as `family`; `value` is as the rule has it, for proofs."""

    word: Word
    operator: Operator
    family: Family
    operand: Any
    value: Any = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """`kind` is AND, OR or NOT (of exactly one part)."""

    kind: str
    parts: tuple["Node", ...]


Node = Clause | Join


@dataclass(slots=True)
class _Reader:
    """Collects what is wrong, so that a person hears all of it at once."""

    problems: list[Problem] = field(default_factory=list)
    clauses: int = 0

    def wrong(self, path: str, message: str, fix: str = "") -> None:
        self.problems.append(Problem(path or "rules", message, fix))

    def node(self, rule: Any, path: str, depth: int) -> Node | None:
        if not isinstance(rule, Mapping):
            self.wrong(path, "must be an object", f"{_GROUP_SHAPE} or {_RULE_SHAPE}")
            return None
        if depth > MAX_DEPTH:
            self.wrong(path, f"is nested deeper than {MAX_DEPTH} levels", "flatten the rules")
            return None
        if "rules" in rule or "field" not in rule:
            return self.join(rule, path, depth)
        return self.clause(rule, path)

    def join(self, rule: Mapping[str, Any], path: str, depth: int) -> Node | None:
        kind = str(rule.get("operator")).upper() if isinstance(rule.get("operator"), str) else None
        if kind not in _JOINS:
            self.wrong(_under(path, "operator"), "must say how the rules are joined", "one of AND, OR, NOT")
        rules = rule.get("rules")
        if not isinstance(rules, Sequence) or isinstance(rules, (str, bytes)) or not rules:
            self.wrong(_under(path, "rules"), "must be a list of at least one rule", _RULE_SHAPE)
            return None
        if kind == "NOT" and len(rules) != 1:
            self.wrong(_under(path, "rules"), "NOT takes exactly one rule", "put several inside an AND or an OR")
        if len(rules) > MAX_CLAUSES:
            self.wrong(_under(path, "rules"), "too many rules", f"at most {MAX_CLAUSES} altogether")
            return None
        parts = [self.node(part, f"{_under(path, 'rules')}[{at}]", depth + 1) for at, part in enumerate(rules)]
        return Join(str(kind), tuple(part for part in parts if part))

    def clause(self, rule: Mapping[str, Any], path: str) -> Node | None:
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            if self.clauses == MAX_CLAUSES + 1:
                self.wrong(path, "too many rules", f"at most {MAX_CLAUSES} altogether")
            return None
        named = self.word(rule.get("field"), _under(path, "field"))
        operator = self.operator(rule.get("operator"), _under(path, "operator"))
        if named is None or operator is None:
            return None
        if (family := self.family(named, operator, rule, path)) is None:
            return None
        return self.qualified(rule, path, named, Clause(named, operator, family, None, rule.get("value")))

    def word(self, name: Any, path: str) -> Word | None:
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
            self.wrong(path, "must be the name of a field", f"one of {', '.join(names())}")
            return None
        if (found := word(name)) is None:
            close = get_close_matches(name, names(), 1)
            hint = f"did you mean {close[0]}? " if close else ""
            fix = f"{hint}one of {', '.join(names())}, custom_fields.<key>"
            self.wrong(path, f"unknown field {name!r}", fix)
        return found

    def operator(self, name: Any, path: str) -> Operator | None:
        found = OPERATORS.get(name.strip().lower()) if isinstance(name, str) else None
        if found is None:
            said = f"unknown operator {name[:MAX_NAME]!r}" if isinstance(name, str) else "must be an operator"
            self.wrong(path, said, f"one of {', '.join(OPERATORS)}")
        return found

    def family(self, named: Word, operator: Operator, rule: Mapping[str, Any], path: str) -> Family | None:
        family = OF_TYPE[named.type] if named.type else _family_of_custom(operator, rule.get("value"))
        if operator.takes is Takes.NOTHING or family in operator.tests:
            return family
        said = f"{operator.name} cannot be asked of {named.name}, which is a {family}"
        self.wrong(_under(path, "operator"), said, f"one of {', '.join(operators_of(family))}")
        return None

    def qualified(self, rule: Mapping[str, Any], path: str, named: Word, clause: Clause) -> Node | None:
        operand = self.operand(clause, _under(path, "value"))
        currency = self.currency(rule.get("currency"), named, _under(path, "currency"))
        complete = Clause(named, clause.operator, clause.family, operand, clause.value, currency)
        if "pipeline" not in rule:
            return complete
        if named.name != "deal_stage":
            self.wrong(_under(path, "pipeline"), "only deal_stage can name a pipeline", "leave it out")
            return None
        return self.in_pipeline(complete, rule["pipeline"], path)

    def in_pipeline(self, clause: Clause, pipeline: Any, path: str) -> Node | None:
        """A stage of one pipeline: both must hold, and `ne` is the opposite of both."""
        named = {"field": "deal_pipeline", "operator": "eq", "value": pipeline}
        inside = self.clause(named, path)
        opposite = {"ne": "eq", "not_in": "in", "not_contains": "contains"}.get(clause.operator.name)
        if inside is None or opposite is None:
            return Join("AND", (clause, inside)) if inside else None
        positive = Clause(clause.word, OPERATORS[opposite], clause.family, clause.operand, clause.value)
        return Join("NOT", (Join("AND", (positive, inside)),))

    def currency(self, code: Any, named: Word, path: str) -> str | None:
        if code is None:
            return None
        if named.name != "deal_amount":
            self.wrong(path, "only deal_amount is compared in a currency", "leave it out")
            return None
        if not isinstance(code, str) or not (len(code) == 3 and code.isascii() and code.isalpha()):
            self.wrong(path, "must be a currency", 'three letters such as "EUR"')
            return None
        return code.casefold()

    def operand(self, clause: Clause, path: str) -> Any:
        takes = clause.operator.takes
        if takes is Takes.NOTHING:
            return None
        if takes is Takes.ONE:
            return self.single(clause.value, clause.family, path)
        if not isinstance(clause.value, (list, tuple)) or not 0 < len(clause.value) <= MAX_VALUES:
            self.wrong(path, "must be a list", f"1 to {MAX_VALUES} of {READINGS[clause.family].wants}")
            return None
        read = [self.single(value, clause.family, f"{path}[{at}]") for at, value in enumerate(clause.value)]
        if takes is Takes.MANY:
            return frozenset(read)
        return self.ends(read, path)

    def ends(self, read: list[Any], path: str) -> Any:
        if len(read) != 2 or None in read:
            self.wrong(path, "must be the two ends", "[lowest, highest]")
            return None
        if read[0] > read[1]:
            self.wrong(path, "ends before it begins", "[lowest, highest]")
        return tuple(read)

    def single(self, value: Any, family: Family, path: str) -> Any:
        read = READINGS[family].read(value)
        if read is None:
            fix = READINGS[family].wants + ("; ask for an empty field with is_empty" if value is None else "")
            self.wrong(path, "cannot be compared with this field", fix)
        return read


def _family_of_custom(operator: Operator, value: Any) -> Family:
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    if Family.TEXT in operator.tests or not isinstance(first, str):
        return guess_family(first)
    if read_number(first) is not None:
        return Family.NUMBER
    return Family.INSTANT if read_instant(first) is not None else Family.TEXT


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def read_tree(rules: Any) -> Node:
    """Raises Invalid naming every wrong path (`rules[1].operator`) and what would be valid there."""
    reader = _Reader()
    node = reader.node(_loaded(rules), "", 1)
    if reader.problems or node is None:
        raise Invalid(*reader.problems[:20])
    return node


def _loaded(rules: Any) -> Any:
    if not isinstance(rules, (str, bytes)):
        return rules
    if len(rules) > MAX_SIZE:
        raise Invalid(Problem("rules", "are too large", f"at most {MAX_SIZE} characters"))
    try:
        return json.loads(rules)
    except (ValueError, RecursionError):
        raise Invalid(Problem("rules", "are not JSON", _GROUP_SHAPE)) from None


def clauses(node: Node) -> Iterable[Clause]:
    """Every leaf, in the order of the rules."""
    if isinstance(node, Clause):
        yield node
        return
    for part in node.parts:
        yield from clauses(part)
