"""The minute's tick."""

from collections.abc import Mapping
from typing import Any

from crmbridge.log import log
from crmbridge.services.ports import Deps
from crmbridge.services.schedule_work import schedule_work


def answer(deps: Deps, event: Mapping[str, Any]) -> dict[str, int]:
    """What was rung, per sort. The event's own time is not looked at: after a delay, now is what counts."""
    rung = schedule_work(deps, deps.now())
    log.info("work scheduled", event_id=event.get("id"), rung=rung)
    return rung
