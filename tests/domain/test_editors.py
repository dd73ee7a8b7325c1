"""What a stored value means in a form."""

from typing import Any

import pytest
from crmbridge.domain.directories import Option
from crmbridge.domain.editors import YES_OR_NO, custom_value, selected_of

TIERS = (Option("1", "Gold"), Option("2", "Silver"))


@pytest.mark.parametrize(
    ("value", "is_multiple", "selected"),
    [
        (None, False, []),
        ("1", False, ["1"]),
        (2, False, ["2"]),
        ("Gold", False, ["1"]),
        ("gone", False, []),
        ("1;Silver", True, ["1", "2"]),
        ([2, 1], True, ["2", "1"]),
        ("1;2", False, []),
    ],
)
def test_options_are_known_by_value_number_or_label(value: Any, is_multiple: bool, selected: list[str]) -> None:
    assert selected_of(TIERS, value, is_multiple=is_multiple) == selected


@pytest.mark.parametrize(("value", "selected"), [(True, ["true"]), (False, ["false"]), ("true", ["true"])])
def test_a_flag_is_yes_or_no(value: Any, selected: list[str]) -> None:
    assert selected_of(YES_OR_NO, value, is_multiple=False) == selected


def test_of_an_amount_with_its_currency_the_amount_is_edited() -> None:
    assert custom_value({"value": 12.5, "currency": "EUR"}) == 12.5
    assert custom_value({"value": "2026-01-01", "until": "2026-12-31"}) == {
        "value": "2026-01-01",
        "until": "2026-12-31",
    }
