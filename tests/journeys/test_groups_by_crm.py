"""A channel follows the deals of a CRM, says why, and stands a glitch: the same story, whatever the CRM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from local.journey import steps
from local.journey.neighbours import connect
from local.journey.steps import Story
from local.journey.world import Simulator

pytestmark = pytest.mark.journey

Json = Any
DEALS = 4


@dataclass(frozen=True)
class Sales:
    """A CRM with a few open deals of 20,000 in one stage, each with a contact who is a chat user. `change` is as people
    do it in the CRM; webhooks follow."""

    story: Story
    stage: str
    deals: Sequence[str]
    emails: Sequence[str]
    users: Sequence[str]
    change: Callable[[Sequence[str], Json], None]
    amount: Callable[[int], Json]
    lost: Json

    def worth(self, deals: Sequence[str], amount: int) -> None:
        self.change(deals, self.amount(amount))

    def gather(self, name: str, **more: Json) -> str:
        rules = [
            {"field": "deal_stage", "operator": "eq", "value": self.stage},
            {"field": "dealAmount", "operator": "gte", "value": 50_000},
        ]
        wish = {"name": name, "channel": self.story.channel, "rules": {"operator": "AND", "rules": rules}}
        return str(self.story.admin.post("/v1/groups", {**wish, "members": "contacts", **more})["id"])

    def become(self, users: set[str]) -> None:
        steps.awaited(f"{len(users)} in the channel", lambda: steps.channel_members(self.story) == users or None)


def hubspot(story: Story, _: Callable[[str], Any]) -> Sales:
    emails, users = people_of(story)
    (*contacts,) = (
        steps.change_in_crm(story, {"op": "create", "object": "contacts", "properties": {"email": email}})[0]["ids"][0]
        for email in emails
    )
    properties = {"dealname": "Big one", "amount": "20000", "dealstage": "contractsent", "pipeline": "default"}
    made = steps.change_in_crm(
        story,
        *(
            {
                "op": "create", "object": "deals", "properties": properties,
                "associations": [{"to_object": "contacts", "to_id": contact}],
            }
            for contact in contacts
        ),
    )  # fmt: skip
    steps.connect_hubspot(story)

    def change(deals: Sequence[str], properties: Json) -> None:
        steps.change_in_crm(story, {"op": "update", "object": "deals", "ids": list(deals), "properties": properties})

    def amount(worth: int) -> Json:
        return {"amount": str(worth)}

    deals = [str(one["ids"][0]) for one in made]
    return Sales(story, "Contract Sent", deals, emails, users, change, amount, {"dealstage": "closedlost"})


def pipedrive(story: Story, neighbour: Callable[[str], Any]) -> Sales:
    one, crm = neighbour("pipedrive")
    emails, users = people_of(story)
    persons = [made(crm, "persons", {"name": email, "emails": [{"value": email}]}) for email in emails]
    wish = {"title": "Big one", "value": 20_000, "stage_id": 4}
    deals = [made(crm, "deals", {**wish, "person_id": int(person)}) for person in persons]
    story.connection = connect(story, one)

    def change(deals: Sequence[str], fields: Json) -> None:
        crm.post("mutate", [{"op": "update", "object": "deals", "ids": list(deals), "fields": fields}])

    def amount(worth: int) -> Json:
        return {"value": worth}

    return Sales(story, "Negotiation", deals, emails, users, change, amount, {"status": "lost"})


def people_of(story: Story) -> tuple[list[str], list[str]]:
    users = [f"U-{story.workspace}-{number}" for number in range(DEALS)]
    emails = [f"{user.casefold()}@groups.test" for user in users]
    people = dict(zip(emails, users, strict=True))
    story.world.chat.post("mutate", [{"op": "add_user", "id": user, "email": email} for email, user in people.items()])
    story.admin.put("/v1/people", {"people": people})
    return emails, users


def made(crm: Simulator, object: str, fields: Json) -> str:
    (done,) = crm.post("mutate", [{"op": "create", "object": object, "fields": fields}])["results"]
    return str(done["ids"][0])


@pytest.fixture(scope="module", params=[hubspot, pipedrive], ids=lambda crm: crm.__name__)
def sales(request: pytest.FixtureRequest, begin: Callable[..., Story], neighbour: Callable[[str], Any]) -> Sales:
    ready: Sales = request.param(begin(), neighbour)
    steps.await_run(ready.story)
    return ready


def test_a_deal_that_crosses_the_threshold_brings_its_contact_and_a_lost_one_lets_her_go(sales: Sales) -> None:
    story, deal, email, user = sales.story, sales.deals[0], sales.emails[0], sales.users[0]
    story.world.chat.post("mutate", [{"op": "add_member", "channel": story.channel, "user": sales.users[-1]}])
    group = sales.gather("Big")
    person = f"/v1/groups/{group}/members/{quote(email, safe='')}"

    sales.worth([deal], 60_000)
    sales.become({user, sales.users[-1]})
    (reason,) = story.admin.get(f"{person}/why")["reasons"]
    story.admin.patch(f"/v1/groups/{group}", {"owns_channel": True})
    sales.change([deal], sales.lost)
    sales.become(set())

    assert (reason["record"]["id"], reason["change"]["origin"]) == (deal, "webhook")
    assert [clause["actual"] for clause in reason["rules"]["rules"]] == [sales.stage, "60000"]
    assert story.admin.get(f"{person}/why")["reasons"] == []
    moves = story.admin.get(f"/v1/groups/{group}/history?person={quote(email)}")["items"]
    assert [(move["wanted"], move["user"]) for move in moves] == [("out", user), ("in", user)]
    story.admin.raw("DELETE", f"/v1/groups/{group}")


def test_a_glitch_that_would_empty_the_channel_is_held_and_may_be_rejected(sales: Sales) -> None:
    story, deals, users = sales.story, sales.deals[1:], set(sales.users[1:])
    sales.worth(deals, 70_000)
    group = sales.gather("Held", hold_people=1)
    sales.become(users)

    sales.worth(deals, 1)
    event = steps.awaited("word of held removals", lambda: heard_of(story, group))
    left = steps.awaited("all the others held", lambda: held_in_channel(story, group))
    kept = story.admin.post(f"/v1/groups/{group}/removals/reject", {})["kept"]

    members = story.admin.get(f"/v1/groups/{group}/members")["items"]
    assert len(left) >= len(users) - 1
    assert (kept, event["channel"]) == (len(left), story.channel)
    assert {one["user"] for one in members if one["override"] == "pinned"} == left
    assert story.admin.get(f"/v1/groups/{group}")["removals_held"] is None


def held_in_channel(story: Story, group: str) -> set[str] | None:
    """Everybody in the channel, once all of them would leave; whose deal is looked at first may be gone."""
    held = story.admin.get(f"/v1/groups/{group}")["removals_held"]
    left = steps.channel_members(story)
    return left if held and held["people"] == len(left) else None


def heard_of(story: Story, group: str) -> Json | None:
    events = story.world.chat.get("events", type="group.removals_held")["events"]
    return next((event["data"] for event in events if event["data"]["group"] == group), None)
