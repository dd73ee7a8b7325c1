"""What happens to records over time: deletes, merges, conversions, late commits, windows, and hiding."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
Soql = Callable[..., Any]


def made(rest: Rest, sim: Running, kind: str, **fields: Any) -> str:
    answer = rest(sim, "POST", f"/sobjects/{kind}", json=fields)
    assert answer.status_code == 201, answer.text
    row_id: str = answer.json()["id"]
    return row_id


def read(rest: Rest, sim: Running, kind: str, row_id: str) -> dict[str, Any]:
    body: dict[str, Any] = rest(sim, "GET", f"/sobjects/{kind}/{row_id}").json()
    return body


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


def test_an_admin_adds_a_stage_that_deals_can_take(cloud: Running, rest: Rest, soql: Soql) -> None:
    fields = {"MasterLabel": "Pilot", "DefaultProbability": 35.0}
    cloud.mutate({"op": "add_stage", "fields": fields})
    wish = {"Name": "x", "StageName": "Pilot", "CloseDate": "2026-12-01"}

    deal = read(rest, cloud, "Opportunity", made(rest, cloud, "Opportunity", **wish))

    stages = soql(cloud, "SELECT ApiName FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder")["records"]
    assert (deal["Probability"], deal["IsClosed"]) == (35.0, False)
    assert stages[-1]["ApiName"] == "Pilot"
    assert "Pilot" in rest(cloud, "GET", "/sobjects/Opportunity/describe").text


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


def _moment(sim: Running, seconds: int) -> str:
    clock = requests.get(f"{sim.url}/_sim/clock", timeout=5).json()["now_ms"] // 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(clock + seconds))
