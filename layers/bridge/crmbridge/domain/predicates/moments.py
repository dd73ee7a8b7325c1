"""When a rule is asked, and where: "today" is a day of somebody's time zone."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class When:
    """`now` is aware."""

    now: datetime
    zone: tzinfo = UTC
    today: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.now.astimezone(self.zone).date())

    def midnight_in(self, days: int) -> datetime | None:
        """The first moment of the day that many days ahead, in UTC; None beyond the calendar."""
        try:
            return datetime.combine(self.today + timedelta(days), time(), self.zone).astimezone(UTC)
        except OverflowError:
            return None


def zone_named(name: str) -> tzinfo | None:
    """Of an IANA name; None for what is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # unknown, a directory of zones, or no name at all
        return None
