"""Whole stories on the real local engine. Each has a workspace of its own, and most a small account of their own."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import count

import pytest
from crmbridge.services.execute_action import execute_action

from local.journey import steps
from local.journey.inside import Inside, inside
from local.journey.neighbours import NEIGHBOURS, Neighbour, keep_app
from local.journey.steps import Story
from local.journey.truth import differences
from local.journey.world import Simulator, World
from tests.journeys.belongings import Ids, make_belongings

FIRST_SMALL = 2
SMALL_NEIGHBOUR = {"contacts": 20, "companies": 5, "deals": 10}


@pytest.fixture(scope="session")
def portals(world: World) -> list[str]:
    """Return the accounts there are, the large one first."""
    return list(world.hubspot.get("state", summary=1)["portals"])


@pytest.fixture(scope="session")
def small_portals(portals: list[str]) -> Iterator[str]:
    """Return small accounts that no story has had yet."""
    return iter(portals[FIRST_SMALL:])


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Return numbers for workspaces."""
    return count(1)


@pytest.fixture(scope="session")
def begin(world: World, small_portals: Iterator[str], numbers: Iterator[int]) -> Callable[..., Story]:
    """Return a way to begin a story with a workspace of its own; about a small account unless another is named."""

    def begun(portal: str = "") -> Story:
        return steps.begin_story(world, f"team-{next(numbers)}", portal or next(small_portals))

    return begun


@pytest.fixture(scope="session")
def connected(begin: Callable[..., Story]) -> Callable[..., Story]:
    """Return a way to begin a story whose account is connected and synced."""

    def synced(portal: str = "") -> Story:
        story = begin(portal)
        steps.connect_hubspot(story)
        steps.await_run(story)
        return story

    return synced


@pytest.fixture(scope="module")
def shared(connected: Callable[..., Story]) -> Story:
    """Return one connected story for tests of a file that do not get into each other's way."""
    return connected()


@pytest.fixture(scope="module")
def mine(connected: Callable[..., Story]) -> Ids:
    """Return the ids of everything that a workspace may have."""
    return make_belongings(connected())


@pytest.fixture(scope="session")
def neighbour(world: World) -> Iterator[Callable[[str], tuple[Neighbour, Simulator]]]:
    """Return a way to have another CRM. Each has one simulator for all stories: where it is stands in the secret of our
    app, and whoever has read that remembers it for minutes."""
    with ExitStack() as cleanup:

        @cache
        def up(platform: str) -> tuple[Neighbour, Simulator]:
            known = next(one for one in NEIGHBOURS if one.platform == platform)
            small = replace(known, options={**known.options, **SMALL_NEIGHBOUR})
            crm = cleanup.enter_context(small.start(world.stack.engine))
            keep_app(world.stack.engine, small, crm)
            return small, crm

        yield up


@pytest.fixture
def delivering(world: World) -> Iterator[Callable[..., None]]:
    """Return a way to have HubSpot deliver its webhooks badly; when the test is over it delivers them well again."""

    def steer(**policy: object) -> None:
        world.hubspot.post("webhooks", policy)

    yield steer
    well = {"shuffle": False, "duplicate_probability": 0.0, "drop_probability": 0.0, "batch_size": 100}
    steer(**well, drop_waiting=True, resume=True)


@pytest.fixture
def trouble(world: World) -> Iterator[Callable[..., None]]:
    """Return a way to make requests to a simulator (HubSpot, unless another is named) fail; it ends with the test."""

    troubled: dict[str, Simulator] = {}

    def cause(*rules: Mapping[str, object], at: Simulator = world.hubspot) -> None:
        troubled[at.url] = at
        at.post("faults", {"rules": list(rules)})

    yield cause
    for simulator in troubled.values():
        simulator.ask("DELETE", "faults")


@pytest.fixture(scope="session")
def deps(world: World) -> Callable[..., Inside]:
    """Return the product's parts, on the engine's tables; their clock may run so many seconds ahead."""

    def ahead(seconds: float = 0.0) -> Inside:
        return inside(world.stack, timedelta(seconds=seconds))

    return ahead


@pytest.fixture
def time_passes(deps: Callable[..., Inside]) -> Callable[[Story, str], None]:
    """Return a way to let time run until an action whose outcome is unknown has ended, perhaps as uncertain."""

    def passing(story: Story, action: str) -> None:
        later = count(900, 900)
        while story.admin.get(f"/v1/actions/{action}")["status"] == "sending":
            execute_action(deps(seconds=next(later)), story.workspace, action)

    return passing


@pytest.fixture
def equal() -> Callable[[Story], None]:
    """Return the check that the table soon holds what the CRM holds."""

    def become_equal(story: Story, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while (found := differences(story)) and time.monotonic() < deadline:
            time.sleep(0.3)
        assert found == []

    return become_equal
