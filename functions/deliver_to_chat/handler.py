"""Tell a chat app whom its groups want, and what came of actions; work for Slack. Woken by the queue for chat."""

from datetime import datetime
from typing import Any

from crmbridge.entry.sqs import Body, Worker
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.move_panels import move_panels
from crmbridge.services.ports import Deps
from crmbridge.services.slack.serve_request import serve_request
from crmbridge.services.slack.show_card import show_card
from crmbridge.wiring import deps, unpark


def work(deps: Deps, body: Body, deadline: datetime) -> None:
    if "slack" in body:
        serve_request(deps, body["slack"], body["holder"])
    elif "card" in body:
        show_card(deps, body["workspace"], body["card"])
    elif "moved" in body:
        move_panels(deps, body["workspace"], body["moved"])
    elif "outbound" in body:
        deliver_outbound(deps, body["workspace"], body["outbound"])
    else:
        deliver_members(deps, body["workspace"], body["group"], body["persons"])


answer = Worker(work, unpark)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, context)
