"""What the chat app never took is listed and sent again; a rotated secret loses no event."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.services.deliver_outbound import deliver_outbound

from local.journey import steps
from local.journey.inside import Inside
from local.journey.steps import Story

pytestmark = pytest.mark.journey

Json = Any
DAY = 24 * 3600.0


def note(story: Story, subject: str) -> str:
    """An action that is done at once, and whose receipt is an event."""
    wish = {"connection": story.connection, "type": "create_task", "fields": {"subject": subject}}
    action = str(story.admin.post("/v1/actions", wish, Idempotency_Key=subject)["id"])
    steps.await_action(story, action)
    return f"{action}.completed.0"


def heard(story: Story, event: str) -> Json:
    events = story.world.chat.get("events", type="action.completed")["events"]
    return next((each for each in events if each["webhook_id"] == event), None)


def test_an_event_refused_for_a_day_is_listed_and_sent_again(
    shared: Story, trouble: Callable[..., None], deps: Callable[..., Inside]
) -> None:
    trouble({"kind": "status", "status": 503, "path": "/hooks", "times": None}, at=shared.world.chat)
    event = note(shared, "Told a day later")
    deliver_outbound(deps(seconds=DAY), shared.workspace, event)
    failed = shared.admin.get("/v1/chat-endpoint/failed")["items"]
    unheard = heard(shared, event)
    shared.world.chat.ask("DELETE", "faults")

    shared.admin.post(f"/v1/chat-endpoint/failed/{event}/resend", None)

    assert ([each["id"] for each in failed], unheard) == ([event], None)
    assert "503" in failed[0]["error"]
    steps.awaited("event sent again", lambda: heard(shared, event))
    assert shared.admin.get("/v1/chat-endpoint/failed")["items"] == []


def test_while_the_secret_is_rotated_the_chat_app_knows_us_by_either(connected: Callable[..., Story]) -> None:
    story = connected()
    chat, old = story.world.chat, story.admin.get("/v1/chat-endpoint")["secret"]

    new = story.admin.post("/v1/chat-endpoint/secret", {"grace_hours": 24})["secret"]

    with_the_old = story.admin.post("/v1/chat-endpoint/test", None)
    chat.post("settings", {"secret": new})
    try:
        with_the_new = story.admin.post("/v1/chat-endpoint/test", None)
    finally:
        chat.post("settings", {"secret": old})
    assert new != old
    assert [with_the_old, with_the_new] == [{"delivered": True, "error": ""}] * 2


def test_a_chat_app_that_asked_hears_which_deal_changed_and_why(connected: Callable[..., Story]) -> None:
    story = connected()
    asked = {"url": f"{story.world.chat.url}/hooks/crm-bridge", "record_changes": ["deal"]}
    endpoint = story.admin.put("/v1/chat-endpoint", asked)
    deal = story.admin.get("/v1/records", kind="deal", connection=story.connection, limit=1)["items"][0]["external_id"]

    edit = story.admin.patch(
        f"/v1/records/{story.connection}/deals/{deal}", {"fields": {"amount": 4321}}, Idempotency_Key="e1"
    )
    by_us = steps.awaited("our change", lambda: told_of(story, deal, "own"))
    steps.change_in_crm(story, {"op": "update", "object": "deals", "id": deal, "properties": {"dealname": "Renamed"}})
    by_them = steps.awaited("their change", lambda: told_of(story, deal, "webhook"))

    assert endpoint["record_changes"] == ["deal"]
    assert (by_us["what"], by_us["fields"][0], by_us["cause"]["action"]) == ("updated", "amount", edit["id"])
    assert (by_them["what"], by_them["fields"], by_them["kind"]) == ("updated", ["name"], "deal")


def told_of(story: Story, deal: str, origin: str) -> Json:
    """What the chat app heard of a change to the deal that has this origin."""
    events = story.world.chat.get("events", type="record.changed")["events"]
    changes = [change for event in events for change in event["data"]["changes"]]
    mine = [one for one in changes if one["connection"] == story.connection and one["external_id"] == deal]
    return next((one for one in mine if one["cause"]["origin"] == origin), None)
