"""What people and their tools look at: the API's own description, as it was written at build time."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from crmbridge.log import log

DOCUMENT: Final = Path(__file__).with_name("openapi.json")


def answer(event: Mapping[str, Any]) -> dict[str, Any]:
    log.info("page answered", route=event.get("routeKey"))
    headers = {"content-type": "application/json", "cache-control": "public, max-age=300"}
    return {"statusCode": 200, "headers": headers, "body": openapi(), "isBase64Encoded": False}


@cache
def openapi() -> str:
    return DOCUMENT.read_text()
