"""Rules act by themselves: once, never on what a full run brings, and not in circles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.rules import MAX_HOPS

from local.journey import steps
from local.journey.neighbours import connect
from local.journey.steps import Story
from local.journey.world import CLIENT_SECRET, Simulator
from local.simulators.hubspot.events import signed

pytestmark = pytest.mark.journey

Json = Any
Begin = Callable[..., Story]
BIG = {"field": "deal_amount", "operator": "gte", "value": 50_000}
CALL = {"type": "create_task", "fields": {"subject": "Call about {deal_name}", "due_at": "{due + 2 days}"}}
RULE = {"name": "Big deals", "trigger": {"on": "change", "kind": "deal"}, "condition": BIG, "actions": [CALL]}


@dataclass(frozen=True)
class Sales:
    """A CRM with one small deal called Renewal, and a rule that was there before anything was read from it."""

    story: Story
    rule: str
    deal: str
    worth: Callable[[int], None]
    post_again: Callable[[], None]
    tasks: Callable[[], Sequence[str]]

    def firings(self) -> list[Json]:
        return list(self.story.admin.get(f"/v1/rules/{self.rule}/firings")["items"])


def hubspot(story: Story, _: Callable[[str], Any]) -> Sales:
    properties = {"dealname": "Renewal", "amount": "20000", "dealstage": "contractsent", "pipeline": "default"}
    large = {**properties, "dealname": "Large already", "amount": "90000"}
    made = [
        steps.change_in_crm(story, {"op": "create", "object": "deals", "properties": each})[0]["ids"][0]
        for each in (properties, large)
    ]
    rule = story.admin.post("/v1/rules", RULE)["id"]
    steps.connect_hubspot(story)
    deal = str(made[0])

    def worth(amount: int) -> None:
        steps.change_deal_in_crm(story, deal, {"amount": str(amount)})

    def post_again() -> None:
        sent = story.world.hubspot.get("webhooks")["deliveries"]
        events = [each for one in sent for each in one["events"] if str(each.get("objectId")) == deal]
        post = signed(f"{story.world.api_url}/v1/webhooks/hubspot", CLIENT_SECRET, orjson.dumps(events))
        for _ in range(2):
            assert requests.post(post.url, data=post.body, headers=post.headers, timeout=30).status_code == 200

    def tasks() -> Sequence[str]:
        return [one["properties"]["hs_task_subject"] for one in steps.in_crm(story, "tasks")["live"]]

    return Sales(story, rule, deal, worth, post_again, tasks)


def pipedrive(story: Story, neighbour: Callable[[str], Any]) -> Sales:
    one, crm = neighbour("pipedrive")
    large = {"title": "Large already", "value": 90_000, "stage_id": 4}
    deal, _ = (made(crm, "deals", each) for each in ({**large, "title": "Renewal", "value": 20_000}, large))
    rule = story.admin.post("/v1/rules", RULE)["id"]
    story.connection = connect(story, one)

    def worth(amount: int) -> None:
        crm.post("webhooks", {"duplicate_probability": 1.0})
        crm.post("mutate", [{"op": "update", "object": "deals", "ids": [deal], "fields": {"value": amount}}])

    def post_again() -> None:
        """Each event was posted twice to begin with."""
        crm.post("webhooks", {"duplicate_probability": 0.0})

    def tasks() -> Sequence[str]:
        return [one["subject"] for one in crm.get("state", object="activities")["live"]]

    return Sales(story, rule, deal, worth, post_again, tasks)


def made(crm: Simulator, object: str, fields: Json) -> str:
    (done,) = crm.post("mutate", [{"op": "create", "object": object, "fields": fields}])["results"]
    return str(done["ids"][0])


@pytest.fixture(scope="module", params=[hubspot, pipedrive], ids=lambda crm: crm.__name__)
def sales(request: pytest.FixtureRequest, begin: Begin, neighbour: Callable[[str], Any]) -> Sales:
    ready: Sales = request.param(begin(), neighbour)
    steps.await_run(ready.story)
    return ready


def test_a_full_run_triggers_nothing_and_a_deal_that_crosses_gets_one_task(sales: Sales) -> None:
    before = sales.firings()

    sales.worth(60_000)
    firing = steps.awaited("a firing that is done", lambda: done(sales))
    action = steps.await_action(sales.story, firing["actions"][0])
    sales.post_again()
    firings = steps.settled(sales.firings, 4.0)

    assert before == []
    assert [one["id"] for one in firings] == [firing["id"]]
    assert (firing["why"]["holds"], firing["why"]["actual"]) == (True, "60000")
    assert (firing["what"], firing["by"], firing["record"]["external_id"]) == (
        "updated",
        {"origin": "webhook"},
        sales.deal,
    )
    assert (action["status"], action["links"][0]["external_id"]) == ("completed", sales.deal)
    assert list(sales.tasks()).count("Call about Renewal") == 1


def done(sales: Sales) -> Json | None:
    return next((one for one in sales.firings() if one["status"] == "done"), None)


@pytest.fixture(scope="module")
def deal(shared: Story) -> str:
    """Return a deal in the stage before the last, to which a chat is linked."""
    id = str(steps.in_crm(shared, "deals", ids_only=1)["live"][0])
    steps.change_deal_in_crm(shared, id, {"dealstage": "appointmentscheduled", "pipeline": "default"})
    record = {"connection": shared.connection, "object": "deals", "external_id": id}
    shared.admin.put("/v1/chats/rules-room/sidepanel", {"record": record})
    return id


def test_a_classified_message_makes_one_task_on_the_linked_deal(shared: Story, deal: str) -> None:
    wish = {"type": "create_task", "fields": {"subject": "{message_author}: {message_text}"}}
    trigger = {"on": "message", "labels": ["Quote"]}
    rule = shared.admin.post("/v1/rules", {"name": "Quotes", "trigger": trigger, "actions": [wish]})["id"]
    said = {"id": "m1", "text": "Can you send it?", "author": "Grace"}
    message = {"chat": "rules-room", "message": said, "labels": ["quote"]}

    tried = shared.admin.post(f"/v1/rules/{rule}/test", {"message": message})
    ids = {shared.admin.post("/v1/messages", message)["id"] for _ in range(3)}
    receipt = steps.awaited("a receipt in the chat", lambda: receipt_in(shared, "rules-room"))

    assert (tried["would_act"], tried["actions"][0]["problems"]) == (True, [])
    assert len(ids) == 1
    assert (receipt["links"][0]["external_id"], receipt["message"]) == (deal, "m1")
    subjects = [one["properties"]["hs_task_subject"] for one in steps.in_crm(shared, "tasks")["live"]]
    assert subjects.count("Grace: Can you send it?") == 1


def receipt_in(story: Story, chat: str) -> Json | None:
    asked = story.admin.get(f"/v1/chats/{chat}/actions")["items"]
    return next((one for one in asked if one["status"] == "completed"), None)


def test_two_rules_that_chase_each_other_stop_and_are_named(shared: Story, deal: str) -> None:
    there, back = chasing(shared, "contractsent", "qualifiedtobuy"), chasing(shared, "qualifiedtobuy", "contractsent")

    steps.change_deal_in_crm(shared, deal, {"dealstage": "contractsent"})
    event = steps.awaited("word of a stopped rule", lambda: word_of_stop(shared, {there, back}), 120)

    stopped = shared.admin.get(f"/v1/rules/{event['rule']}")
    firings = [one for id in (there, back) for one in shared.admin.get(f"/v1/rules/{id}/firings")["items"]]
    assert (stopped["state"], stopped["trouble"]["stop"]) == ("stopped", "loop")
    assert set(event["rules"]) == {there, back}
    assert sorted(one["hops"] for one in firings) == list(range(1, MAX_HOPS + 2))
    assert [one["status"] for one in firings].count("stopped") == 1


def chasing(story: Story, stage: str, next_stage: str) -> str:
    rule = {
        "name": f"{stage} to {next_stage}",
        "trigger": {"on": "change", "kind": "deal", "what": ["updated"]},
        "condition": {"field": "deal_stage", "operator": "eq", "value": stage},
        "actions": [{"type": "update_deal", "fields": {"stage": next_stage}}],
    }
    return str(story.admin.post("/v1/rules", rule)["id"])


def word_of_stop(story: Story, rules: set[str]) -> Json | None:
    events = story.world.chat.get("events", type="rule.stopped")["events"]
    return next((event["data"] for event in events if event["data"]["rule"] in rules), None)
