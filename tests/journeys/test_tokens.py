"""One refresh, however many workers find the token expired, and whoever of them dies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from signal import SIGKILL
from threading import Barrier

import pytest

from local.journey.inside import Inside
from local.journey.steps import Story
from local.journey.worker import kept_tokens, worked

pytestmark = pytest.mark.journey

EXPIRED = 31 * 60.0


@pytest.fixture
def tokens_of(deps: Callable[..., Inside]) -> Callable[[int, Story, float], set[str]]:
    """Return a way to let many workers, each with parts of its own, ask for a token at once."""

    def ask(many: int, story: Story, ahead: float) -> set[str]:
        workers = [kept_tokens(deps(ahead), story.workspace, story.connection) for _ in range(many)]
        ready = Barrier(many)

        def work(number: int) -> str:
            ready.wait(timeout=30)
            return workers[number].current()

        with ThreadPoolExecutor(many) as threads:
            return set(threads.map(work, range(many)))

    return ask


def refreshes(story: Story) -> int:
    asked = story.world.hubspot.get("requests", path="/oauth/.*token", summary=1)
    return int(sum(asked["by_route"].values()))


def test_a_hundred_workers_with_an_expired_token_refresh_it_once(
    connected: Callable[..., Story], tokens_of: Callable[[int, Story, float], set[str]]
) -> None:
    story = connected()
    before = refreshes(story)

    tokens = tokens_of(100, story, EXPIRED)

    assert len(tokens) == 1
    assert refreshes(story) == before + 1


@pytest.mark.parametrize(
    ("death", "asked_again"),
    [
        ("before-send.secretsmanager.PutSecretValue#1", 1),
        ("response-received.secretsmanager.PutSecretValue#1", 1),
        ("response-received.secretsmanager.UpdateSecretVersionStage#1", 0),
    ],
)
def test_the_others_go_on_when_the_one_who_refreshes_is_killed(
    death: str,
    asked_again: int,
    shared: Story,
    request: pytest.FixtureRequest,
    tokens_of: Callable[[int, Story, float], set[str]],
) -> None:
    ahead = EXPIRED * (1 + request.node.callspec.indices["death"])
    before = refreshes(shared)
    killed = worked(shared.world.stack, "token", shared.workspace, shared.connection, ahead=ahead, die_at=death)

    tokens = tokens_of(20, shared, ahead + 1)

    assert killed == -SIGKILL
    assert len(tokens) == 1
    assert refreshes(shared) == before + 1 + asked_again
