"""A full sync whose workers are killed, again and again, in the middle of what they do."""

from collections.abc import Callable, Iterator
from signal import SIGKILL
from urllib.parse import parse_qsl, urlsplit

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.start_connect import start_connect

from local.journey import steps
from local.journey.inside import Inside, inside
from local.journey.steps import Story
from local.journey.truth import differences
from local.journey.worker import LEASE, worked
from local.journey.world import World

pytestmark = pytest.mark.journey

DEATHS = [
    f"{'response-received' if number % 2 else 'before-send'}.dynamodb#{number}"
    for number in (3, 9, 14, 20, 27, 33, 24, 17)
]
PAST_THE_LEASE = LEASE.total_seconds() + 60


@pytest.fixture
def unheard(world: World) -> Iterator[Inside]:
    """Return the product's parts, ringing for tasks where only this test listens."""
    queues = world.stack.engine.client("sqs")
    url = queues.create_queue(QueueName="unheard-pages")["QueueUrl"]
    yield inside(world.stack, pages_queue_url=url)
    queues.delete_queue(QueueUrl=url)


def connect(deps: Inside, story: Story) -> str:
    """Connect as the API does; the run that begins, which nobody works on yet."""
    page = start_connect(deps, Caller(story.workspace, "ada", "admin"), "hubspot")
    query = dict(parse_qsl(urlsplit(steps.approve(page, story.portal)).query))
    connection = finish_connect(deps, "hubspot", query).connection
    story.connection = connection.id
    assert connection.active_run is not None
    return connection.active_run


def test_a_sync_killed_time_and_again_ends_equal(
    world: World, begin: Callable[..., Story], portals: list[str], unheard: Inside
) -> None:
    story = begin(portals[1])
    run = connect(unheard, story)

    killed = [
        worked(world.stack, "run", story.workspace, run, ahead=number * PAST_THE_LEASE, die_at=death)
        for number, death in enumerate(DEATHS)
    ]
    ended = worked(world.stack, "run", story.workspace, run, ahead=len(DEATHS) * PAST_THE_LEASE)

    assert (killed, ended) == ([-SIGKILL] * len(DEATHS), 0)
    assert steps.await_run(story)["status"] == "success"
    assert differences(story) == []
