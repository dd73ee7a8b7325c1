"""The periodic full check: one pass for all smart groups of a workspace, as often as its admins want."""

from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, Problem
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_scans

SHORTEST: Final = 15
LONGEST: Final = 24 * 60


def read_check(deps: Deps, caller: Caller) -> int | None:
    """Minutes; None: only with every full run of a connection, once a day unless it is set otherwise."""
    return deps.workspaces.check_minutes(caller.workspace)


def set_check(deps: Deps, caller: Caller, minutes: int | None) -> int | None:
    if not caller.is_admin:
        raise Forbidden("only an admin may say how often smart groups are checked")
    if minutes is None:
        deps.workspaces.forget_check(caller.workspace)
        return None
    if not SHORTEST <= minutes <= LONGEST:
        raise Invalid(Problem("minutes", "must be a whole number of minutes", f"{SHORTEST} to {LONGEST}, or null"))
    deps.workspaces.set_check_minutes(caller.workspace, minutes, deps.now())
    return minutes


def check_groups(deps: Deps, workspace: str) -> None:
    """Queue everything, then wait again: a crash between the two checks once more."""
    queue_scans(deps, workspace)
    if minutes := deps.workspaces.check_minutes(workspace):
        deps.workspaces.set_check_minutes(workspace, minutes, deps.now())
