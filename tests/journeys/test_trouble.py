"""A CRM in trouble, an authorisation that ends, hints that never come: a run ends with the truth, or says so."""

from collections.abc import Callable
from typing import Any

import pytest

from local.journey import steps
from local.journey.steps import Story

pytestmark = pytest.mark.journey

Json = Any
Connected = Callable[..., Story]
Equal = Callable[..., None]
Trouble = Callable[..., None]


def ids(story: Story, object: str) -> list[str]:
    return list(steps.in_crm(story, object, ids_only=1)["live"])


def update(object: str, id: str, **properties: str) -> Json:
    return {"op": "update", "object": object, "id": id, "properties": properties}


def run(story: Story, type: str) -> Json:
    story.admin.post(f"/v1/connections/{story.connection}/sync", {"type": type})
    return steps.await_run(story)


def refreshes(story: Story) -> int:
    return int(sum(story.world.hubspot.get("requests", path="/oauth/.*token", summary=1)["by_route"].values()))


def needs_reconnect(story: Story) -> list[Json]:
    events = story.world.chat.get("events", type="connection.needs_reconnect")["events"]
    return [event for event in events if event["data"]["connection"] == story.connection]


def test_a_first_sync_through_every_kind_of_trouble_ends_equal(
    begin: Callable[..., Story], trouble: Trouble, equal: Equal
) -> None:
    story = begin()
    trouble(
        {"kind": "status", "status": 503, "path": "/owners"},
        {"kind": "rate_limit", "policy": "TEN_SECONDLY_ROLLING", "path": "/objects/contacts$"},
        {"kind": "status", "status": 500, "path": "/objects/companies$", "times": 3},
        {"kind": "status", "status": 502, "body": "html", "path": "/objects/deals$", "times": 2},
        {"kind": "status", "status": 200, "body": "half", "path": "/objects/tasks$"},
        {"kind": "status", "status": 200, "body": "html", "path": "/objects/notes$"},
        {"kind": "status", "status": 200, "body": "empty", "path": "/objects/calls$"},
        {"kind": "status", "body": "hang", "path": "/objects/meetings$"},
        {"kind": "status", "body": "reset", "path": "/objects/emails$"},
    )
    steps.connect_hubspot(story)

    assert steps.await_run(story)["status"] == "success"
    assert {rule["times"] for rule in story.world.hubspot.get("faults")["rules"]} == {0}
    equal(story, seconds=0)


def test_webhooks_whose_re_reads_meet_trouble_lose_nothing(
    connected: Connected, trouble: Trouble, equal: Equal
) -> None:
    story = connected()
    contacts, deals, companies = (ids(story, object)[:3] for object in ("contacts", "deals", "companies"))
    trouble(
        {"kind": "status", "status": 500, "path": "/contacts/batch/read", "times": 3},
        {"kind": "status", "status": 502, "body": "html", "path": "/deals/batch/read"},
        {"kind": "status", "status": 200, "body": "half", "path": "/companies/batch/read"},
        {"kind": "status", "status": 200, "body": "empty", "path": "/deals/batch/read"},
        {"kind": "rate_limit", "policy": "TEN_SECONDLY_ROLLING", "path": "/contacts/batch/read"},
    )

    steps.change_in_crm(
        story,
        *(update("contacts", id, firstname="Changed") for id in contacts),
        *(update("deals", id, dealname="Changed") for id in deals),
        *(update("companies", id, name="Changed") for id in companies),
    )

    equal(story, seconds=60)
    assert {rule["times"] for rule in story.world.hubspot.get("faults")["rules"]} == {0}


def test_what_no_webhook_told_is_found_by_the_next_runs(
    shared: Story, delivering: Callable[..., None], equal: Equal
) -> None:
    changed, deleted, *_ = ids(shared, "contacts")
    delivering(drop_probability=1.0)
    archive = {"op": "archive", "object": "contacts", "id": deleted}
    steps.change_in_crm(shared, update("contacts", changed, firstname="Untold"), archive)
    path = f"/v1/records/{shared.connection}/contacts"

    found = run(shared, "incremental")
    first_name = shared.admin.get(f"{path}/{changed}")["fields"]["first_name"]
    swept = run(shared, "full")

    assert (found["counts"]["contact"]["updated"], first_name) == (1, "Untold")
    assert swept["counts"]["contact"]["removed"] == 1
    assert shared.admin.get(f"{path}/{deleted}")["state"] == "archived"
    equal(shared, seconds=0)


def test_a_token_that_expires_in_the_middle_of_a_run_is_refreshed_once(shared: Story, trouble: Trouble) -> None:
    before = refreshes(shared)
    trouble({"kind": "token_expired", "path": "/objects/companies$"})

    finished = run(shared, "full")

    assert finished["status"] == "success"
    assert refreshes(shared) == before + 1


def test_a_revoked_authorisation_ends_the_run_and_everything_until_it_is_renewed(
    connected: Connected, trouble: Trouble, equal: Equal
) -> None:
    story = connected()
    deal = ids(story, "deals")[0]
    trouble({"kind": "delay", "delay_ms": 1500, "path": "/objects/contacts$"})
    story.admin.post(f"/v1/connections/{story.connection}/sync", {"type": "full"})
    steps.change_in_crm(story, {"op": "revoke_token"}, update("deals", deal, dealname="While nobody listened"))

    connection = f"/v1/connections/{story.connection}"
    ended = steps.awaited("end of the run", lambda: ended_run(story))
    told = steps.awaited("word of it", lambda: needs_reconnect(story) or None)
    story.world.hubspot.ask("DELETE", "requests")

    assert ended["status"] in ("failed", "partial")
    assert story.admin.get(connection)["health"] == "needs_reconnect"
    assert story.admin.raw("POST", f"{connection}/sync", json={"type": "full"}).status_code == 409
    assert story.admin.post(f"{connection}/test")["ok"] is False
    assert story.world.hubspot.get("requests", account=story.portal, summary=1)["total"] == 0
    assert len(told) == 1

    reconnect(story)
    steps.await_run(story)

    assert story.admin.get(connection)["health"] == "connected"
    assert len(needs_reconnect(story)) == 1
    equal(story)


def ended_run(story: Story) -> Json | None:
    newest = story.admin.get(f"/v1/connections/{story.connection}/runs", limit=1)["items"][0]
    return newest if newest["status"] != "running" else None


def reconnect(story: Story) -> None:
    started = story.admin.post("/v1/oauth/hubspot/start", {"reconnect": story.connection})
    steps.come_back(steps.approve(started["authorize_url"], story.portal))
