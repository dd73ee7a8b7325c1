"""Comparing kept values with what COQL, search and bulk criteria say."""

from collections.abc import Callable
from typing import Any

from local.simulators.zoho.fields import NUMBERS, Field
from local.simulators.zoho.values import moment_ms


class WrongType(ValueError):
    """The literal is not one for this field."""


def literal(field: Field, text: Any) -> Any:
    """A literal in the form in which values of this field are kept."""
    if text is None:
        return None
    if field.type == "datetime":
        found = moment_ms(str(text))
        if found is None:
            raise WrongType("datetime")
        return found
    if field.type in NUMBERS:
        return _number(text)
    if field.type == "boolean":
        if str(text).lower() not in {"true", "false"}:
            raise WrongType("boolean")
        return str(text).lower() == "true"
    choice = field.choice(text) if field.choices else None
    return choice.actual if choice else str(text)


def matches(operator: str, value: Any, wanted: Any) -> bool:
    """Nothing compares with what is empty; texts are compared without regard to case."""
    if value is None:
        return False
    if isinstance(value, list):
        return any(matches(operator, each, wanted) for each in value)
    return OPERATORS[operator](_folded(value), _all_folded(wanted))


def like(value: Any, pattern: str) -> bool:
    """`%` stands at either end only: starts with, ends with, contains."""
    text, core = str(value), pattern.strip("%")
    if pattern.startswith("%") and pattern.endswith("%"):
        return core in text
    if pattern.startswith("%"):
        return text.endswith(core)
    return text.startswith(core) if pattern.endswith("%") else text == core


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    "<": lambda value, wanted: bool(value < wanted),
    "<=": lambda value, wanted: bool(value <= wanted),
    ">": lambda value, wanted: bool(value > wanted),
    ">=": lambda value, wanted: bool(value >= wanted),
    "in": lambda value, wanted: value in wanted,
    "not in": lambda value, wanted: value not in wanted,
    "between": lambda value, wanted: bool(wanted[0] <= value <= wanted[1]),
    "not between": lambda value, wanted: not wanted[0] <= value <= wanted[1],
    "starts": lambda value, wanted: str(value).startswith(str(wanted)),
    "like": like,
    "contains": lambda value, wanted: str(wanted) in str(value),
    "not like": lambda value, wanted: not like(value, wanted),
}


def _number(text: Any) -> float:
    try:
        return float(text)
    except ValueError:
        raise WrongType("double") from None


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _all_folded(wanted: Any) -> Any:
    return [_folded(each) for each in wanted] if isinstance(wanted, list) else _folded(wanted)
