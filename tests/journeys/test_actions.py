"""Buttons under chat messages: each click once in HubSpot, whatever becomes of the answer, and a receipt for it."""

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.execute_action import execute_action

from local.journey import steps
from local.journey.inside import Inside
from local.journey.steps import Story

pytestmark = pytest.mark.journey

Json = Any
Trouble = Callable[..., None]

CLICKS = itertools.count(1)

WISHES: Mapping[str, Json] = {
    "tasks": {"type": "create_task", "fields": {"subject": "Send the quote"}},
    "calls": {"type": "log_call", "fields": {"subject": "Talked about the quote"}},
    "contacts": {"type": "create_contact", "fields": {"email": "only.once@journey.test", "last_name": "Once"}},
}


def ask(story: Story, wish: Mapping[str, Json]) -> str:
    body = {"connection": story.connection, **wish}
    return str(story.admin.post("/v1/actions", body, Idempotency_Key=f"click-{next(CLICKS)}")["id"])


def count(story: Story, object: str) -> int:
    return steps.live_counts(story)[object]


def test_four_types_of_action_clicked_twice_make_one_object_each(shared: Story) -> None:
    pressed = steps.press_buttons(shared)

    assert pressed == {"completed": 4, "clicks": 8, "objects": 3}


def test_a_template_is_filled_from_the_message_and_the_deal_and_becomes_a_task(shared: Story) -> None:
    deal, _ = steps.deal_with_contact(shared)
    fields = {"subject": "{message_text | } for {deal_name}", "due_at": "{due + 2 working days}"}
    template = shared.admin.post("/v1/action-templates", {"name": deal, "type": "create_task", "fields": fields})
    record = {"connection": shared.connection, "object": "deals", "external_id": deal}
    use = {"record": record, "message_text": "Send the quote", "chat": f"chat-of-{deal}"}

    path = f"/v1/action-templates/{template['id']}/actions"
    asked = [shared.admin.post(path, use, Idempotency_Key=f"template-{deal}")["id"] for _ in range(2)]

    receipt = steps.await_action(shared, asked[0])["receipt"]
    name = shared.admin.get(f"/v1/records/{shared.connection}/deals/{deal}")["fields"]["name"]
    (task,) = steps.in_crm(shared, "tasks", id=receipt["external_id"])["live"]
    assert asked[0] == asked[1]
    assert task["properties"]["hs_task_subject"] == f"Send the quote for {name}"


@pytest.mark.parametrize("object", list(WISHES))
def test_a_write_that_was_done_but_never_answered_is_found_again(
    object: str, shared: Story, trouble: Trouble, deps: Callable[..., Inside]
) -> None:
    before = count(shared, object)
    trouble({"kind": "commit_then_timeout", "method": "POST", "path": f"/objects/{object}$", "body": "reset"})
    action = ask(shared, WISHES[object])
    steps.await_unknown(shared, action)

    execute_action(deps(seconds=300), shared.workspace, action)

    assert steps.await_action(shared, action)["status"] == "completed"
    assert count(shared, object) == before + 1


def test_a_write_that_lands_after_the_look_up_is_not_doubled_by_the_second_one(
    shared: Story, trouble: Trouble, deps: Callable[..., Inside]
) -> None:
    before = count(shared, "tasks")
    late = {"kind": "commit_late", "method": "POST", "path": "/objects/tasks$", "body": "reset", "late_ms": 4000}
    trouble(late)
    action = ask(shared, WISHES["tasks"])
    steps.await_unknown(shared, action)

    execute_action(deps(seconds=300), shared.workspace, action)
    time.sleep(4.5)

    assert steps.await_action(shared, action)["status"] == "completed"
    assert count(shared, "tasks") == before + 1


def test_a_contact_that_is_there_already_is_linked_and_not_overwritten(shared: Story) -> None:
    contact = next(each for each in steps.in_crm(shared, "contacts")["live"] if each["properties"].get("email"))
    fields = {"email": contact["properties"]["email"].upper(), "last_name": "Somebody Else"}
    before = count(shared, "contacts")

    action = ask(shared, {"type": "create_contact", "fields": fields})

    receipt = steps.await_action(shared, action)["receipt"]
    assert (receipt["external_id"], receipt["linked"]) == (contact["id"], True)
    assert count(shared, "contacts") == before
    now = steps.in_crm(shared, "contacts", id=contact["id"])["live"][0]["properties"]
    assert now.get("lastname") == contact["properties"].get("lastname")


def test_a_refused_write_names_the_field_and_the_chat_app_hears_of_it(shared: Story) -> None:
    deal, _ = steps.deal_with_contact(shared)
    target = {"object": "deals", "external_id": deal}

    action = ask(shared, {"type": "update_deal", "target": target, "fields": {"owner_id": "999999"}})

    ended = steps.await_action(shared, action)
    assert ended["status"] == "failed"
    assert "owner_id" in ended["error"]["fields"]
    assert ended["error"]["platform"] == "hubspot"
    steps.awaited("receipt", lambda: receipts(shared, "action.failed", action) or None)


def test_receipts_arrive_when_the_chat_app_is_back(
    shared: Story, trouble: Trouble, deps: Callable[..., Inside]
) -> None:
    trouble({"kind": "status", "status": 503, "path": "/hooks", "times": None}, at=shared.world.chat)
    action = ask(shared, WISHES["tasks"])
    steps.await_action(shared, action)
    event = f"{action}.completed.0"
    steps.awaited("refused receipt", lambda: has_failed_once(deps(), shared, event))
    shared.world.chat.ask("DELETE", "faults")

    deliver_outbound(deps(seconds=60), shared.workspace, event)

    assert [each["deliveries"] for each in receipts(shared, "action.completed", action)] == [1]


def receipts(story: Story, type: str, action: str) -> list[Json]:
    events = story.world.chat.get("events", type=type)["events"]
    return [event for event in events if event["data"]["action"] == action]


def has_failed_once(deps: Inside, story: Story, event: str) -> bool | None:
    row = deps.outbound.get(story.workspace, event)
    return (row is not None and bool(row.error)) or None
