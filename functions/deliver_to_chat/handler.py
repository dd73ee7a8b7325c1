"""Tell a chat app whom its groups want, and what came of actions. Woken by the queue for chat."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.ports import Deps
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    if "outbound" in body:
        deliver_outbound(deps, body["workspace"], body["outbound"])
    else:
        deliver_members(deps, body["workspace"], body["group"], body["persons"])


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
