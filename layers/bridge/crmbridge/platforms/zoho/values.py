"""Zoho's JSON into values of ours. It is typed; still anything may come."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

Convert = Callable[[Any], Any]
"""Raises ValueError for what it cannot understand; never anything else."""

LARGEST: Final = 30
"""Digits before or after the point beyond which a number is no quantity of anybody's."""
LONGEST: Final = 64


def to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise ValueError("not a text")


def to_id(value: Any) -> str:
    """Of a lookup: an object with the name, or the bare id where a bulk file or an older version has it."""
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError("not an id")
    return str(value)


def to_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("not a number")
    text = str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST or len(text) > LONGEST or "_" in text:
        raise ValueError("not a quantity")
    return Decimal(int(number)) if number == number.to_integral_value() else number


def to_percent(value: Any) -> Decimal:
    number = to_number(value)
    if not 0 <= number <= 100:
        raise ValueError("not a probability")
    return number


def to_instant(value: Any) -> datetime:
    """`2026-05-01T12:30:00+02:00`: the offset is the user's own and differs from record to record."""
    if not isinstance(value, str) or len(value) < len("2026-05-01T12:30"):
        raise ValueError("not an instant")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def to_moment(value: Any) -> date | datetime:
    """A day or an instant, as it comes."""
    if isinstance(value, str) and len(value) == len("2026-05-01"):
        return date.fromisoformat(value)
    return to_instant(value)


@lru_cache(maxsize=256)
def day_in(time_zone: str) -> Convert:
    """A day as it is; an instant as the day it was where the account is."""
    zone = zone_of(time_zone)

    def convert(value: Any) -> date:
        moment = to_moment(value)
        try:
            return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
        except OverflowError:
            raise ValueError("no day of this calendar") from None

    return convert


def to_duration(value: Any) -> int:
    """Seconds of `53:52` or `01:10:05`, minutes and seconds; the minutes may be more than sixty."""
    parts = value.split(":") if isinstance(value, str) else []
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
        raise ValueError("not a duration")
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """UTC for a zone nobody has heard of: a wrong hour is better than no record."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC


def word_of(words: Mapping[str, str]) -> Convert:
    """Zoho's word as ours; one that the customer made as it is."""

    def convert(value: Any) -> str:
        text = to_text(value)
        return words.get(text, text)

    return convert
