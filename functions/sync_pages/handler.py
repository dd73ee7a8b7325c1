"""Work on one task of a run, or forget a connection, until the time is nearly up. Woken by the queue of pages."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.forget_connection import forget_connection
from crmbridge.services.ports import Deps
from crmbridge.services.sync_task import sync_task
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    if "forget" in body:
        forget_connection(deps, body["workspace"], body["forget"], deadline=deadline)
    else:
        sync_task(deps, body["workspace"], body["task"], deadline=deadline)


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
