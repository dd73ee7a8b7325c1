"""Decide whom changed records bring into which group. Woken by the queue of groups."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.evaluate_records import evaluate_message
from crmbridge.services.ports import Deps
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    evaluate_message(deps, body, deadline)


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
