"""Dataclasses survive JSON, and versions of them read each other's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson
import pytest
from crmbridge.domain.actions import Action, Receipt
from crmbridge.domain.connections import Connection, Pending, Settings, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.groups import Group, Held, Member, Support
from crmbridge.domain.runs import Run, Task
from crmbridge.domain.workspaces import ApiKey, Endpoint
from crmbridge.storage.codec import decode, encode, from_json, json_text, to_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSON, max_size=2)
KINDS = (
    Action, ApiKey, Connection, Directories, Endpoint, Group, Held, Member, Pending, Run, Settings, Support, Task,
    TokenSet,
)  # fmt: skip
FREE = {"rules", "custom_fields", "filters", "proof", "cursor", "error", "before", "after"}
"""Attributes that hold any JSON, which Hypothesis cannot guess."""


@st.composite
def instances(draw: st.DrawFn) -> Any:
    st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
    st.register_type_strategy(int, st.integers(-(2**53), 2**53))  # versions and counts
    kind = draw(st.sampled_from(KINDS))
    free: dict[str, Any] = dict.fromkeys(FREE & set(kind.__annotations__), OBJECTS)
    if kind is Run:
        free["errors"] = st.lists(OBJECTS, max_size=2).map(tuple)
    if kind is Action:
        free["fields"] = OBJECTS
        free["receipt"] = st.none() | st.builds(Receipt, before=OBJECTS, after=OBJECTS)
    return draw(st.builds(kind, **free))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(instances())
def test_whatever_is_stored_comes_back_equal(value: Any) -> None:
    assert from_json(type(value), to_json(value)) == value


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Older:
    name: str
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Newer:
    name: str
    colour: Colour = Colour.RED
    day: date | None = None
    price: Decimal = Decimal("1.10")
    spans: tuple[timedelta, ...] = ()
    places: Mapping[str, Older] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    pair: tuple[str, int] = ("", 0)


def test_what_json_does_not_know_is_written_as_text() -> None:
    value = Newer("a", day=date(2026, 11, 20), spans=(timedelta(seconds=1),), places={"x": Older("b")})

    assert encode(value) == {
        "name": "a", "colour": "red", "day": "2026-11-20", "price": "1.10", "spans": [1_000_000],
        "places": {"x": {"name": "b", "colour": "red"}}, "words": [], "pair": ["", 0],
    }  # fmt: skip


def test_an_older_version_ignores_what_it_does_not_know() -> None:
    assert decode(Older, encode(Newer("a", price=Decimal(2)))) == Older("a")


def test_a_newer_version_fills_in_what_is_missing() -> None:
    assert decode(Newer, encode(Older("a"))) == Newer("a")


def test_a_missing_attribute_without_a_default_is_an_error() -> None:
    with pytest.raises(TypeError, match="name"):
        decode(Older, {})


@pytest.mark.parametrize(
    ("sent", "held"),
    [("\ud83d!", "\ufffd!"), (2**80, str(2**80)), ({"a": ("\udc00",)}, {"a": ["\ufffd"]}), (Decimal("1.5"), "1.5")],
)
def test_what_utf8_or_json_cannot_hold_is_mended(sent: Any, held: Any) -> None:
    assert orjson.loads(json_text(sent)) == held
