"""Rules as JSON, read into a tree whose every leaf is known to make sense; what does not is named by its path."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from crmbridge.domain.directories import Option
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates.operators import NAMED, OPERATORS, Operator, Takes, operators_of
from crmbridge.domain.predicates.schema import Known, Schema
from crmbridge.domain.predicates.values import (
    OF_TYPE,
    READINGS,
    Family,
    guess_family,
    read_day,
    read_instant,
    read_number,
    read_text,
)
from crmbridge.domain.predicates.words import CUSTOM, KINDS, OUR_WORDS, Word, names, snake, word
from crmbridge.domain.records import Kind, Type

MAX_DEPTH: Final = 10
MAX_CLAUSES: Final = 200
MAX_VALUES: Final = 500
MAX_SIZE: Final = 100_000
MAX_NAME: Final = 100
MAX_DAYS: Final = 3660
MAX_SHOWN: Final = 20
MAX_PROBLEMS: Final = 20
"""After so many wrong paths nothing more is read."""

_JOINS: Final = ("AND", "OR", "NOT")
_OF_JOINS: Final = ("operator", "rules")
_OF_CLAUSES: Final = ("field", "operator", "value", "match", "currency", "pipeline")
_GROUP_SHAPE: Final = '{"operator": "AND", "rules": [...]}'
_RULE_SHAPE: Final = '{"field": "deal_stage", "operator": "eq", "value": "Negotiation"}'


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `operand` is read as `family`; `value` is as the rule has it, for proofs.

    `match`: of several linked records, whether `any` one or `all` of them must say so. `is_money`: an amount that has a
    currency, the clause's own or nobody knows which.
    """

    word: Word
    operator: Operator
    family: Family
    operand: Any
    value: Any = None
    currency: str | None = None
    match: str = "any"
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """`kind` is AND, OR or NOT (of exactly one part)."""

    kind: str
    parts: tuple["Node", ...]


Node = Clause | Join


