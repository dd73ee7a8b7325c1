"""Re-read what CRMs said has changed, and store it. Woken by the queue of deliveries."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.ports import Deps
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    apply_delivery(deps, body)


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
