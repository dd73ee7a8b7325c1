"""Pipedrive's JSON into values of ours. Version 2 is typed; still anything may come."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
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
    """Numbers in version 2, texts in webhooks' `meta`; version 1 embeds the object."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
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


def to_currency(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a currency")
    return value.upper()


def to_flag(value: Any) -> bool:
    """1 and 0 are version 1's."""
    if value is True or value is False:
        return bool(value)
    if type(value) is int and value in (0, 1):
        return value == 1
    raise ValueError("not a flag")


def to_instant(value: Any) -> datetime:
    """`2026-02-03T04:05:06Z` in version 2, `2026-02-03 04:05:06`, also UTC, in version 1."""
    if not isinstance(value, str):
        raise ValueError("not an instant")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def to_day(value: Any) -> date:
    """`2026-02-03`; where Pipedrive puts an instant in a day's place, its own day."""
    if not isinstance(value, str):
        raise ValueError("not a day")
    return date.fromisoformat(value) if len(value) == 10 else to_instant(value).date()


@lru_cache(maxsize=256)
def day_in(time_zone: str) -> Convert:
    """An instant as the day it was where the account is."""
    zone = zone_of(time_zone)

    def convert(value: Any) -> date:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
        try:
            return to_instant(value).astimezone(zone).date()
        except OverflowError:
            raise ValueError("no day of this calendar") from None

    return convert


def start_of(day: date, zone: tzinfo) -> datetime:
    """Of an activity that takes a whole day somewhere."""
    try:
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time(), tzinfo=UTC)


def to_time(value: Any) -> time:
    """`09:30` or `09:30:00`, in UTC."""
    if not isinstance(value, str):
        raise ValueError("not a time")
    return time.fromisoformat(value)


def to_seconds(value: Any) -> int:
    """Of `01:30` or `01:30:00`, hours and minutes; a duration may be longer than a day."""
    parts = value.split(":") if isinstance(value, str) else []
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdecimal() and len(part) < 5 for part in parts):
        raise ValueError("not a duration")
    hours, minutes, seconds = (*(int(part) for part in parts), 0)[:3]
    return int(timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds())


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """UTC for a zone nobody has heard of: a wrong hour is better than no record."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
