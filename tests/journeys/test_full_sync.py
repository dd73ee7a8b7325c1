"""A full sync of a large account."""

from collections.abc import Callable

import pytest

from local.journey import steps
from local.journey.steps import Story
from local.journey.truth import differences

pytestmark = pytest.mark.journey


def test_a_full_sync_of_15000_records_ends_equal_with_the_least_calls_and_no_429(
    begin: Callable[..., Story], portals: list[str]
) -> None:
    story = begin(portals[0])
    steps.connect_hubspot(story)

    run = steps.await_run(story)

    asked = steps.calls_of_sync(story)
    assert {kind: counts["read"] for kind, counts in run["counts"].items() if counts["read"]} == steps.totals(story)
    assert asked["calls"] <= 1.05 * asked["minimum"]
    assert asked["throttled"] == 0
    assert differences(story) == []
