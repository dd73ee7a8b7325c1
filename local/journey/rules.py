"""A rule makes a task by itself when a deal grows, once, and says why."""

import time

from local.journey import steps
from local.journey.client import StepFailed
from local.journey.steps import Facts, Json, Story

RULE = {
    "name": "Large deals get a call",
    "trigger": {"on": "change", "kind": "deal"},
    "condition": {"field": "deal_amount", "operator": "gte", "value": 200_000},
    "actions": [
        {
            "type": "create_task",
            "fields": {"subject": "Call {contact_name | them} about {deal_name}", "due_at": "{due + 2 working days}"},
        }
    ],
}
LARGE = "250000"


def act_by_rule(story: Story) -> Facts:
    """A small deal becomes a large one in HubSpot; what the rule asks for is there soon after, and only once."""
    rule = story.admin.post("/v1/rules", RULE)["id"]
    deal, _ = steps.deal_with_contact(story)
    before = steps.live_counts(story)["tasks"]
    began = time.monotonic()
    steps.change_deal_in_crm(story, deal, {"amount": LARGE})
    firing = steps.awaited("firing of the rule", lambda: _fired(story, rule))
    action = steps.await_action(story, firing["actions"][0])
    took = time.monotonic() - began
    made = steps.settled(lambda: steps.live_counts(story)["tasks"]) - before
    if action["status"] != "completed" or made != 1:
        raise StepFailed(f"the rule's task ended as {action['status']}, and HubSpot has {made} more")
    return {"rule": rule, "task_seconds": round(took, 2), "made": made, "because": firing["why"]["actual"]}


def _fired(story: Story, rule: str) -> Json | None:
    firings = story.admin.get(f"/v1/rules/{rule}/firings")["items"]
    return next((one for one in firings if one["status"] == "done"), None)
