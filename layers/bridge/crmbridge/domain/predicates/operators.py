"""What a rule may ask of a value, per family: data first, so that a new operator is a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from crmbridge.domain.predicates.values import Family

Held = Any
"""What a record holds, read as its family: a set of texts, or one number, day, instant or flag."""
Test = Callable[[Held, Any], bool]
Span = tuple[int | None, int | None]
"""Both ends inside; None: no end."""


class Takes(StrEnum):
    """What stands beside the operator in a rule."""

    ONE = "one"
    MANY = "many"
    TWO = "two"
    DAYS = "days"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Operator:
    """`tests` are per family, so a missing family means that the operator says nothing about it. `negated`: the
    opposite of its test; unknown stays unknown.

    `window` makes days into a span of ages, and the test is of a value's age: the days from it to today, negative when
    it lies ahead. `of_emptiness`: the test is of whether the field is empty, not of what it holds.
    """

    name: str
    takes: Takes
    tests: Mapping[Family, Test]
    negated: bool = False
    window: Callable[[int], Span] | None = None
    of_emptiness: bool = False


_ORDERED: Final = (Family.NUMBER, Family.DAY, Family.INSTANT)
_SINGLE: Final = (*_ORDERED, Family.FLAG)


def _ordered(test: Test) -> Mapping[Family, Test]:
    return dict.fromkeys(_ORDERED, test)


_EQUAL: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: not held.isdisjoint(wanted),
    **dict.fromkeys(_SINGLE, lambda held, wanted: bool(held == wanted)),
}
_AMONG: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: not held.isdisjoint(wanted),
    **dict.fromkeys(_SINGLE, lambda held, wanted: held in wanted),
}
_INSIDE: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: any(wanted in text for text in held),
}
_BEGUN: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: any(text.startswith(wanted) for text in held),
}
_ENDED: Final[Mapping[Family, Test]] = {
    Family.TEXT: lambda held, wanted: any(text.endswith(wanted) for text in held),
}
_BETWEEN: Final = _ordered(lambda held, wanted: wanted[0] <= held <= wanted[1])


def _aged(age: Held, span: Span) -> bool:
    low, high = span
    return (low is None or age >= low) and (high is None or age <= high)


_AGED: Final[Mapping[Family, Test]] = dict.fromkeys((Family.DAY, Family.INSTANT), _aged)
_EMPTY: Final[Mapping[Family, Test]] = dict.fromkeys(Family, lambda blank, _: bool(blank))

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
        Operator("starts_with", Takes.ONE, _BEGUN),
        Operator("ends_with", Takes.ONE, _ENDED),
        Operator("within_last_days", Takes.DAYS, _AGED, window=lambda days: (0, days)),
        Operator("within_next_days", Takes.DAYS, _AGED, window=lambda days: (-days, 0)),
        Operator("before_today", Takes.NOTHING, _AGED, window=lambda _: (1, None)),
        Operator("after_today", Takes.NOTHING, _AGED, window=lambda _: (None, -1)),
        Operator("is_empty", Takes.NOTHING, _EMPTY, of_emptiness=True),
        Operator("is_not_empty", Takes.NOTHING, _EMPTY, negated=True, of_emptiness=True),
    )
}
"""`between` has both its ends inside. Windows are whole days of the asker's zone, today among them: within the last 0
days is today."""

NAMED: Final = frozenset({"eq", "ne", "in", "not_in"})
"""Those that name what a field holds; of text they take a set, since an option goes by its value and by its label."""


def operators_of(family: Family) -> tuple[str, ...]:
    return tuple(name for name, each in OPERATORS.items() if family in each.tests)
