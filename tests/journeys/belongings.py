"""One of everything that a workspace may have, and the addresses under which it is found."""

from collections.abc import Mapping
from urllib.parse import quote

from local.journey import steps
from local.journey.steps import Story

Ids = Mapping[str, str]
"""By the collection they are in; `workspace` is whose they are."""

CHAT = "my-chat"
RULE = {
    "name": "Mine",
    "trigger": {"on": "change", "kind": "deal"},
    "condition": {"field": "deal_amount", "operator": "gte", "value": 1_000_000},
    "actions": [{"type": "create_task", "fields": {"subject": "Mine"}}],
}


def make_belongings(story: Story) -> Ids:
    group = {"name": "Mine", "channel": story.channel, "rules": steps.RULES}
    action = {"connection": story.connection, "type": "create_task", "fields": {"subject": "Mine"}, "chat": CHAT}
    made = story.admin.post("/v1/actions", action, Idempotency_Key="mine")["id"]
    steps.await_action(story, made)
    contact = steps.in_crm(story, "contacts", ids_only=1, limit=1)["live"][0]
    record = {"connection": story.connection, "object": "contacts", "external_id": contact}
    story.admin.put(f"/v1/chats/{CHAT}/sidepanel", {"record": record})
    return {
        "connections": story.connection,
        "groups": story.admin.post("/v1/groups", group)["id"],
        "action-templates": story.admin.post("/v1/action-templates", {"name": "Mine", "type": "create_task"})["id"],
        "rules": story.admin.post("/v1/rules", RULE)["id"],
        "actions": made,
        "runs": story.admin.get(f"/v1/connections/{story.connection}/runs")["items"][0]["id"],
        "keys": story.admin.get("/v1/keys")["items"][0]["id"],
        "records": contact,
        "workspace": story.workspace,
    }


def path_parameters(path: str, ids: Ids) -> Mapping[str, str]:
    """What stands in the path of a route, for what is theirs."""
    collection = path.split("/")[2]
    return {
        "id": ids.get(collection, "none"),
        "connection": ids["connections"],
        "object": "contacts",
        "chat": CHAT,
        "person": "a@b.test",
        "platform": "hubspot",
        "token": "t",
    }


def address(path: str, ids: Ids) -> str:
    """The path with the ids of its collection."""
    return path.format(**{name: quote(value, safe="") for name, value in path_parameters(path, ids).items()})
