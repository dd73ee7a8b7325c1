"""The Home tab: what this person asked for lately, and what became of it."""

from collections.abc import Sequence
from typing import Final

from crmbridge.chat.slack.blocks import Block, button, buttons, error_blocks, escaped, lines, link, plain, section
from crmbridge.chat.slack.forms import TITLES
from crmbridge.chat.slack.receipts import receipt_card
from crmbridge.chat.slack.requests import OPEN
from crmbridge.domain.actions import Action
from crmbridge.domain.errors import Forbidden, NotFound
from crmbridge.services.link_chat import linked_record
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import show_briefly
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.open_slack import Slack
from crmbridge.services.slack.show_card import crm_of

MOST: Final = 10


def publish_home(deps: Deps, slack: Slack, user: str) -> None:
    try:
        caller = identify_user(deps, slack.installation, user)
    except Forbidden as error:
        blocks = error_blocks(str(error))
    else:
        asked = [_known(deps, caller.workspace, id) for id in deps.installations.asked_by(caller.workspace, user, MOST)]
        actions = [one for one in asked if one]
        blocks = [*_begin(), *_channels(deps, caller.workspace, actions), *_actions(deps, actions)]
    slack.api.call("views.publish", user_id=user, view={"type": "home", "blocks": blocks})


def _begin() -> list[Block]:
    opening = [button(words, f"{OPEN}{type}", "home") for type, words in TITLES.items()]
    return [{"type": "header", "text": plain("CRM Bridge", 150)}, buttons(*opening)]


def _channels(deps: Deps, workspace: str, actions: Sequence[Action]) -> list[Block]:
    """Where this person was at work lately, and what it is about there."""
    chats = dict.fromkeys(action.chat for action in actions if action.chat)
    linked = [(chat, stored) for chat in chats if (stored := linked_record(deps, workspace, chat)[1])]
    shown = show_briefly(deps, [stored for _, stored in linked])
    told = [
        f"<#{escaped(chat)}>: {link(str(one['url'] or ''), str(one['name'] or one['external_id']))}"
        for (chat, _), one in zip(linked, shown, strict=True)
    ]
    return [section(lines("*Your channels in the CRM*", *told))] if told else []


def _actions(deps: Deps, actions: Sequence[Action]) -> list[Block]:
    cards = [block for one in actions for block in receipt_card(one, crm_of(deps, one))]
    head = section("*What you asked for lately*")
    return [head, *cards] if cards else [head, section("Nothing yet. Try */crm task* in any channel.")]


def _known(deps: Deps, workspace: str, id: str) -> Action | None:
    try:
        return deps.actions.get(workspace, id)
    except NotFound:
        return None
