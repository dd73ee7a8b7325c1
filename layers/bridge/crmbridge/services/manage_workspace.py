"""What a workspace's new smart groups take when they name none: the currency of amounts, and where "today" is."""

from crmbridge.domain.connections import Caller
from crmbridge.domain.workspaces import Usual
from crmbridge.services.check_group import checked_usual
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin


def read_usual(deps: Deps, caller: Caller) -> Usual:
    return deps.workspaces.usual(caller.workspace)


def set_usual(deps: Deps, caller: Caller, *, currency: str | None, time_zone: str | None) -> Usual:
    """None: what the CRM accounts have. Groups that there are keep theirs. Raises Invalid naming every wrong field."""
    require_admin(caller)
    usual = checked_usual(currency, time_zone)
    deps.workspaces.set_usual(caller.workspace, usual)
    detail = {"currency": usual.currency, "time_zone": usual.time_zone}
    deps.journal.audit(caller.workspace, "workspace.set", caller.user, detail)
    return usual
