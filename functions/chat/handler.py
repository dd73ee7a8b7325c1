"""What Slack posts to us: proven, queued, answered within three seconds. Woken by the API."""

from typing import Any

from crmbridge.entry.slack_door import answer
from crmbridge.wiring import deps


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event)
