"""Records as the store or, asked for live, the CRM has them. Woken by the API."""

from typing import Any

from crmbridge.entry.http import HttpDoor
from crmbridge.entry.records import router
from crmbridge.wiring import deps

answer = HttpDoor(router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
