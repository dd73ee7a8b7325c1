"""A day beside an instant: the day it lies in, where the asker lives."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.predicates import Facts, MaskIndex, When, compile_predicate
from crmbridge.domain.records import Kind

NINE = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
NIGHT = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def holds(operator: str, value: Any, due: Any, zone: str = "UTC") -> bool | None:
    """What the predicate says, and the index with it."""
    predicate = compile_predicate({"field": "task_due", "operator": operator, "value": value}, kind=Kind.TASK)
    facts, when = Facts({"due_at": due}), When(NOW, ZoneInfo(zone))
    index = MaskIndex([predicate])
    true, unknown = (index.numbers(mask) for mask in index.matches(facts, when))
    answer = predicate(facts, when)
    assert (0 in true, 0 in unknown) == (answer is True, answer is None)
    return answer


@pytest.mark.parametrize("due", [NINE, NIGHT, date(2026, 1, 1), "2026-01-01T09:00:00Z"])
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("eq", "2026-01-01", True),
        ("ne", "2026-01-01", False),
        ("in", ["2026-01-01", "2026-02-01"], True),
        ("lte", "2026-01-01", True),
        ("gt", "2026-01-01", False),
        ("gte", "2026-01-01", True),
        ("lt", "2026-01-02", True),
        ("between", ["2025-12-01", "2026-01-01"], True),
        ("between", ["2026-01-02", "2026-01-31"], False),
    ],
)
def test_what_is_due_some_time_on_a_day_is_due_on_that_day(operator: str, value: Any, due: Any, expected: bool) -> None:
    assert holds(operator, value, due) is expected


def test_which_day_it_is_depends_on_where_the_asker_lives() -> None:
    assert holds("eq", "2026-01-02", NIGHT, "Europe/Berlin") is True
    assert holds("eq", "2026-01-01", NIGHT, "Europe/Berlin") is False
    assert holds("eq", "2026-01-01", date(2026, 1, 1), "Europe/Berlin") is True


def test_an_instant_beside_an_instant_is_compared_to_the_second() -> None:
    assert holds("eq", "2026-01-01T09:00:00Z", NINE) is True
    assert holds("lte", "2026-01-01T09:00:00Z", NIGHT) is False


def test_what_is_no_day_is_unknown() -> None:
    assert holds("eq", "2026-01-01", "soon") is None
