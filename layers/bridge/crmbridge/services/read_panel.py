"""Everything a panel beside a chat shows, in one answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import Action
from crmbridge.domain.connections import Account, Caller, Connection, Health
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound
from crmbridge.domain.records import Json, State, instant_text, read_started_at
from crmbridge.domain.sidepanels import PanelLink
from crmbridge.domain.stored import Stored
from crmbridge.platforms.spec import Platform
from crmbridge.services.describe_fields import Form, describe_fields
from crmbridge.services.follow_edits import actions_of_record, edits_among
from crmbridge.services.link_chat import linked_record
from crmbridge.services.list_related import list_related
from crmbridge.services.offer_actions import offer_actions
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import WRITERS
from crmbridge.services.show_records import Names, show_records

RECENT: Final = 10
"""Actions shown, of the record and of the chat together."""
LATE: Final = timedelta(minutes=5)
"""A record is stale when two incremental runs are missing, and so much more."""


def read_panel(deps: Deps, caller: Caller, chat: str) -> dict[str, Json]:
    """`actions` are ours, everything else is JSON. A chat that nobody has linked has an empty panel: which chats there
    are, the chat app knows, not we."""
    view = deps.sidepanels.view(caller.workspace, chat, caller.user)
    panel = {**_EMPTY, "chat": chat, "view": {"open": view.open, "position": view.position}}
    link, stored = linked_record(deps, caller.workspace, chat)
    if link is None:
        return panel | {"recent_actions": _recent(deps, caller, chat, [])}
    panel |= {"linked": _linked(link, stored)}
    connection = _connection(deps, caller, link)
    if connection is None or stored is None:
        return panel | {"notice": "the connection or the record is not here any more; link the chat anew"}
    return panel | _filled(deps, caller, chat, link, connection, stored)


_EMPTY: Final[Mapping[str, Json]] = {
    "linked": None, "record": None, "fields": [], "locked": None, "freshness": None, "related": [],
    "recent_actions": [], "quick_actions": [], "notice": "",
}  # fmt: skip


def _linked(link: PanelLink, stored: Stored | None) -> dict[str, Json]:
    key = stored.key if stored else link.record
    return {
        "connection": key.connection,
        "object": key.object,
        "external_id": key.external_id,
        "linked_by": link.linked_by,
        "linked_at": instant_text(link.linked_at),
    }


def _connection(deps: Deps, caller: Caller, link: PanelLink) -> Connection | None:
    try:
        return deps.connections.get(caller.workspace, link.record.connection)
    except NotFound:
        return None


def _filled(
    deps: Deps, caller: Caller, chat: str, link: PanelLink, connection: Connection, stored: Stored
) -> dict[str, Json]:
    platform = deps.platform(connection.platform)
    known = deps.connections.directories(caller.workspace, connection.id)
    directories = known or Directories(Account(connection.account))
    names = Names(deps).know(connection, known)
    actions = actions_of_record(deps, stored, link.record)
    locked = why_locked(caller, platform, connection, stored)
    form = Form(
        stored=stored,
        platform=platform,
        directories=directories,
        edits=edits_among(deps, stored, actions),
        is_locked=bool(locked),
    )
    return {
        "record": show_records(deps, [stored], names)[0],
        "fields": describe_fields(deps, form),
        "locked": locked,
        "freshness": freshness(platform, connection, stored, deps.now()),
        "related": list_related(deps, platform, directories, stored, names),
        "recent_actions": _recent(deps, caller, chat, actions),
        "quick_actions": [] if locked else offer_actions(deps, caller, platform, stored, chat),
    }


def why_locked(caller: Caller, platform: Platform, connection: Connection, stored: Stored) -> str | None:
    """Why nothing can be written here; None when it can."""
    if caller.role not in WRITERS:
        return "you may look, not write; ask an admin"
    if connection.settings.direction == "from_crm":
        return "the connection only reads (direction from_crm); an admin sets it to both"
    if stored.record.state is not State.LIVE:
        return f"the record is {stored.record.state} in {platform.title}"
    return None


def freshness(platform: Platform, connection: Connection, stored: Stored, now: datetime) -> dict[str, Json]:
    """`read_at`: until when we know the record to be as it is here; `changed_at`: when the CRM last changed it."""
    read_at = read_started_at(stored.ord)
    if watermark := connection.watermarks.get(stored.key.object):
        read_at = max(read_at, datetime.fromisoformat(watermark))
    why = ""
    if connection.health is Health.NEEDS_RECONNECT:
        why = f"{platform.title} must be reconnected: {connection.health_note or 'an admin does it'}"
    elif now - read_at > 2 * connection.settings.frequency + LATE:
        why = f"nothing was read from {platform.title} for {(now - read_at) // timedelta(minutes=1)} minutes"
    changed_at = stored.record.remote_updated_at
    return {
        "read_at": instant_text(read_at),
        "changed_at": instant_text(changed_at) if changed_at else None,
        "stale": bool(why),
        "why": why,
    }


def _recent(deps: Deps, caller: Caller, chat: str, of_record: Sequence[Action]) -> list[Action]:
    """On the record or out of the chat, the newest first."""
    of_chat = deps.actions.of_chat(caller.workspace, chat, limit=RECENT, cursor=None).items
    found = {action.id: action for action in (*of_chat, *of_record)}
    return sorted(found.values(), key=lambda action: action.created_at, reverse=True)[:RECENT]
