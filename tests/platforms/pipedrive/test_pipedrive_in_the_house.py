"""What only Pipedrive does, once it is connected: deals are archived, and some cost a call for their people."""

from collections.abc import Iterator

import pytest
from crmbridge.domain.records import State
from crmbridge.domain.runs import RunType
from crmbridge.services.add_connection import add_connection

from tests.crm_house import ADA, House, a_house

TOKEN = "5d1f00c0ffee00000000000000000000c0ffee01"


@pytest.fixture
def house() -> Iterator[House]:
    """Connected by API token, and synced once."""
    with a_house("pipedrive", contacts=600, companies=80, deals=200, tasks=30, activities=60, token=TOKEN) as made:
        made.connection_id = add_connection(made.deps, ADA, "pipedrive", {"token": TOKEN}).id
        made.work()
        yield made


def states(house: House, object: str) -> dict[str, State]:
    return {id: one.record.state for id, one in house.stored(object).items()}


def test_a_full_run_costs_a_call_for_each_page_and_each_deal_with_company(house: House) -> None:
    deals = house.sim.state(object="deals", limit=1_000)["live"]
    crowded = sum(bool(deal["participants"]) for deal in deals)
    pages = {"organizations": 1, "persons": 2, "deals": 1, "archived deals": 1, "activities": 1, "notes": 1}

    _, calls = house.sync(RunType.FULL)

    assert calls == sum(pages.values()) + crowded


def test_what_is_archived_and_deleted_arrives_with_an_incremental_run(house: House) -> None:
    persons, deals = house.live("contact"), house.live("deal")
    gone = str(house.sim.mutate(house.dialect.create("deal", 1))[0]["ids"][0])
    house.sim.mutate(
        house.dialect.update("contact", persons[:100]),
        {"op": "archive", "object": "deals", "id": deals[0]},
        house.dialect.remove("deal", [gone]),
    )
    house.sim.advance(60)

    run, calls = house.sync(RunType.INCREMENTAL)

    assert run.counts["contact"].updated == 100
    assert (states(house, "deals")[gone], states(house, "deals")[deals[0]]) == (State.DELETED, State.ARCHIVED)
    assert house.differences() == []
    assert calls == 7


def test_what_was_deleted_in_the_archive_or_unseen_is_found_by_a_full_run(house: House) -> None:
    person, deal = house.live("contact")[0], house.live("deal")[0]
    house.sim.mutate({"op": "archive", "object": "deals", "id": deal})
    house.sync(RunType.FULL)
    house.sim.mutate(house.dialect.remove("deal", [deal]), house.dialect.remove("contact", [person]))

    house.sync(RunType.FULL)

    assert states(house, "deals")[deal] == states(house, "persons")[person] == State.DELETED
    assert house.differences() == []


def test_connecting_has_made_a_webhook_and_the_key_fields(house: House) -> None:
    door, facts = house.deps.connections.door("w1", house.connection_id), house.connection.facts

    assert door is not None
    assert door.channel is not None
    assert len(door.channel.ids) == 1
    assert {facts[f"key.{name}"] for name in ("persons", "organizations", "deals")} == {"field"}
