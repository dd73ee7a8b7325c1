"""The people of deals: read by the fewest calls, whatever the module is called and where there is none."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import Unavailable
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Labelled, Link
from crmbridge.domain.runs import RunType
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import PageRequest, Window, WriteRequest
from crmbridge.platforms.zoho import ZOHO
from crmbridge.platforms.zoho.roles import LINKING, linking_of

from local.simulators import Running, running
from tests.crm_house import House, a_house

Told = Callable[..., tuple[Api, Any]]
ALWAYS = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
NO_QUERY = {"code": "INVALID_QUERY", "details": {}, "message": "module name given seems to be invalid"}


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    with running("zoho", contacts=300, companies=40, deals=160, daily_credits=100_000_000, concurrency=1_000) as up:
        yield up


@pytest.fixture
def api(sim: Running, open_api: Callable[..., Api]) -> Iterator[Api]:
    sim.settings(roles_module="Contact_Roles")
    sim.no_faults()
    yield open_api(sim.url)
    sim.settings(roles_module="Contact_Roles")


@pytest.fixture
def directories(api: Api) -> Directories:
    return ZOHO.load_directories(api)


@pytest.fixture
def without_module(sim: Running, api: Api) -> Directories:
    sim.settings(roles_module="")
    return ZOHO.load_directories(api)


def truth(sim: Running) -> dict[str, set[tuple[str, str]]]:
    """Deal -> its contacts with their roles."""
    found = {}
    for deal in sim.state(object="Deals", limit=10_000)["live"]:
        own = (deal.get("Contact_Name") or {}).get("id")
        roles = {**({own: ""} if own else {}), **deal.get("contact_roles", {})}
        found[deal["id"]] = {(contact, role or "") for contact, role in roles.items()}
    return found


def people(seen: list[Sighting]) -> dict[str, set[tuple[str, str]]]:
    return {one.external_id: {(link.external_id, link.label) for link in one.links["Contacts"]} for one in seen}


def listed(api: Api, directories: Directories, window: Window | None = None) -> list[Sighting]:
    return list(ZOHO.page(api, PageRequest(object="Deals", directories=directories, window=window)).seen)


def rows(*found: Any, more: bool = False) -> dict[str, Any]:
    return {"data": list(found), "info": {"more_records": more}}


def test_a_listing_brings_everybody_of_every_deal_for_one_more_call(
    api: Api, sim: Running, directories: Directories
) -> None:
    before = api.calls

    seen = listed(api, directories)

    assert people(seen) == truth(sim)
    assert any(len(one.links["Contacts"]) > 1 for one in seen)
    assert all(one.in_part == frozenset() for one in seen)
    assert api.calls - before == 2


def test_changes_and_re_reads_agree_with_the_listing(api: Api, directories: Directories) -> None:
    expected = {one.external_id: (one.fingerprint, one.links) for one in listed(api, directories)}

    changed = {one.external_id: (one.fingerprint, one.links) for one in listed(api, directories, ALWAYS)}
    read = ZOHO.fetch(api, "Deals", list(expected), directories)

    assert changed == expected
    assert {one.external_id: (one.fingerprint, one.links) for one in read} == expected


def test_the_module_is_found_whatever_it_is_called(api: Api, sim: Running) -> None:
    sim.settings(roles_module="Deals_X_Contacts")

    directories = ZOHO.load_directories(api)

    assert directories.facts[LINKING] == "Deals_X_Contacts Deal_Name Contact_Name Contact_Role"
    assert people(listed(api, directories)) == truth(sim)


def test_without_the_module_a_listing_knows_only_the_contact_that_a_deal_names(
    api: Api, without_module: Directories
) -> None:
    before = api.calls

    seen = listed(api, without_module)

    assert linking_of(without_module) is None
    assert all(one.in_part == {"Contacts"} and len(one.links["Contacts"]) <= 1 for one in seen)
    assert api.calls - before == 1


def test_without_the_module_a_deal_that_changed_takes_a_call(
    api: Api, sim: Running, without_module: Directories
) -> None:
    deal = next(id for id, contacts in truth(sim).items() if len(contacts) > 1)
    before = api.calls

    seen = ZOHO.fetch(api, "Deals", [deal], without_module)

    assert people(seen) == {deal: truth(sim)[deal]}
    assert seen[0].in_part == frozenset()
    assert api.calls - before == 2


def test_a_role_is_a_field_of_the_deal_and_its_edit_rewrites_it(
    api: Api, sim: Running, directories: Directories
) -> None:
    deal, contacts = next((id, sorted(found)) for id, found in truth(sim).items() if len(found) == 1)
    other = next(id for id in sim.state(object="Contacts", ids_only=1, limit=50)["live"] if id != contacts[0][0])
    before = ZOHO.fetch(api, "Deals", [deal], directories)[0]
    sim.mutate({"op": "add_role", "deal": deal, "contact": other, "role": "Influencer"})

    after = ZOHO.fetch(api, "Deals", [deal], directories)[0]

    record = ZOHO.read(after.kind, after.raw, ReadContext.of(directories, "Deals"), object="Deals", links=after.links)
    assert Labelled(other, "Influencer", False) in record.contact_roles  # type: ignore[operator]  # a tuple of them
    assert after.fingerprint != before.fingerprint


@pytest.mark.parametrize("answers", [1, 2])
def test_what_cannot_be_asked_for_as_a_stretch_is_asked_for_by_ids_and_else_left_to_changes(
    told: Told, directories: Directories, answers: int
) -> None:
    deals = rows({"id": "11", "Deal_Name": "x", "Contact_Name": {"id": "7"}, "Modified_Time": None})
    role = rows({"id": "1", "Deal_Name": {"id": "11"}, "Contact_Name": {"id": "8"}, "Contact_Role": "Champion"})
    refusal: Any = (400, {}, orjson.dumps({**NO_QUERY, "status": "error"}))
    api, _ = told(deals, *[refusal] * answers, role)
    narrow = replace(directories, fields={"Deals": {"Deal_Name": next(iter(directories.fields["Deals"].values()))}})

    seen = listed(api, narrow)[0]

    own, champion = Link("Contacts", "7", "", primary=True), Link("Contacts", "8", "Champion")
    assert seen.links["Contacts"] == ((own, champion) if answers == 1 else (own,))
    assert seen.in_part == (frozenset() if answers == 1 else {"Contacts"})


def test_a_crowd_of_roles_is_read_to_its_end(told: Told, directories: Directories) -> None:
    deals = rows({"id": "11", "Deal_Name": "x", "Contact_Name": None, "Modified_Time": None})
    many = [
        {"id": str(at), "Deal_Name": {"id": "11"}, "Contact_Name": {"id": f"9{at}"}, "Contact_Role": None}
        for at in range(2_100)
    ]
    api, script = told(deals, rows(*many[:2_000], more=True), rows(*many[2_000:]))
    narrow = replace(directories, fields={"Deals": {"Deal_Name": next(iter(directories.fields["Deals"].values()))}})

    seen = listed(api, narrow)[0]

    assert len(seen.links["Contacts"]) == 2_100
    assert "id > '1999'" in script.bodies()[2]["select_query"]


Ask = Callable[..., WriteRequest]


def contacts(sim: Running, count: int) -> list[str]:
    made = {"op": "create", "object": "Contacts", "count": count, "fields": {"Last_Name": "Joins {n}"}}
    ids: list[str] = sim.mutate(made)[0]["ids"]
    return ids


def test_a_deal_is_created_with_all_its_contacts(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    first, second, third = contacts(sim, 3)
    links = (Link("Contacts", first), Link("Contacts", second, primary=True), Link("Contacts", third))
    request = ask("create_deal", directories, name="Crowd", stage="Qualification", links=links, key="k-crowd")

    written = ZOHO.actions["create_deal"].send(api, request)

    seen = ZOHO.fetch(api, "Deals", [written.external_id], directories)[0]
    assert {(link.external_id, link.primary) for link in seen.links["Contacts"]} == {
        (first, False), (second, True), (third, False),
    }  # fmt: skip


def test_contacts_that_were_not_added_when_the_answer_got_lost_are_added_when_the_deal_is_looked_up(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    ZOHO.prepare(api, directories)
    directories = ZOHO.load_directories(api)
    people_there = contacts(sim, 2)
    links = tuple(Link("Contacts", id) for id in people_there)
    request = ask("create_deal", directories, name="Late", stage="Qualification", links=links, key="k-late")
    sim.faults({"kind": "status", "method": "PUT", "path": "Contact_Roles$", "status": 503, "times": 1})

    with pytest.raises(Unavailable) as unknown:
        ZOHO.actions["create_deal"].send(api, request)
    found = ZOHO.actions["create_deal"].look_up(api, request)

    assert unknown.value.outcome_unknown
    assert found is not None
    seen = ZOHO.fetch(api, "Deals", [found.external_id], directories)[0]
    assert {link.external_id for link in seen.links["Contacts"]} == set(people_there)


def test_where_zoho_insists_on_a_role_the_last_of_the_list_is_given(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    links = tuple(Link("Contacts", id) for id in contacts(sim, 2))
    refusal = {"data": [{"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Contact_Role"}, "status": "error",
                         "message": "required field not found"}]}  # fmt: skip
    sim.faults({"kind": "status", "method": "PUT", "path": "Contact_Roles$", "status": 400, "content": refusal,
                "times": 1})  # fmt: skip

    written = ZOHO.actions["create_deal"].send(
        api, ask("create_deal", directories, name="Insists", stage="Qualification", links=links)
    )

    seen = ZOHO.fetch(api, "Deals", [written.external_id], directories)[0]
    assert [link.label for link in seen.links["Contacts"]] == ["", "Technical Decision Maker"]


def test_a_deal_with_several_contacts_goes_alone(directories: Directories, ask: Ask) -> None:
    pack = ZOHO.actions["create_deal"].pack
    one, two = (
        ask("create_deal", directories, name="x", links=tuple(Link("Contacts", id) for id in ids))
        for ids in ("7", "78")
    )

    assert pack is not None
    assert (pack.takes(one), pack.takes(two)) == (True, False)


def contacts_held(house: House, deal: str) -> set[str]:
    return {link.external_id for link in house.stored("Deals")[deal].record.links["Contacts"]}


def test_in_an_org_without_the_module_a_changed_deal_keeps_its_contacts_through_the_next_full_run() -> None:
    with a_house("zoho", contacts=60, companies=10, deals=40, tasks=0, activities=0, leads=0) as house:
        house.sim.settings(roles_module="")
        house.connect()
        house.work()
        deal = next(id for id, contacts in truth(house.sim).items() if len(contacts) > 1)
        first = contacts_held(house, deal)
        house.sim.mutate({"op": "touch", "object": "Deals", "id": deal})
        house.sim.advance(600)

        house.sync(RunType.INCREMENTAL)
        changed = contacts_held(house, deal)
        house.sync(RunType.FULL)

        assert len(first) == 1
        assert changed == contacts_held(house, deal) == {contact for contact, _ in truth(house.sim)[deal]}
