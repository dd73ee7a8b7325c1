"""Ask rules about what happened, and for the actions of those that act. Woken by the queue of rules."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.ports import Deps
from crmbridge.services.run_rules import run_rules
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    run_rules(deps, body)


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
