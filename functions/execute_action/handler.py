"""Write an action to its CRM, or several together, each exactly once. Woken by the queue of actions."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.execute_action import execute_action
from crmbridge.services.execute_together import execute_together
from crmbridge.services.ports import Deps
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    if "actions" in body:
        execute_together(deps, body["workspace"], body["actions"])
    else:
        execute_action(deps, body["workspace"], body["action"])


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
