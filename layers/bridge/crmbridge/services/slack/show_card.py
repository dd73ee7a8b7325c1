"""The card of an action that was asked for in Slack: posted once, then kept as the action is."""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Final

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.chat.slack.blocks import message
from crmbridge.chat.slack.receipts import receipt_card, receipt_text
from crmbridge.domain.actions import Action
from crmbridge.domain.errors import NotFound
from crmbridge.domain.installations import Card
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import Slack, slack_of

SHARED: Final = "shared_with_another_company"
"""Our own word, said where Slack would let us speak."""
CLOSED: Final = frozenset(
    {
        "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "no_permission", "missing_scope",
        SHARED,
    }
)  # fmt: skip
"""Where we may not speak, or must not; then the person alone is told."""
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


def ring_card(deps: Deps, action: Action) -> None:
    """In the same order as the events of the chat, so that no two workers post one card."""
    order = sha256(action.chat.encode()).hexdigest()[:32] if action.chat else ""
    body = {"workspace": action.workspace, "card": action.id}
    deps.queues.chat.send(Message(body, f"{action.workspace}#outbound#{order}"))


def show_card(deps: Deps, workspace: str, action_id: str) -> bool:
    """Whether there is a card; none is there for what was not asked for in Slack. A crash between posting and noting
    it may leave a second card, until somebody presses one of its buttons. Raises ChatError."""
    card, slack = deps.installations.card(workspace, action_id), slack_of(deps, workspace)
    if card is None or slack is None:
        return False
    action = deps.actions.get(workspace, action_id)
    shown = message(receipt_text(action), receipt_card(action, crm_of(deps, action)))
    if not card.ts:
        _post(deps, slack, card, shown)
        return True
    try:
        slack.api.call("chat.update", channel=card.channel, ts=card.ts, **shown)
    except SlackRefused as refused:
        if refused.code not in GONE:
            raise
    return True


def drop_second_card(deps: Deps, slack: Slack, action_id: str, channel: str, ts: str) -> None:
    """Somebody has pressed a button of this message; if it is a card that we posted and never noted, the other one
    stands."""
    card = deps.installations.card(slack.workspace, action_id)
    if card and card.ts and ts and (channel, ts) != (card.channel, card.ts):
        with suppress(SlackRefused):
            slack.api.call("chat.delete", channel=channel, ts=ts)


def _post(deps: Deps, slack: Slack, card: Card, shown: Mapping[str, Json]) -> None:
    try:
        _check_own(slack, card)
        posted = slack.api.call("chat.postMessage", channel=card.channel, thread_ts=card.thread or None, **shown)
    except SlackRefused as refused:
        if refused.code not in CLOSED or card.channel == card.user:
            raise
        posted = slack.api.call("chat.postMessage", channel=card.user, **shown)
    deps.installations.posted(slack.workspace, card, str(posted["channel"]), str(posted["ts"]))


def _check_own(slack: Slack, card: Card) -> None:
    """Raises SlackRefused for a channel in which another company reads along, and for one we cannot look at."""
    if card.channel == card.user:
        return
    told = slack.api.call("conversations.info", channel=card.channel).get("channel") or {}
    if told.get("is_ext_shared"):
        raise SlackRefused("chat.postMessage", SHARED)


def crm_of(deps: Deps, action: Action) -> str:
    try:
        return deps.connections.get(action.workspace, action.connection).display_name
    except NotFound:
        return "the CRM"
