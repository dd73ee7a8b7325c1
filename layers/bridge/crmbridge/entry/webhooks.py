"""The door for CRMs' deliveries: raw bytes in, the CRM's own kind of answer out.

Bare on purpose: no router and no models, because hundreds of deliveries a second pass here and each cold start keeps a
CRM waiting. What it lets in is proven by the service, over the bytes exactly as they came.
"""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from crmbridge.entry.bare import Event, answered, delivery_of, refusal_of, request_id
from crmbridge.log import log
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery


def answer(deps: Deps, event: Event) -> dict[str, Any]:
    """Whatever goes wrong on our side is a 5xx: the CRM will send the delivery again."""
    began = time.perf_counter()
    asked = event.get("pathParameters") or {}
    platform = asked.get("platform", "")
    try:
        delivery = delivery_of(event, deps.public_url, deps.now())
        reply = receive_delivery(deps, platform, _address(asked), delivery)
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes an answer
        reply = refusal_of(event, error)
    log.info(
        "delivery answered",
        route=event.get("routeKey"),
        platform=platform,
        status=reply.status,
        bytes=len(event.get("body") or ""),
        milliseconds=round((time.perf_counter() - began) * 1000),
        request_id=request_id(event),
    )
    return answered(reply)


def _address(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """(connection.workspace, token) of a connection's own address."""
    return (unquote(asked["connection"]), unquote(asked.get("token", ""))) if "connection" in asked else None
