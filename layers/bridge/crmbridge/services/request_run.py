"""Sync now, because an admin asks for it."""

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.runs import Run, RunType
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin
from crmbridge.services.start_run import start_run


def request_run(
    deps: Deps, caller: Caller, connection_id: str, type: RunType, *, confirm_removals: bool = False
) -> Run:
    """`confirm_removals`: what the CRM no longer shows is removed however much it is, after a full run has stopped to
    ask. Raises Clash while another run is under way or the connection needs reconnecting."""
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, connection_id)
    if confirm_removals and type is not RunType.FULL:
        raise Invalid(
            Problem("confirm_removals", "means something for a full run alone", 'send "type": "full" with it')
        )
    run = start_run(deps, connection, type, caller.user, confirm_removals=confirm_removals)
    if confirm_removals:
        deps.journal.audit(
            caller.workspace, "removals.confirmed", caller.user, {"connection": connection.id, "run": run.id}
        )
    return run
