"""Let in whoever says please."""

from typing import Any


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"isAuthorized": event["identitySource"] == ["please"], "context": {"user": "ann"}}
