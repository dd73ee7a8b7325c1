"""Salesforce's JSON into values of ours: typed as the schema says, and possibly anything all the same."""

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
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise ValueError("not a text")


def to_lower(value: Any) -> str:
    return to_text(value).lower()


def to_number(value: Any) -> Decimal:
    """A double arrives as `50000.0`, and means 50000."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    text = to_text(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST or len(text) > LONGEST or "_" in text:
        raise ValueError("not a quantity")
    whole = number.to_integral_value()
    return whole if isinstance(value, float) and whole == number else number


def to_percent(value: Any) -> Decimal:
    number = to_number(value)
    if not 0 <= number <= 100:
        raise ValueError("not a probability")
    return number


def to_flag(value: Any) -> bool:
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise ValueError("not a flag")


def to_instant(value: Any) -> datetime:
    """`2026-05-01T10:07:00.000+0000`, or with a `Z`."""
    if not isinstance(value, str):
        raise ValueError("not an instant")
    moment = datetime.fromisoformat(value)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def to_moment(value: Any) -> date | datetime:
    """A day, or an instant."""
    if isinstance(value, str) and len(value) == 10:
        return date.fromisoformat(value)
    return to_instant(value)


@lru_cache(maxsize=256)
def to_day(time_zone: str) -> Convert:
    """A day as it stands; an instant's day is the one in the org's time zone."""
    zone = zone_of(time_zone)

    def convert(value: Any) -> date:
        moment = to_moment(value)
        try:
            return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
        except OverflowError:
            raise ValueError("no day of this calendar") from None

    return convert


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """UTC for a zone nobody has heard of: a wrong hour is better than no record."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC


def word_of(words: Mapping[str, str]) -> Convert:
    """Salesforce's word -> ours; the customer's own words as they are."""

    def convert(value: Any) -> str:
        text = to_text(value)
        return words.get(text, text)

    return convert
