"""Say goodbye to an account: only what is this connection's own goes."""

from dataclasses import replace
from functools import partial

from crmbridge.domain.connections import Caller, Connection, Health
from crmbridge.domain.errors import PlatformError
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.keep_tokens import KeptTokens
from crmbridge.services.open_api import app_of, open_with
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin


def disconnect(deps: Deps, caller: Caller, id: str) -> None:
    """Stop everything, let go of the CRM, forget the tokens and our copies of its records, then the connection itself.

    Every step may be repeated: a disconnect that was interrupted is finished by asking for it again.
    """
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, id)
    connection = rewrite_connection(deps, connection.workspace, id, _stopped)
    _let_go(deps, connection)
    deps.vault.delete(connection)
    deps.records.forget_connection(connection.workspace, id)
    deps.journal.audit(caller.workspace, "connection.removed", caller.user, {"connection": id})
    deps.connections.delete(connection)


def _stopped(stored: Connection) -> Connection:
    return replace(stored, health=Health.DISCONNECTED, health_note="", full_due_at=None, incremental_due_at=None)


def _let_go(deps: Deps, connection: Connection) -> None:
    """The app and its grant belong to the account: they are revoked with its last connection in any workspace."""
    platform = deps.platform(connection.platform)
    others = [
        each for each in deps.connections.of_account(platform.name, connection.account) if each.id != connection.id
    ]
    if others or connection.auth != "oauth":
        return
    app = app_of(deps, platform, connection.auth)
    kept = KeptTokens(deps, platform, app, connection)
    api = open_with(deps, platform, app, kept, connection.account, "click", auth=connection.auth)
    kept.moved = partial(setattr, api, "base_url")
    try:
        platform.oauth.revoke(api, deps.vault.read(connection).tokens, app)
    except PlatformError as error:
        deps.journal.audit(connection.workspace, "connection.not_revoked", "", {"reason": str(error)})
