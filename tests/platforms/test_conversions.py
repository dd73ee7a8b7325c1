"""Conversions that several CRMs share: what is understood, and that nothing else ever raises but a ValueError."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.platforms.conversions import (
    day_in,
    in_utc,
    to_flag,
    to_instant,
    to_lower,
    to_moment,
    to_number,
    to_percent,
    to_text,
    word_of,
    zone_of,
)
from crmbridge.platforms.hubspot import values as hubspot
from crmbridge.platforms.markers import marker
from crmbridge.platforms.pipedrive import values as pipedrive
from crmbridge.platforms.zoho import values as zoho
from hypothesis import given
from hypothesis import strategies as st

BERLIN = day_in("Europe/Berlin")
LATE = "2026-05-01T23:30:00Z"
"""A day later in Berlin."""
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("convert", "given", "meant"),
    [
        (to_text, "a", "a"),
        (to_text, 5, "5"),
        (to_text, True, "true"),
        (to_lower, "INBOUND", "inbound"),
        (to_number, "12.50", Decimal("12.50")),
        (to_number, 50000.0, Decimal(50000)),
        (to_number, "4.5E7", Decimal(45000000)),
        (to_number, -3, Decimal(-3)),
        (to_percent, 40, Decimal(40)),
        (to_flag, "true", True),
        (to_flag, False, False),
        (to_instant, "2026-05-01T12:00:00Z", NOON),
        (to_instant, "2026-05-01T14:00:00+02:00", NOON),
        (to_instant, "2026-05-01T12:00:00.000+0000", NOON),
        (to_instant, "2026-05-01 12:00:00", NOON),
        (to_moment, "2026-05-01", date(2026, 5, 1)),
        (to_moment, "2026-05-01T12:00:00Z", NOON),
        (BERLIN, "2026-05-01", date(2026, 5, 1)),
        (BERLIN, LATE, date(2026, 5, 2)),
        (day_in("Nowhere/City"), LATE, date(2026, 5, 1)),
        (word_of({"High": "high"}), "High", "high"),
        (word_of({"High": "high"}), "Urgent!", "Urgent!"),
        (hubspot.to_percent, "0.4", Decimal(40)),
        (hubspot.to_seconds, "90500", Decimal("90.5")),
        (hubspot.to_instant, "1777636800000", NOON),
        (hubspot.to_day("Europe/Berlin"), "1777678200000", date(2026, 5, 2)),
        (hubspot.to_day("Europe/Berlin"), "2026-05-01", date(2026, 5, 1)),
        (pipedrive.to_flag, 1, True),
        (pipedrive.to_id, {"value": 9}, "9"),
        (pipedrive.to_seconds, "01:30", 5400),
        (pipedrive.to_day, LATE, date(2026, 5, 1)),
        (zoho.to_id, {"id": "9", "name": "x"}, "9"),
        (zoho.to_duration, "53:52", 3232),
    ],
)
def test_a_value_is_understood(convert: Callable[[Any], Any], given: Any, meant: Any) -> None:
    found = convert(given)

    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("convert", "given"),
    [
        (to_text, None),
        (to_text, ["a"]),
        (to_number, True),
        (to_number, "NaN"),
        (to_number, "1_000"),
        (to_number, "1e400"),
        (to_number, "9" * 65),
        (to_number, "a lot"),
        (to_percent, 101),
        (to_percent, -1),
        (to_flag, "yes"),
        (to_flag, 1),
        (to_instant, "2026-05-01"),
        (to_instant, 1777636800000),
        (to_instant, "0001-01-01T00:00:00+14:00"),
        (to_moment, "01.05.2026"),
        (BERLIN, "9999-12-31T23:59:59Z"),
        (hubspot.to_instant, "99999999999999999"),
        (hubspot.to_day("Europe/Berlin"), "2026-05-xx"),
        (pipedrive.to_flag, 2),
        (zoho.to_id, {}),
        (zoho.to_duration, "5"),
    ],
)
def test_what_is_none_is_refused(convert: Callable[[Any], Any], given: Any) -> None:
    with pytest.raises(ValueError, match=r"not |no |[Ii]nvalid"):
        convert(given)


CONVERSIONS = [
    to_text, to_lower, to_number, to_percent, to_flag, to_instant, to_moment, BERLIN, word_of({}), hubspot.to_percent,
    hubspot.to_seconds, hubspot.to_instant, hubspot.to_day("Asia/Tokyo"), hubspot.one_of({}), pipedrive.to_id,
    pipedrive.to_currency, pipedrive.to_flag, pipedrive.to_day, pipedrive.to_time, pipedrive.to_seconds, zoho.to_id,
    zoho.to_duration,
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "value"]), inner),
    max_leaves=3,
)


@given(st.sampled_from(CONVERSIONS), ANYTHING)
def test_nothing_but_a_value_error_is_ever_raised(convert: Callable[[Any], Any], value: Any) -> None:
    try:
        convert(value)
    except ValueError:
        return


def test_an_instant_of_any_zone_is_one_in_utc() -> None:
    assert in_utc(datetime(2026, 5, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))).tzinfo is UTC
    assert in_utc(datetime(2026, 5, 1, 12, 0)) == NOON  # noqa: DTZ001 - one without a zone


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Nowhere/City") is zone_of("../etc") is UTC


def test_a_marker_is_short_and_always_the_same() -> None:
    assert marker("key-1") == marker("key-1") != marker("key-2")
    assert len(marker("key-1")) == len("ref 4F7K2Q")
