"""What a connection needs from time to time besides runs: its channel renewed, its refresh token used."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import BridgeError
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.keep_channel import keep_channel, next_look
from crmbridge.services.keep_tokens import KeptTokens
from crmbridge.services.open_api import app_of, open_api
from crmbridge.services.ports import Deps

RETRY: Final = timedelta(minutes=5)
USES: Final = 4
"""How often a refresh token is used in the time after which the CRM would forget it."""


def tend_connection(deps: Deps, connection: Connection) -> bool:
    """False when it did not work out: it is tried again in a few minutes. What a channel that had to be made anew has
    missed is fetched by an incremental run."""
    try:
        is_new = keep_channel(deps, connection, open_api(deps, connection, "webhook"))
        used = _use_token(deps, connection)
    except BridgeError as error:
        detail = {"connection": connection.id, "reason": str(error)}
        deps.journal.audit(connection.workspace, "connection.not_tended", "", detail)
        rewrite_connection(deps, connection.workspace, connection.id, _retried(deps.now() + RETRY))
        return False
    rewrite_connection(deps, connection.workspace, connection.id, _tended(deps, is_new=is_new, used=used))
    return True


def _retried(at: datetime) -> Callable[[Connection], Connection]:
    return lambda stored: replace(stored, tend_due_at=at)


def _tended(deps: Deps, *, is_new: bool, used: bool) -> Callable[[Connection], Connection]:
    now = deps.now()

    def tended(stored: Connection) -> Connection:
        stored = replace(stored, kept_alive_at=now if used else stored.kept_alive_at or stored.created_at)
        if is_new and stored.watermarks:
            stored = replace(stored, incremental_due_at=now)
        return replace(stored, tend_due_at=_next(deps, stored, now))

    return tended


def _next(deps: Deps, connection: Connection, now: datetime) -> datetime | None:
    """Spread by a tenth, so that connections made together do not stay together."""
    platform = deps.platform(connection.platform)
    door = deps.connections.door(connection.workspace, connection.id)
    looks = [next_look(platform.channels, door.channel if door else None, now)]
    if period := _period(deps, connection):
        looks.append((connection.kept_alive_at or now) + period)
    soonest = min((look for look in looks if look), default=None)
    spread = 1 - crc32(connection.id.encode()) / 2**32 / 10
    return now + max((soonest - now) * spread, timedelta(minutes=1)) if soonest else None


def _use_token(deps: Deps, connection: Connection) -> bool:
    """Refresh once in a while, whatever else happens: a token that nobody uses is forgotten."""
    period = _period(deps, connection)
    if period is None or deps.now() < (connection.kept_alive_at or connection.created_at) + period * 0.9:
        return False
    platform = deps.platform(connection.platform)
    tokens = KeptTokens(deps, platform, app_of(deps, platform, connection.auth), connection)
    tokens.current(refused=tokens.current())
    return True


def _period(deps: Deps, connection: Connection) -> timedelta | None:
    days = deps.platform(connection.platform).oauth.idle_days
    return timedelta(days=days) / USES if days and connection.auth == "oauth" else None
