"""Reading values so that they compare: text folded, numbers exact, days and instants as what they are.

A *family* is a way to read both sides of a comparison. What cannot be read as its family is None, never an error: a
record may hold anything, and a rule's own value is checked when it is saved.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from crmbridge.domain.records import Labelled, Type

MAX_TEXT: Final = 1000
MAX_DIGITS: Final = 64


class Family(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"
    FLAG = "flag"


OF_TYPE: Final[dict[Type, Family]] = {
    Type.TEXT: Family.TEXT,
    Type.ID: Family.TEXT,
    Type.OPTION: Family.TEXT,
    Type.IDS: Family.TEXT,
    Type.LABELLED: Family.TEXT,
    Type.MONEY: Family.NUMBER,
    Type.NUMBER: Family.NUMBER,
    Type.FLAG: Family.FLAG,
    Type.DAY: Family.DAY,
    Type.INSTANT: Family.INSTANT,
    Type.MOMENT: Family.INSTANT,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a family reads one value, and how it says what it wants."""

    read: Callable[[Any], Any]
    wants: str


def read_text(value: Any) -> str | None:
    """Trimmed and case-folded; None for what has no text in it."""
    if type(value) is str:  # nearly always, and asked for every record
        return (value.strip().casefold() or None) if len(value) <= MAX_TEXT else None
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (str, int, float, Decimal)) and len(text := _plain(value)) <= MAX_TEXT:
        return text.strip().casefold() or None
    return None


def _plain(value: str | float | Decimal) -> str:
    try:
        return str(value)
    except ValueError:  # an int of thousands of digits
        return ""


def read_number(value: Any) -> Decimal | None:
    """Numbers may come as text; NaN, infinities and numbers of absurd length are none."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = _plain(value).strip()
    if not text or len(text) > MAX_DIGITS:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_instant(value: Any) -> datetime | None:
    """Without an offset it is UTC; a day is its first moment."""
    if isinstance(value, str):
        value = _from_iso(value.strip())
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return None


def read_day(value: Any) -> date | None:
    if isinstance(value, str):
        value = _from_iso(value.strip())
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def read_local_day(value: Any, zone: tzinfo) -> date | None:
    """The day somebody in that zone calls it: a day is that day everywhere, an instant is not."""
    if isinstance(value, str):
        value = _from_iso(value.strip())
    if not isinstance(value, datetime):
        return value if isinstance(value, date) else None
    try:
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(zone).date()
    except OverflowError:  # at either end of the calendar
        return value.date()


def _from_iso(text: str) -> date | datetime | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def read_flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().casefold()) if isinstance(value, str) else None


READINGS: Final[dict[Family, Reading]] = {
    Family.TEXT: Reading(read_text, f"a text of 1 to {MAX_TEXT} characters"),
    Family.NUMBER: Reading(read_number, 'a number such as 50000 or "50000.00"'),
    Family.DAY: Reading(read_day, 'a day such as "2026-12-31"'),
    Family.INSTANT: Reading(read_instant, 'an instant such as "2026-12-31T17:00:00Z"'),
    Family.FLAG: Reading(read_flag, "true or false"),
}


def guess_family(value: Any) -> Family:
    """What a custom field is compared as: decided by the rule's own value, since the CRM may say anything."""
    if isinstance(value, bool):
        return Family.FLAG
    if isinstance(value, (int, float, Decimal)):
        return Family.NUMBER
    if isinstance(value, str) and read_number(value) is None and read_instant(value) is not None:
        return Family.INSTANT
    return Family.TEXT


NAMING: Final = ("value", "id", "name")
"""What an object inside a CRM's own field goes by: an address by its text, a linked record by its id or its name."""


def each(value: Any) -> Iterator[Any]:
    """The single values inside one value: a list of options, e-mails with their labels, or the value itself."""
    for item in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(item, Labelled):
            yield item.value
            yield item.label
        elif isinstance(item, Mapping):
            yield from (item[part] for part in NAMING if part in item)
        else:
            yield item


def is_blank(value: Any) -> bool:
    """Read, and empty."""
    return value is None or value in ((), []) or (isinstance(value, str) and not value.strip())
