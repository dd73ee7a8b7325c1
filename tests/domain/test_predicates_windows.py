"""Rules about time: whole days of the asker's own zone, and the moment at which an answer may flip by itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Predicate, When, compile_predicate
from crmbridge.domain.records import Kind
from hypothesis import given
from hypothesis import strategies as st

NOON = When(datetime(2026, 6, 15, 12, tzinfo=UTC))
AUCKLAND = ZoneInfo("Pacific/Auckland")
TODAY = date(2026, 6, 15)


def window(operator: str, value: Any = None, field: str = "deal_close_date", **more: Any) -> Predicate:
    return compile_predicate({"field": field, "operator": operator, "value": value}, **more)


@pytest.mark.parametrize(
    ("operator", "days", "inside", "outside"),
    [
        ("within_last_days", 7, [0, -7], [-8, 1]),
        ("within_next_days", 7, [0, 7], [8, -1]),
        ("within_last_days", 0, [0], [-1, 1]),
        ("before_today", None, [-1, -4000], [0, 1]),
        ("after_today", None, [1, 4000], [0, -1]),
    ],
)
def test_a_window_takes_whole_days(operator: str, days: int | None, inside: list[int], outside: list[int]) -> None:
    asked = window(operator, days)
    answers = [asked({"close_date": TODAY + timedelta(away)}, NOON) for away in inside + outside]

    assert answers == [True] * len(inside) + [False] * len(outside)


def test_today_is_that_of_the_zone() -> None:
    in_auckland_tomorrow = When(NOON.now, AUCKLAND)

    assert window("before_today")({"close_date": TODAY}, in_auckland_tomorrow) is True


def test_an_instant_falls_on_a_day_of_the_zone() -> None:
    evening = {"due_at": datetime(2026, 6, 15, 11, 59, tzinfo=UTC)}
    asked = window("within_last_days", 0, "task_due", kind=Kind.TASK)

    assert asked(evening, When(NOON.now, ZoneInfo("Asia/Tokyo"))) is True
    assert asked(evening, When(NOON.now, AUCKLAND)) is False


def test_a_day_is_that_day_in_every_zone() -> None:
    asked = window("within_last_days", 0, "task_due", kind=Kind.TASK)

    assert asked({"due_at": TODAY}, When(NOON.now, ZoneInfo("America/Los_Angeles"))) is True


@pytest.mark.parametrize("record", [{}, {"close_date": None}, {"close_date": "soon"}])
def test_without_a_day_nobody_knows(record: dict[str, Any]) -> None:
    assert window("before_today")(record, NOON) is None


def test_while_nobody_says_what_day_it_is_nobody_knows_and_members_stay() -> None:
    asked = window("before_today")

    assert asked({"close_date": TODAY}) is None
    assert asked.may_stay({"close_date": TODAY}) is True


def test_a_custom_field_can_be_asked_for_a_window() -> None:
    asked = window("within_next_days", 30, "custom_fields.renewal")

    assert asked({"custom_fields": {"renewal": "2026-07-01"}}, NOON) is True


@pytest.mark.parametrize(
    ("operator", "days", "away", "flip"),
    [
        ("within_last_days", 7, 0, TODAY + timedelta(8)),
        ("within_last_days", 7, 3, TODAY + timedelta(3)),
        ("within_last_days", 7, -9, None),
        ("within_next_days", 7, 10, TODAY + timedelta(3)),
        ("within_next_days", 7, 0, TODAY + timedelta(1)),
        ("before_today", None, 0, TODAY + timedelta(1)),
        ("after_today", None, 5, TODAY + timedelta(5)),
        ("after_today", None, 0, None),
    ],
)
def test_the_next_flip_is_a_midnight(operator: str, days: int | None, away: int, flip: date | None) -> None:
    found = window(operator, days).next_flip({"close_date": TODAY + timedelta(away)}, NOON)

    assert found == (datetime(flip.year, flip.month, flip.day, tzinfo=UTC) if flip else None)


def test_the_midnight_is_that_of_the_zone() -> None:
    found = window("before_today").next_flip({"close_date": "2026-06-16"}, When(NOON.now, AUCKLAND))

    assert found == datetime(2026, 6, 16, 12, tzinfo=UTC)


def test_rules_without_windows_never_flip() -> None:
    asked = compile_predicate({"field": "deal_amount", "operator": "gt", "value": 5})

    assert asked.next_flip({"amount": 1}, NOON) is None


@pytest.mark.parametrize("days", [None, -1, 1.5, "many", 1e9, True])
def test_a_wrong_number_of_days_is_refused(days: Any) -> None:
    with pytest.raises(Invalid, match="number of days"):
        window("within_last_days", days)


def test_text_has_no_window() -> None:
    with pytest.raises(Invalid) as caught:
        window("before_today", None, "deal_name")

    assert "starts_with" in caught.value.problems[0].fix


@given(
    operator=st.sampled_from(["within_last_days", "within_next_days", "before_today", "after_today"]),
    days=st.integers(0, 40),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    zone=st.sampled_from([UTC, AUCKLAND, ZoneInfo("America/St_Johns")]),
)
def test_an_answer_holds_until_its_next_flip_and_changes_then(operator: str, days: int, day: date, zone: Any) -> None:
    asked, record, when = (
        window(operator, days if "days" in operator else None),
        {"close_date": day},
        When(NOON.now, zone),
    )
    flip = asked.next_flip(record, when) or datetime(2028, 1, 1, tzinfo=UTC)

    just_before = asked(record, When(flip - timedelta(seconds=1), zone))

    assert just_before is asked(record, when)
    assert flip.year == 2028 or asked(record, When(flip, zone)) is not just_before
