"""What a form offers while somebody types the name of a record."""

from typing import Final

from crmbridge.chat.slack.blocks import option
from crmbridge.chat.slack.cards import KINDS
from crmbridge.chat.slack.forms import UPDATED, context_of
from crmbridge.chat.slack.requests import Payload, team_of, user_of
from crmbridge.domain.errors import BridgeError
from crmbridge.domain.records import Json, name_of
from crmbridge.services.ports import Deps
from crmbridge.services.slack.find_records import find_records
from crmbridge.services.slack.identify_user import identify_user

MOST: Final = 20


def offer_records(deps: Deps, payload: Payload) -> dict[str, Json]:
    """Slack's answer to a block_suggestion; nobody is offered anything who may not look, or has typed next to
    nothing."""
    installation = deps.installations.of_team(team_of(payload))
    if installation is None:
        return {"options": []}
    type = context_of(payload.get("view") or {}).get("type")
    kind, text = UPDATED.get(str(type)), str(payload.get("value") or "")
    try:
        caller = identify_user(deps, installation, user_of(payload))
        found = find_records(deps, caller.workspace, text, limit=MOST, kind=kind)
    except BridgeError:
        return {"options": []}
    named = [(f"{name_of(one.record)} ({KINDS[one.record.kind].casefold()})", str(one.key)) for one in found]
    return {"options": [option(words, value) for words, value in named]}
