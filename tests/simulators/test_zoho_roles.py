"""The people of deals: the related list of one deal, and the linking module over all of them."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulators import Running, running
from tests.simulators.zoho_calls import ask, codes, coql

LINKS = "select id, Deal_Name, Contact_Name, Contact_Role from Contact_Roles where id > '0'"


@pytest.fixture
def own() -> Iterator[Running]:
    with running("zoho", contacts=20, leads=2, companies=5, deals=12, tasks=2, activities=2) as sim:
        yield sim


def told(sim: Running) -> set[tuple[str, str]]:
    """(deal, contact) of all living deals, as the simulator knows them."""
    live = set(sim.state(object="Contacts", ids_only=1)["live"])
    deals = sim.state(object="Deals")["live"]
    return {(deal["id"], each) for deal in deals for each in deal.get("contact_roles", {}) if each in live}


def linked(sim: Running, query: str = LINKS) -> set[tuple[str, str]]:
    answer = coql(sim, f"{query} limit 2000")
    assert answer.status_code in {200, 204}, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"] if answer.content else []
    return {(row["Deal_Name"]["id"], row["Contact_Name"]["id"]) for row in rows}


def test_one_query_tells_the_people_of_all_deals(own: Running) -> None:
    assert linked(own) == told(own)
    assert len(told(own)) > 10


def test_the_links_of_what_is_deleted_are_gone_until_it_is_back(own: Running) -> None:
    deal, contact = min(told(own))
    own.mutate({"op": "delete", "object": "Contacts", "id": contact})
    without = linked(own)
    own.mutate({"op": "restore", "object": "Contacts", "id": contact})

    assert (deal, contact) not in without
    assert linked(own) == told(own)


def test_a_merge_moves_people_and_deals(own: Running) -> None:
    pairs = told(own)
    deal, contact = min(pairs)
    other_deal = max(each for each, _ in pairs)
    other = next(each for each in own.state(object="Contacts", ids_only=1)["live"] if (deal, each) not in pairs)

    own.mutate({"op": "merge", "object": "Contacts", "primary": other, "other": contact},
               {"op": "merge", "object": "Deals", "primary": other_deal, "other": deal})  # fmt: skip

    assert (other_deal, other) in linked(own)
    assert linked(own) == told(own)


def test_the_linking_module_tells_of_itself(own: Running) -> None:
    modules = ask(own, "GET", "/v8/settings/modules").json()["modules"]
    found = next(each for each in modules if each["generated_type"] == "linking")
    fields = ask(own, "GET", "/v8/settings/fields", params={"module": found["api_name"]}).json()["fields"]

    points = {each["api_name"]: each["lookup"]["module"]["api_name"] for each in fields if each["lookup"]}

    assert points == {"Deal_Name": "Deals", "Contact_Name": "Contacts"}


def test_where_the_linking_module_cannot_be_queried_only_the_related_list_is_left(own: Running) -> None:
    own.settings(roles_module="")
    deal, contact = min(told(own))

    refused = coql(own, f"{LINKS} limit 10")
    listed = ask(own, "GET", f"/v8/Deals/{deal}/Contact_Roles", params={"fields": "Last_Name,Contact_Role"})
    modules = ask(own, "GET", "/v8/settings/modules").json()["modules"]

    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_QUERY")
    assert contact in [row["id"] for row in listed.json()["data"]]
    assert "linking" not in {each["generated_type"] for each in modules}


def test_bulk_read_knows_the_links_too(own: Running) -> None:
    fields = ["Deal_Name", "Contact_Name", "Contact_Role"]
    query = {"module": {"api_name": "Contact_Roles"}, "fields": fields}
    job = ask(own, "POST", "/bulk/v8/read", json={"query": query}).json()["data"][0]["details"]["id"]
    own.advance(1)

    packed = zipfile.ZipFile(io.BytesIO(ask(own, "GET", f"/bulk/v8/read/{job}/result").content))

    rows = csv.DictReader(io.StringIO(packed.read(packed.namelist()[0]).decode()))
    assert {(row["Deal_Name"], row["Contact_Name"]) for row in rows} == told(own)


def test_one_contact_of_a_deal_can_be_read_changed_and_removed(own: Running) -> None:
    deal, contact = min(told(own))
    path, query = f"/v8/Deals/{deal}/Contact_Roles/{contact}", {"fields": "Last_Name,Contact_Role"}

    ask(own, "PUT", path, json={"data": [{"Contact_Role": {"name": "Influencer"}}]})
    shown = ask(own, "GET", path, params=query).json()["data"][0]
    picked = ask(own, "GET", path.rpartition("/")[0], params={**query, "ids": contact}).json()["data"]
    removed = ask(own, "DELETE", path)

    assert shown["Contact_Role"]["name"] == "Influencer"
    assert [row["id"] for row in picked] == [contact]
    assert codes(removed) == ["SUCCESS"]
    assert ask(own, "GET", path, params=query).status_code == 204
    assert (deal, contact) not in linked(own)


def test_the_related_list_insists_on_fields(own: Running) -> None:
    deal, _ = min(told(own))

    refused = ask(own, "GET", f"/v8/Deals/{deal}/Contact_Roles").json()

    assert (refused["code"], refused["details"]["param_name"]) == ("REQUIRED_PARAM_MISSING", "fields")


@pytest.mark.parametrize(
    ("query", "code"),
    [("select", "SYNTAX_ERROR"), ("select id from Contacts", "SYNTAX_ERROR"),
     ("select id from Nothing where id > '1'", "INVALID_QUERY"),
     ("select Nope from Contacts where id > '1'", "INVALID_QUERY"),
     ("select id from Contacts where Last_Name = 'a' and Email = 'b' and Title = 'c'", "SYNTAX_ERROR"),
     ("select id from Contacts where Description like 'a%'", "INVALID_QUERY"),
     ("select id from Contacts where id > '1' limit 2001", "LIMIT_EXCEEDED"),
     ("delete from Contacts where id > '1'", "SYNTAX_ERROR"), ("select id from Contacts where 1 < 2", "SYNTAX_ERROR")],
)  # fmt: skip
def test_a_malformed_query_is_refused(own: Running, query: str, code: str) -> None:
    answer = coql(own, query)

    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, "error")
