"""What a rule may ask of a value, per family: data first, so that a new operator is a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from crmbridge.domain.predicates.values import Family

Held = Any
"""What a record holds, read as its family: a set of texts, or one number, day, instant or flag."""
Test = Callable[[Held, Any], bool]


class Takes(StrEnum):
    """What stands beside the operator in a rule."""

    ONE = "one"
    MANY = "many"
    TWO = "two"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Operator:
    """`tests` are per family, so a missing family means that the operator says nothing about it. `negated`: the
    opposite of its test; unknown stays unknown."""

    name: str
    takes: Takes
    tests: Mapping[Family, Test]
    negated: bool = False


_ORDERED: Final = (Family.NUMBER, Family.DAY, Family.INSTANT)
_SINGLE: Final = (*_ORDERED, Family.FLAG)


def _ordered(test: Test) -> Mapping[Family, Test]:
    return dict.fromkeys(_ORDERED, test)


_EQUAL: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: wanted in held,
    **dict.fromkeys(_SINGLE, lambda held, wanted: bool(held == wanted)),
}
_AMONG: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: not held.isdisjoint(wanted),
    **dict.fromkeys(_SINGLE, lambda held, wanted: held in wanted),
}
_INSIDE: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: any(wanted in text for text in held),
}
_BETWEEN: Final = _ordered(lambda held, wanted: wanted[0] <= held <= wanted[1])

OPERATORS: Final[Mapping[str, Operator]] = {
    operator.name: operator
    for operator in (
        Operator("eq", Takes.ONE, _EQUAL),
        Operator("ne", Takes.ONE, _EQUAL, negated=True),
        Operator("gt", Takes.ONE, _ordered(lambda held, wanted: bool(held > wanted))),
        Operator("gte", Takes.ONE, _ordered(lambda held, wanted: bool(held >= wanted))),
        Operator("lt", Takes.ONE, _ordered(lambda held, wanted: bool(held < wanted))),
        Operator("lte", Takes.ONE, _ordered(lambda held, wanted: bool(held <= wanted))),
        Operator("between", Takes.TWO, _BETWEEN),
        Operator("in", Takes.MANY, _AMONG),
        Operator("not_in", Takes.MANY, _AMONG, negated=True),
        Operator("contains", Takes.ONE, _INSIDE),
        Operator("not_contains", Takes.ONE, _INSIDE, negated=True),
        Operator("is_empty", Takes.NOTHING, {}),
        Operator("is_not_empty", Takes.NOTHING, {}, negated=True),
    )
}
"""`between` has both its ends inside."""


def operators_of(family: Family) -> tuple[str, ...]:
    return tuple(name for name, each in OPERATORS.items() if family in each.tests or each.takes is Takes.NOTHING)
