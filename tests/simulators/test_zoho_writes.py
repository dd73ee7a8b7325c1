"""Writing records, merging and converting them, as Zoho answers it."""

from collections.abc import Iterator

import pytest

from local.simulators import Running, running
from tests.simulators.zoho_calls import ask, codes, first, insert

NEW_DEAL = {"Deal_Name": "Big one", "Stage": "Qualification", "Pipeline": "Standard (Standard)"}


@pytest.fixture
def own() -> Iterator[Running]:
    with running("zoho", contacts=20, leads=8, companies=5, deals=8, tasks=6, activities=9) as sim:
        yield sim


def test_each_record_of_a_batch_gets_its_answer_in_order(own: Running) -> None:
    answer = insert(
        own, "Contacts",
        {"Last_Name": "One", "CRM_Bridge_Key": "row-1"},
        {"First_Name": "Nobody"},
        {"Last_Name": "Two", "CRM_Bridge_Key": "ROW-1"},
        {"Last_Name": "Three", "Account_Name": {"id": "77"}},
        {"Last_Name": "Four", "Email": "no address"},
    )  # fmt: skip

    items = answer.json()["data"]
    assert answer.status_code == 207
    assert codes(answer) == ["SUCCESS", "MANDATORY_NOT_FOUND", "DUPLICATE_DATA", "INVALID_DATA", "INVALID_DATA"]
    assert items[1]["details"] == {"api_name": "Last_Name", "json_path": "$.data[1].Last_Name"}
    assert items[2]["details"]["id"] == items[0]["details"]["id"]
    assert items[3]["details"]["json_path"] == "$.data[3].Account_Name.id"


def test_a_single_failure_is_a_400_and_all_of_several_as_set(own: Running) -> None:
    one, several = insert(own, "Contacts", {}), insert(own, "Contacts", {}, {})
    own.settings(failed_batch_status=202)

    assert (one.status_code, several.status_code) == (400, 400)
    assert insert(own, "Contacts", {}, {}).status_code == 202
    assert insert(own, "Contacts", *[{"Last_Name": "X"}] * 101).json()["code"] == "LIMIT_EXCEEDED"


def test_what_zoho_does_not_know_it_passes_over_and_the_state_tells(own: Running) -> None:
    answer = insert(own, "Contacts", {"Last_Name": "A", "Lastname": "B", "Full_Name": "C"})

    org = own.state(summary=1)["orgs"]["4150868000000000001"]
    assert answer.status_code == 201
    assert org["ignored_fields"] == {"Contacts.Lastname": 1, "Contacts.Full_Name": 1}


def test_upsert_finds_by_the_chosen_fields_and_says_what_it_did(own: Running) -> None:
    made = insert(own, "Contacts", {"Last_Name": "A", "CRM_Bridge_Key": "k"}).json()["data"][0]["details"]["id"]
    body = {"data": [{"Last_Name": "A2", "CRM_Bridge_Key": "k"}, {"Last_Name": "B", "CRM_Bridge_Key": "k2"}],
            "duplicate_check_fields": ["CRM_Bridge_Key"]}  # fmt: skip

    items = ask(own, "POST", "/v8/Contacts/upsert", json=body).json()["data"]
    tasks = ask(own, "POST", "/v8/Tasks/upsert", json={"data": [{"Subject": "x"}]})

    assert [(item["action"], item["duplicate_field"]) for item in items] == [
        ("update", "CRM_Bridge_Key"),
        ("insert", None),
    ]
    assert items[0]["details"]["id"] == made
    assert tasks.json()["code"] == "INVALID_MODULE"


def test_upsert_without_named_fields_matches_the_address_first(own: Running) -> None:
    held = next(row for row in own.state(object="Contacts")["live"] if row.get("Email"))

    item = ask(own, "POST", "/v8/Contacts/upsert", json={"data": [{"Last_Name": "X", "Email": held["Email"].upper()}]})

    assert item.json()["data"][0]["duplicate_field"] == "Email"
    assert item.json()["data"][0]["details"]["id"] == held["id"]


def test_deals_need_a_stage_of_their_pipeline(own: Running) -> None:
    answer = insert(
        own, "Deals", {**NEW_DEAL, "Pipeline": None}, {**NEW_DEAL, "Stage": "Introduced"},
        {**NEW_DEAL, "Stage": "Nope"}, {**NEW_DEAL, "Stage": "Id. Decision Makers", "Amount": 1000},
    )  # fmt: skip

    made = ask(own, "GET", f"/v8/Deals/{answer.json()['data'][3]['details']['id']}").json()["data"][0]
    assert codes(answer) == ["DEPENDENT_FIELD_MISSING", "MAPPING_MISMATCH", "INVALID_DATA", "SUCCESS"]
    assert (made["Stage"], made["Probability"], made["Expected_Revenue"]) == ("Identify Decision Makers", 60, 600.0)


