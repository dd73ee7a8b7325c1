"""`live=true`: the CRM is asked before we answer, for one record or for one person, whichever CRM it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from crmbridge.domain.errors import NotFound
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.read_records import Asked, list_records, read_record

from tests.crm_house import ADA, House, a_house


@pytest.fixture(scope="module", params=PLATFORMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Return a small account that was synced once; nothing tells us what happens there later."""
    with a_house(request.param, contacts=30, companies=6, deals=6, tasks=0, activities=0) as made:
        made.connect()
        made.work()
        yield made


def look(house: House, kind: str, id: str) -> Any:
    house.sim.advance(120)  # past what any of them needs to show its own writes
    return read_record(house.deps, ADA, house.connection_id, house.dialect.objects[kind], id, live=True)


def seen(house: House, email: str) -> set[tuple[str, str]]:
    house.sim.advance(120)
    found = list_records(house.deps, ADA, Asked(email=email, live=True))
    return {(each["object"], each["external_id"]) for each in found["items"]}


@pytest.mark.parametrize("kind", ["contact", "company", "deal"])
def test_a_change_is_seen_at_once_and_kept(house: House, kind: str) -> None:
    id = house.live(kind)[0]
    house.sim.mutate(house.dialect.update(kind, [id]))

    asked = look(house, kind, id)

    stored = read_record(house.deps, ADA, house.connection_id, house.dialect.objects[kind], id)
    name = "last_name" if kind == "contact" else "name"
    assert "Renamed" in str(asked["fields"][name]) or "Person" in str(asked["fields"][name])
    assert stored["fields"] == asked["fields"]


def test_a_record_that_was_never_synced_is_found_by_id(house: House) -> None:
    id = str(house.sim.mutate(house.dialect.create("company", 1, ".live"))[0]["ids"][0])

    assert look(house, "company", id)["state"] == "live"


def test_a_person_who_was_never_synced_is_found_by_email_in_any_case(house: House) -> None:
    nina = house.dialect.reached_at("nina.new@made.test")
    made = house.sim.mutate(house.dialect.create("contact", 1, ".nina", **nina))[0]["ids"]

    assert seen(house, " Nina.New@made.TEST ") == {(house.dialect.contact, str(made[0]))}


def test_nobody_has_an_address_that_nobody_has(house: House) -> None:
    assert seen(house, "nobody@nowhere.test") == set()
    assert seen(house, "o'brien\\@nowhere.test") == set()


@pytest.mark.parametrize("id", ["999999999999", "no id's", "../contacts/1"])
def test_an_id_that_the_crm_does_not_know_is_not_found(house: House, id: str) -> None:
    with pytest.raises(NotFound):
        look(house, "contact", id)


def test_a_deleted_record_says_so(house: House) -> None:
    id = house.live("contact")[5]
    house.sim.mutate(house.dialect.remove("contact", [id]))

    assert look(house, "contact", id)["state"] in (house.dialect.deleted, "deleted")


def test_a_merged_record_answers_as_its_survivor_where_the_crm_says_which(house: House) -> None:
    """Zoho and Pipedrive tell of a merge in a delivery only: there the loser has gone, and its winner lives."""
    winner, loser = house.live("contact")[7:9]
    survivor = str(house.sim.mutate(house.dialect.merge("contact", winner, loser))[0].get("id", winner))

    found = look(house, "contact", loser)

    told = house.platform in ("hubspot", "salesforce")
    assert (found["external_id"], found["state"] == "live") == ((survivor, True) if told else (loser, False))
    assert look(house, "contact", survivor)["state"] == "live"
