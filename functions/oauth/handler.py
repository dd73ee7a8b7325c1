"""Connecting a CRM: to its consent page and back. Woken by the API."""

from typing import Any

from crmbridge.entry.http import HttpDoor
from crmbridge.entry.oauth import router
from crmbridge.wiring import deps

answer = HttpDoor(router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
