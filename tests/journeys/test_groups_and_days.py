"""Time passes and nobody touches a task: the channel follows as soon as a day begins where the group lives."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crmbridge.domain.records import RecordKey
from crmbridge.services.evaluate_records import evaluate_message
from crmbridge.services.wake_records import wake_records

from local.journey import steps
from local.journey.inside import Inside, inside
from local.journey.steps import Story
from local.journey.world import World

pytestmark = pytest.mark.journey

ZONE = ZoneInfo("Pacific/Kiritimati")
"""Where a day begins ten hours after it has begun in UTC: the next one."""
AHEAD = timedelta(days=2)
"""So that no test is wrong that runs while a day begins."""


@pytest.fixture
def later(world: World) -> Iterator[Inside]:
    """Return the product's parts two days from now; what they ring for nobody else hears."""
    queues = world.stack.engine.client("sqs")
    url = queues.create_queue(QueueName="groups-of-later")["QueueUrl"]
    yield inside(world.stack, AHEAD, groups_queue_url=url)
    queues.delete_queue(QueueUrl=url)


def connect(story: Story, due: datetime) -> tuple[RecordKey, str]:
    """An account with a task that is due then, about a contact who is a chat user."""
    user = f"U-{story.workspace}"
    email = f"{user.casefold()}@days.test"
    story.world.chat.post("mutate", [{"op": "add_user", "id": user, "email": email}])
    story.admin.put("/v1/people", {"people": {email: user}})
    contact = made(story, "contacts", {"email": email})
    about = [{"to_object": "contacts", "to_id": contact}]
    task = made(story, "tasks", {"hs_task_subject": "Call", "hs_timestamp": due.isoformat()}, associations=about)
    steps.connect_hubspot(story)
    steps.await_run(story)
    return RecordKey(story.workspace, story.connection, "tasks", task), user


def made(story: Story, object: str, properties: dict[str, str], **more: Any) -> str:
    (done,) = steps.change_in_crm(story, {"op": "create", "object": object, "properties": properties, **more})
    return str(done["ids"][0])


def a_day_begins(story: Story, later: Inside) -> None:
    """What the minute's schedule does then, and the worker whom it rings for."""
    now = later.now()
    clocks = [clock for clock in later.workspaces.due_clocks(now) if clock[0] == story.workspace]
    wake_records(later, clocks, now)
    heard = later.client("sqs").receive_message(QueueUrl=later.settings.groups_queue_url, WaitTimeSeconds=10)
    for message in heard["Messages"]:
        evaluate_message(later, json.loads(message["Body"]), now + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("rule", "due_in"),
    [
        ({"operator": "before_today"}, timedelta(hours=1)),
        ({"operator": "within_next_days", "value": 1}, timedelta(days=3)),
    ],
    ids=["overdue", "due soon"],
)
def test_the_channel_follows_when_a_day_begins(
    begin: Callable[..., Story], later: Inside, rule: dict[str, Any], due_in: timedelta
) -> None:
    story = begin()
    task, user = connect(story, datetime.now(UTC) + due_in)
    rules = {"operator": "AND", "rules": [{"field": "task_due", **rule},
                                          {"field": "task_subject", "operator": "eq", "value": "call"}]}  # fmt: skip
    group = {"name": "Days", "channel": story.channel, "kind": "task", "rules": rules, "time_zone": ZONE.key}
    id = story.admin.post("/v1/groups", group)["id"]

    wakes_at = steps.awaited("its turn", lambda: later.memberships.held([task]).get(task)).wakes_at
    before = steps.channel_members(story)
    a_day_begins(story, later)
    steps.awaited("the task's contact", lambda: user in steps.channel_members(story) or None)

    assert (before, wakes_at and wakes_at.astimezone(ZONE).time()) == (set(), time(0, 0))
    (member,) = story.admin.get(f"/v1/groups/{id}/members")["items"]
    (reason,) = story.admin.get(f"/v1/groups/{id}/members/{member['person']}/why")["reasons"]
    assert (member["user"], reason["record"]["id"]) == (user, task.external_id)
