"""The few words that say when something is due."""

from datetime import date

import pytest
from crmbridge.domain.due_words import split_due

FRIDAY = date(2026, 5, 8)


@pytest.mark.parametrize(
    ("text", "subject", "day"),
    [
        ("Call Ada", "Call Ada", None),
        ("Call Ada tomorrow", "Call Ada", "2026-05-09"),
        ("Call Ada today", "Call Ada", "2026-05-08"),
        ("Call Ada by Monday", "Call Ada", "2026-05-11"),
        ("Call Ada on friday", "Call Ada", "2026-05-15"),
        ("Send offer in 3 days", "Send offer", "2026-05-11"),
        ("Send offer in 2 weeks", "Send offer", "2026-05-22"),
        ("Send offer next week", "Send offer", "2026-05-11"),
        ("Send offer due 2026-06-01", "Send offer", "2026-06-01"),
        ("Send offer 2026-13-01", "Send offer 2026-13-01", None),
        ("Book a room in 9999 weeks", "Book a room in 9999 weeks", None),
        ("Prepare holiday", "Prepare holiday", None),
        ("tomorrow", "", "2026-05-09"),
    ],
)
def test_the_last_words_may_name_a_day(text: str, subject: str, day: str | None) -> None:
    assert split_due(text, FRIDAY) == (subject, date.fromisoformat(day) if day else None)


def test_a_flood_of_spaces_is_read_once() -> None:
    flood = f"Call{' ' * 1_000_000}Ada"

    assert split_due(f"{flood} tomorrow", FRIDAY) == (flood, date(2026, 5, 9))
