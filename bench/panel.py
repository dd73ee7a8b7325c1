"""Wall time that people feel, on the local engine: from a click to its answer, to the CRM, and back into the panel."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench.comparing import Finding
from local.journey import steps
from local.journey.panel import Desk, edit_in_crm, edit_in_panel, hubspot_desk
from local.journey.steps import Story
from local.journey.world import Sizes, world

SMALL: Final = Sizes(contacts=200, companies=40, deals=60, tasks=20, activities=20)
CLICK: Final = 0.3
TRIP: Final = 2.0
"""Seconds, of the design."""
PAUSE: Final = 2.0
"""Seconds between rounds. HubSpot grants eleven calls a second and a round takes a dozen: without a pause the limit
would be measured, not the way."""


def panel_trips(trips: int) -> Iterator[Finding]:
    """With every function warm: a first trip makes their clients."""
    with tempfile.TemporaryDirectory() as folder, world(SMALL, Path(folder)) as here:
        story = Story(here, here.sign_in())
        steps.introduce_chat_app(story)
        steps.connect_hubspot(story)
        steps.await_run(story)
        desk = hubspot_desk(story)
        there, back, clicks = [], [], []
        for number in range(trips + 1):
            there.append(edit_in_panel(desk, f"Renamed in the panel {number}"))
            back.append(edit_in_crm(desk, f"Renamed in the CRM {number}"))
            clicks.append(_clicked(desk, number))
            time.sleep(PAUSE)
    yield reached("click acknowledged, p99", clicks[1:], 99, CLICK)
    yield reached("edit in the panel until the CRM has it and the panel says so, p95", there[1:], 95, TRIP)
    yield reached("change in the CRM until the panel shows it, p95", back[1:], 95, TRIP)


def _clicked(desk: Desk, number: int) -> float:
    """Until the edit is promised; then it is waited for, so that the next one meets a quiet house."""
    story, wish = desk.story, {"fields": {"amount": str(1000 + number)}, "chat": desk.chat}
    began = time.perf_counter()
    action = story.admin.patch(desk.path, wish, Idempotency_Key=f"bench-{number}")["id"]
    seconds = time.perf_counter() - began
    steps.await_action(story, action)
    return seconds


def reached(what: str, seconds: Sequence[float], percentile: int, allowed: float) -> Finding:
    slowest = quantiles(seconds, n=100, method="inclusive")[percentile - 1]
    return Finding(
        what=what,
        against=f"{allowed} s",
        ratio=slowest / allowed,
        budget=1.0,
        ours=slowest * 1000,
        theirs=allowed * 1000,
        unit="ms of wall time",
        pairs=len(seconds),
        notes=(f"median {median(seconds) * 1000:.0f} ms",),
        detail={"seconds": list(seconds)},
    )
