"""When something is due, in the few words that people put behind a task: `tomorrow`, `on friday`, `in 3 days`."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS: Final[Mapping[str, int]] = {"day": 1, "week": 7}
MOST: Final = 3650
_LEAD: Final = re.compile(r"(?<!\s)\s+(?:by|due|on|until)$", re.IGNORECASE)


def split_due(text: str, today: date) -> tuple[str, date | None]:
    """(what is to be done, when). Words that name no day belong to the task."""
    for pattern, read in _WORDS:
        found = re.search(rf"(?:^|\s)(?:{pattern})$", text.strip(), re.IGNORECASE)
        if found and (day := read(found, today)):
            return _LEAD.sub("", text.strip()[: found.start()].rstrip()).strip(), day
    return text.strip(), None


def _named(found: re.Match[str], today: date) -> date:
    """The next one: on a friday, `friday` is in a week."""
    ahead = (DAYS.index(found["day"].casefold()) - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=ahead)


def _ahead(found: re.Match[str], today: date) -> date | None:
    days = int(found["count"]) * UNITS[found["unit"].casefold().rstrip("s")]
    return today + timedelta(days=days) if days <= MOST else None


def _written(found: re.Match[str], today: date) -> date | None:  # noqa: ARG001 - as the others
    try:
        return date.fromisoformat(found["date"])
    except ValueError:
        return None


_WORDS: Final[tuple[tuple[str, Callable[[re.Match[str], date], date | None]], ...]] = (
    ("today", lambda _, today: today),
    ("tomorrow", lambda _, today: today + timedelta(days=1)),
    ("next week", lambda _, today: today + timedelta(days=7 - today.weekday())),
    (rf"(?:next )?(?P<day>{'|'.join(DAYS)})", _named),
    (r"in (?P<count>\d{1,4}) (?P<unit>days?|weeks?)", _ahead),
    (r"(?P<date>\d{4}-\d{2}-\d{2})", _written),
)
