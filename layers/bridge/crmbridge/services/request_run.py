"""Sync now, because an admin asks for it."""

from crmbridge.domain.connections import Caller
from crmbridge.domain.runs import Run, RunType
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin
from crmbridge.services.start_run import start_run


def request_run(deps: Deps, caller: Caller, connection_id: str, type: RunType) -> Run:
    """Raises Clash while another run is under way or the connection needs reconnecting."""
    require_admin(caller)
    return start_run(deps, deps.connections.get(caller.workspace, connection_id), type, caller.user)
