"""Connecting a CRM or Slack: to its consent page and back. Woken by the API."""

from typing import Any

from crmbridge.entry import oauth, slack
from crmbridge.entry.http import HttpDoor
from crmbridge.wiring import deps

answer = HttpDoor(oauth.router, slack.router, any_query=True)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
