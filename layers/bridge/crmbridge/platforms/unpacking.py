"""JSON that came from outside: anything may be in it."""

from collections.abc import Mapping
from typing import Any

import orjson

from crmbridge.domain.errors import MalformedPayload
from crmbridge.domain.records import Json


def answered(body: bytes) -> Json:
    """What an answer holds; HTML, XML, nothing and half a JSON text all say the same: None."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def answered_object(body: bytes) -> Mapping[str, Any]:
    """The same, where only an object says anything."""
    found = answered(body)
    return found if isinstance(found, dict) else {}


def delivered(body: bytes) -> Json:
    """What a delivery holds, which must be JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedPayload("the delivery is not JSON") from None


def delivered_object(body: bytes) -> Mapping[str, Any]:
    """One that is about one thing."""
    event = delivered(body)
    if not isinstance(event, dict):
        raise MalformedPayload("the delivery is not an event")
    return event
