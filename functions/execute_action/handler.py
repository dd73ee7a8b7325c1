"""Write one action to its CRM, exactly once. Woken by the queue of actions."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    execute_action(deps, body["workspace"], body["action"])


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
