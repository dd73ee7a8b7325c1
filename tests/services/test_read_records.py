"""Records as people look for them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner, Stage
from crmbridge.domain.errors import Invalid, NotFound
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.platforms.spec import Platform
from crmbridge.services.ports import Deps
from crmbridge.services.read_records import Asked, list_records, read_record
from crmbridge.services.show_records import show_records
from crmbridge.services.store_sightings import store_sightings

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

ADA = Caller("w1", "u1", "member")
STRANGER = Caller("w2", "u1", "admin")


class House:
    def __init__(self) -> None:
        self.crm = LittleCrm(Clock())
        self.deps: Deps = make_deps(self.crm)
        self.connection: Connection = make_connection(self.deps)

    def store(self, object: str, *ids: str, connection: Connection | None = None) -> None:
        seen, started = self.crm.fetch(object, ids), self.crm.clock() - timedelta(seconds=1)
        directories = Directories(Account("48"))
        owner, platform = connection or self.connection, self.crm.platform()
        cause = Cause(Origin.BACKFILL)
        store_sightings(self.deps, platform, owner, directories, seen, read_started_at=started, cause=cause)

    def made(self, object: str, name: str) -> str:
        id = self.crm.create(object, name)
        self.store(object, id)
        return id


@pytest.fixture
def house() -> House:
    return House()


def ids(found: dict[str, object]) -> list[str]:
    items = found["items"]
    assert isinstance(items, list)
    return [item["external_id"] for item in items]


def test_a_record_is_read_with_its_address_in_the_crm(house: House) -> None:
    id = house.made("contacts", "Lovelace")
    house.deps.connections.save_directories("w1", "c1", Directories(Account("48")))

    found = read_record(house.deps, ADA, "c1", "contacts", id)

    assert found["fields"] == {"last_name": "Lovelace", "email": f"{id}@Little.test"}
    assert found["url"] == f"https://little.test/48/contacts/{id}"


def test_a_merged_record_is_read_under_the_id_it_lives_on_under(house: House) -> None:
    one, other = house.made("contacts", "a"), house.made("contacts", "b")
    survivor = house.crm.merge("contacts", one, other)
    house.store("contacts", survivor)

    assert read_record(house.deps, ADA, "c1", "contacts", other)["external_id"] == survivor


def test_unknown_and_foreign_records_look_alike(house: House) -> None:
    id = house.made("contacts", "a")

    with pytest.raises(NotFound):
        read_record(house.deps, ADA, "c1", "contacts", "9999")
    with pytest.raises(NotFound):
        read_record(house.deps, STRANGER, "c1", "contacts", id)


def test_a_live_reading_asks_the_crm_and_keeps_what_it_says(house: House) -> None:
    id = house.made("contacts", "old")
    house.crm.update("contacts", id, "new")

    assert read_record(house.deps, ADA, "c1", "contacts", id, live=True)["fields"]["last_name"] == "new"

    assert read_record(house.deps, ADA, "c1", "contacts", id)["fields"]["last_name"] == "new"


def test_an_object_that_the_crm_does_not_have_is_not_asked_for(house: House) -> None:
    with pytest.raises(NotFound, match="spaceships"):
        read_record(house.deps, ADA, "c1", "spaceships", "1", live=True)


def test_records_of_a_kind_are_listed_page_by_page_without_the_dead(house: House) -> None:
    made = [house.made("contacts", "a") for _ in range(7)]
    house.made("deals", "d")
    house.crm.delete("contacts", made[3])
    house.store("contacts", made[3])
    listed: list[str] = []
    cursor = None

    for _ in range(9):
        page = list_records(house.deps, ADA, Asked(kind=Kind.CONTACT), limit=2, cursor=cursor)
        listed, cursor = listed + ids(page), page["cursor"]
        if cursor is None:
            break

    assert sorted(listed) == sorted({*made} - {made[3]})


def test_nobody_lists_another_workspaces_records(house: House) -> None:
    house.made("contacts", "a")

    assert list_records(house.deps, STRANGER, Asked()) == {"items": [], "cursor": None}
    with pytest.raises(NotFound):
        list_records(house.deps, STRANGER, Asked(connection="c1"))


@pytest.mark.parametrize("asked", [Asked(email="0001@LITTLE.test"), Asked(q="0001@little.test")])
def test_one_person_is_found_in_every_connection_by_email(house: House, asked: Asked) -> None:
    house.made("contacts", "a")
    house.store("contacts", "0001", connection=make_connection(house.deps, id="c2"))

    found = list_records(house.deps, ADA, asked)

    assert [(item["connection"], item["external_id"]) for item in found["items"]] == [("c1", "0001"), ("c2", "0001")]


def test_a_live_look_up_finds_somebody_who_was_never_synced(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    asks: Platform = replace(
        house.crm.platform(), find=lambda _api, object, _email, _names: house.crm.fetch(object, [id])
    )
    deps = replace(house.deps, platform=lambda _: asks)

    found = list_records(deps, ADA, Asked(email=f"{id}@little.test", live=True))

    assert ids(found) == [id]


@pytest.mark.parametrize("kind", [None, Kind.CONTACT])
def test_records_are_found_by_the_beginning_of_their_name(house: House, kind: Kind | None) -> None:
    id = house.made("contacts", "Lovelace")
    house.made("contacts", "Hopper")

    assert ids(list_records(house.deps, ADA, Asked(q="LOVE", kind=kind))) == [id]


@pytest.mark.parametrize("cursor", ["nonsense", "W10=", "WyJjOSIsImNvbnRhY3RzIixudWxsXQ=="])
def test_a_cursor_of_another_listing_is_refused_by_name(house: House, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        list_records(house.deps, ADA, Asked(), cursor=cursor)


def test_names_come_from_the_directories_of_today(house: House) -> None:
    id = house.made("deals", "Big")
    stored = house.deps.records.get(RecordKey("w1", "c1", "deals", id))
    assert stored
    owned = replace(stored, record=replace(stored.record, fields={"owner_id": "7", "stage": "s1", "amount": None}))
    directories = Directories(
        Account("48"), owners={"7": Owner("7", "Grace")}, stages={"s1": Stage("s1", "Won", "p1", "Sales")}
    )
    house.deps.connections.save_directories("w1", "c1", directories)

    (found,) = show_records(house.deps, [owned])

    assert found["fields"]["owner_name"] == "Grace"
    assert (found["fields"]["stage_label"], found["fields"]["pipeline_label"]) == ("Won", "Sales")


def test_what_the_crm_no_longer_shows_is_hidden_and_not_deleted(house: House) -> None:
    id = house.made("contacts", "a")
    house.crm.hide("contacts", id)

    assert read_record(house.deps, ADA, "c1", "contacts", id, live=True)["state"] == "hidden"
