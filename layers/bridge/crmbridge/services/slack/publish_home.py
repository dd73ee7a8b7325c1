"""The Home tab: what this person asked for lately, and what became of it."""

from typing import Final

from crmbridge.chat.slack.blocks import Block, button, buttons, error_blocks, plain, section
from crmbridge.chat.slack.cards import OPEN
from crmbridge.chat.slack.forms import TITLES
from crmbridge.chat.slack.receipts import receipt_card
from crmbridge.domain.actions import Action
from crmbridge.domain.errors import Forbidden, NotFound
from crmbridge.services.ports import Deps
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.open_slack import Slack
from crmbridge.services.slack.show_card import crm_of

MOST: Final = 10


def publish_home(deps: Deps, slack: Slack, user: str) -> None:
    try:
        caller = identify_user(deps, slack, user)
    except Forbidden as error:
        blocks = error_blocks(str(error))
    else:
        blocks = [*_begin(), *_actions(deps, caller.workspace, user)]
    slack.api.call("views.publish", user_id=user, view={"type": "home", "blocks": blocks})


def _begin() -> list[Block]:
    opening = [button(words, f"{OPEN}{type}", "home") for type, words in TITLES.items()]
    return [{"type": "header", "text": plain("CRM Bridge", 150)}, buttons(*opening)]


def _actions(deps: Deps, workspace: str, user: str) -> list[Block]:
    found = [_known(deps, workspace, id) for id in deps.installations.asked_by(workspace, user, MOST)]
    cards = [block for one in found if one for block in receipt_card(one, crm_of(deps, one))]
    head = section("*What you asked for lately*")
    return [head, *cards] if cards else [head, section("Nothing yet. Try */crm task* in any channel.")]


def _known(deps: Deps, workspace: str, id: str) -> Action | None:
    try:
        return deps.actions.get(workspace, id)
    except NotFound:
        return None
