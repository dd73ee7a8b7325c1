"""Date literals: TODAY, LAST_N_DAYS:30, THIS_QUARTER and their like, as ranges of days."""

from collections.abc import Callable
from datetime import date, timedelta

Range = tuple[date, date]
"""The first day, and the first day after."""


def _months(day: date, steps: int) -> date:
    """The first day of the month that many months away."""
    number = day.year * 12 + day.month - 1 + steps
    return date(number // 12, number % 12 + 1, 1)


def _days(start: date, count: int) -> Range:
    return start, start + timedelta(days=count)


def _week(day: date, steps: int) -> Range:
    """Weeks begin on Sunday, as they do for most locales there."""
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    return _days(sunday + timedelta(weeks=steps), 7)


def _month(day: date, steps: int) -> Range:
    return _months(day, steps), _months(day, steps + 1)


def _quarter(day: date, steps: int) -> Range:
    start = _months(day, -((day.month - 1) % 3))
    return _months(start, steps * 3), _months(start, steps * 3 + 3)


def _year(day: date, steps: int) -> Range:
    return date(day.year + steps, 1, 1), date(day.year + steps + 1, 1, 1)


DAY = timedelta(days=1)
FIXED: dict[str, Callable[[date], Range]] = {
    "YESTERDAY": lambda day: _days(day - DAY, 1),
    "TODAY": lambda day: _days(day, 1),
    "TOMORROW": lambda day: _days(day + DAY, 1),
    "LAST_90_DAYS": lambda day: (day - 90 * DAY, day + DAY),
    "NEXT_90_DAYS": lambda day: _days(day + DAY, 90),
}
COUNTED: dict[str, Callable[[date, int], Range]] = {
    "LAST_N_DAYS": lambda day, n: (day - n * DAY, day + DAY),
    "NEXT_N_DAYS": lambda day, n: _days(day + DAY, n),
    "N_DAYS_AGO": lambda day, n: _days(day - n * DAY, 1),
    "LAST_N_WEEKS": lambda day, n: (_week(day, -n)[0], _week(day, 0)[0]),
    "NEXT_N_WEEKS": lambda day, n: (_week(day, 1)[0], _week(day, n)[1]),
    "LAST_N_MONTHS": lambda day, n: (_months(day, -n), _months(day, 0)),
    "NEXT_N_MONTHS": lambda day, n: (_months(day, 1), _months(day, n + 1)),
    "LAST_N_YEARS": lambda day, n: (_year(day, -n)[0], _year(day, 0)[0]),
}


UNITS = {"WEEK": _week, "MONTH": _month, "QUARTER": _quarter, "YEAR": _year}
STEPS = {"LAST": -1, "THIS": 0, "NEXT": 1}


def is_range(name: str, amount: str) -> bool:
    if amount:
        return name in COUNTED
    step, _, unit = name.partition("_")
    return name in FIXED or (step in STEPS and unit in UNITS)


def range_of(name: str, amount: int, today: date) -> Range:
    if name in COUNTED:
        return COUNTED[name](today, amount)
    if name in FIXED:
        return FIXED[name](today)
    step, _, unit = name.partition("_")
    return UNITS[unit](today, STEPS[step])
