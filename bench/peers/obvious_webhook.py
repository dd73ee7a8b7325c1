"""The obvious webhook handler: Powertools' resolver and Tracer, a pydantic model per event, one message per event."""

import argparse
import base64
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict, TypeAdapter

logger = Logger(service="obvious")
metrics = Metrics(namespace="Obvious", service="obvious")
tracer = Tracer(service="obvious")
app = APIGatewayHttpResolver()
queue = boto3.resource("sqs").Queue(os.environ["DELIVERIES_QUEUE_URL"])


class Event(BaseModel):
    """As HubSpot names things."""

    model_config = ConfigDict(extra="allow")

    eventId: int  # noqa: N815
    subscriptionType: str  # noqa: N815
    portalId: int  # noqa: N815
    objectId: int  # noqa: N815
    occurredAt: int  # noqa: N815
    propertyName: str | None = None  # noqa: N815
    propertyValue: str | None = None  # noqa: N815


EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


def is_signed(body: str, headers: dict[str, str]) -> bool:
    secret = json.loads(parameters.get_secret("bench/apps/hubspot", max_age=300))["client_secret"]
    sent_at = headers.get("x-hubspot-request-timestamp", "0")
    if abs(time.time() * 1000 - int(sent_at)) > 300_000:
        return False
    url = os.environ["PUBLIC_URL"] + app.current_event.raw_event["rawPath"]
    digest = hmac.new(secret.encode(), f"POST{url}{body}{sent_at}".encode(), hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), headers.get("x-hubspot-signature-v3", ""))


@app.post("/v1/webhooks/hubspot")
@tracer.capture_method
def receive() -> Response[Any]:
    body = app.current_event.body or ""
    if not is_signed(body, dict(app.current_event.headers)):
        return Response(status_code=401)
    events = EVENTS.validate_python(json.loads(body))
    for start in range(0, len(events), 10):
        batch = events[start : start + 10]
        queue.send_messages(
            Entries=[{"Id": str(at), "MessageBody": each.model_dump_json()} for at, each in enumerate(batch)]
        )
    metrics.add_metric(name="Events", unit=MetricUnit.Count, value=len(events))
    logger.info("delivery received", events=len(events))
    return Response(status_code=200)


class Context:
    """What Powertools reads of Lambda's context."""

    function_name = "obvious"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:1:function:obvious"
    aws_request_id = "1"


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
@metrics.log_metrics
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)


def handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
    answer: dict[str, Any] = handle(event, Context())
    return answer


if __name__ == "__main__":
    from bench.stopwatch import posts_measured, tell

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--event", type=Path, required=True)
    parser.add_argument("--posts", type=int, default=50)
    asked = parser.parse_args()
    tell(**posts_measured(handler, json.loads(asked.event.read_text()), asked.posts))