@dataclass(slots=True)
class _Reader:
    """Collects what is wrong, so that a person hears all of it at once. `money`: the currency of a threshold that names
    none. `saved`: the rules were accepted once, and what means nothing in them is passed over."""

    kind: Kind = Kind.DEAL
    schema: Schema = field(default_factory=dict)
    money: str | None = None
    saved: bool = False
    problems: list[Problem] = field(default_factory=list)
    clauses: int = 0

    def wrong(self, path: str, message: str, fix: str = "") -> None:
        self.problems.append(Problem(path or "rules", message, fix))

    def node(self, rule: Any, path: str, depth: int) -> Node | None:
        if len(self.problems) >= MAX_PROBLEMS:
            return None
        if not isinstance(rule, Mapping):
            self.wrong(path, "must be an object", f"{_GROUP_SHAPE} or {_RULE_SHAPE}")
            return None
        if depth > MAX_DEPTH:
            self.wrong(path, f"is nested deeper than {MAX_DEPTH} levels", "flatten the rules")
            return None
        is_join = "rules" in rule or not rule.keys() & {"field", "value"}
        self.keys(rule, _OF_JOINS if is_join else _OF_CLAUSES, path)
        return self.join(rule, path, depth) if is_join else self.clause(rule, path)

    def keys(self, rule: Mapping[str, Any], known: Sequence[str], path: str) -> None:
        """A misspelt key would make a rule mean what nobody meant."""
        for key in () if self.saved else [key for key in rule if key not in known]:
            if len(self.problems) >= MAX_PROBLEMS:
                return
            close = get_close_matches(str(key)[:MAX_NAME], known, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            self.wrong(_under(path, str(key)[:MAX_NAME]), "says nothing in a rule", f"{hint}one of {', '.join(known)}")

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
            self.wrong(path, "must be the name of a field", f"one of {', '.join(names(self.kind))}")
            return None
        found = word(name, self.kind)
        if found is None:
            self.wrong(path, f"unknown field {name!r}", _fields_like(name, self.kind))
        elif found.link is Kind.ACTIVITY:
            self.wrong(path, "activities cannot be asked for across a link", "deal, contact, company or task fields")
        elif found.type is None and found.kind in self.schema and self.known(found) is None:
            customs = [key for key in self.schema[found.kind] if key.startswith(CUSTOM)]
            close = get_close_matches(found.sources[0], customs, 3, 0.4) or customs[:MAX_SHOWN]
            self.wrong(path, f"there is no {name!r} in the CRM", f"one of {', '.join(close)}" if close else "")
        return found

    def known(self, named: Word) -> Known | None:
        return self.schema.get(named.kind, {}).get(named.sources[0])

    def operator(self, name: Any, path: str) -> Operator | None:
        found = OPERATORS.get(snake(name)) if isinstance(name, str) else None
        if found is None:
            said = f"unknown operator {name[:MAX_NAME]!r}" if isinstance(name, str) else "must be an operator"
            self.wrong(path, said, f"one of {', '.join(OPERATORS)}")
        return found

    def family(self, named: Word, operator: Operator, rule: Mapping[str, Any], path: str) -> Family | None:
        type_ = named.type or (known.type if (known := self.known(named)) else None)
        family = OF_TYPE[type_] if type_ else _family_of_custom(operator, rule.get("value"))
        if family is Family.INSTANT and _are_days(rule.get("value")):
            family = Family.DAY
        if family in operator.tests:
            return family
        said = f"{operator.name} cannot be asked of {named.name}, which is a {family}"
        self.wrong(_under(path, "operator"), said, f"one of {', '.join(operators_of(family))}")
        return None

    def qualified(self, rule: Mapping[str, Any], path: str, named: Word, clause: Clause) -> Node | None:
        complete = replace(
            clause,
            operand=self.operand(clause, _under(path, "value")),
            currency=self.currency(rule.get("currency"), clause, _under(path, "currency")),
            match=self.match(rule.get("match"), named, _under(path, "match")),
            is_money=self.is_money(named),
        )
        if "pipeline" not in rule:
            return complete
        if named.sources[0] != "stage" or named.link:
            self.wrong(_under(path, "pipeline"), "only a deal's own stage can name a pipeline", "leave it out")
            return None
        return self.in_pipeline(complete, rule["pipeline"], path)

    def match(self, match: Any, named: Word, path: str) -> str:
        if match is None:
            return "any"
        if match not in ("any", "all"):
            self.wrong(path, "must say how many of the linked records", "any or all")
        elif named.link is None:
            self.wrong(path, "is only for fields of linked records", "leave it out")
        return str(match)

    def in_pipeline(self, clause: Clause, pipeline: Any, path: str) -> Node | None:
        """A stage of one pipeline: both must hold, and `ne` is the opposite of both."""
        if (named := word("deal_pipeline", self.kind)) is None:
            return None
        unread = Clause(named, OPERATORS["eq"], Family.TEXT, None, pipeline)
        inside = replace(unread, operand=self.named(unread, pipeline, _under(path, "pipeline")))
        opposite = {"ne": "eq", "not_in": "in", "not_contains": "contains"}.get(clause.operator.name)
        if opposite is None:
            return Join("AND", (clause, inside))
        positive = replace(clause, operator=OPERATORS[opposite])
        return Join("NOT", (Join("AND", (positive, inside)),))

    def currency(self, code: Any, clause: Clause, path: str) -> str | None:
        is_money = self.is_money(clause.word)
        if code is None:
            return self.money if is_money and not clause.operator.of_emptiness else None
        if not is_money:
            self.wrong(path, "only deal_amount and custom amounts are compared in a currency", "leave it out")
            return None
        if not isinstance(code, str) or not (len(code) == 3 and code.isascii() and code.isalpha()):
            self.wrong(path, "must be a currency", 'three letters such as "EUR"')
            return None
        return code.casefold()

    def is_money(self, named: Word) -> bool:
        """A deal's amount, or an amount that the customer made."""
        known = self.known(named)
        is_custom = named.type is None and known is not None and known.type is Type.MONEY
        return is_custom or named.sources[0] == "amount"

    def operand(self, clause: Clause, path: str) -> Any:
        takes, operator = clause.operator.takes, clause.operator
        if takes is Takes.NOTHING:
            self.nothing(clause, path)
            return operator.window(0) if operator.window else None
        if operator.window:
            return operator.window(self.days(clause.value, path))
        if takes is Takes.ONE:
            named = operator.name in NAMED and clause.family is Family.TEXT
            return self.named(clause, clause.value, path) if named else self.single(clause.value, clause.family, path)
        if not isinstance(clause.value, (list, tuple)) or not 0 < len(clause.value) <= MAX_VALUES:
            self.wrong(path, "must be a list", f"1 to {MAX_VALUES} of {READINGS[clause.family].wants}")
            return None
        return self.several(clause, clause.value, path)

    def nothing(self, clause: Clause, path: str) -> None:
        """`"value": false` beside `is_empty` may have been meant to ask for the opposite."""
        if clause.value not in (None, "") and not self.saved:
            self.wrong(path, f"says nothing beside {clause.operator.name}", "leave it out")

    def several(self, clause: Clause, values: Sequence[Any], path: str) -> Any:
        places = [(value, f"{path}[{at}]") for at, value in enumerate(values)]
        if clause.family is Family.TEXT:
            return frozenset[str]().union(*(self.named(clause, value, place) for value, place in places))
        read = [self.single(value, clause.family, place) for value, place in places]
        return frozenset(read) if clause.operator.takes is Takes.MANY else self.ends(read, path)

    def named(self, clause: Clause, value: Any, path: str) -> frozenset[str]:
        """An option by its value or by its label: records are known by both. By its value it is that one alone; others
        may be labelled alike, in another pipeline or account."""
        text = self.single(value, Family.TEXT, path)
        known = self.known(clause.word)
        texts = {text, "_".join(text.split())} if text and clause.word.sources[0] in OUR_WORDS else {text}
        if text and known and known.options and not any(texts & _texts_of(option) for option in known.options):
            close = get_close_matches(str(value), (labels := [option.label for option in known.options]), 3)
            shown = ", ".join(dict.fromkeys(close + labels[:MAX_SHOWN]))
            self.wrong(path, f"is no option of {clause.word.name}", f"one of {shown}")
        return frozenset(texts)

    def days(self, value: Any, path: str) -> int:
        number = read_number(value)
        if number is None or not 0 <= number <= MAX_DAYS or number != int(number):
            self.wrong(path, "must be a number of days", f"a whole number from 0 to {MAX_DAYS}")
            return 0
        return int(number)

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
            fix = READINGS[family].wants + ("; ask for an empty field with is_empty" if value in (None, "") else "")
            self.wrong(path, "cannot be compared with this field", fix)
        return read


def _texts_of(option: Option) -> frozenset[str]:
    return frozenset(text for said in (option.value, option.label) if (text := read_text(said)))


def _are_days(value: Any) -> bool:
    """Beside a day an instant is the day it lies in: what is due on the first is due at nine on the first, too."""
    values = value if isinstance(value, (list, tuple)) and value else (value,)
    return all(isinstance(one, str) and len(one.strip()) == len("2026-12-31") and read_day(one) for one in values)


def _family_of_custom(operator: Operator, value: Any) -> Family:
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    if operator.window:
        return Family.INSTANT
    if Family.TEXT in operator.tests or not isinstance(first, str):
        return guess_family(first)
    if read_number(first) is not None:
        return Family.NUMBER
    return Family.INSTANT if read_instant(first) is not None else Family.TEXT


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _fields_like(name: str, kind: Kind) -> str:
    """What the name may have meant, and the names of the kind it seems to be about."""
    about = next((other for other in KINDS if name.lower().startswith(other.value)), kind)
    close = get_close_matches(name, [known for other in KINDS for known in names(other)], 1)
    hint = f"did you mean {close[0]}? " if close else ""
    custom = CUSTOM if about is kind else f"{about.value}_{CUSTOM}"
    return f"{hint}one of {', '.join(names(about))}, {custom}<key>"


def read_tree(rules: Any, *, kind: Kind, schema: Schema | None, currency: str | None, saved: bool) -> Node:
    """Raises Invalid naming every wrong path (`rules[1].operator`) and what would be valid there."""
    reader = _Reader(kind, schema or {}, currency.casefold() if currency else None, saved)
    node = reader.node(_loaded(rules), "", 1)
    if reader.problems or node is None:
        raise Invalid(*reader.problems[:MAX_PROBLEMS])
    if not isinstance(rules, (str, bytes)):
        _check_size(_as_json(rules))
    return node


def _loaded(rules: Any) -> Any:
    if not isinstance(rules, (str, bytes)):
        return rules
    _check_size(rules)
    try:
        return json.loads(rules)
    except (ValueError, RecursionError):
        raise Invalid(Problem("rules", "are not JSON", _GROUP_SHAPE)) from None


def _as_json(rules: Any) -> str:
    """Never shorter than what is stored of them, so that what was accepted once can be read again."""
    try:
        return json.dumps(rules, default=str)
    except (TypeError, ValueError, RecursionError):
        raise Invalid(Problem("rules", "are not JSON", _GROUP_SHAPE)) from None


def _check_size(text: str | bytes) -> None:
    if len(text) > MAX_SIZE:
        raise Invalid(Problem("rules", "are too large", f"at most {MAX_SIZE} characters of JSON"))


def clauses(node: Node) -> Iterable[Clause]:
    """Every leaf, in the order of the rules."""
    if isinstance(node, Clause):
        yield node
        return
    for part in node.parts:
        yield from clauses(part)
