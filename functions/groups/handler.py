"""Smart groups and their members. Woken by the API."""

from typing import Any

from crmbridge.entry import group_members, groups, previews
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(previews.router, groups.router, group_members.router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
