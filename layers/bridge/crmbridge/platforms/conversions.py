"""What CRMs' JSON holds, as values of ours: what several of them need, once. It is typed; still anything may come."""

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
DAY: Final = len("2026-05-01")
MINUTE: Final = len("2026-05-01T12:30")


def to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise ValueError("not a text")


def to_lower(value: Any) -> str:
    return to_text(value).lower()


def to_number(value: Any) -> Decimal:
    """Python's own reader also takes NaN, underscores and exponents of a million digits. A double arrives as `50000.0`,
    or as `5E4`, and means 50000."""
    text = to_text(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST or len(text) > LONGEST or "_" in text:
        raise ValueError("not a quantity")
    return Decimal(int(number)) if number == number.to_integral_value() else number


def to_percent(value: Any) -> Decimal:
    """0..100, as most have it."""
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
    """ISO 8601 with any offset or `Z`; without one it is UTC. A day alone is no instant."""
    if not isinstance(value, str) or len(value) < MINUTE:
        raise ValueError("not an instant")
    return in_utc(datetime.fromisoformat(value))


def in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def to_moment(value: Any) -> date | datetime:
    """A day or an instant, as it comes."""
    if isinstance(value, str) and len(value) == DAY:
        return date.fromisoformat(value)
    return to_instant(value)


@lru_cache(maxsize=512)
def day_in(time_zone: str, read: Callable[[Any], date | datetime] = to_moment) -> Convert:
    """A day as it is; an instant as the day it was where the account is."""
    zone = zone_of(time_zone)

    def convert(value: Any) -> date:
        moment = read(value)
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
    """The CRM's word as ours; one that the customer made as it is."""

    def convert(value: Any) -> str:
        text = to_text(value)
        return words.get(text, text)

    return convert
