"""Shows the API's own description. Woken by the API."""

from typing import Any

from crmbridge.entry.console import answer


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(event)
