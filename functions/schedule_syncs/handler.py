"""Ring whatever is due: connections, waiting actions, undelivered events. Woken every minute."""

from typing import Any

from crmbridge.entry.schedule import answer
from crmbridge.wiring import deps


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event)
