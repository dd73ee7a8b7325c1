"""Say goodbye to an account: only what is this connection's own goes."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from crmbridge.domain.connections import Caller, Connection, Health
from crmbridge.domain.merging import SETTLED
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.forget_connection import let_go, ring_forgetting
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

LAST_WORKER: Final = SETTLED + timedelta(minutes=5)
"""A worker may store what it read before the goodbye: a reading of that age at most, in that time at most."""


def disconnect(deps: Deps, caller: Caller, id: str) -> None:
    """Stop everything, let go of the CRM and forget the tokens; our copies of its records go in the background.

    From its first write on the connection is there for nobody, and whatever an interruption left undone is done by
    the minute schedule.
    """
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, id)
    now = deps.now()

    def stopped(stored: Connection) -> Connection:
        goodbye = replace(stored, health=Health.DISCONNECTED, health_note="", active_run=None)
        return replace(goodbye, full_due_at=None, tend_due_at=None, incremental_due_at=now, forget_at=now + LAST_WORKER)

    connection = rewrite_connection(deps, connection.workspace, id, stopped)
    deps.journal.audit(caller.workspace, "connection.removed", caller.user, {"connection": id})
    let_go(deps, connection)
    ring_forgetting(deps, connection)
