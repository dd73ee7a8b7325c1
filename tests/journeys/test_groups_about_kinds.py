"""Groups about contacts and tasks, rules held to the CRM, and filters, on the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from local.journey import steps
from local.journey.steps import Story

pytestmark = pytest.mark.journey

NAMED = {"field": "contact_last_name", "operator": "eq", "value": "Quillfeather"}


@pytest.fixture(scope="module")
def story(connected: Callable[..., Story]) -> Story:
    return connected()


def members(story: Story, group: str) -> list[str]:
    found = story.admin.get(f"/v1/groups/{group}/members")["items"]
    return [one["person"] for one in found if one["supports"]]


def test_a_contact_that_comes_to_match_is_in_by_webhook(story: Story) -> None:
    group = {"name": "Quills", "channel": "C-quills", "kind": "contact", "rules": NAMED}
    made = story.admin.post("/v1/groups", group)
    contact = steps.in_crm(story, "contacts", ids_only=1)["live"][0]

    steps.change_in_crm(story, {"op": "update", "object": "contacts", "id": contact,
                                "properties": {"lastname": "Quillfeather"}})  # fmt: skip

    (person,) = steps.awaited("the contact", lambda: members(story, made["id"]) or None)
    why = story.admin.get(f"/v1/groups/{made['id']}/members/{person}/why")["reasons"]
    assert [(one["record"]["id"], one["rules"]["actual"]) for one in why] == [(contact, "Quillfeather")]
    assert made["not_checked"] == []


def test_a_stage_that_the_crm_does_not_have_is_told_those_it_has(story: Story) -> None:
    rules: dict[str, Any] = {"field": "deal_stage", "operator": "eq", "value": "No such stage"}

    refused = story.admin.raw("POST", "/v1/groups/preview", json={"rules": rules})

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"]) == (400, "rules.value")
    assert "Closed Won" in error["fix"]


def test_what_a_filter_leaves_out_is_hidden_after_the_next_full_run(story: Story) -> None:
    kept, other = steps.in_crm(story, "companies", ids_only=1)["live"][:2]
    named = {"op": "update", "object": "companies", "id": kept, "properties": {"name": "Quillworks"}}
    steps.change_in_crm(story, named)
    filters = {"company": {"field": "company_name", "operator": "eq", "value": "quillworks"}}

    story.admin.patch(f"/v1/connections/{story.connection}", {"filters": filters})
    story.admin.raw("POST", f"/v1/connections/{story.connection}/sync", json={"type": "full"})  # or the minute did it
    steps.await_record(story, "companies", other, lambda record: record["state"] == "hidden", seconds=120)

    assert story.admin.get(f"/v1/records/{story.connection}/companies/{kept}")["state"] == "live"
