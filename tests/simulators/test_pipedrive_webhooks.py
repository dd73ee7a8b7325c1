"""What Pipedrive would POST, when it tries again, and when it gives up on an endpoint for a while or for good."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running
from local.simulators.pipedrive import Options

Pipe = Callable[..., requests.Response]
PERSONS, DEALS, HOOKS = "/api/v2/persons", "/api/v2/deals", "/v1/webhooks"
LIFE = {"op": "create", "object": "persons", "fields": {"name": "Hook {n}"}}


def flushed(sim: Running) -> dict[str, Any]:
    report: dict[str, Any] = sim.webhooks(flush=True)
    assert report["flushed"]
    return report


def told(endpoint: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for body, _ in endpoint.posts]


def state(sim: Running) -> dict[str, Any]:
    company: dict[str, Any] = sim.state(summary=1)["companies"][str(Options().account)]
    return company


@pytest.fixture
def hook(drive: Running, endpoint: Any, pipe: Pipe) -> dict[str, Any]:
    """One POST at a time: Pipedrive promises no order, but a test likes it."""
    drive.webhooks(max_concurrent=1)
    body = {"subscription_url": endpoint.url, "event_action": "*", "event_object": "*", "name": "all",
            "http_auth_user": "bridge", "http_auth_password": "pä:ss"}  # fmt: skip
    answer = pipe(drive, "POST", HOOKS, json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_one_event_per_post_with_ids_as_text_and_basic_auth(drive: Running, hook: Any, endpoint: Any) -> None:
    drive.mutate({**LIFE, "count": 2})
    flushed(drive)

    first = told(endpoint)[0]
    meta, headers = first["meta"], endpoint.posts[0][1]
    assert len(endpoint.posts) == 2
    assert (meta["action"], meta["entity"], meta["version"], meta["attempt"]) == ("create", "person", "2.0", 1)
    assert (meta["entity_id"], meta["company_id"]) == (str(first["data"]["id"]), "5550001")
    assert (meta["change_source"], meta["host"], first["previous"]) == ("app", "kaldera.pipedrive.com", None)
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == "bridge:pä:ss"


def test_a_change_shows_only_what_was_different_before(drive: Running, hook: Any, endpoint: Any, pipe: Pipe) -> None:
    pipe(drive, "PATCH", f"{DEALS}/1", json={"title": "New", "value": 7})
    pipe(drive, "PATCH", f"{DEALS}/1", json={"title": "New"})
    flushed(drive)

    event = told(endpoint)[0]
    assert len(endpoint.posts) == 1
    assert {"title", "update_time"} <= set(event["previous"]) <= {"title", "value", "update_time"}
    assert (event["data"]["title"], event["meta"]["change_source"]) == ("New", "api")


def test_custom_fields_say_their_type_or_do_not(drive: Running, hook: Any, endpoint: Any) -> None:
    update = {"op": "update", "object": "persons", "id": 1}
    drive.mutate({**update, "fields": {"Customer no.": "A-1", "Seats": 77}})
    flushed(drive)
    drive.settings(typed_custom_fields=False)
    drive.mutate({**update, "fields": {"Customer no.": "A-2"}})
    flushed(drive)

    key = next(each["field_code"] for each in state(drive)["custom_fields"]["persons"]
               if each["field_name"] == "Customer no.")  # fmt: skip
    typed, bare = told(endpoint)
    assert typed["data"]["custom_fields"][key] == {"type": "varchar", "value": "A-1"}
    assert typed["previous"]["custom_fields"][key]["type"] == "varchar"
    assert (bare["data"]["custom_fields"][key], bare["previous"]["custom_fields"]) == ("A-2", {key: "A-1"})


def test_a_delete_has_no_data_and_a_merge_is_a_delete_and_a_change(drive: Running, hook: Any, endpoint: Any) -> None:
    drive.mutate({"op": "delete", "object": "persons", "id": 1},
                 {"op": "merge", "object": "persons", "primary": 3, "other": 2})  # fmt: skip
    flushed(drive)

    deleted, gone, kept = told(endpoint)[:3]
    assert (deleted["meta"]["action"], deleted["data"], deleted["previous"]["id"]) == ("delete", None, 1)
    assert (gone["meta"]["action"], gone["meta"]["entity_id"], gone["meta"]["merged_to_id"]) == ("delete", "2", "3")
    assert (kept["meta"]["action"], kept["meta"]["entity_id"], kept["meta"]["merged_from_id"]) == ("change", "3", "2")


def test_a_bulk_edit_is_many_events_that_say_so(drive: Running, hook: Any, endpoint: Any) -> None:
    drive.mutate({"op": "update", "object": "deals", "ids": [1, 2, 3], "fields": {"title": "Bulk {n}"}})
    flushed(drive)

    metas = [event["meta"] for event in told(endpoint)]
    assert [meta["is_bulk_edit"] for meta in metas] == [True] * 3
    assert len({meta["correlation_id"] for meta in metas}) == 1
    assert len({meta["id"] for meta in metas}) == 3


def test_a_webhook_hears_only_what_it_asked_for(drive: Running, endpoint: Any, pipe: Pipe) -> None:
    body = {"subscription_url": endpoint.url, "event_action": "delete", "event_object": "note", "name": "n"}
    pipe(drive, "POST", HOOKS, json=body)

    drive.mutate(LIFE, {"op": "delete", "object": "notes", "id": 1}, {"op": "update_stage", "id": 1, "name": "Other"})
    flushed(drive)

    assert [(event["meta"]["entity"], event["meta"]["action"]) for event in told(endpoint)] == [("note", "delete")]


def test_settings_are_told_too(drive: Running, hook: Any, endpoint: Any) -> None:
    drive.mutate({"op": "update_stage", "id": 1, "name": "Other"}, {"op": "update_user", "id": 1078, "active": False},
                 {"op": "delete_pipeline", "id": 2})  # fmt: skip
    flushed(drive)

    stage, user, pipeline = told(endpoint)
    assert (stage["meta"]["entity"], stage["data"]["name"], stage["previous"]["name"]) == (
        "stage",
        "Other",
        "Qualified",
    )
    assert (user["meta"]["entity"], user["previous"]) == ("user", {"active_flag": True})
    assert (pipeline["meta"]["action"], pipeline["data"], pipeline["previous"]["name"]) == ("delete", None, "Partners")


def test_a_failed_delivery_comes_back_after_3_30_and_150_seconds(drive: Running, hook: Any, endpoint: Any) -> None:
    endpoint.answers = [500] * 4
    drive.mutate(LIFE)
    flushed(drive)
    counts = []
    for seconds in (3, 30, 150, 3600):
        drive.advance(seconds)
        report = flushed(drive)
        counts.append(len(endpoint.posts))

    assert counts == [2, 3, 4, 4]
    assert [event["meta"]["attempt"] for event in told(endpoint)] == [1, 2, 3, 4]
    assert len({event["meta"]["id"] for event in told(endpoint)}) == 1
    assert report["given_up"] == 1


def test_ten_failed_first_attempts_ban_a_webhook_for_half_an_hour(drive: Running, hook: Any, endpoint: Any) -> None:
    endpoint.answers = [503] * 30  # more than ten: on a slow machine a second attempt may come before the tenth first
    drive.mutate({**LIFE, "count": 10})
    flushed(drive)
    drive.mutate(LIFE)
    during = flushed(drive)["waiting"], len({event["data"]["id"] for event in told(endpoint)})
    drive.advance(1801)
    drive.mutate({**LIFE, "fields": {"name": "After"}})
    flushed(drive)

    names = [event["data"]["name"] for event in told(endpoint)]
    assert during == (0, 10)
    assert drive.state(summary=1)["events_lost_in_bans"] == 1
    assert "After" in names


def test_three_days_without_a_success_end_a_webhook(drive: Running, hook: Any, endpoint: Any, pipe: Pipe) -> None:
    endpoint.answers = [500] * 50
    drive.mutate(LIFE)
    flushed(drive)
    drive.advance(3 * 24 * 3600)
    drive.mutate(LIFE)
    flushed(drive)

    hidden = pipe(drive, "GET", HOOKS).json()["data"]
    drive.settings(removed_webhooks_listed=True)
    listed = pipe(drive, "GET", HOOKS).json()["data"][0]

    assert hidden == []
    assert (listed["id"], listed["is_active"], listed["last_http_status"]) == (hook["id"], 0, 500)
    assert "3 consecutive days" in listed["remove_reason"]


@pytest.mark.parametrize(
    "change",
    [{"subscription_url": "ftp://x.test"}, {"subscription_url": "https://api.pipedrive.com/x"}, {"name": ""},
     {"event_action": "added"}, {"event_object": "persons"}, {"version": "1.0"}],
)  # fmt: skip
def test_a_wrong_subscription_is_refused_field_by_field(
    wide_drive: Running, pipe: Pipe, change: dict[str, Any]
) -> None:
    body = {"subscription_url": "https://x.test", "event_action": "*", "event_object": "*", "name": "n", **change}

    answer = pipe(wide_drive, "POST", HOOKS, json=body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(change)


def test_a_user_has_forty_webhooks_and_can_remove_them(wide_drive: Running, pipe: Pipe) -> None:
    body = {"subscription_url": "https://x.test", "event_action": "create", "event_object": "lead", "name": "n"}
    made = [pipe(wide_drive, "POST", HOOKS, json=body) for _ in range(41)]

    ids = [each.json()["data"]["id"] for each in made[:40]]
    removed = [pipe(wide_drive, "DELETE", f"{HOOKS}/{number}").status_code for number in ids]

    assert [each.status_code for each in made] == [201] * 40 + [422]
    assert removed == [200] * 40
    assert pipe(wide_drive, "DELETE", f"{HOOKS}/{ids[0]}").status_code == 404


@pytest.mark.parametrize("kind", ["valid", "bad_password", "no_auth", "wrong_company", "v1", "junk"])
def test_forgeries_reach_the_endpoint_as_ordered(drive: Running, hook: Any, endpoint: Any, kind: str) -> None:
    drive.webhooks(forge={"kind": kind})

    body, headers = endpoint.posts[0]
    expected = "Basic " + base64.b64encode("bridge:pä:ss".encode()).decode()
    assert (headers.get("authorization") == expected) == (kind not in {"bad_password", "no_auth"})
    assert (b'"company_id":"1"' in body) == (kind == "wrong_company")
