"""End an action: the chat app hears of it even if we die here, for the event is stored before the end is."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.errors import BridgeError, MissingScope, PlatformError, Rejected
from crmbridge.domain.records import Json, instant_text
from crmbridge.platforms.spec import Platform
from crmbridge.services.notify_chat import add_event, ring_event
from crmbridge.services.ports import Deps

EVENTS: Final[Mapping[ActionStatus, str]] = {
    ActionStatus.COMPLETED: "action.completed",
    ActionStatus.FAILED: "action.failed",
    ActionStatus.SUPERSEDED: "action.failed",
    ActionStatus.UNCERTAIN: "action.uncertain",
}


WATCHED: Final = (timedelta(), timedelta(hours=2))
"""How long after the last moment at which a CRM should have dealt with our requests an ended action is looked at again,
if one of them was never answered."""


def finish_action(deps: Deps, ended: Action) -> None:
    """Raises Stale when somebody else has moved the action on."""
    watched = replace(ended, next_attempt_at=next_watch(ended, deps.now()))
    tell_of(deps, watched, EVENTS[ended.status], f"{ended.id}.{ended.status}.{ended.retried}")


def tell_of(deps: Deps, action: Action, event: str, id: str) -> None:
    """Store the action and tell the chat app. Raises Stale when somebody else has moved the action on."""
    add_event(deps, action.workspace, id, event, _told(action))
    deps.actions.save(action)
    ring_event(deps, action.workspace, id, chat=action.chat)


def next_watch(ended: Action, now: datetime) -> datetime | None:
    if not ended.unanswered or ended.may_land_until is None:
        return None
    return next((at for later in WATCHED if (at := ended.may_land_until + later) > now), None)


def _told(action: Action) -> Mapping[str, Json]:
    told: dict[str, Json] = {
        "action": action.id,
        "type": action.type,
        "status": str(action.status),
        "connection": action.connection,
        "chat": action.chat,
        "message": action.message,
        "requested_by": action.requested_by,
    }
    if action.receipt:
        told |= {
            "object": action.receipt.object,
            "external_id": action.receipt.external_id,
            "url": action.receipt.url,
            "linked": action.receipt.linked,
            "before": action.receipt.before,
            "after": action.receipt.after,
            "completed_at": instant_text(action.receipt.completed_at),
            "attempts": action.receipt.attempts,
            "twins": [asdict(twin) for twin in action.receipt.twins],
        }
    return told | ({"error": action.error} if action.error else {})


def explained(error: BridgeError, platform: Platform | None = None, object: str = "") -> Mapping[str, Json]:
    """What happened, in which CRM, under which request, and what to do; the fields under our names."""
    said: dict[str, Json] = {"message": str(error)}
    if isinstance(error, PlatformError):
        said |= {"platform": error.platform, "request_id": error.request_id, "next_step": error.next_step}
    if isinstance(error, MissingScope):
        said["scopes"] = list(error.scopes)
    if isinstance(error, Rejected) and error.fields:
        spec = platform.objects.get(object) if platform else None
        ours = {remote: name for name, remote in spec.remote.items()} if spec else {}
        said["fields"] = {ours.get(remote, remote): reason for remote, reason in error.fields.items()}
    return said
