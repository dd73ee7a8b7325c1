"""Slack users by e-mail: from the people of the workspace, or asked of Slack and remembered there."""

import re
from collections.abc import Iterable
from typing import Final

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.domain.errors import ChatError
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import Slack

USER: Final = re.compile(r"[UW][A-Z0-9]{2,}")


def find_users(deps: Deps, slack: Slack, persons: Iterable[str]) -> tuple[dict[str, str], dict[str, ChatError]]:
    """(e-mail -> Slack user, e-mail -> why it could not be asked). Who has no user there is in neither."""
    persons = list(persons)
    known = deps.workspaces.people(slack.workspace, persons)
    users = {person: user for person, user in known.items() if USER.fullmatch(user)}
    found: dict[str, str] = {}
    for at, person in enumerate(unknown := [one for one in persons if one not in users]):
        try:
            found |= _asked(slack, person)
        except ChatError as error:
            deps.workspaces.note_people(slack.workspace, found)
            return users | found, dict.fromkeys(unknown[at:], error)
    deps.workspaces.note_people(slack.workspace, found)
    return users | found, {}


def _asked(slack: Slack, person: str) -> dict[str, str]:
    try:
        user = slack.api.call("users.lookupByEmail", email=person)["user"]
    except SlackRefused as refused:
        if refused.code in ("users_not_found", "user_not_found"):
            return {}
        raise
    return {} if user.get("deleted") else {person: str(user["id"])}
