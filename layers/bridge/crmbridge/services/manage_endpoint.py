"""Where a workspace's chat app listens, and by which secret it knows that it is us."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import ChatError, Clash, Invalid, Problem, Stale
from crmbridge.domain.records import Kind, instant_text
from crmbridge.domain.workspaces import Endpoint, check_url
from crmbridge.services.deliver_outbound import post_event
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

LONGEST_GRACE_HOURS: Final = 7 * 24


def read_endpoint(deps: Deps, caller: Caller) -> Endpoint | None:
    require_admin(caller)
    return deps.workspaces.endpoint(caller.workspace)


def set_endpoint(
    deps: Deps, caller: Caller, *, url: str, enabled: bool = True, record_changes: Iterable[Kind] = ()
) -> Endpoint:
    """Plain http is for a laptop's own chat app only: events name people."""
    require_admin(caller)
    check_url(url)
    endpoint = Endpoint(url, enabled=enabled, record_changes=tuple(dict.fromkeys(record_changes)))
    deps.workspaces.set_endpoint(caller.workspace, endpoint)
    deps.journal.audit(caller.workspace, "endpoint.set", caller.user, {"enabled": enabled})
    return endpoint


def read_signing_secret(deps: Deps, caller: Caller) -> str:
    """Standard Webhooks' `whsec_...`, for the chat app's configuration; made when it is asked for first."""
    require_admin(caller)
    return deps.vault.signing_secrets(caller.workspace, deps.now())[0]


def rotate_signing_secret(deps: Deps, caller: Caller, *, grace_hours: int = 24) -> str:
    """The new secret. Until the grace is over, events carry the signature of the old one, too, so that the chat app can
    change over without missing any; no grace at all is for a secret that leaked."""
    require_admin(caller)
    if not 0 <= grace_hours <= LONGEST_GRACE_HOURS:
        raise Invalid(Problem("grace_hours", "must be a whole number of hours", f"0 to {LONGEST_GRACE_HOURS}"))
    try:
        made = deps.vault.rotate_signing_secret(caller.workspace, deps.now(), timedelta(hours=grace_hours))
    except Stale:
        raise Clash("somebody else has just rotated the secret; read it") from None
    deps.journal.audit(caller.workspace, "endpoint.secret_rotated", caller.user, {"grace_hours": grace_hours})
    return made


def try_endpoint(deps: Deps, caller: Caller) -> str:
    """Send an `endpoint.test` event at once; returns what went wrong, or nothing."""
    require_admin(caller)
    event = {"type": "endpoint.test", "timestamp": instant_text(deps.now()), "data": {"asked_by": caller.user}}
    try:
        post_event(deps, caller.workspace, f"test_{deps.new_id()}", event)
    except ChatError as error:
        return str(error)
    return ""
