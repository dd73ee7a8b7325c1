"""Pipedrive's own forms of values. Version 2 is typed; version 1 has instants without a zone, and flags of 1 and 0."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from crmbridge.platforms.conversions import to_instant


def to_id(value: Any) -> str:
    """Numbers in version 2, texts in webhooks' `meta`; version 1 embeds the object."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError("not an id")
    return str(value)


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


def to_day(value: Any) -> date:
    """`2026-02-03`; where Pipedrive puts an instant in a day's place, its own day."""
    if not isinstance(value, str):
        raise ValueError("not a day")
    return date.fromisoformat(value) if len(value) == 10 else to_instant(value).date()


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
