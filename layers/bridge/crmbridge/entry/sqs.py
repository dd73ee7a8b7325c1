"""A batch of queue messages: each is done, or comes back. Plain code, because it is on every worker's cold path."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmbridge.domain.errors import BridgeError, Misconfigured
from crmbridge.domain.records import Json
from crmbridge.log import log
from crmbridge.services.ports import Deps

Event = Mapping[str, Any]
Body = Mapping[str, Json]
Work = Callable[[Body], object]
Unpark = Callable[[str], Body]
"""What was sent, from a message's text; a body too large for SQS is fetched from where it is parked."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A use case at the end of a queue; called with the dependencies, the event and Lambda's context.

    `work` is given the dependencies, a message's body, and when Lambda will stop us.
    """

    work: Callable[[Deps, Body, datetime], object]
    unpark: Unpark

    def __call__(self, deps: Deps, event: Event, context: Any) -> dict[str, list[dict[str, str]]]:
        deadline = deps.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
        return settle_batch(event, lambda body: self.work(deps, body, deadline), self.unpark)


def settle_batch(event: Event, work: Work, unpark: Unpark) -> dict[str, list[dict[str, str]]]:
    """Answer with the messages that SQS should bring back.

    On a FIFO queue whatever follows a failed message of the same group comes back too, untouched: order is the point.
    """
    failed: list[str] = []
    blocked: set[str] = set()
    for message in event["Records"]:
        group = _fifo_group(message)
        if group in blocked or not settled(message, work, unpark):
            failed.append(message["messageId"])
            blocked.update({group} - {""})
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}


def settled(message: Mapping[str, Any], work: Work, unpark: Unpark) -> bool:
    """Do the work; False means that SQS should bring the message back.

    A final error does not come back: the service has left its mark on the action, the run or the connection.
    """
    began = time.perf_counter()
    try:
        work(unpark(message["body"]))
    except BridgeError as error:
        log.warning("message failed", **facts(message, began), error=type(error).__name__, detail=str(error))
        return not error.retryable
    except Misconfigured as error:
        log.error("message failed: the deployment is wrong", **facts(message, began), detail=str(error))
        return False
    except Exception:  # noqa: BLE001 - the one place where a bug becomes a message that comes back
        log.exception("bug while working on a message", **facts(message, began))
        return False
    log.info("message done", **facts(message, began))
    return True


def facts(message: Mapping[str, Any], began: float) -> dict[str, Any]:
    return {
        "queue": message["eventSourceARN"].rsplit(":", 1)[-1],
        "message_id": message["messageId"],
        "attempt": int(message["attributes"].get("ApproximateReceiveCount", 1)),
        "milliseconds": round((time.perf_counter() - began) * 1000),
    }


def _fifo_group(message: Mapping[str, Any]) -> str:
    is_fifo = message["eventSourceARN"].endswith(".fifo")
    return str(message["attributes"].get("MessageGroupId", "")) if is_fifo else ""
