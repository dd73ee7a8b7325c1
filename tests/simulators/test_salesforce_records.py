"""One record at a time: writing, reading, refusing, deleting, merging, and windows of changes."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
Soql = Callable[..., Any]
KEY = "CrmBridgeKey__c"


def made(rest: Rest, sim: Running, kind: str, **fields: Any) -> str:
    answer = rest(sim, "POST", f"/sobjects/{kind}", json=fields)
    assert answer.status_code == 201, answer.text
    row_id: str = answer.json()["id"]
    return row_id


def read(rest: Rest, sim: Running, kind: str, row_id: str) -> dict[str, Any]:
    body: dict[str, Any] = rest(sim, "GET", f"/sobjects/{kind}/{row_id}").json()
    return body


def deal(**more: Any) -> dict[str, Any]:
    return {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", **more}


def test_a_record_lives_and_dies(shared_cloud: Running, rest: Rest) -> None:
    created = rest(shared_cloud, "POST", "/sobjects/Contact", json={"LastName": "Life", "FirstName": "Lea"})
    path = f"/sobjects/Contact/{created.json()['id']}"

    changed = rest(shared_cloud, "PATCH", path, json={"Email": "lea@life.test"})
    shown = rest(shared_cloud, "GET", path, params={"fields": "Name,Email"}).json()
    deleted = rest(shared_cloud, "DELETE", path)

    assert (created.status_code, created.json()["success"], created.json()["errors"]) == (201, True, [])
    assert (changed.status_code, changed.content) == (204, b"")
    assert {name: shown[name] for name in ("Name", "Email")} == {"Name": "Lea Life", "Email": "lea@life.test"}
    assert deleted.status_code == 204
    assert [rest(shared_cloud, each, path, json={}).json()[0]["errorCode"] for each in ("GET", "PATCH", "DELETE")] == [
        "ENTITY_IS_DELETED"
    ] * 3


def test_moments_are_written_without_a_colon_and_in_whole_seconds(shared_cloud: Running, rest: Rest) -> None:
    row = read(rest, shared_cloud, "Contact", made(rest, shared_cloud, "Contact", LastName="Moment"))

    assert row["SystemModstamp"].endswith(".000+0000")
    assert row["CreatedDate"] == row["LastModifiedDate"] == row["SystemModstamp"]


@pytest.mark.parametrize(
    ("kind", "fields", "code", "named"),
    [
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Lead", {"LastName": "x"}, "REQUIRED_FIELD_MISSING", ["Company"]),
        ("Account", {}, "REQUIRED_FIELD_MISSING", ["Name"]),
        ("Opportunity", {"Name": "x"}, "REQUIRED_FIELD_MISSING", ["StageName", "CloseDate"]),
        ("Contact", {"LastName": "x", "Nope__c": 1}, "INVALID_FIELD", None),
        ("Contact", {"LastName": "x", "IsDeleted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsDeleted"]),
        ("Contact", {"LastName": "x", "Email": "not an address"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ("Contact", {"LastName": "x", "AccountId": "001"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "0015g00000ZZZZZ"}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ("Contact", {"LastName": "x", "Birthdate": "tomorrow"}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": 7}, "JSON_PARSER_ERROR", None),
        ("Contact", {"LastName": "x", "Id": "0035g000002hppIAAQ"}, "INVALID_FIELD", ["Id"]),
        ("Task", {"CallType": "Shouted"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CallType"]),
        ("Event", {"Subject": "x"}, "REQUIRED_FIELD_MISSING", ["ActivityDateTime", "DurationInMinutes"]),
    ],
)
def test_bad_writes_are_refused_by_name(
    shared_cloud: Running, rest: Rest, kind: str, fields: dict[str, Any], code: str, named: list[str] | None
) -> None:
    answer = rest(shared_cloud, "POST", f"/sobjects/{kind}", json=fields)

    assert answer.status_code == 400
    assert (answer.json()[0]["errorCode"], answer.json()[0].get("fields")) == (code, named)


def test_a_required_field_cannot_be_emptied(shared_cloud: Running, rest: Rest) -> None:
    row_id = made(rest, shared_cloud, "Contact", LastName="Full")

    answer = rest(shared_cloud, "PATCH", f"/sobjects/Contact/{row_id}", json={"LastName": None})

    assert answer.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/sobjects/Contact/0035g00000ZZZZZ", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Contact/rid", 404, "NOT_FOUND"),
        ("GET", "/sobjects/Nothing__c", 404, "NOT_FOUND"),
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("PUT", "/sobjects/Contact", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/sobjects/Contact/Email__c/x", 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_said_in_an_array(
    shared_cloud: Running, rest: Rest, method: str, path: str, status: int, code: str
) -> None:
    answer = rest(shared_cloud, method, path, json={})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_a_body_must_be_json(shared_cloud: Running, rest: Rest) -> None:
    path = "/sobjects/Contact"

    broken = rest(shared_cloud, "POST", path, data="{", headers={"Content-Type": "application/json"})
    form = rest(shared_cloud, "POST", path, data={"LastName": "x"})

    assert (broken.status_code, broken.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert (form.status_code, form.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_stage_sets_what_hangs_on_it(shared_cloud: Running, rest: Rest) -> None:
    row_id = made(rest, shared_cloud, "Opportunity", **deal(Amount=1000))
    before = read(rest, shared_cloud, "Opportunity", row_id)

    rest(shared_cloud, "PATCH", f"/sobjects/Opportunity/{row_id}", json={"StageName": "Closed Won"})

    after = read(rest, shared_cloud, "Opportunity", row_id)
    assert [before[name] for name in ("Probability", "IsClosed", "IsWon")] == [10.0, False, False]
    assert [after[name] for name in ("Probability", "IsClosed", "IsWon", "ExpectedRevenue")] == [
        100.0, True, True, 1000.0
    ]  # fmt: skip


def test_a_call_is_a_finished_task(shared_cloud: Running, rest: Rest) -> None:
    call = {"Subject": "Call", "Status": "Completed", "TaskSubtype": "Call", "CallDurationInSeconds": 390}

    row = read(rest, shared_cloud, "Task", made(rest, shared_cloud, "Task", **call))

    assert (row["IsClosed"], row["Priority"], row["CallDurationInSeconds"]) == (True, "Normal", 390)
    assert row["CompletedDateTime"] is not None


def test_a_lead_cannot_share_an_activity_with_a_deal(shared_cloud: Running, rest: Rest) -> None:
    lead = made(rest, shared_cloud, "Lead", LastName="x", Company="y")
    what = made(rest, shared_cloud, "Opportunity", **deal())

    answer = rest(shared_cloud, "POST", "/sobjects/Task", json={"WhoId": lead, "WhatId": what})

    assert answer.status_code == 400


def test_a_key_makes_writing_repeatable(shared_cloud: Running, rest: Rest) -> None:
    path = f"/sobjects/Contact/{KEY}/k-1"

    first, second = (rest(shared_cloud, "PATCH", path, json={"LastName": name}) for name in ("One", "Two"))
    found = rest(shared_cloud, "GET", path).json()

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"] == found["Id"]
    assert rest(shared_cloud, "GET", f"/sobjects/Contact/{KEY}/none").status_code == 404


def test_a_taken_key_names_the_other_record(shared_cloud: Running, rest: Rest) -> None:
    first = made(rest, shared_cloud, "Contact", LastName="x", CrmBridgeKey__c="taken")

    answer = rest(shared_cloud, "POST", "/sobjects/Contact", json={"LastName": "y", KEY: "TAKEN"})

    assert answer.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert first in answer.json()[0]["message"]


def test_an_ambiguous_key_lists_the_candidates(shared_cloud: Running, rest: Rest) -> None:
    twins = [made(rest, shared_cloud, "Contact", LastName="x", Legacy_Number__c="77-7") for _ in range(2)]

    answer = rest(shared_cloud, "PATCH", "/sobjects/Contact/Legacy_Number__c/77-7", json={"LastName": "z"})

    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v62.0/sobjects/Contact/{each}" for each in twins]


def test_a_lookup_can_be_set_by_the_others_key(shared_cloud: Running, rest: Rest) -> None:
    account = made(rest, shared_cloud, "Account", Name="Keyed", CrmBridgeKey__c="acc-1")

    contact = made(rest, shared_cloud, "Contact", LastName="x", Account={KEY: "acc-1"})

    assert read(rest, shared_cloud, "Contact", contact)["AccountId"] == account


@pytest.mark.parametrize(
    ("rules", "allow", "status"), [("off", "false", 201), ("alert", "false", 400), ("alert", "true", 201),
                                   ("block", "true", 400)],
)  # fmt: skip
def test_duplicate_rules_can_be_overridden_when_they_only_alert(
    cloud: Running, rest: Rest, rules: str, allow: str, status: int
) -> None:
    made(rest, cloud, "Lead", LastName="Twin", Company="x", Email="twin@twin.test")
    cloud.settings(duplicate_rules=rules)
    header = {"Sforce-Duplicate-Rule-Header": f"allowSave={allow}"}

    answer = rest(
        cloud,
        "POST",
        "/sobjects/Lead",
        json={"LastName": "x", "Company": "y", "Email": "Twin@twin.test"},
        headers=header,
    )

    assert answer.status_code == status
    assert status == 201 or answer.json()[0]["errorCode"] == "DUPLICATES_DETECTED"


def test_a_write_can_depend_on_nobody_having_written_since(cloud: Running, rest: Rest) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Pre")
    path = f"/sobjects/Contact/{row_id}"
    seen = rest(cloud, "GET", path).headers["last-modified"]
    header = {"If-Unmodified-Since": seen}
    first = rest(cloud, "PATCH", path, json={"Title": "a"}, headers=header)
    cloud.advance(2)
    rest(cloud, "PATCH", path, json={"Title": "b"})

    late = rest(cloud, "PATCH", path, json={"Title": "c"}, headers=header)

    assert first.status_code == 204
    assert (late.status_code, late.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")


def test_only_accounts_have_entity_tags(cloud: Running, rest: Rest) -> None:
    account, contact = made(rest, cloud, "Account", Name="Tag"), made(rest, cloud, "Contact", LastName="Tag")
    path = f"/sobjects/Account/{account}"
    tag = rest(cloud, "GET", path).headers["etag"]

    unchanged = rest(cloud, "GET", path, headers={"If-None-Match": tag})
    rest(cloud, "PATCH", path, json={"Name": "Tag 2"})
    refused = rest(cloud, "PATCH", path, json={"Name": "Tag 3"}, headers={"If-Match": tag})

    assert (unchanged.status_code, refused.status_code) == (304, 412)
    assert "etag" not in rest(cloud, "GET", f"/sobjects/Contact/{contact}").headers


def test_notes_are_documents_with_links(cloud: Running, rest: Rest, soql: Soql) -> None:
    what = made(rest, cloud, "Opportunity", **deal())
    html = base64.b64encode(b"<p>hello</p>").decode()
    note = made(rest, cloud, "ContentNote", Title="Hi", Content=html)
    made(rest, cloud, "ContentDocumentLink", ContentDocumentId=note, LinkedEntityId=what, ShareType="V")

    links = soql(cloud, f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{what}'")
    shown = read(rest, cloud, "ContentNote", note)

    assert [link["ContentDocumentId"] for link in links["records"]] == [note]
    assert rest(cloud, "GET", shown["Content"].removeprefix("/services/data/v62.0")).content == b"<p>hello</p>"


def test_an_admins_rule_speaks_in_the_admins_words(cloud: Running, rest: Rest) -> None:
    cloud.mutate({"op": "validation_rule", "object": "Opportunity", "field": "StageName", "forbidden": "Closed Won",
                  "message": "Ask Ben first."})  # fmt: skip

    answer = rest(cloud, "POST", "/sobjects/Opportunity", json=deal(StageName="Closed Won"))

    assert (answer.json()[0]["errorCode"], answer.json()[0]["message"]) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Ask Ben first."
    )  # fmt: skip
