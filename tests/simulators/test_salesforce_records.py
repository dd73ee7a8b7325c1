"""One record at a time: writing, reading, refusing, deleting, merging, and windows of changes."""

import base64
import time
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


def test_a_description_tells_types_choices_and_references(shared_cloud: Running, rest: Rest) -> None:
    answer = rest(shared_cloud, "GET", "/sobjects/Opportunity/describe")
    fields = {field["name"]: field for field in answer.json()["fields"]}

    assert fields["StageName"]["picklistValues"][0] == {
        "active": True, "defaultValue": False, "label": "Prospecting", "validFor": None, "value": "Prospecting"
    }  # fmt: skip
    assert (fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]) == (["Account"], "Account")
    assert (fields["IsWon"]["updateable"], fields["CloseDate"]["nillable"]) == (False, False)
    assert (fields[KEY]["externalId"], fields[KEY]["unique"], fields[KEY]["custom"]) == (True, True, True)
    assert [each["name"] for each in answer.json()["recordTypeInfos"]] == ["New Business", "Renewal", "Master"]
    children = {each["relationshipName"] for each in answer.json()["childRelationships"]}
    assert "OpportunityContactRoles" in children


def test_a_description_is_sent_again_only_after_a_change(cloud: Running, rest: Rest) -> None:
    path = "/sobjects/Contact/describe"
    since = {"If-Modified-Since": rest(cloud, "GET", path).headers["last-modified"]}
    unchanged = rest(cloud, "GET", path, headers=since)
    cloud.advance(5)
    cloud.mutate({"op": "add_field", "object": "Contact", "name": "Shoe_Size__c", "type": "double"})

    changed = rest(cloud, "GET", path, headers=since)

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert "Shoe_Size__c" in changed.text


