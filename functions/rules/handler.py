"""Automation rules and what they did. Woken by the API."""

from typing import Any

from crmbridge.entry import rules
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(rules.router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
