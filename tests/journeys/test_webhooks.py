"""What people do in HubSpot arrives by webhook, however badly the webhooks are delivered."""

from collections.abc import Callable
from typing import Any

import pytest

from local.journey import steps
from local.journey.steps import Story

pytestmark = pytest.mark.journey

Connected = Callable[..., Story]
Json = Any


def ids(story: Story, object: str) -> list[str]:
    return list(steps.in_crm(story, object, ids_only=1)["live"])


def update(object: str, id: str, **properties: str) -> Json:
    return {"op": "update", "object": object, "id": id, "properties": properties}


def status(story: Story, object: str, id: str) -> int:
    return story.admin.raw("GET", f"/v1/records/{story.connection}/{object}/{id}").status_code


def test_a_changed_deal_brings_its_contact_into_the_channel_within_seconds_and_a_closed_one_lets_her_go(
    connected: Connected,
) -> None:
    story = connected()
    story.admin.post(
        "/v1/groups", {"name": "Big", "channel": story.channel, "rules": steps.RULES, "members": "contacts"}
    )

    heard = steps.change_a_deal(story)
    steps.change_deal_in_crm(story, heard["deal"], {"dealstage": "closedwon"})
    gone = steps.awaited("goodbye", lambda: heard["newcomer"] not in steps.channel_members(story) or None)

    assert gone
    assert heard["channel_seconds"] < 20


def test_deletes_restores_and_merges_arrive(connected: Connected) -> None:
    story = connected()
    deleted, restored, winner, loser = ids(story, "contacts")[:4]
    steps.change_in_crm(story, {"op": "archive", "object": "contacts", "ids": [deleted, restored]})
    steps.await_record(story, "contacts", restored, lambda record: record["state"] != "live")

    steps.change_in_crm(
        story,
        {"op": "restore", "object": "contacts", "id": restored},
        {"op": "merge", "object": "contacts", "primary": winner, "other": loser},
    )

    steps.await_record(story, "contacts", restored, lambda record: record["state"] == "live")
    for merged in (winner, loser):
        steps.await_record(story, "contacts", merged, lambda record: record["external_id"] not in (winner, loser))
    assert story.admin.get(f"/v1/records/{story.connection}/contacts/{deleted}")["state"] == "archived"


def test_duplicated_and_shuffled_webhooks_end_with_what_the_crm_has(
    connected: Connected, equal: Callable[[Story], None], delivering: Callable[..., None]
) -> None:
    story = connected()
    contacts, deals = ids(story, "contacts"), ids(story, "deals")
    delivering(shuffle=True, duplicate_probability=0.5, batch_size=9)

    for round in range(3):
        steps.change_in_crm(
            story,
            *(update("contacts", id, firstname=f"Round {round}") for id in contacts[:8]),
            *(update("deals", id, amount=f"{round}000.50") for id in deals[:4]),
            {"op": "archive", "object": "contacts", "id": contacts[30 + round]},
            {"op": "merge", "object": "contacts", "primary": contacts[40 + round], "other": contacts[50 + round]},
            {"op": "create", "object": "contacts", "properties": {"lastname": "New {n}"}, "count": 2},
        )
    delivering(flush=True)

    equal(story)


def test_one_post_with_several_accounts_reaches_each_workspace_and_only_its_own(
    connected: Connected, delivering: Callable[..., None]
) -> None:
    one, other = connected(), connected()
    deal_of_one, deal_of_other = ids(one, "deals")[0], ids(other, "deals")[0]
    delivering(pause=True)
    steps.change_in_crm(one, update("deals", deal_of_one, dealname="Of the one"))
    steps.change_in_crm(other, update("deals", deal_of_other, dealname="Of the other"))

    delivering(resume=True)

    steps.await_record(one, "deals", deal_of_one, lambda record: record["fields"]["name"] == "Of the one")
    steps.await_record(other, "deals", deal_of_other, lambda record: record["fields"]["name"] == "Of the other")
    posts = one.world.hubspot.get("webhooks")["deliveries"]
    assert {str(event["portalId"]) for event in posts[-1]["events"]} == {one.portal, other.portal}
    assert other.admin.raw("GET", f"/v1/records/{one.connection}/deals/{deal_of_one}").status_code == 404


def test_two_workspaces_on_one_account_each_hear_and_one_may_leave(connected: Connected) -> None:
    staying = connected()
    leaving = connected(staying.portal)
    deal = ids(staying, "deals")[0]
    steps.change_in_crm(staying, update("deals", deal, dealname="For both"))
    for story in (staying, leaving):
        steps.await_record(story, "deals", deal, lambda record: record["fields"]["name"] == "For both")

    leaving.admin.delete(f"/v1/connections/{leaving.connection}")
    steps.change_in_crm(staying, update("deals", deal, dealname="For one"))

    steps.await_record(staying, "deals", deal, lambda record: record["fields"]["name"] == "For one")
    assert staying.admin.post(f"/v1/connections/{staying.connection}/test")["ok"]
    assert status(leaving, "deals", deal) == 404
    assert leaving.admin.get("/v1/connections")["items"] == []
    assert leaving.admin.get("/v1/records")["items"] == []
