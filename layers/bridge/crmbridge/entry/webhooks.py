"""The door for CRMs' deliveries: raw bytes in, the CRM's own kind of answer out.

Bare on purpose: no router and no models, because hundreds of deliveries a second pass here and each cold start keeps a
CRM waiting. What it lets in is proven by the service, over the bytes exactly as they came.
"""

import time
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import orjson

from crmbridge.domain.changes import Delivery, Response
from crmbridge.entry import problems
from crmbridge.log import log
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery

Event = Mapping[str, Any]


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
        request_id=_request_id(event),
    )
    return {"statusCode": reply.status, "headers": dict(reply.headers), "body": reply.body, "isBase64Encoded": False}


def _address(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """(connection.workspace, token) of a connection's own address."""
    return (unquote(asked["connection"]), unquote(asked.get("token", ""))) if "connection" in asked else None


def delivery_of(event: Event, public_url: str, received_at: datetime) -> Delivery:
    """The URL is built on the configured base, never on the Host header: CRMs sign the one they were given."""
    path = event["rawPath"]
    query = event.get("rawQueryString")
    return Delivery(
        method=event["requestContext"]["http"]["method"],
        url=public_url + path[max(0, path.find("/v1/")) :] + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in event.get("headers", {}).items()},
        body=_bytes(event),
        received_at=received_at,
    )


def _bytes(event: Event) -> bytes:
    body: str = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")


def refusal_of(event: Event, error: Exception) -> Response:
    document = problems.problem(error, _request_id(event))
    if document["status"] >= 500:
        log.error("delivery failed", exc_info=error, request_id=_request_id(event))
    headers = {"content-type": problems.CONTENT_TYPE, **problems.headers(error)}
    return Response(document["status"], orjson.dumps(document).decode(), headers)


def _request_id(event: Event) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))
