"""Work on one task of a run until its time is nearly up. Woken by the queue of pages."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.ports import Deps
from crmbridge.services.sync_task import sync_task
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    sync_task(deps, body["workspace"], body["task"], deadline=deadline)


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
