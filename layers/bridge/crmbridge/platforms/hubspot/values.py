"""HubSpot's texts into values of ours: every property is a string or null, and may still be anything."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

Convert = Callable[[Any], Any]
"""Raises ValueError for what it cannot understand; never anything else."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST: Final = 30
"""Digits before or after the point beyond which a number is no quantity of anybody's."""
LONGEST: Final = 64


def to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise ValueError("not a text")


def to_lower(value: Any) -> str:
    return to_text(value).lower()


def to_number(value: Any) -> Decimal:
    """Python's own reader also takes NaN, underscores and exponents of a million digits; HubSpot writes `4.5E7`."""
    text = to_text(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST or len(text) > LONGEST or "_" in text:
        raise ValueError("not a quantity")
    return Decimal(int(number)) if "E" in text and number == int(number) else number


def to_percent(value: Any) -> Decimal:
    """HubSpot's 0..1 as our 0..100."""
    number = to_number(value) * 100
    if not 0 <= number <= 100:
        raise ValueError("not a probability")
    whole = number.to_integral_value()
    return whole if whole == number else number


def to_seconds(value: Any) -> Decimal:
    """From milliseconds."""
    seconds = to_number(value) / 1000
    whole = seconds.to_integral_value()
    return whole if whole == seconds else seconds


def to_flag(value: Any) -> bool:
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise ValueError("not a flag")


def to_instant(value: Any) -> datetime:
    """ISO 8601 as it is read, or epoch milliseconds, which some calculated properties and older replies hold."""
    if isinstance(value, str) and not value.lstrip("-").isdecimal():
        return _utc(datetime.fromisoformat(value))
    try:
        return EPOCH + timedelta(milliseconds=int(to_text(value)))
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


@lru_cache(maxsize=256)
def to_day(time_zone: str) -> Convert:
    """HubSpot keeps a day as an instant; which day it is depends on the account's time zone."""
    zone = zone_of(time_zone)

    def convert(value: Any) -> date:
        if isinstance(value, str) and len(value) == 10 and value[4] == "-":
            return date.fromisoformat(value)
        try:
            return to_instant(value).astimezone(zone).date()
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


def one_of(words: Mapping[str, str | None]) -> Convert:
    """HubSpot's word -> ours."""

    def convert(value: Any) -> str | None:
        try:
            return words[value]
        except (KeyError, TypeError):
            raise ValueError("not one of the words we know") from None

    return convert
