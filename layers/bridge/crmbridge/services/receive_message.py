"""A message that the chat app has classified: kept, then rung for. The same message twice is one message. Where no rule
listens to messages nothing is kept."""

from crmbridge.domain.connections import Caller
from crmbridge.domain.occasions import ChatMessage, message_id
from crmbridge.domain.rules import On
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import check_writer
from crmbridge.services.ring_rules import ring_occasions


def receive_message(deps: Deps, caller: Caller, message: ChatMessage) -> str:
    """Its id, the same however often it is sent; what counts is what was sent first. Raises Forbidden."""
    check_writer(caller)
    if On.MESSAGE not in deps.rules.listening(caller.workspace):
        return message_id(caller.workspace, message.chat, message.id)
    id = deps.occasions.hear(caller.workspace, message, deps.now())
    ring_occasions(deps, caller.workspace, [id])
    return id
