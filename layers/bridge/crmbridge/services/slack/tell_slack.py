"""An event for the chat app, as Slack tells it: cards become receipts, and whoever let us in hears of trouble."""

from collections.abc import Mapping
from typing import Final

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.chat.slack.blocks import error_blocks, message
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import Slack, slack_of
from crmbridge.services.slack.show_card import show_card

NOTICES: Final[Mapping[str, str]] = {
    "connection.needs_reconnect": "A CRM connection must be renewed: an admin reconnects it",
    "sync.failed": "A sync with a CRM failed; its run says why",
    "rule.stopped": "A rule has paused itself",
    "group.removals_held": "Removals from a smart group's channel are held until an admin decides",
    "group.members_refused": "Slack did not let a smart group have its members",
}
"""What is worth a message to the person who let us in, where no chat app of their own hears of it."""


def tell_slack(deps: Deps, workspace: str, event: Mapping[str, Json], *, alone: bool) -> None:
    """`alone`: nobody else hears of it. Raises ChatError; a refusal only then, for the others are not to hear of an
    event again and again because Slack does not take it."""
    try:
        _tell(deps, workspace, event, alone=alone)
    except SlackRefused:
        if alone:
            raise


def _tell(deps: Deps, workspace: str, event: Mapping[str, Json], *, alone: bool) -> None:
    slack = slack_of(deps, workspace)
    type, told = str(event["type"]), event.get("data") or {}
    if type.startswith("action."):
        show_card(deps, workspace, str(told.get("action")))
    elif slack and alone and type in NOTICES and slack.installation.installer:
        _notice(slack, NOTICES[type], told)


def _notice(slack: Slack, said: str, told: Mapping[str, Json]) -> None:
    more = told.get("message") or told.get("error")
    text = f"{said}: {more}" if isinstance(more, str) and more else f"{said}."
    slack.api.call("chat.postMessage", channel=slack.installation.installer, **message(text, error_blocks(text)))
