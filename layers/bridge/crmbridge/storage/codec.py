"""Frozen dataclasses and named tuples as JSON and back, from their type hints.

pydantic's TypeAdapter would do it too, for 57 ms of every cold start (measured); this is a page of code. Unknown
attributes are ignored and missing ones take their default, so that old and new versions read each other's items.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from crmbridge.domain.records import Json, instant_text

T = TypeVar("T")
Turn = Callable[[Any], Any]


def to_json(value: Any) -> str:
    """A dataclass as JSON text."""
    return json_text(encode(value))


def from_json(kind: type[T], text: str) -> T:
    return decode(kind, orjson.loads(text))


def encode(value: Any) -> dict[str, Json]:
    """A dataclass as a dict that JSON can hold: instants and days as ISO text, durations as microseconds."""
    kind: Any = type(value)
    encoded: dict[str, Json] = _encoder(kind)(value)
    return encoded


def decode(kind: type[T], stored: Mapping[str, Json]) -> T:
    """Raises TypeError when an attribute without a default is missing."""
    hint: Any = kind
    decoded: T = _decoder(hint)(stored)
    return decoded


def json_text(value: Json) -> str:
    """JSON text of whatever a CRM can send: lone surrogates and huge numbers become what UTF-8 and JSON can hold."""
    try:
        return orjson.dumps(value, default=_odd).decode()
    except TypeError:
        return orjson.dumps(_mended(value), default=_odd).decode()


def _odd(value: Any) -> Json:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _mended(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_mended(str(name)): _mended(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(entry) for entry in value]
    return str(value) if isinstance(value, int) and value.bit_length() > 63 else value


_SCALARS: Final[Mapping[type, tuple[Turn, Turn]]] = {
    datetime: (instant_text, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    timedelta: (lambda span: span // timedelta(microseconds=1), lambda number: timedelta(microseconds=number)),
    Decimal: (str, Decimal),
}
"""How to write, how to read."""


@cache
def _encoder(hint: Any) -> Turn:
    return _turn(hint, _encoder, reading=False)


@cache
def _decoder(hint: Any) -> Turn:
    return _turn(hint, _decoder, reading=True)


def _turn(hint: Any, turn: Callable[[Any], Turn], *, reading: bool) -> Turn:
    """How a value of that type is written, or read. What JSON holds as it is passes unchanged."""
    kind, arguments = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return _optional(arguments, turn)
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return _mapping(turn(arguments[1]))
    if kind in (tuple, frozenset):
        return _series(kind if reading else list, [turn(argument) for argument in arguments if argument is not ...])
    if isinstance(hint, type) and (names := _names(hint)):
        return _read_value(hint, names) if reading else _write_value(hint, names)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint if reading else lambda member: member.value
    return _SCALARS[hint][reading] if hint in _SCALARS else _same


def _same(value: Any) -> Any:
    return value


def _optional(arguments: tuple[Any, ...], turn: Callable[[Any], Turn]) -> Turn:
    """Of other unions nobody could tell the members apart in JSON."""
    kinds = [argument for argument in arguments if argument is not NoneType]
    if len(kinds) > 1:
        return _same
    of = turn(kinds[0])
    return of if of is _same else lambda value: None if value is None else of(value)


def _mapping(of: Turn) -> Turn:
    return dict if of is _same else lambda values: {name: of(value) for name, value in values.items()}


def _series(make: Callable[[Any], Any], turns: list[Turn]) -> Turn:
    if len(turns) == 1:
        of = turns[0]
        return make if of is _same else lambda values: make([of(value) for value in values])
    return lambda values: make([of(value) for of, value in zip(turns, values, strict=True)])


def _names(kind: type[Any]) -> tuple[str, ...]:
    """Of a dataclass's or a named tuple's attributes; empty for all other types."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else getattr(kind, "_fields", ())


def _write_value(kind: type[Any], names: tuple[str, ...]) -> Turn:
    hints = get_type_hints(kind)
    turns = [(name, _encoder(hints[name])) for name in names]
    return lambda value: {name: turn(getattr(value, name)) for name, turn in turns}


def _read_value(kind: type[Any], names: tuple[str, ...]) -> Turn:
    hints = get_type_hints(kind)
    turns = [(name, _decoder(hints[name])) for name in names]
    return lambda stored: kind(**{name: turn(stored[name]) for name, turn in turns if name in stored})
