"""What doors without a router share: raw bytes in, and every error a problem document."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from crmbridge.domain.changes import Delivery, Response
from crmbridge.entry import problems
from crmbridge.log import log

Event = Mapping[str, Any]


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
    document = problems.problem(error, request_id(event))
    if document["status"] >= 500:
        log.error("delivery failed", exc_info=error, request_id=request_id(event))
    headers = {"content-type": problems.CONTENT_TYPE, **problems.headers(error)}
    return Response(document["status"], orjson.dumps(document).decode(), headers)


def request_id(event: Event) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))


def answered(reply: Response) -> dict[str, Any]:
    """As API Gateway takes it."""
    return {"statusCode": reply.status, "headers": dict(reply.headers), "body": reply.body, "isBase64Encoded": False}
