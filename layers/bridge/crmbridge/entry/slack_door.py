"""The door for Slack: raw bytes in, what Slack waits for out. Bare, like the door for CRMs: a click waits for it."""

import time
from typing import Any

from crmbridge.entry.bare import Event, answered, delivery_of, refusal_of, request_id
from crmbridge.log import log
from crmbridge.services.ports import Deps
from crmbridge.services.slack.receive_request import receive_request


def answer(deps: Deps, event: Event) -> dict[str, Any]:
    began = time.perf_counter()
    what = str(event.get("rawPath", "")).rpartition("/")[2]
    try:
        reply = receive_request(deps, what, delivery_of(event, deps.public_url, deps.now()))
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes an answer
        reply = refusal_of(event, error)
    log.info(
        "slack answered",
        route=event.get("routeKey"),
        status=reply.status,
        again=event.get("headers", {}).get("x-slack-retry-num"),
        milliseconds=round((time.perf_counter() - began) * 1000),
        request_id=request_id(event),
    )
    return answered(reply)
