"""The periodic full check: one pass for all smart groups of a workspace, as often as its admins want."""

from datetime import timedelta
from typing import Final

from crmbridge.domain.connections import Caller, Connection, Health
from crmbridge.domain.errors import Forbidden, Invalid, Problem
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_scans

SHORTEST: Final = 15
LONGEST: Final = 24 * 60
DAY: Final = timedelta(days=1)


def read_check(deps: Deps, caller: Caller) -> int | None:
    """Minutes; None: with every full run of a connection, and once a day where there is none every day."""
    return deps.workspaces.check_minutes(caller.workspace)


def set_check(deps: Deps, caller: Caller, minutes: int | None) -> int | None:
    if not caller.is_admin:
        raise Forbidden("only an admin may say how often smart groups are checked")
    if minutes is not None and not SHORTEST <= minutes <= LONGEST:
        raise Invalid(Problem("minutes", "must be a whole number of minutes", f"{SHORTEST} to {LONGEST}, or null"))
    deps.workspaces.set_check_minutes(caller.workspace, minutes, deps.now())
    return minutes


def check_groups(deps: Deps, workspace: str) -> None:
    """Queue everything, then wait again: a crash between the two checks once more."""
    minutes = deps.workspaces.check_minutes(workspace)
    if minutes is not None:
        queue_scans(deps, workspace)
    elif seldom := [one.id for one in deps.connections.list(workspace) if _has_no_daily_run(one)]:
        queue_scans(deps, workspace, seldom)
    deps.workspaces.put_off_check(workspace, deps.now())


def _has_no_daily_run(connection: Connection) -> bool:
    return connection.settings.full_every > DAY or connection.health is not Health.CONNECTED
