"""HubSpot's own forms of values: every property is a string or null, and may still be anything."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crmbridge.platforms import conversions
from crmbridge.platforms.conversions import Convert, to_number, to_text

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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


def to_instant(value: Any) -> datetime:
    """ISO 8601 as it is read, or epoch milliseconds, which some calculated properties and older replies hold."""
    if isinstance(value, str) and not value.lstrip("-").isdecimal():
        return conversions.to_instant(value)
    try:
        return EPOCH + timedelta(milliseconds=int(to_text(value)))
    except OverflowError:
        raise ValueError("no instant of this calendar") from None


def to_moment(value: Any) -> date | datetime:
    """Ten characters may be a day, or milliseconds."""
    if isinstance(value, str) and len(value) == conversions.DAY and value[4] == "-":
        return date.fromisoformat(value)
    return to_instant(value)


def to_day(time_zone: str) -> Convert:
    """HubSpot keeps a day as an instant; which day it is depends on the account's time zone."""
    return conversions.day_in(time_zone, to_moment)


def one_of(words: Mapping[str, str | None]) -> Convert:
    """HubSpot's word -> ours."""

    def convert(value: Any) -> str | None:
        try:
            return words[value]
        except (KeyError, TypeError):
            raise ValueError("not one of the words we know") from None

    return convert
