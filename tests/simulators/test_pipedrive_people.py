"""People at work in Pipedrive itself, and the truth that the simulator tells about it."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Pipe = Callable[..., requests.Response]


def test_the_truth_holds_what_the_lists_hide(drive: Running) -> None:
    made = drive.mutate({"op": "create", "object": "persons", "fields": {"name": "T {n}", "Seats": 3}, "count": 3})[0]
    first, second, third = made["ids"]
    drive.mutate({"op": "delete", "object": "persons", "id": first}, {"op": "erase", "object": "persons", "id": third})

    told = drive.state(object="persons")

    assert second in [str(each["id"]) for each in told["live"]]
    assert first in [str(each["id"]) for each in told["deleted"]]
    assert told["erased"] == [third]
    assert list(told["live"][-1]["custom_fields"].values()) == [3]
    assert drive.state(object="persons", ids_only=1, limit=2)["next"] is not None


def test_a_deleted_record_can_be_restored(drive: Running, pipe: Pipe) -> None:
    drive.mutate({"op": "delete", "object": "deals", "id": 1}, {"op": "restore", "object": "deals", "id": 1})

    assert pipe(drive, "GET", "/api/v2/deals/1").json()["data"]["is_deleted"] is False
    assert drive.state(object="deals", id=1)["live"][0]["id"] == 1


def test_a_change_can_be_stamped_in_the_past(drive: Running, pipe: Pipe) -> None:
    drive.mutate({"op": "update", "object": "deals", "id": 1, "fields": {"title": "Late"}, "at_ms": 1_767_225_600_000})

    deal = pipe(drive, "GET", "/api/v2/deals/1").json()["data"]
    assert (deal["title"], deal["update_time"]) == ("Late", "2026-01-01T00:00:00Z")


def test_fields_options_and_stages_can_change_under_the_app(drive: Running, pipe: Pipe) -> None:
    field = {"object": "persons", "field": "Lifecycle"}
    drive.mutate({"op": "update_field", **field, "rename_option": "Lead", "to": "Prospect", "label": "Phase"},
                 {"op": "add_field", "object": "deals", "name": "Ref", "type": "enum", "options": ["a", "b"]},
                 {"op": "delete_field", "object": "persons", "field": "Seats"},
                 {"op": "add_stage", "name": "Signed", "pipeline": 2})  # fmt: skip

    definitions = pipe(drive, "GET", "/api/v2/personFields", limit=500).json()["data"]
    phase = next(each for each in definitions if each["field_name"] == "Phase")
    stages = pipe(drive, "GET", "/api/v2/stages", pipeline_id=2, sort_by="order_nr").json()["data"]
    assert "Prospect" in [each["label"] for each in phase["options"]]
    assert "Seats" not in [each["field_name"] for each in definitions]
    assert stages[-1]["name"] == "Signed"


def test_companies_are_separate_although_their_ids_are_the_same(drive: Running, pipe: Pipe) -> None:
    second = list(drive.state(summary=1)["companies"].values())[1]
    token = next(iter(second["api_tokens"]))
    drive.mutate({"op": "update", "object": "persons", "id": 1, "fields": {"name": "Elsewhere"}, "company": 2})

    here, there = (pipe(drive, "GET", "/api/v2/persons/1", **more).json()["data"] for more in ({}, {"token": token}))

    assert there["name"] == "Elsewhere" != here["name"]
    assert "job_title" in there
    assert "job_title" not in here


def test_participants_come_and_go_without_moving_the_deal(drive: Running, pipe: Pipe) -> None:
    before = pipe(drive, "GET", "/api/v2/deals/1").json()["data"]["update_time"]
    added = drive.mutate({"op": "add_participant", "deal": 1, "person": 5})[0]["participants"]
    gone = drive.mutate({"op": "remove_participant", "deal": 1, "person": 5})[0]["participants"]

    assert 5 in added
    assert 5 not in gone
    assert pipe(drive, "GET", "/api/v2/deals/1").json()["data"]["update_time"] == before


@pytest.mark.parametrize(
    "operation",
    [{"op": "fly"}, {"op": "delete", "object": "persons", "id": 999_999}, {"op": "create", "object": "ships"},
     {"op": "create", "object": "persons", "fields": {"nope": 1}}, {"op": "create", "company": 9, "object": "deals"},
     {"op": "update_field", "object": "deals", "field": "nope"}, {"op": "restore", "object": "deals", "id": 2},
     {"op": "merge", "object": "persons", "primary": 1, "other": 1}],
)  # fmt: skip
def test_what_cannot_be_done_is_said(drive: Running, operation: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        drive.mutate(operation)


def test_counted_fields_come_when_asked_for(drive: Running, pipe: Pipe) -> None:
    drive.mutate({"op": "create", "object": "activities", "fields": {"deal_id": 1, "type": "task"}})
    asked = "activities_count,next_activity_id,notes_count,followers_count,participants_count,email_messages_count"

    deal = pipe(drive, "GET", "/api/v2/deals/1", include_fields=asked).json()["data"]

    assert deal["activities_count"] >= 1
    assert deal["next_activity_id"] is not None
    assert set(asked.split(",")) <= set(deal)
