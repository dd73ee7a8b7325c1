"""Records as the store or, asked for live, the CRM has them, and the panels beside chats. Woken by the API."""

from typing import Any

from crmbridge.entry import records, sidepanels
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(records.router, sidepanels.router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
