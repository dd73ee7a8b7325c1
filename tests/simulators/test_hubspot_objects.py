"""The ugly truths of HubSpot's records: refusals, half-successes, caps, lags, merges."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Ask = Callable[..., requests.Response]
CONTACTS = "/crm/v3/objects/contacts"


def made(ask: Ask, sim: Running, object_: str = "contacts", **properties: Any) -> str:
    answer = ask(sim, "POST", f"/crm/v3/objects/{object_}", json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("path", [CONTACTS, "/crm/objects/2026-03/contacts", "/crm/objects/2026-09/0-1"])
def test_both_families_of_paths_lead_to_the_same_records(shared_hub: Running, ask: Ask, path: str) -> None:
    page = ask(shared_hub, "GET", path, params={"limit": 1})

    assert page.json()["results"][0]["id"] == shared_hub.state(object="contacts", limit=1, ids_only=1)["live"][0]


def test_a_page_of_more_than_a_hundred_is_refused(shared_hub: Running, ask: Ask) -> None:
    assert ask(shared_hub, "GET", CONTACTS, params={"limit": 101}).status_code == 400
    assert ask(shared_hub, "GET", "/crm/v3/objects/butterflies").json()["message"].endswith("from: butterflies")


def test_unknown_properties_are_ignored_on_reading_and_refused_on_writing(shared_hub: Running, ask: Ask) -> None:
    read = ask(shared_hub, "GET", CONTACTS, params={"limit": 1, "properties": "email,shoe"})
    written = ask(shared_hub, "POST", CONTACTS, json={"properties": {"shoe": "44", "lastname": "X"}})

    assert set(read.json()["results"][0]["properties"]) == {"email", "createdate", "lastmodifieddate", "hs_object_id"}
    assert written.status_code == 400
    assert written.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


@pytest.mark.parametrize(
    ("object_", "properties", "code"),
    [
        ("contacts", {"lifecyclestage": "Customer"}, "INVALID_OPTION"),
        ("contacts", {"email": "nobody"}, "INVALID_EMAIL"),
        ("contacts", {"lastname": "X", "renewal_day": "1767225600001"}, "INVALID_DATE"),
        ("contacts", {"lastname": "X", "createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
        ("contacts", {"lastname": "X", "hubspot_owner_id": "1"}, "INVALID_OWNER_ID"),
        ("contacts", {"phone": "1"}, "REQUIRED_FIELD_MISSING"),
        ("companies", {"name": "X", "numberofemployees": "many"}, "INVALID_INTEGER"),
        ("deals", {"dealname": "X", "dealstage": "183920011", "pipeline": "default"}, "INVALID_OPTION"),
        ("tasks", {"hs_task_subject": "X"}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_bad_value_is_named(
    shared_hub: Running, ask: Ask, object_: str, properties: dict[str, str], code: str
) -> None:
    answer = ask(shared_hub, "POST", f"/crm/v3/objects/{object_}", json={"properties": properties})

    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert answer.json()["errors"][0]["code"] == code


def test_values_come_back_as_text_in_hubspots_own_form(shared_hub: Running, ask: Ask) -> None:
    properties = {
        "lastname": "Y",
        "renewal_day": 1767225600000,
        "closedate": "2026-05-04T10:11:27+02:00",
        "loyalty_points": 3,
    }

    record = ask(shared_hub, "POST", CONTACTS, json={"properties": {**properties, "newsletter_agreed": True}}).json()

    kept = {name: record["properties"][name] for name in (*properties, "newsletter_agreed")}
    assert kept == {
        "lastname": "Y",
        "renewal_day": "2026-01-01",
        "closedate": "2026-05-04T08:11:27.000Z",
        "loyalty_points": "3",
        "newsletter_agreed": "true",
    }


def test_an_address_that_is_taken_conflicts_whatever_its_case(shared_hub: Running, ask: Ask) -> None:
    first = made(ask, shared_hub, email="taken@example.test")

    again = ask(shared_hub, "POST", CONTACTS, json={"properties": {"email": "TAKEN@example.test"}})

    assert again.status_code == 409
    assert again.json()["message"] == f"Contact already exists. Existing ID: {first}"


def test_a_lifecycle_stage_moves_back_only_after_it_was_cleared(shared_hub: Running, ask: Ask) -> None:
    contact = f"{CONTACTS}/{made(ask, shared_hub, lastname='Z', lifecyclestage='customer')}"

    for stage in ("lead", "", "lead"):
        ask(shared_hub, "PATCH", contact, json={"properties": {"lifecyclestage": stage}})
        if stage:
            seen = ask(shared_hub, "GET", contact, params={"properties": "lifecyclestage"}).json()
            assert seen["properties"]["lifecyclestage"] in ("customer", "lead")

    assert seen["properties"]["lifecyclestage"] == "lead"


def test_closing_a_deal_sets_what_hubspot_works_out(shared_hub: Running, ask: Ask) -> None:
    deal = made(ask, shared_hub, "deals", dealname="D", dealstage="contractsent", amount=10)

    ask(shared_hub, "PATCH", f"/crm/v3/objects/deals/{deal}", json={"properties": {"dealstage": "closedwon"}})

    names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,closedate,pipeline"
    values = ask(shared_hub, "GET", f"/crm/v3/objects/deals/{deal}", params={"properties": names}).json()["properties"]
    assert (values["hs_is_closed"], values["hs_is_closed_won"], values["hs_deal_stage_probability"]) == (
        "true",
        "true",
        "1.0",
    )
    assert values["pipeline"] == "default"
    assert values["closedate"]


def test_a_batch_without_trace_ids_is_all_or_nothing(shared_hub: Running, ask: Ask) -> None:
    made(ask, shared_hub, email="there@example.test")
    inputs = [{"properties": {"email": each}} for each in ("fresh@example.test", "there@example.test")]

    untraced = ask(shared_hub, "POST", f"{CONTACTS}/batch/create", json={"inputs": inputs})
    traced = ask(
        shared_hub,
        "POST",
        f"{CONTACTS}/batch/create",
        json={"inputs": [{**each, "objectWriteTraceId": f"row-{row}"} for row, each in enumerate(inputs)]},
    )

    assert (untraced.status_code, untraced.json()["message"]) == (409, "Contact already exists")
    assert traced.status_code == 207
    assert [each["objectWriteTraceId"] for each in traced.json()["results"]] == ["row-0"]
    assert traced.json()["errors"][0]["context"]["objectWriteTraceId"] == ["row-1"]


def test_a_batch_update_reports_unknown_ids_and_refuses_repeated_ones(shared_hub: Running, ask: Ask) -> None:
    known = made(ask, shared_hub, lastname="Known")
    inputs = [{"id": known, "properties": {"city": "Lyon"}}, {"id": "404", "properties": {"city": "Lyon"}}]

    partly = ask(shared_hub, "POST", f"{CONTACTS}/batch/update", json={"inputs": inputs})
    twice = ask(shared_hub, "POST", f"{CONTACTS}/batch/update", json={"inputs": [inputs[0]] * 2})
    too_many = ask(shared_hub, "POST", f"{CONTACTS}/batch/read", json={"inputs": [{"id": str(n)} for n in range(101)]})

    assert partly.status_code == 207
    assert partly.json()["errors"][0]["context"] == {"ids": ["404"]}
    assert twice.json()["message"].startswith("Duplicate IDs found")
    assert too_many.status_code == 400


def test_an_association_type_of_another_pair_is_refused_and_nothing_is_made(shared_hub: Running, ask: Ask) -> None:
    company = made(ask, shared_hub, "companies", name="C")
    before = shared_hub.state(object="tasks", limit=1)["counts"]["live"]
    meeting_to_contact = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}

    answer = ask(
        shared_hub,
        "POST",
        "/crm/v3/objects/tasks",
        json={
            "properties": {"hs_timestamp": "2026-12-01T00:00:00Z"},
            "associations": [{"to": {"id": company}, "types": [meeting_to_contact]}],
        },
    )

    assert answer.status_code == 400
    assert shared_hub.state(object="tasks", limit=1)["counts"]["live"] == before


def test_archived_records_are_listed_apart_and_come_back_with_their_links(hub: Running, ask: Ask) -> None:
    contact, company = made(ask, hub, lastname="Away"), made(ask, hub, "companies", name="Home")
    ask(hub, "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")

    twice = [ask(hub, "DELETE", f"{CONTACTS}/{contact}").status_code for _ in range(2)]
    binned = ask(hub, "GET", CONTACTS, params={"archived": "true"}).json()["results"]
    missing = ask(hub, "GET", f"{CONTACTS}/{contact}")
    hub.mutate({"op": "restore", "object": "contacts", "id": contact})

    back = ask(hub, "GET", f"{CONTACTS}/{contact}", params={"associations": "companies"}).json()
    assert twice == [204, 204]
    assert binned[-1]["archivedAt"]
    assert missing.status_code == 404
    assert {each["type"] for each in back["associations"]["companies"]["results"]} == {
        "contact_to_company",
        "contact_to_company_unlabeled",
    }


def test_merges_chain_and_take_the_links_along(hub: Running, ask: Ask) -> None:
    one, two, three = (made(ask, hub, lastname=name) for name in ("One", "Two", "Three"))
    deal = made(ask, hub, "deals", dealname="D", dealstage="contractsent")
    ask(hub, "PUT", f"/crm/v4/objects/contacts/{two}/associations/default/deals/{deal}")

    first = hub.mutate({"op": "merge", "object": "contacts", "primary": one, "other": two})[0]["id"]
    last = hub.mutate({"op": "merge", "object": "contacts", "primary": three, "other": first})[0]["id"]

    record = ask(
        hub, "GET", f"{CONTACTS}/{two}", params={"properties": "hs_merged_object_ids,lastname", "associations": "deals"}
    )
    archived = ask(hub, "GET", CONTACTS, params={"archived": "true"}).json()["results"]
    assert record.json()["id"] == last
    assert set(record.json()["properties"]["hs_merged_object_ids"].split(";")) == {one, two, three, first}
    assert record.json()["properties"]["lastname"] == "Three"
    assert record.json()["associations"]["deals"]["results"][0]["id"] == deal
    assert one not in {each["id"] for each in archived}
    assert hub.state(object="contacts")["merged"][one] == last


def test_search_stops_at_ten_thousand_and_takes_no_page_above_two_hundred(shared_hub: Running, ask: Ask) -> None:
    beyond = ask(shared_hub, "POST", f"{CONTACTS}/search", json={"after": "10000", "limit": 10})
    too_wide = ask(shared_hub, "POST", f"{CONTACTS}/search", json={"limit": 201})
    of_the_list = ask(shared_hub, "GET", CONTACTS, params={"after": "MTA="})

    assert [answer.status_code for answer in (beyond, too_wide, of_the_list)] == [400, 400, 400]


@pytest.mark.parametrize(
    ("filter_", "wanted"),
    [
        ({"propertyName": "email", "operator": "EQ", "value": "ZOË@find.test"}, 1),
        ({"propertyName": "lastname", "operator": "IN", "values": ["findme"]}, 2),
        ({"propertyName": "lastname", "operator": "IN", "values": ["FindMe"]}, 0),
        ({"propertyName": "loyalty_points", "operator": "BETWEEN", "value": "700001", "highValue": "700002"}, 2),
        ({"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "find"}, 2),
        ({"propertyName": "loyalty_points", "operator": "GT", "value": "700001"}, 1),
    ],
)
def test_search_filters(shared_hub: Running, ask: Ask, filter_: dict[str, Any], wanted: int) -> None:
    for number, name in enumerate(("zoë", "abe"), start=1):
        properties = {"email": f"{name}@find.test", "lastname": "FindMe", "loyalty_points": 700_000 + number}
        ask(shared_hub, "POST", CONTACTS, json={"properties": properties})

    found = ask(shared_hub, "POST", f"{CONTACTS}/search", json={"filterGroups": [{"filters": [filter_]}]})

    assert found.json()["total"] == wanted


@pytest.mark.parametrize(
    ("body", "message"),
    [({"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]}]}, "nope"),
     ({"filterGroups": [{"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}]}, "LIKE"),
     ({"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ"}]}]}, "missing value"),
     ({"filterGroups": [{"filters": [{"propertyName": "city", "operator": "IN", "values": []}]}]}, "missing values"),
     ({"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "BETWEEN", "value": "1"}]}]},
      "missing highValue"),
     ({"filterGroups": [{"filters": []}] * 6}, "Too many filter groups"),
     ({"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 7}]}, "Too many filters"),
     ({"filterGroups": "all"}, "Invalid input JSON"), ({"sorts": ["city", "state"]}, "one sort")],
)  # fmt: skip
def test_a_malformed_search_is_refused_in_words(
    shared_hub: Running, ask: Ask, body: dict[str, Any], message: str
) -> None:
    answer = ask(shared_hub, "POST", f"{CONTACTS}/search", json=body)

    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert message in answer.text


def test_how_many_filters_a_search_takes_is_a_setting(hub: Running, ask: Ask) -> None:
    group = {"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 10}
    before = ask(hub, "POST", f"{CONTACTS}/search", json={"filterGroups": [group]})
    hub.settings(filters_in_group=10, filters_in_all=25)

    after = ask(hub, "POST", f"{CONTACTS}/search", json={"filterGroups": [group]})

    assert (before.status_code, after.status_code) == (400, 200)


def test_search_lags_behind_and_lists_do_not(hub: Running, ask: Ask) -> None:
    hub.settings(index_lag_seconds=30)
    contact = made(ask, hub, lastname="Lagging", email="lagging@example.test")
    by_name = {"filterGroups": [{"filters": [{"propertyName": "lastname", "operator": "EQ", "value": "Lagging"}]}]}

    at_once = ask(hub, "POST", f"{CONTACTS}/search", json=by_name).json()["total"]
    by_key = ask(hub, "GET", f"{CONTACTS}/lagging@example.test", params={"idProperty": "email"}).json()["id"]
    hub.advance(31)
    later = ask(hub, "POST", f"{CONTACTS}/search", json=by_name).json()["total"]

    assert (at_once, by_key, later) == (0, contact, 1)


def test_inline_associations_repeat_ids_and_show_one_page(hub: Running, ask: Ask) -> None:
    hub.settings(inline_association_limit=2)
    company = made(ask, hub, "companies", name="Crowded")
    people = hub.mutate({"op": "create", "object": "contacts", "count": 5, "properties": {"lastname": "P{n}"}})[0][
        "ids"
    ]
    hub.mutate({"op": "associate", "object": "contacts", "ids": people, "to_object": "companies", "to_id": company})

    inline = ask(hub, "GET", f"/crm/v3/objects/companies/{company}", params={"associations": "contacts"}).json()
    whole = ask(hub, "POST", "/crm/v4/associations/companies/contacts/batch/read", json={"inputs": [{"id": company}]})

    entries = inline["associations"]["contacts"]
    assert [each["id"] for each in entries["results"]] == [people[0], people[0], people[1], people[1]]
    assert entries["paging"]["next"]["after"]
    assert [each["toObjectId"] for each in whole.json()["results"][0]["to"]] == [int(each) for each in people]


def test_a_new_primary_company_takes_the_label_from_the_old_one(hub: Running, ask: Ask) -> None:
    contact, old, new = (
        made(ask, hub, lastname="P"),
        *(made(ask, hub, "companies", name=name) for name in ("Old", "New")),
    )
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    for company in (old, new):
        ask(hub, "PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", json=primary)

    linked = ask(hub, "GET", f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
    record = ask(hub, "GET", f"{CONTACTS}/{contact}", params={"properties": "associatedcompanyid"}).json()

    labels = {str(each["toObjectId"]): {kind["label"] for kind in each["associationTypes"]} for each in linked}
    assert labels == {old: {None}, new: {"Primary", None}}
    assert record["properties"]["associatedcompanyid"] == new


def test_a_url_that_is_too_long_is_refused(shared_hub: Running, ask: Ask) -> None:
    names = ",".join(each["name"] for each in ask(shared_hub, "GET", "/crm/v3/properties/contacts").json()["results"])

    assert ask(shared_hub, "GET", CONTACTS, params={"properties": (names + ",") * 2}).status_code == 414


def test_the_state_shows_all_or_counts_or_one_object(hub: Running) -> None:
    everything = hub.state()["portals"]["147000101"]["objects"]
    counts = hub.state(summary=1)["portals"]["147000101"]["objects"]
    linked = hub.state(object="deals", associations=1, limit=3)

    assert len(everything["contacts"]["live"]) == counts["contacts"]["counts"]["live"] == 30
    assert linked["next"] == linked["live"][-1]["id"]
    assert any("contacts" in deal["associations"] for deal in linked["live"])


def test_the_first_portal_knows_nothing_of_the_second(hub: Running, ask: Ask) -> None:
    second = ask(hub, "GET", "/account-info/v3/details", token="pat-na1-simulator-2").json()
    theirs = hub.mutate(
        {"op": "create", "portal": second["portalId"], "object": "contacts", "properties": {"lastname": "T"}}
    )

    ours = {each["id"] for each in hub.state(object="contacts")["live"]}
    assert second["timeZone"] == "US/Eastern"
    assert hub.state(object="contacts", portal=second["portalId"], id=theirs[0]["ids"][0])["live"]
    assert len(ours) == 30