def test_notes_are_documents_with_links(cloud: Running, rest: Rest, soql: Soql) -> None:
    what = made(rest, cloud, "Opportunity", **deal())
    html = base64.b64encode(b"<p>hello</p>").decode()
    note = made(rest, cloud, "ContentNote", Title="Hi", Content=html)
    made(rest, cloud, "ContentDocumentLink", ContentDocumentId=note, LinkedEntityId=what, ShareType="V")

    links = soql(cloud, f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{what}'")
    shown = read(rest, cloud, "ContentNote", note)

    assert [link["ContentDocumentId"] for link in links["records"]] == [note]
    assert rest(cloud, "GET", shown["Content"].removeprefix("/services/data/v62.0")).content == b"<p>hello</p>"


def test_deleting_an_account_takes_what_hangs_below_and_brings_it_back(cloud: Running, rest: Rest, soql: Soql) -> None:
    account = made(rest, cloud, "Account", Name="Parent")
    contact = made(rest, cloud, "Contact", LastName="Child", AccountId=account)
    rest(cloud, "DELETE", f"/sobjects/Account/{account}")
    gone = rest(cloud, "GET", f"/sobjects/Contact/{contact}").status_code

    cloud.mutate({"op": "undelete", "object": "Account", "id": account})

    assert gone == 404
    assert rest(cloud, "GET", f"/sobjects/Contact/{contact}").status_code == 200


def test_a_merge_leaves_a_tombstone_that_points_to_the_winner(cloud: Running, rest: Rest, soql: Soql) -> None:
    winner = made(rest, cloud, "Contact", LastName="Win")
    loser = made(rest, cloud, "Contact", LastName="Lose", Email="lose@merge.test")
    task = made(rest, cloud, "Task", WhoId=loser)

    cloud.mutate({"op": "merge", "object": "Contact", "winner": winner, "loser": loser})

    query = f"SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '{loser}'"
    tombstone = soql(cloud, query, how="queryAll")["records"][0]
    assert (tombstone["IsDeleted"], tombstone["MasterRecordId"]) == (True, winner)
    assert read(rest, cloud, "Contact", winner)["Email"] == "lose@merge.test"
    assert read(rest, cloud, "Task", task)["WhoId"] == winner
    assert cloud.state(object="Contact")["merged"] == {loser: winner}


def test_a_converted_lead_points_to_what_it_became_and_is_closed_to_changes(cloud: Running, rest: Rest) -> None:
    lead = made(rest, cloud, "Lead", LastName="Con", Company="Vert", Email="con@vert.test")

    became = cloud.mutate({"op": "convert", "id": lead, "deal": "First deal"})[0]

    row = read(rest, cloud, "Lead", lead)
    contact = read(rest, cloud, "Contact", became["Contact"])
    assert (row["IsConverted"], row["ConvertedContactId"]) == (True, became["Contact"])
    assert (contact["Email"], contact["AccountId"]) == ("con@vert.test", became["Account"])
    assert read(rest, cloud, "Opportunity", became["Opportunity"])["Name"] == "First deal"
    refused = rest(cloud, "PATCH", f"/sobjects/Lead/{lead}", json={"Title": "x"})
    assert refused.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_a_person_account_is_an_account_and_a_contact(cloud: Running, rest: Rest) -> None:
    token = "00D5g0000000001!simulator-2"
    wish = {"FirstName": "Pia", "LastName": "Person", "PersonEmail": "pia@person.test"}

    account = rest(cloud, "POST", "/sobjects/Account", json=wish, token=token).json()["id"]

    row = rest(cloud, "GET", f"/sobjects/Account/{account}", token=token).json()
    contact = rest(cloud, "GET", f"/sobjects/Contact/{row['PersonContactId']}", token=token).json()
    assert (row["IsPersonAccount"], row["Name"]) == (True, "Pia Person")
    assert (contact["Email"], contact["IsPersonAccount"], contact["CurrencyIsoCode"]) == (
        "pia@person.test", True, "USD"
    )  # fmt: skip


def test_a_sandbox_has_records_with_the_ids_of_production(cloud: Running, rest: Rest) -> None:
    path = f"/sobjects/Account/{cloud.state(object='Account', ids_only=1)['live'][0]}"

    bodies = [rest(cloud, "GET", path, token=f"00D5g0000000001!simulator{tail}").json() for tail in ("", "-2")]

    assert bodies[0]["Id"] == bodies[1]["Id"]
    assert bodies[0]["Name"] != bodies[1]["Name"]


def test_archived_activities_and_formulas_hide_from_the_usual_reading(cloud: Running, rest: Rest, soql: Soql) -> None:
    task, person = made(rest, cloud, "Task", Subject="Old"), made(rest, cloud, "Contact", LastName="Formula")
    before = read(rest, cloud, "Contact", person)["SystemModstamp"]
    cloud.advance(60)
    cloud.mutate({"op": "archive", "object": "Task", "id": task},
                 {"op": "recalculate", "object": "Contact", "id": person, "fields": {"Score__c": 5}})  # fmt: skip

    query = f"SELECT Id FROM Task WHERE Id = '{task}'"
    row = read(rest, cloud, "Contact", person)
    assert (soql(cloud, query)["totalSize"], soql(cloud, query, how="queryAll")["totalSize"]) == (0, 1)
    assert (row["Score__c"], row["SystemModstamp"]) == (5, before)


def test_a_record_can_be_read_only_for_the_connected_user(cloud: Running, rest: Rest) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Stone")
    cloud.mutate({"op": "protect", "object": "Contact", "id": row_id})

    answer = rest(cloud, "PATCH", f"/sobjects/Contact/{row_id}", json={"Title": "x"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_searching_finds_by_word_beginnings_in_names_and_addresses(cloud: Running, rest: Rest) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Zebrafinch", Email="z@finch.test")
    find = "FIND {zebraf*} IN ALL FIELDS RETURNING Contact(Id, Email WHERE Email != null LIMIT 5), Lead(Id)"

    sosl = rest(cloud, "GET", "/search", params={"q": find}).json()["searchRecords"]
    plain = rest(
        cloud,
        "GET",
        "/parameterizedSearch",
        params={"q": "z@finch.test", "sobject": "Contact", "Contact.fields": "Name"},
    ).json()["searchRecords"]

    assert [(each["Id"], each["Email"]) for each in sosl] == [(row_id, "z@finch.test")]
    assert [each["Name"] for each in plain] == ["Zebrafinch"]
    assert rest(cloud, "GET", "/search", params={"q": "LOOK {x}"}).json()[0]["errorCode"] == "MALFORMED_SEARCH"


def test_choices_are_also_told_per_record_type(shared_cloud: Running, rest: Rest) -> None:
    master = "012000000000000AAA"

    body = rest(shared_cloud, "GET", f"/ui-api/object-info/Lead/picklist-values/{master}").json()

    status = body["picklistFieldValues"]["Status"]
    assert status["values"][0] == {"attributes": None, "label": "Open - Not Contacted", "validFor": [],
                                   "value": "Open - Not Contacted"}  # fmt: skip
    assert status["defaultValue"]["value"] == "Open - Not Contacted"


def test_system_changes_move_one_stamp_and_not_the_other(cloud: Running, rest: Rest) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Stamp")
    cloud.advance(90)

    cloud.mutate({"op": "touch", "object": "Contact", "id": row_id})

    row = read(rest, cloud, "Contact", row_id)
    assert row["SystemModstamp"] > row["LastModifiedDate"]


def test_a_late_commit_surfaces_behind_a_window_that_was_read(cloud: Running, rest: Rest, soql: Soql) -> None:
    order = {"op": "create", "object": "Contact", "fields": {"LastName": "Late"}, "late_seconds": 300}
    late = cloud.mutate(order)[0]["ids"][0]
    query = f"SELECT Id, SystemModstamp FROM Contact WHERE Id = '{late}'"
    before = soql(cloud, query)["records"], rest(cloud, "GET", f"/sobjects/Contact/{late}").status_code
    cloud.advance(301)

    after = soql(cloud, query)["records"]

    assert before == ([], 404)
    now = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 240))
    assert after[0]["SystemModstamp"] < now


def test_many_rows_can_share_a_stamp(cloud: Running, soql: Soql) -> None:
    touched = cloud.mutate({"op": "touch", "object": "Contact", "count": 20})[0]["ids"]

    rows = soql(cloud, "SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp DESC, Id LIMIT 20")["records"]

    assert {row["Id"] for row in rows} == set(touched)
    assert len({row["SystemModstamp"] for row in rows}) == 1


def test_windows_list_what_changed_and_what_went(cloud: Running, rest: Rest) -> None:
    kept, gone = (made(rest, cloud, "Account", Name=name) for name in ("Kept", "Gone"))
    rest(cloud, "DELETE", f"/sobjects/Account/{gone}")
    cloud.mutate({"op": "hard_delete", "object": "Account", "id": gone})
    cloud.advance(61)
    window = {"start": _moment(cloud, -3600), "end": _moment(cloud, 0)}

    updated = rest(cloud, "GET", "/sobjects/Account/updated", params=window).json()
    deleted = rest(cloud, "GET", "/sobjects/Account/deleted/", params=window).json()

    assert kept in updated["ids"]
    assert [each["id"] for each in deleted["deletedRecords"]] == [gone]
    assert deleted["latestDateCovered"].endswith(":00.000+0000")
    assert deleted["earliestDateAvailable"] < deleted["latestDateCovered"]


@pytest.mark.parametrize(("start", "end"), [(-20 * 86_400, 0), (0, -60), (0, 0)])
def test_windows_too_old_or_turned_around_are_refused(cloud: Running, rest: Rest, start: int, end: int) -> None:
    window = {"start": _moment(cloud, start), "end": _moment(cloud, end)}

    answer = rest(cloud, "GET", "/sobjects/Account/deleted", params=window)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_too_many_deletions_want_a_shorter_window(cloud: Running, rest: Rest) -> None:
    cloud.mutate({"op": "delete", "object": "Contact", "count": 5})
    cloud.settings(replication_id_limit=3)
    cloud.advance(61)

    answer = rest(
        cloud, "GET", "/sobjects/Contact/deleted", params={"start": _moment(cloud, -600), "end": _moment(cloud, 0)}
    )

    assert answer.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_a_locked_row_refuses_for_a_while(cloud: Running, rest: Rest) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Lock")
    cloud.mutate({"op": "lock", "object": "Contact", "id": row_id, "times": 1})
    path = f"/sobjects/Contact/{row_id}"

    answers = [rest(cloud, "PATCH", path, json={"Title": "x"}) for _ in range(2)]

    assert answers[0].json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert answers[1].status_code == 204


def test_what_is_no_longer_shared_is_hidden_not_deleted(cloud: Running, rest: Rest, soql: Soql) -> None:
    row_id = made(rest, cloud, "Contact", LastName="Hide")

    cloud.mutate({"op": "hide", "object": "Contact", "id": row_id})

    query = f"SELECT Id FROM Contact WHERE Id = '{row_id}'"
    assert soql(cloud, query, how="queryAll")["records"] == []
    assert rest(cloud, "GET", f"/sobjects/Contact/{row_id}").json()[0]["errorCode"] == "NOT_FOUND"
    cloud.mutate({"op": "show", "object": "Contact", "id": row_id})
    assert rest(cloud, "GET", f"/sobjects/Contact/{row_id}").status_code == 200


def test_an_admins_rule_speaks_in_the_admins_words(cloud: Running, rest: Rest) -> None:
    cloud.mutate({"op": "validation_rule", "object": "Opportunity", "field": "StageName", "forbidden": "Closed Won",
                  "message": "Ask Ben first."})  # fmt: skip

    answer = rest(cloud, "POST", "/sobjects/Opportunity", json=deal(StageName="Closed Won"))

    assert (answer.json()[0]["errorCode"], answer.json()[0]["message"]) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Ask Ben first."
    )  # fmt: skip


def _moment(sim: Running, seconds: int) -> str:
    clock = requests.get(f"{sim.url}/_sim/clock", timeout=5).json()["now_ms"] // 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(clock + seconds))
