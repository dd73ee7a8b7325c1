"""A channel that people can trust: it says why, it keeps whom somebody pinned, and it is not emptied by an accident."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from local.journey import steps
from local.journey.steps import Story

pytestmark = pytest.mark.journey

Connected = Callable[..., Story]
ANY_AMOUNT = {"field": "deal_amount", "operator": "gte", "value": 0}


def email_of(story: Story, user: str) -> str:
    people: dict[str, str] = story.admin.get("/v1/people")["people"]
    return next(email for email, who in people.items() if who == user)


def test_a_member_is_explained_pinned_and_let_go(connected: Connected) -> None:
    story = connected()
    group = {"name": "Big", "channel": story.channel, "rules": steps.RULES, "members": "contacts"}
    foreseen = story.admin.post("/v1/groups/preview", {"rules": steps.RULES})
    id = story.admin.post("/v1/groups", group)["id"]
    heard = steps.change_a_deal(story)
    email = email_of(story, heard["newcomer"])
    person = f"/v1/groups/{id}/members/{quote(email, safe='')}"

    why = story.admin.get(f"{person}/why")
    known = story.admin.get(f"/v1/records/{story.connection}/deals/{heard['deal']}")["fields"]
    story.admin.put(f"{person}/pin", {})
    steps.change_deal_in_crm(story, heard["deal"], {"dealstage": "closedwon"})
    steps.awaited("no reason left", lambda: not story.admin.get(f"{person}/why")["reasons"] or None)
    pinned = steps.settled(lambda: heard["newcomer"] in steps.channel_members(story))
    story.admin.raw("DELETE", f"{person}/pin")
    steps.awaited("goodbye", lambda: heard["newcomer"] not in steps.channel_members(story) or None)

    (reason,) = why["reasons"]
    assert foreseen["complete"]
    assert (reason["record"]["id"], reason["change"]["origin"]) == (heard["deal"], "webhook")
    assert known["amount"] == "90000"
    assert known.get("amount_home", "90000") in [clause.get("actual") for clause in reason["rules"]["rules"]]
    assert pinned
    moves = story.admin.get(f"/v1/groups/{id}/history?person={quote(email)}")["items"]
    assert [move["wanted"] for move in moves] == ["out", "in"]


def test_a_glitch_that_would_empty_the_channel_is_held_until_it_is_approved(connected: Connected) -> None:
    story = connected()
    rule: dict[str, Any] = {"name": "All", "channel": story.channel, "rules": ANY_AMOUNT, "hold_people": 2}
    id = story.admin.post("/v1/groups", rule)["id"]
    members = steps.settled(lambda: story.admin.get(f"/v1/groups/{id}/members?limit=200")["items"], 3.0)
    users = {one["person"]: f"U-{story.workspace}-{number}" for number, one in enumerate(members)}
    story.world.chat.post("mutate", [{"op": "add_user", "id": user, "email": email} for email, user in users.items()])
    story.admin.put("/v1/people", {"people": users})
    steps.awaited("everybody in the channel", lambda: steps.channel_members(story) == set(users.values()) or None)

    deals = steps.in_crm(story, "deals", ids_only=1)["live"]
    worthless = {"amount": "-1"}
    steps.change_in_crm(
        story, *({"op": "update", "object": "deals", "id": deal, "properties": worthless} for deal in deals)
    )
    steps.awaited("held removals", lambda: story.admin.get(f"/v1/groups/{id}")["removals_held"])
    left = steps.settled(lambda: steps.channel_members(story), 4.0)
    story.admin.post(f"/v1/groups/{id}/removals/approve", {})
    steps.awaited("an empty channel", lambda: not steps.channel_members(story) or None)

    assert len(users) > 4
    assert len(left) >= len(users) - 2
    assert story.admin.get(f"/v1/groups/{id}")["removals_held"] is None
