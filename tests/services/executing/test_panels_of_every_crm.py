"""Whatever a panel offers to edit, that CRM takes; and the panel then shows what the CRM has."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.domain.sidepanels import LINKABLE
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.edit_record import Wish, edit_record
from crmbridge.services.execute_action import execute_action
from crmbridge.services.link_chat import PanelWish, set_panel
from crmbridge.services.read_panel import read_panel
from crmbridge.services.read_records import Asked, list_records

from tests.crm_house import ADA, House, a_house

Json = Any
Linked = Callable[[Kind], RecordKey]

ANYTHING: Mapping[str, Json] = {"text": "Changed", "number": 7, "date": "2026-12-24", "textarea": "One\ntwo"}
"""By the kind of input."""
FITTING: Mapping[str, Json] = {
    "email": "changed@example.test", "phone": "+49 30 1234567", "website": "https://changed.example",
    "domain": "changed.example", "currency": "USD",
}  # fmt: skip


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with a_house(request.param, contacts=12, companies=6, deals=6, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


@pytest.fixture
def linked(house: House) -> Linked:
    """A chat that is about the first record of a kind."""

    def link(kind: Kind) -> RecordKey:
        found = list_records(house.deps, ADA, Asked(kind=kind), limit=1)["items"][0]
        key = RecordKey("w1", house.connection_id, found["object"], found["external_id"])
        set_panel(house.deps, ADA, "room", PanelWish(record=key))
        return key

    return link


def fields(house: House) -> dict[str, Json]:
    return {each["name"]: each for each in read_panel(house.deps, ADA, "room")["fields"]}


def wish(field: Json) -> Wish:
    """Something else than is there, as a person would choose or type it."""
    options = [option for option in field["options"] if option["value"] not in field["selected"]]
    chosen = options[0]["value"] if options else FITTING.get(field["name"], ANYTHING.get(field["type"]))
    told = {field["name"]: chosen if chosen is not None else field["value"]}
    along = {"stage": options[0]["stages"][0]["value"]} if field["needs"] else {}
    base = {field["name"]: field["value"]}
    return Wish(custom_fields=told, base=base) if field["custom"] else Wish(fields={**told, **along}, base=base)


@pytest.mark.parametrize("kind", LINKABLE)
def test_every_field_that_a_panel_offers_can_be_written(house: House, linked: Linked, kind: Kind) -> None:
    key = linked(kind)
    offered = [field for field in fields(house).values() if not field["read_only"]]

    refused = {}
    for field in offered:
        action = edit_record(house.deps, ADA, key, wish(fields(house)[field["name"]]), f"{kind}-{field['name']}")
        house.sim.advance(11)  # HubSpot's burst limit
        execute_action(house.deps, "w1", action.id)
        ended = house.now(action)
        if ended.status is not ActionStatus.COMPLETED or fields(house)[field["name"]]["pending"]:
            refused[field["name"]] = (ended.status, ended.error)

    assert len(offered) >= 5
    assert refused == {}


@pytest.mark.parametrize("kind", LINKABLE)
def test_what_is_chosen_is_one_of_the_options(house: House, linked: Linked, kind: Kind) -> None:
    linked(kind)

    selects = [field for field in fields(house).values() if field["type"] == "select" and field["value"] is not None]

    unknown = [field["name"] for field in selects if not field["selected"] and field["name"] != "owner_id"]
    assert selects
    assert unknown == []


@pytest.mark.parametrize("kind", LINKABLE)
def test_our_own_key_is_no_field_of_a_panel(house: House, linked: Linked, kind: Kind) -> None:
    linked(kind)

    assert [name for name, field in fields(house).items() if "bridge" in f"{name} {field['label']}".casefold()] == []
