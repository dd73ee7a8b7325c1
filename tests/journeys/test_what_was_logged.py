"""What the functions have logged while all the other journeys went on; last, by its name."""

import json
import re
from typing import Any

import pytest

from local.journey.world import CHAT_SECRET, CLIENT_SECRET, World, logged

pytestmark = pytest.mark.journey

PRIVATE = re.compile(
    rf"[\w.+-]+@[\w-]+\.\w+|Bearer |eyJ[\w-]{{10}}|cb_[\w-]+_\w{{20,}}_|{re.escape(CLIENT_SECRET)}"
    rf"|{re.escape(CHAT_SECRET)}"
)


@pytest.fixture(scope="module")
def lines(world: World) -> list[str]:
    """Return what was logged until now."""
    return logged(world.stack.engine)


def test_no_journey_met_a_bug(lines: list[str]) -> None:
    said: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]

    bugs = [
        f"{each['message']}: {each.get('exception', '')}" for each in said if each["level"] in ("ERROR", "CRITICAL")
    ]
    assert not bugs, "\n".join(bugs)
    assert [line for line in lines if "Traceback" in line or "Task timed out" in line] == []


def test_no_address_token_or_secret_was_logged(lines: list[str]) -> None:
    assert [line for line in lines if PRIVATE.search(line)] == []
