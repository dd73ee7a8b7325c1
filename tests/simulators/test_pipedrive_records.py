"""Pipedrive's records: paging, filters, custom fields, and what its v2 refuses."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running
from local.simulators.pipedrive import Options, build

Pipe = Callable[..., requests.Response]
PERSONS, DEALS, ACTIVITIES = "/api/v2/persons", "/api/v2/deals", "/api/v2/activities"


def walked(pipe: Pipe, sim: Running, path: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = pipe(sim, "GET", path, **query, **({"cursor": cursor} if cursor else {})).json()
        rows += body["data"]
        cursor = body["additional_data"]["next_cursor"]
    return rows


def custom(sim: Running, kind: str, name: str) -> dict[str, Any]:
    company = next(iter(sim.state(summary=1)["companies"].values()))
    return next(each for each in company["custom_fields"][kind] if each["field_name"] == name)


@pytest.mark.parametrize(("field", "direction"), [("id", "asc"), ("id", "desc"), ("update_time", "asc"),
                                                  ("add_time", "desc")])  # fmt: skip
def test_a_walk_over_pages_meets_every_live_record_once(
    wide_drive: Running, pipe: Pipe, field: str, direction: str
) -> None:
    rows = walked(pipe, wide_drive, PERSONS, limit=7, sort_by=field, sort_direction=direction)

    ids = [row["id"] for row in rows]
    marks = [(row[field], row["id"]) for row in rows]
    assert sorted(map(str, ids)) == sorted(wide_drive.state(object="persons", ids_only=1)["live"])
    assert marks == sorted(marks, reverse=direction == "desc")


def test_windows_of_change_tile_and_take_whole_seconds_only(drive: Running, pipe: Pipe) -> None:
    made = pipe(drive, "POST", PERSONS, json={"name": "Edge Case"}).json()["data"]
    moment = made["update_time"]

    since = [row["id"] for row in walked(pipe, drive, PERSONS, updated_since=moment)]
    until = [row["id"] for row in walked(pipe, drive, PERSONS, updated_until=moment)]
    refused = pipe(drive, "GET", PERSONS, updated_since="2026-01-01T10:20:00.000Z")

    assert made["id"] in since
    assert not {made["id"]} & set(until)
    assert len(since) + len(until) == drive.state(object="persons", limit=1)["counts"]["live"]
    assert (refused.status_code, refused.json()["code"]) == (400, "ERR_SCHEMA_VALIDATION_FAILED")


def test_an_unknown_query_parameter_is_ignored_and_the_whole_collection_comes(wide_drive: Running, pipe: Pipe) -> None:
    typo = pipe(wide_drive, "GET", PERSONS, update_since="2030-01-01T00:00:00Z", limit=500).json()

    assert len(typo["data"]) == wide_drive.state(object="persons", limit=1)["counts"]["live"]


@pytest.mark.parametrize(
    "query",
    [{"limit": 501}, {"limit": 0}, {"ids": ",".join(map(str, range(101)))}, {"sort_by": "name"}, {"cursor": "x"},
     {"owner_id": "me"}, {"include_fields": "nonsense"}, {"custom_fields": ",".join("abcdefghijklmnop")},
     {"include_labels": "1"}],
)  # fmt: skip
def test_a_query_that_breaks_the_schema_is_refused(wide_drive: Running, pipe: Pipe, query: dict[str, Any]) -> None:
    assert pipe(wide_drive, "GET", PERSONS, **query).status_code == 400


@pytest.mark.parametrize(
    "body",
    [{}, {"name": " "}, {"name": "N", "first_name": "N"}, {"name": "N", "owner_id": "1077"},
     {"name": "N", "emails": "a@b.test"}, {"name": "N", "emails": [{"value": "a@b.test", "primary": 1}]},
     {"name": "N", "custom_fields": {"0" * 40: "x"}}, {"name": "N", "0" * 40: "x"}, {"name": "N", "org_id": 999_999},
     {"name": "N", "visible_to": 2}, {"name": "N", "label_ids": [1]}, {"name": "N", "add_time": "2026-01-01 10:00:00"}],
)  # fmt: skip
def test_a_person_that_breaks_the_schema_is_refused_whole(
    wide_drive: Running, pipe: Pipe, body: dict[str, Any]
) -> None:
    answer = pipe(wide_drive, "POST", PERSONS, json=body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "ERR_SCHEMA_VALIDATION_FAILED"
    assert (answer.json()["success"], answer.json()["data"]) == (False, None)


def test_a_list_of_addresses_replaces_the_old_one(wide_drive: Running, pipe: Pipe) -> None:
    two = [{"value": "a@x.test", "label": "work"}, {"value": "b@x.test", "primary": True, "label": "home"}]
    made = pipe(wide_drive, "POST", PERSONS, json={"name": "Lena Maria Ott", "emails": two})
    number = made.json()["data"]["id"]

    changed = pipe(wide_drive, "PATCH", f"{PERSONS}/{number}", json={"emails": [{"value": "c@x.test"}]}).json()["data"]

    assert made.status_code == 201
    assert [each["primary"] for each in made.json()["data"]["emails"]] == [False, True]
    assert (changed["first_name"], changed["last_name"]) == ("Lena", "Maria Ott")
    assert changed["emails"] == [{"value": "c@x.test", "primary": True, "label": "work"}]


def test_job_titles_need_contact_sync_and_firm_fields_their_release(drive: Running, pipe: Pipe) -> None:
    named = {"name": "N", "job_title": "CEO"}
    before = pipe(drive, "POST", PERSONS, json=named)
    drive.mutate({"op": "update_company", "contact_sync": True, "firm_fields": False})

    after = pipe(drive, "POST", PERSONS, json=named)
    website = pipe(drive, "POST", "/api/v2/organizations", json={"name": "O", "website": "https://o.test"})

    assert (before.status_code, after.status_code, website.status_code) == (403, 201, 400)
    assert after.json()["data"]["job_title"] == "CEO"


def test_custom_fields_have_typed_values_and_labels_on_request(wide_drive: Running, pipe: Pipe) -> None:
    lifecycle, interests = (custom(wide_drive, "persons", name) for name in ("Lifecycle", "Interests"))
    one, several = lifecycle["options"][1], [each["id"] for each in interests["options"][:2]]
    chosen = {lifecycle["field_code"]: one["id"], interests["field_code"]: several}
    number = pipe(wide_drive, "POST", PERSONS, json={"name": "N", "custom_fields": chosen}).json()["data"]["id"]

    bare = pipe(wide_drive, "GET", f"{PERSONS}/{number}", custom_fields=lifecycle["field_code"]).json()["data"]
    labelled = pipe(wide_drive, "GET", f"{PERSONS}/{number}", include_option_labels="true").json()["data"]
    empty = pipe(wide_drive, "PATCH", f"{PERSONS}/{number}", json={"custom_fields": {interests["field_code"]: []}})
    null = pipe(wide_drive, "PATCH", f"{PERSONS}/{number}", json={"custom_fields": {interests["field_code"]: None}})

    assert bare["custom_fields"] == {lifecycle["field_code"]: one["id"]}
    assert labelled["custom_fields"][lifecycle["field_code"]] == {"id": one["id"], "label": one["label"]}
    assert (empty.status_code, null.status_code) == (400, 200)


def test_a_monetary_field_has_a_currency_beside_it(wide_drive: Running, pipe: Pipe) -> None:
    deposit = custom(wide_drive, "deals", "Deposit")
    key = deposit["field_code"]

    right = pipe(
        wide_drive, "POST", DEALS, json={"title": "T", "custom_fields": {key: {"value": 5, "currency": "USD"}}}
    )
    wrong = pipe(wide_drive, "POST", DEALS, json={"title": "T", "custom_fields": {key: 5}})

    assert [each["field_code"] for each in deposit["subfields"]] == [f"{key}_currency"]
    assert right.json()["data"]["custom_fields"][key] == {"value": 5, "currency": "USD"}
    assert wrong.status_code == 400


def test_a_lost_deal_keeps_its_stage_and_may_be_opened_again(wide_drive: Running, pipe: Pipe) -> None:
    made = pipe(wide_drive, "POST", DEALS, json={"title": "T", "stage_id": 6}).json()["data"]
    path = f"{DEALS}/{made['id']}"

    early = pipe(wide_drive, "PATCH", path, json={"lost_reason": "price"})
    lost = pipe(wide_drive, "PATCH", path, json={"status": "lost", "lost_reason": "price"}).json()["data"]
    again = pipe(wide_drive, "PATCH", path, json={"status": "open"}).json()["data"]

    assert (made["pipeline_id"], made["status"], made["value"], early.status_code) == (2, "open", 0, 400)
    assert (lost["stage_id"], lost["lost_time"], lost["close_time"]) == (6, lost["update_time"], lost["update_time"])
    assert (again["lost_time"], again["close_time"], again["lost_reason"]) == (None, None, None)


def test_a_stage_decides_the_pipeline_and_a_mismatch_is_refused_or_not(drive: Running, pipe: Pipe) -> None:
    pair = {"title": "T", "stage_id": 6, "pipeline_id": 1}

    refused = pipe(drive, "POST", DEALS, json=pair)
    drive.settings(stage_mismatch="stage_wins")
    taken = pipe(drive, "POST", DEALS, json=pair)

    assert refused.status_code == 400
    assert taken.json()["data"]["pipeline_id"] == 2


def test_archived_deals_are_only_in_their_own_list(drive: Running, pipe: Pipe) -> None:
    number = walked(pipe, drive, DEALS, status="open", limit=500)[0]["id"]
    pipe(drive, "PATCH", f"{DEALS}/{number}", json={"is_archived": True})

    listed, archived = ([row["id"] for row in walked(pipe, drive, path)] for path in (DEALS, f"{DEALS}/archived"))

    assert number in archived
    assert number not in listed
    assert pipe(drive, "GET", f"{DEALS}/{number}").json()["data"]["is_archived"] is True


def test_deleted_deals_are_listed_for_thirty_days_and_deleted_persons_never(drive: Running, pipe: Pipe) -> None:
    deal, person = (walked(pipe, drive, path)[0]["id"] for path in (DEALS, PERSONS))
    for path in (f"{DEALS}/{deal}", f"{PERSONS}/{person}"):
        assert pipe(drive, "DELETE", path).status_code == 200

    deleted = {row["id"]: row for row in walked(pipe, drive, DEALS, status="deleted")}
    shown = pipe(drive, "GET", f"{PERSONS}/{person}").json()["data"]
    again = pipe(drive, "DELETE", f"{PERSONS}/{person}")
    drive.advance(31 * 24 * 3600)

    assert deleted[deal]["is_deleted"] is True
    assert deleted[deal]["status"] in {"open", "won", "lost"}
    assert shown["is_deleted"] is True
    assert person not in [row["id"] for row in walked(pipe, drive, PERSONS)]
    assert again.status_code == 410
    assert pipe(drive, "GET", f"{PERSONS}/{person}").status_code == 404
    assert not walked(pipe, drive, DEALS, status="deleted")


def test_the_person_of_an_activity_is_its_primary_participant(drive: Running, pipe: Pipe) -> None:
    first, second = (row["id"] for row in walked(pipe, drive, PERSONS)[:2])
    people = [{"person_id": first, "primary": False}, {"person_id": second, "primary": True}]
    body = {"subject": "Ring", "type": "call", "participants": people, "due_time": "09:30"}

    refused = pipe(drive, "POST", ACTIVITIES, json={**body, "person_id": first})
    made = pipe(drive, "POST", ACTIVITIES, json=body).json()["data"]
    done = pipe(drive, "PATCH", f"{ACTIVITIES}/{made['id']}", json={"done": True}).json()["data"]

    assert refused.status_code == 400
    assert (made["person_id"], made["marked_as_done_time"]) == (second, None)
    assert done["marked_as_done_time"] == done["update_time"]
    assert made["id"] in [row["id"] for row in walked(pipe, drive, ACTIVITIES, person_id=second, done="true")]
    assert made["id"] not in [row["id"] for row in walked(pipe, drive, ACTIVITIES, person_id=first)]


def test_the_people_of_a_deal_are_its_person_and_its_participants(drive: Running, pipe: Pipe) -> None:
    first, second = (row["id"] for row in walked(pipe, drive, PERSONS)[:2])
    deal = pipe(drive, "POST", DEALS, json={"title": "T", "person_id": first}).json()["data"]["id"]
    pipe(drive, "POST", f"/v1/deals/{deal}/participants", json={"person_id": second})

    people = [row["id"] for row in walked(pipe, drive, PERSONS, deal_id=deal)]
    table = pipe(drive, "GET", f"/v1/deals/{deal}/participants").json()["data"]

    assert people == [first, second]
    assert {row["person"]["id"] for row in table} == {first, second}


def test_a_merge_leaves_one_record_with_everything_that_hung_on_both(drive: Running, pipe: Pipe) -> None:
    loser, survivor = (
        pipe(drive, "POST", PERSONS, json={"name": f"P{n}", "emails": [{"value": f"p{n}@x.test"}]}).json()["data"]["id"]
        for n in (1, 2)
    )
    deal = pipe(drive, "POST", DEALS, json={"title": "T", "person_id": loser}).json()["data"]["id"]

    merged = pipe(drive, "PUT", f"/v1/persons/{loser}/merge", json={"merge_with_id": survivor})

    kept = pipe(drive, "GET", f"{PERSONS}/{survivor}").json()["data"]
    assert (merged.status_code, merged.json()["data"]["id"]) == (200, survivor)
    assert pipe(drive, "GET", f"{PERSONS}/{loser}").status_code == 404
    assert [each["value"] for each in kept["emails"]] == ["p2@x.test", "p1@x.test"]
    assert pipe(drive, "GET", f"{DEALS}/{deal}").json()["data"]["person_id"] == survivor
    assert drive.state(object="persons", limit=1)["merged"] == {str(loser): str(survivor)}


def test_search_learns_of_a_write_later_than_the_lists(drive: Running, pipe: Pipe) -> None:
    drive.settings(index_lag_seconds=30)
    number = pipe(drive, "POST", PERSONS, json={"name": "N", "emails": [{"value": "lag@x.test"}]}).json()["data"]["id"]

    def found() -> list[int]:
        query = {"term": "LAG@x.test", "fields": "email", "exact_match": "true"}
        items = pipe(drive, "GET", f"{PERSONS}/search", **query).json()["data"]["items"]
        return [each["item"]["id"] for each in items]

    at_once = found()
    drive.advance(31)
    later = found()
    pipe(drive, "DELETE", f"{PERSONS}/{number}")

    assert (at_once, later, found()) == ([], [number], [number])
    assert pipe(drive, "GET", f"{PERSONS}/search", term="x").status_code == 400


def test_a_stale_cursor_can_be_played(drive: Running, pipe: Pipe) -> None:
    drive.settings(cursor_seconds=60)
    cursor = pipe(drive, "GET", PERSONS, limit=2).json()["additional_data"]["next_cursor"]

    fresh = pipe(drive, "GET", PERSONS, limit=2, cursor=cursor)
    drive.advance(61)

    assert fresh.status_code == 200
    assert pipe(drive, "GET", PERSONS, limit=2, cursor=cursor).status_code == 400


def test_notes_speak_the_first_version(wide_drive: Running, pipe: Pipe) -> None:
    loose = pipe(wide_drive, "POST", "/v1/notes", json={"content": "<p>x</p>"})
    made = pipe(wide_drive, "POST", "/api/v1/notes", json={"content": "<p>x</p>", "person_id": "1",
                "pinned_to_person_flag": 1, "add_time": "2026-02-03 04:05:06"}).json()["data"]  # fmt: skip
    found = pipe(wide_drive, "GET", "/v1/notes", person_id=1, updated_since="2026-01-01T00:00:00Z", limit=1).json()

    assert loose.status_code == 400
    assert (made["add_time"], made["person_id"], made["pinned_to_person_flag"]) == ("2026-02-03 04:05:06", 1, True)
    assert found["additional_data"]["pagination"]["limit"] == 1
    assert pipe(wide_drive, "DELETE", f"/v1/notes/{made['id']}").json() == {"success": True, "data": True}


def test_a_call_log_makes_the_activity_that_it_belongs_to(wide_drive: Running, pipe: Pipe) -> None:
    body = {"outcome": "connected", "to_phone_number": "+49301", "start_time": "2026-05-01 10:00:00",
            "end_time": "2026-05-01 10:06:30", "duration": "390", "person_id": 1}  # fmt: skip

    log = pipe(wide_drive, "POST", "/v1/callLogs", json=body).json()["data"]
    refused = pipe(wide_drive, "POST", "/v1/callLogs", json={**body, "outcome": "fine"})

    activity = pipe(wide_drive, "GET", f"{ACTIVITIES}/{log['activity_id']}").json()["data"]
    assert isinstance(log["id"], str)
    assert (activity["type"], activity["done"], activity["person_id"]) == ("call", True, 1)
    assert refused.status_code == 400


@pytest.mark.parametrize("path", ["/v1/persons", "/api/v1/deals/1", "/v1/activities"])
def test_what_has_a_twin_in_v2_is_gone_from_v1(wide_drive: Running, pipe: Pipe, path: str) -> None:
    assert pipe(wide_drive, "GET", path).status_code == 410


def test_v2_answers_under_api_only_and_wrong_verbs_are_told(wide_drive: Running, pipe: Pipe) -> None:
    assert pipe(wide_drive, "GET", "/v2/persons").status_code == 404
    assert pipe(wide_drive, "PUT", f"{PERSONS}/1", json={}).status_code == 405
    assert pipe(wide_drive, "GET", "/v1/users/me").json()["data"]["company_domain"] == "kaldera"


def test_a_field_can_be_made_and_removed_through_the_api(wide_drive: Running, pipe: Pipe) -> None:
    made = pipe(wide_drive, "POST", "/api/v2/dealFields", json={"field_name": "Ref", "field_type": "varchar"}).json()
    key = made["data"]["field_code"]
    deal = pipe(wide_drive, "POST", DEALS, json={"title": "T", "custom_fields": {key: "4F7K2Q"}}).json()["data"]
    found = pipe(wide_drive, "GET", f"{DEALS}/search", term="4f7k2q", fields="custom_fields").json()["data"]["items"]

    pipe(wide_drive, "DELETE", f"/api/v2/dealFields/{key}")

    assert [each["item"]["id"] for each in found] == [deal["id"]]
    assert key not in pipe(wide_drive, "GET", f"{DEALS}/{deal['id']}").json()["data"]["custom_fields"]
    assert pipe(wide_drive, "GET", f"/api/v2/dealFields/{key}").status_code == 404


def test_a_large_account_can_be_had() -> None:
    company = next(iter(build(Options(contacts=10_000)).companies.values()))

    assert 9_700 < company.stores["persons"].count() <= 10_000


@pytest.mark.parametrize(
    ("path", "query", "word"),
    [("itemSearch", {}, "term"), ("itemSearch", {"term": "a"}, "term"),
     ("itemSearch", {"term": "ab", "item_types": "ship"}, "item_types"),
     ("itemSearch", {"term": "ab", "fields": "colour"}, "fields"),
     ("itemSearch", {"term": "ab", "limit": 101}, "limit"),
     ("deals/search", {"term": "ab", "status": "closed"}, "status"),
     ("persons/search", {"term": "ab", "fields": "title"}, "fields"),
     ("persons/search", {"term": "ab", "exact_match": "1"}, "exact_match"),
     ("organizations/search", {"term": "ab", "cursor": "junk"}, "cursor")],
)  # fmt: skip
def test_a_malformed_search_is_refused(drive: Running, pipe: Pipe, path: str, query: dict[str, Any], word: str) -> None:
    answer = pipe(drive, "GET", f"/api/v2/{path}", **query)

    assert (answer.status_code, answer.json()["code"]) == (400, "ERR_SCHEMA_VALIDATION_FAILED")
    assert word in answer.json()["error"]


def test_one_letter_is_enough_for_an_exact_search(drive: Running, pipe: Pipe) -> None:
    drive.mutate({"op": "create", "object": "persons", "fields": {"name": "Ω"}})

    found = pipe(drive, "GET", "/api/v2/itemSearch", term="Ω", exact_match="true", item_types="person,product")

    assert [each["item"]["name"] for each in found.json()["data"]["items"]] == ["Ω"]
