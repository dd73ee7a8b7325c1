"""What HubSpot makes of a value that is written: checks it against the property and keeps it as text."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from local.simulators.clock import iso
from local.simulators.hubspot.errors import Flaw
from local.simulators.hubspot.properties import Property

EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]{2,}")
DAY_MS = 86_400_000
LONGEST = 65_536


class Wish(NamedTuple):
    prop: Property
    text: str
    before: str | None


class Unacceptable(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def text_of(value: Any) -> str:
    """JSON numbers and booleans are accepted and kept as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def accepted(prop: Property, value: Any, before: str | None) -> str | None:
    """The value as it will be kept; None clears the property. Raises Unacceptable."""
    if value is None or value == "":
        return None
    return READERS.get(prop.type, _string)(Wish(prop, text_of(value), before))


def moment_ms(text: str) -> int:
    """Epoch milliseconds of an ISO moment or of epoch milliseconds as text; raises ValueError."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _string(wish: Wish) -> str:
    if wish.prop.name == "email":
        if not EMAIL.fullmatch(wish.text.strip()):
            raise Unacceptable("INVALID_EMAIL", f"Email address {wish.text} is invalid")
        return wish.text.strip().lower()
    if len(wish.text) > LONGEST:
        raise Unacceptable("VALUE_TOO_LONG", f"{wish.prop.name} is too long: {len(wish.text)} of {LONGEST} characters")
    return wish.text


def _number(wish: Wish) -> str:
    try:
        float(wish.text)
    except ValueError:
        raise Unacceptable("INVALID_INTEGER", f"{wish.text} was not a valid number.") from None
    return wish.text


def _bool(wish: Wish) -> str:
    if wish.text.lower() not in {"true", "false"}:
        raise Unacceptable("INVALID_OPTION", f"{wish.text} was not one of the allowed options: [true, false]")
    return wish.text.lower()


def _date(wish: Wish) -> str:
    try:
        if not re.fullmatch(r"-?\d+", wish.text):
            return date.fromisoformat(wish.text).isoformat()
        milliseconds = int(wish.text)
    except ValueError:
        raise Unacceptable("INVALID_DATE", f"{wish.text} is not a valid date") from None
    if milliseconds % DAY_MS:
        raise Unacceptable("INVALID_DATE", f"{wish.text} is at {iso(milliseconds)}, not midnight UTC")
    return iso(milliseconds)[:10]


def _datetime(wish: Wish) -> str:
    try:
        return iso(moment_ms(wish.text))
    except (ValueError, OverflowError, OSError):
        raise Unacceptable("INVALID_DATE", f"{wish.text} is not a valid date") from None


def _enumeration(wish: Wish) -> str:
    """`a;b` sets several of a multi-select, `;c` adds one to those that are there."""
    if "x" in wish.prop.flags:
        return wish.text
    several = wish.prop.field_type == "checkbox"
    chosen = [each for each in wish.text.split(";") if each] if several else [wish.text]
    for each in chosen:
        if each not in wish.prop.options:
            allowed = ", ".join(wish.prop.options)
            raise Unacceptable("INVALID_OPTION", f"{each} was not one of the allowed options: [{allowed}]")
    if several and wish.text.startswith(";"):
        chosen = [*(wish.before or "").split(";"), *chosen]
    return ";".join(dict.fromkeys(each for each in chosen if each))


READERS: dict[str, Callable[[Wish], str]] = {
    "string": _string,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
}


def checked(
    properties: Mapping[str, Property], wishes: Mapping[str, Any], before: Mapping[str, str]
) -> tuple[dict[str, str | None], list[Flaw]]:
    """The wished values as they will be kept, and what is wrong with the others."""
    kept: dict[str, str | None] = {}
    flaws: list[Flaw] = []
    for name, value in wishes.items():
        prop = properties.get(name)
        if prop is None or prop.archived:
            flaws.append(Flaw(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif prop.read_only:
            flaws.append(Flaw(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'))
        else:
            try:
                kept[name] = accepted(prop, value, before.get(name))
            except Unacceptable as reason:
                flaws.append(Flaw(name, reason.code, str(reason)))
    return kept, flaws
