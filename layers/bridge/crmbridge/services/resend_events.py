"""What a workspace's chat app never heard: listed, and sent again when somebody asks for it."""

from collections.abc import Sequence

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import NotFound
from crmbridge.domain.outbound import OutboundEvent
from crmbridge.domain.stored import PageOf
from crmbridge.services.notify_chat import ring_events
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

AT_ONCE = 100


def list_failed_events(
    deps: Deps, caller: Caller, *, limit: int = 20, cursor: str | None = None
) -> PageOf[OutboundEvent]:
    """Kept for 30 days after they were given up."""
    require_admin(caller)
    return deps.outbound.failed(caller.workspace, limit=limit, cursor=cursor)


def resend_event(deps: Deps, caller: Caller, id: str) -> None:
    """Under the same id, so that a chat app which heard of it after all can tell. Raises NotFound."""
    require_admin(caller)
    if not _resend(deps, caller, [id]):
        raise NotFound("there is no failed event with this id; it may have been sent again already")


def resend_events(deps: Deps, caller: Caller) -> int:
    """The next so many of all that failed; returns how many, 0 when none are left."""
    require_admin(caller)
    failed = deps.outbound.failed(caller.workspace, limit=AT_ONCE, cursor=None).items
    return len(_resend(deps, caller, [event.id for event in failed]))


def _resend(deps: Deps, caller: Caller, ids: Sequence[str]) -> Sequence[str]:
    """Those that still had failed; a crash before they are rung leaves them to the minute's tick."""
    again = [id for id in ids if deps.outbound.reopen(caller.workspace, id, deps.now())]
    if again:
        ring_events(deps, caller.workspace, again)
        deps.journal.audit(caller.workspace, "events.resent", caller.user, {"events": again})
    return again
