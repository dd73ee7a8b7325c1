"""Where a workspace's chat app listens, and by which secret it knows that it is us."""

from urllib.parse import urlsplit

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin


def read_endpoint(deps: Deps, caller: Caller) -> Endpoint | None:
    require_admin(caller)
    return deps.workspaces.endpoint(caller.workspace)


def set_endpoint(deps: Deps, caller: Caller, *, url: str, enabled: bool = True) -> Endpoint:
    """Plain http is for a laptop's own chat app only: events name people."""
    require_admin(caller)
    if not _is_safe(url):
        raise Invalid(Problem("url", "is not the URL of an endpoint", "https://your.chat.app/events"))
    endpoint = Endpoint(url, enabled=enabled)
    deps.workspaces.set_endpoint(caller.workspace, endpoint)
    deps.journal.audit(caller.workspace, "endpoint.set", caller.user, {"enabled": enabled})
    return endpoint


def read_signing_secret(deps: Deps, caller: Caller) -> str:
    """Standard Webhooks' `whsec_...`, for the chat app's configuration; made when it is asked for first."""
    require_admin(caller)
    return deps.vault.signing_secret(caller.workspace)


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
