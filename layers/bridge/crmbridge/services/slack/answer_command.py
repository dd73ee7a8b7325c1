"""What `/crm find` and clicks on receipts answer, to the person alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from crmbridge.chat.slack.blocks import Block, cut, error_blocks, message, section
from crmbridge.chat.slack.cards import private_card
from crmbridge.domain.actions import Action
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import BridgeError, ChatError
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import cancel_action, retry_action
from crmbridge.services.settle_action import settle_action
from crmbridge.services.show_records import show_records
from crmbridge.services.slack.find_records import LONGEST, find_records
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.open_slack import Slack
from crmbridge.services.slack.show_card import ring_card
from crmbridge.services.undo_action import undo_action

MOST: Final = 5
Asked = Mapping[str, Json]
Answer = Callable[[Deps, Caller, Asked], tuple[str, list[Block]]]


def answer_person(deps: Deps, slack: Slack, asked: Asked, answer: Answer) -> None:
    """Whatever we can explain is explained, what Slack refuses us, too; what passes is tried again."""
    try:
        text, blocks = answer(deps, identify_user(deps, slack.installation, str(asked["user"])), asked)
    except BridgeError as error:
        if isinstance(error, ChatError) and error.retryable:
            raise
        text = _explained(error)
        blocks = error_blocks(text)
    tell_person(slack, asked, text, blocks)


def _explained(error: BridgeError) -> str:
    """What is wrong with what was typed is said with what would be right."""
    said = [f"{one.field} {one.message}; {one.fix}".removesuffix("; ") for one in getattr(error, "problems", ())]
    return ". ".join(said) or str(error)


def tell_person(slack: Slack, asked: Asked, text: str, blocks: list[Block]) -> None:
    """Ephemeral, where it was asked; on the Home tab and in windows Slack gives no address, and the app writes to
    them."""
    if text and asked.get("response_url"):
        ephemeral = {"response_type": "ephemeral", "replace_original": False}
        slack.api.respond(str(asked["response_url"]), {**ephemeral, **message(text, blocks)})
    elif text:
        slack.api.call("chat.postMessage", channel=str(asked["user"]), **message(text, blocks))


def find(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    text = cut(str(asked["text"]), LONGEST)
    found = show_records(deps, find_records(deps, caller.workspace, text, limit=MOST + 1))
    if not found:
        said = f"Nothing here begins with “{text}”. Names are looked up from their beginning, e-mails whole."
        return said, error_blocks(said)
    cards = [block for one in found[:MOST] for block in (*private_card(one), {"type": "divider"})]
    more = [section("There are more: type more of the name.")] if len(found) > MOST else []
    return f"Found for “{text}”", [*cards[:-1], *more]


def retry(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    return _decided(deps, retry_action(deps, caller, str(asked["action"])))


def cancel(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    return _decided(deps, cancel_action(deps, caller, str(asked["action"])))


def done(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    return _decided(deps, settle_action(deps, caller, str(asked["action"]), done=True))


def not_done(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    return _decided(deps, settle_action(deps, caller, str(asked["action"]), done=False))


def undo(deps: Deps, caller: Caller, asked: Asked) -> tuple[str, list[Block]]:
    """A card of its own, under the one it takes back."""
    undone = undo_action(deps, caller, str(asked["action"]))
    card = deps.installations.card(caller.workspace, str(asked["action"]))
    if card:
        below = replace(card, action=undone.id, user=caller.user, thread=card.thread or card.ts, ts="")
        deps.installations.want_card(caller.workspace, below, deps.now())
    return _decided(deps, undone)


def _decided(deps: Deps, action: Action) -> tuple[str, list[Block]]:
    """The card says it, in its turn among the events of its chat."""
    ring_card(deps, action)
    return "", []
