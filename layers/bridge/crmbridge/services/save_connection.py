"""Keep what a CRM has just granted as a connection: a new one, or the one that this workspace has to the account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from crmbridge.domain.connections import Connection, Health, Identity, TokenSet
from crmbridge.domain.errors import BridgeError, Clash
from crmbridge.domain.runs import RunType
from crmbridge.platforms.spec import Platform
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import refresh_directories
from crmbridge.services.start_run import start_run
from crmbridge.services.tend_connection import tend_connection

LEASE: Final = timedelta(seconds=20)
LOOKS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What was granted, to whom, and by whom it was asked for."""

    workspace: str
    user: str
    auth: str
    tokens: TokenSet
    identity: Identity
    display_name: str = ""


def save_connection(deps: Deps, platform: Platform, grant: Grant) -> Connection:
    """One connection per workspace and account, also when two admins connect it at the same moment."""
    lease = f"connect#{grant.workspace}#{platform.name}#{grant.identity.account.id}"
    holder = deps.new_id()
    _wait_for(deps, lease, holder)
    try:
        existing = find_connection(deps, grant.workspace, platform.name, grant.identity.account.id)
        if existing is None:
            return _add(deps, platform, grant)
        return _renew(deps, platform, grant, existing)
    finally:
        deps.guards.release(lease, holder)


def find_connection(deps: Deps, workspace: str, platform: str, account: str) -> Connection | None:
    for each in deps.connections.list(workspace):
        if (each.platform, each.account) == (platform, account):
            return each
    return None


def begin_connection(deps: Deps, connection: Connection, requested_by: str) -> Connection:
    """Load the names, make what later writes need, and begin the first full run.

    What fails here fails again, visibly, in the first run: the connection stands, and the schedule starts a run that
    is due already. The names are loaded again after `prepare`, by that run."""
    try:
        facts = _prepare(deps, connection)
        rewrite_connection(
            deps, connection.workspace, connection.id, lambda stored: replace(stored, facts={**stored.facts, **facts})
        )
        start_run(deps, connection, RunType.FULL, requested_by)
        tend_connection(deps, deps.connections.get(connection.workspace, connection.id))
    except BridgeError as error:
        detail = {"connection": connection.id, "reason": str(error)}
        deps.journal.audit(connection.workspace, "connection.first_run_delayed", requested_by, detail)
    return deps.connections.get(connection.workspace, connection.id)


def _prepare(deps: Deps, connection: Connection) -> Mapping[str, str]:
    platform = deps.platform(connection.platform)
    api = open_api(deps, connection, "click")
    return platform.prepare(api, refresh_directories(deps, platform, connection, api))


def _wait_for(deps: Deps, lease: str, holder: str) -> None:
    for _ in range(LOOKS):
        if deps.guards.acquire(lease, holder, LEASE):
            return
        deps.sleep(0.1)
    raise Clash("somebody else is connecting this account right now: try again in a moment")


def _add(deps: Deps, platform: Platform, grant: Grant) -> Connection:
    """Tokens first: a connection without tokens would need an admin, tokens without a connection harm nobody."""
    now = deps.now()
    account = grant.identity.account
    connection = Connection(
        id=deps.new_id(),
        workspace=grant.workspace,
        platform=platform.name,
        account=account.id,
        display_name=grant.display_name or account.name or f"{platform.title} {account.id}",
        auth=grant.auth,
        base_url=_base_url(platform, grant),
        scopes=_scopes(grant),
        created_at=now,
        created_by=grant.user,
        user=grant.identity.user,
        full_due_at=now,
    )
    deps.vault.create(connection, grant.tokens)
    deps.connections.add(connection)
    deps.journal.audit(grant.workspace, "connection.added", grant.user, {"connection": connection.id})
    return connection


def _renew(deps: Deps, platform: Platform, grant: Grant, existing: Connection) -> Connection:
    """Everything that was set up stays; what the CRM granted is new, and a full run makes up for the silence."""

    def renewed(stored: Connection) -> Connection:
        return replace(
            stored,
            auth=grant.auth,
            base_url=_base_url(platform, grant),
            scopes=_scopes(grant),
            user=grant.identity.user,
            display_name=grant.display_name or stored.display_name,
            health=Health.CONNECTED,
            health_note="",
            full_due_at=deps.now(),
        )

    deps.vault.create(existing, grant.tokens)
    deps.journal.audit(grant.workspace, "connection.renewed", grant.user, {"connection": existing.id})
    return rewrite_connection(deps, existing.workspace, existing.id, renewed)


def _base_url(platform: Platform, grant: Grant) -> str:
    return grant.tokens.base_url or platform.api_url


def _scopes(grant: Grant) -> tuple[str, ...]:
    return grant.identity.scopes or grant.tokens.scopes
