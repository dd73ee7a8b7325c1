"""Writes to CRMs, asked for by people, and messages that rules may listen to. Woken by the API."""

from typing import Any

from crmbridge.entry import actions, messages, templates
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(actions.router, templates.router, messages.router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
