"""A chat app has one set of priorities and of types; every CRM takes them all, as the nearest that it has."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from crmbridge.domain.actions import Receipt
from crmbridge.platforms.registry import PLATFORMS

from tests.crm_house import House, a_house

NUMBERS = count(1)
THREE = {"low": "low", "medium": "medium", "high": "high", "urgent": "high"}
PRIORITIES = {"hubspot": THREE, "salesforce": THREE, "pipedrive": THREE, "zoho": THREE | {"urgent": "urgent"}}
TYPES = ("task", "call", "meeting", "email", "lunch", "deadline")
DISTINCT = {"hubspot": ("call", "meeting", "email"), "salesforce": (), "pipedrive": TYPES, "zoho": ()}
"""The types that each tells apart; the others are something to do."""
TO_DO = {"hubspot": "todo"}
"""A type is read as HubSpot's word."""

Receipts = Callable[..., Receipt]


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=2, companies=2, deals=2, tasks=0, activities=0) as made:
        made.connect()
        yield made


@pytest.fixture
def made(house: House) -> Receipts:
    def receipt(**fields: str) -> Receipt:
        number = next(NUMBERS)
        done = house.act("create_task", f"key-{number}", fields={"subject": f"Call {number}", **fields})
        assert done.receipt is not None, done
        return done.receipt

    return receipt


@pytest.mark.parametrize("priority", THREE)
def test_every_priority_is_taken(house: House, made: Receipts, priority: str) -> None:
    assert made(priority=priority).after["priority"] == PRIORITIES[house.platform][priority]


@pytest.mark.parametrize("type", TYPES)
def test_every_type_is_taken(house: House, made: Receipts, type: str) -> None:
    expected = type if type in DISTINCT[house.platform] else TO_DO.get(house.platform, "task")

    assert made(type=type).after["type"] == expected