def test_activities_name_the_module_of_what_they_belong_to(own: Running) -> None:
    deal, contact, lead = (first(own, name)["id"] for name in ("Deals", "Contacts", "Leads"))
    task = {"Subject": "Call", "Who_Id": {"id": contact}, "What_Id": {"id": deal}}

    answer = insert(own, "Tasks", task, {**task, "$se_module": "Accounts"}, {**task, "$se_module": "Deals"},
                    {**task, "Who_Id": {"id": lead}, "$se_module": "Deals"})  # fmt: skip
    listed = ask(own, "GET", f"/v8/Deals/{deal}/Tasks", params={"fields": "Subject,What_Id"}).json()["data"]

    assert codes(answer) == ["MANDATORY_NOT_FOUND", "INVALID_DATA", "SUCCESS", "INVALID_DATA"]
    assert listed[0]["What_Id"]["id"] == deal
    assert listed[0]["$se_module"] == "Deals"


def test_a_note_is_found_at_its_parent(own: Running) -> None:
    deal = first(own, "Deals")["id"]
    note = {"Note_Title": "T", "Note_Content": "C", "Parent_Id": {"id": deal, "module": {"api_name": "Deals"}}}

    made = insert(own, "Notes", note)
    listed = ask(own, "GET", f"/v8/Deals/{deal}/Notes", params={"fields": "Note_Content,Parent_Id"}).json()["data"]

    assert made.status_code == 201
    assert listed[0]["id"] == made.json()["data"][0]["details"]["id"]
    assert listed[0]["Parent_Id"]["module"]["api_name"] == "Deals"


def test_a_merge_moves_links_to_the_master_and_loses_the_other(own: Running) -> None:
    one, other = own.state(object="Accounts", ids_only=1)["live"][:2]
    worker = insert(own, "Contacts", {"Last_Name": "W", "Account_Name": other}).json()["data"][0]["details"]["id"]

    merged = ask(own, "POST", f"/v8/Accounts/{one}/actions/merge", json={"merge": [{"data": [{"id": other}]}]})

    assert codes(merged, "merge") == ["SUCCESS"]
    assert ask(own, "GET", f"/v8/Contacts/{worker}").json()["data"][0]["Account_Name"]["id"] == one
    assert own.state(object="Accounts")["merged"] == {other: one}
    assert ask(own, "GET", "/v8/Accounts/deleted", params={"type": "permanent"}).json()["data"][0]["id"] == other


def test_a_converted_lead_leaves_the_list_and_names_what_it_became(own: Running) -> None:
    listed = ask(own, "GET", "/v8/Leads", params={"fields": "id"}).json()["data"]
    lead = listed[-1]["id"]

    answer = ask(own, "POST", f"/v8/Leads/{lead}/actions/convert", json={"data": [{"Deals": NEW_DEAL}]})
    again = ask(own, "POST", f"/v8/Leads/{lead}/actions/convert", json={"data": [{}]})

    made = answer.json()["data"][0]["details"]
    after = ask(own, "GET", "/v8/Leads", params={"fields": "id"}).json()["data"]
    both = ask(own, "GET", "/v8/Leads", params={"fields": "Converted_Contact", "converted": "both"}).json()["data"]
    assert codes(again) == ["ID_ALREADY_CONVERTED"]
    assert len(after) == len(listed) - 1
    assert next(row for row in both if row["id"] == lead)["Converted_Contact"]["id"] == made["Contacts"]["id"]


def test_the_people_of_a_deal_have_roles_there(own: Running) -> None:
    deal, contact = first(own, "Deals")["id"], own.state(object="Contacts", ids_only=1)["live"][-1]
    path, query = f"/v8/Deals/{deal}/Contact_Roles", {"fields": "Last_Name,Contact_Role"}

    ask(own, "PUT", f"{path}/{contact}", json={"data": [{"Contact_Role": {"name": "Influencer"}}]})
    people = {row["id"]: row["Contact_Role"] for row in ask(own, "GET", path, params=query).json()["data"]}
    ask(own, "DELETE", path, params={"ids": contact})

    left = ask(own, "GET", path, params=query)
    assert people[contact]["name"] == "Influencer"
    assert left.status_code == 204 or contact not in {row["id"] for row in left.json()["data"]}


def test_locked_records_and_stages_in_a_blueprint_are_refused(own: Running) -> None:
    deal = first(own, "Deals")["id"]
    own.mutate({"op": "lock", "object": "Deals", "id": deal}, {"op": "blueprint", "object": "Deals", "id": deal})

    answers = [ask(own, "PUT", f"/v8/Deals/{deal}", json={"data": [wish]})
               for wish in ({"Amount": 1}, {"Stage": "Closed Won"}, {"Amount": 2})]  # fmt: skip

    assert [codes(each)[0] for each in answers] == ["RECORD_LOCKED", "RECORD_IN_BLUEPRINT", "SUCCESS"]


def test_a_record_that_changed_meanwhile_is_not_overwritten(own: Running) -> None:
    contact = first(own, "Contacts")["id"]
    earlier = {"If-Unmodified-Since": "2020-01-01T00:00:00+00:00"}

    answer = ask(own, "PUT", f"/v8/Contacts/{contact}", json={"data": [{"Title": "X"}]}, headers=earlier)

    assert answer.status_code == 412
    assert first(own, "Contacts").get("Title") != "X"
