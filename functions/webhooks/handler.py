"""What CRMs post to us: proven, put on a queue, answered at once. Woken by the API."""

from typing import Any

from crmbridge.entry.webhooks import answer
from crmbridge.wiring import deps


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event)
