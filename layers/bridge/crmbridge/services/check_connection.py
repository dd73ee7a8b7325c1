"""Test a connection: who and where we are, what we may do, what is left of the quota and whether it will last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.connections import Caller, Connection, Identity
from crmbridge.domain.errors import PlatformError
from crmbridge.domain.runs import Run, RunType
from crmbridge.platforms.spec import Platform, Scope
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.open_api import app_of, open_api
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin

DAY: Final = timedelta(days=1)
RUNS_LOOKED_AT: Final = 50


@dataclass(frozen=True, slots=True)
class Forecast:
    """From the newest runs: calls a full and an incremental run take, calls a day at the settings as they are, and
    how long a full run takes at the rate that the limits allow. None: no such run is known yet. `lasts_until`: when the
    day's quota ends at this pace; None: not before it is full again."""

    full_calls: int | None = None
    incremental_calls: int | None = None
    daily_calls: int | None = None
    full_seconds: float | None = None
    lasts_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`missing` scopes say what breaks without them. `quota`: pool -> left, limit, seconds until it is full again.
    `error` and `next_step` are for the person who asked; both empty when the CRM answered."""

    identity: Identity | None = None
    granted: tuple[str, ...] = ()
    missing: tuple[Scope, ...] = ()
    quota: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    forecast: Forecast
    error: str = ""
    next_step: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.error and not any(scope.required for scope in self.missing)


def check_connection(deps: Deps, caller: Caller, id: str) -> Check:
    """Asks the CRM now. What the CRM refuses is an answer, not an error. Newly granted scopes are noted."""
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, id)
    platform = deps.platform(connection.platform)
    forecast = _forecast(deps, platform, connection)
    try:
        api = open_api(deps, connection, "click")
        identity = platform.identify(api, deps.vault.read(connection).tokens)
    except PlatformError as error:
        said = f"{error} (request {error.request_id})" if error.request_id else str(error)
        return Check(granted=connection.scopes, forecast=forecast, error=said, next_step=error.next_step)
    granted = identity.scopes or connection.scopes
    if granted != connection.scopes:
        rewrite_connection(deps, caller.workspace, id, lambda stored: replace(stored, scopes=granted))
    quota = _quota(deps, platform, connection, identity)
    return Check(
        identity=identity,
        granted=granted,
        missing=tuple(scope for scope in platform.oauth.scopes if granted and scope.name not in granted),
        quota=quota,
        forecast=replace(forecast, lasts_until=_lasts_until(deps.now(), platform, quota)),
    )


def _quota(
    deps: Deps, platform: Platform, connection: Connection, identity: Identity
) -> Mapping[str, Mapping[str, float]]:
    """What the CRM says goes before what we counted."""
    scope = f"{platform.name}#{connection.account}#{app_of(deps, platform, connection.auth).app_id}"
    counted = {pool: dict(usage) for pool, usage in deps.guards.usage(scope, platform.pools).items()}
    for pool, (left, limit) in identity.quota.items():
        counted[pool] = {**counted.get(pool, {}), "left": left, "limit": limit}
    return counted


def _lasts_until(now: datetime, platform: Platform, quota: Mapping[str, Mapping[str, float]]) -> datetime | None:
    """Of a day's quota so much was used in so much of the day; the rest lasts as long at that pace."""
    ends = []
    for pool in platform.pools:
        left, limit = quota.get(pool.name, {}).get("left"), quota.get(pool.name, {}).get("limit")
        if pool.is_long and left is not None and limit and left < limit / 2:
            ends.append(now + timedelta(seconds=pool.seconds * left / (limit - left)))
    return min(ends, default=None)


def _forecast(deps: Deps, platform: Platform, connection: Connection) -> Forecast:
    runs = deps.journal.runs(connection.workspace, connection.id, limit=RUNS_LOOKED_AT, cursor=None).items
    full, incremental = _calls(runs, RunType.FULL), _calls(runs, RunType.INCREMENTAL)
    settings = connection.settings
    daily = None
    if full is not None:
        daily = full * (DAY / settings.full_every) + (incremental or 0) * (DAY / settings.frequency)
    rate = min((pool.calls * (1 - pool.reserve) / pool.seconds for pool in platform.pools[:1]), default=None)
    return Forecast(
        full_calls=full,
        incremental_calls=incremental,
        daily_calls=None if daily is None else round(daily),
        full_seconds=None if full is None or not rate else round(full / rate, 1),
    )


def _calls(runs: Sequence[Run], type: RunType) -> int | None:
    """Of the newest finished run of that type."""
    for run in runs:
        if run.type is type and run.completed_at:
            return sum(counts.calls for counts in run.counts.values())
    return None
