"""End an action: the chat app hears of it even if we die here, for the event is stored before the end is."""

from collections.abc import Mapping
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


def finish_action(deps: Deps, ended: Action) -> None:
    """Raises Stale when somebody else has moved the action on."""
    id = f"{ended.id}.{ended.status}.{ended.retried}"
    add_event(deps, ended.workspace, id, EVENTS[ended.status], _told(ended))
    deps.actions.save(ended)
    ring_event(deps, ended.workspace, id, chat=ended.chat)


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
