"""Connections, and what else a workspace sets up: its people, keys and chat app. Woken by the API."""

from typing import Any

from crmbridge.entry import connections, platforms, queries, runs, workspaces
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(platforms.router, connections.router, queries.router, runs.router, workspaces.router)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
