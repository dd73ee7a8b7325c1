"""The content of a record survives its text, by the types of its fields."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from crmbridge.domain.records import FIELDS, Kind, Labelled, Record, Type
from crmbridge.storage.contents import content_text, read_content
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = st.text(max_size=6)
INSTANT = st.datetimes(timezones=st.just(UTC))
VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.MONEY: st.decimals(allow_nan=False, allow_infinity=False),
    Type.NUMBER: st.decimals(allow_nan=False, allow_infinity=False) | st.integers(),
    Type.FLAG: st.booleans(),
    Type.INSTANT: INSTANT,
    Type.DAY: st.dates(),
    Type.MOMENT: INSTANT | st.dates(),
    Type.IDS: st.lists(TEXT, max_size=3).map(tuple),
    Type.LABELLED: st.lists(st.builds(Labelled, TEXT, TEXT, st.booleans()), max_size=3).map(tuple),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def record(kind: Kind = Kind.DEAL, **attributes: Any) -> Record:
    return Record(object="deals", external_id="1", kind=kind, **{"platform": "hubspot", **attributes})


def read_back(before: Record) -> Record:
    return record(before.kind, **read_content(before.kind, content_text(before)))


def record_of(kind: Kind) -> st.SearchStrategy[Record]:
    fields = {name: VALUES.get(type, TEXT) | st.none() for name, type in FIELDS[kind].items()}
    return st.builds(
        record,
        st.just(kind),
        fields=st.fixed_dictionaries({}, optional=fields),
        custom_fields=st.dictionaries(TEXT, JSON, max_size=3),
        remote_created_at=INSTANT | st.none(),
        remote_updated_at=INSTANT | st.none(),
    )


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(Kind).flatmap(record_of))
def test_every_field_comes_back_as_its_type(before: Record) -> None:
    assert read_back(before) == before


def test_a_field_that_was_not_read_stays_absent() -> None:
    assert dict(read_back(record(fields={"name": None})).fields) == {"name": None}


@pytest.mark.parametrize("value", ["about 5", 7.5, ["a"], {"b": 1}, True])
def test_an_odd_value_is_kept_as_it_came(value: Any) -> None:
    before = record(fields={"amount": value, "close_date": value}, odd=frozenset({"amount", "close_date"}))

    assert read_back(before) == before


def test_a_value_that_is_not_of_its_type_is_marked_odd() -> None:
    after = read_back(record(fields={"amount": "about 5", "amount_home": True, "close_date": date(2026, 1, 2)}))

    assert after.fields == {"amount": "about 5", "amount_home": True, "close_date": date(2026, 1, 2)}
    assert after.odd == {"amount", "amount_home"}


def test_money_and_instants_lie_there_as_text() -> None:
    fields = {"amount": Decimal("10.50"), "close_date": date(2026, 1, 2)}
    text = content_text(record(fields=fields, remote_updated_at=datetime(2026, 1, 2, 3, tzinfo=UTC)))

    stored = orjson.loads(text)
    assert stored["fields"] == {"amount": "10.50", "close_date": "2026-01-02"}
    assert stored["updated"] == "2026-01-02T03:00:00+00:00"


def test_text_that_utf8_cannot_hold_is_mended() -> None:
    after = read_back(record(fields={"name": "cut \ud83d"}, custom_fields={"x": 2**70}))

    assert (after.fields["name"], after.custom_fields["x"]) == ("cut \ufffd", str(2**70))
