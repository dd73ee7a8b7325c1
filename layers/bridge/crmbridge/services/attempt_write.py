"""What one attempt at an action works with: the connection's door, the request, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, Action, Receipt
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import PlatformError, Unsupported
from crmbridge.domain.inputs import plain
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Json, Link, RecordKey
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import ActionSpec, Platform, WriteRequest, Written
from crmbridge.services.follow_record import follow_record
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import known_directories
from crmbridge.services.request_action import record_key
from crmbridge.services.store_sightings import store_sightings

TIMEOUT: Final = 20.0
SAFE_DOUBTS: Final = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    action: Action
    connection: Connection
    platform: Platform
    spec: ActionSpec
    api: Api
    directories: Directories
    request: WriteRequest

    @property
    def is_safe(self) -> bool:
        """Sending it again cannot make a second one."""
        return self.spec.unique_key(self.directories)

    @property
    def doubts_allowed(self) -> int:
        """So many requests may be unanswered and one more be sent. Five where the CRM itself refuses the same key."""
        if self.is_safe:
            return SAFE_DOUBTS
        return 1 if self.spec.is_traceable(self.request) else 0

    @property
    def span(self) -> timedelta:
        """As long as the CRM may work on a request, and then until what it has done is shown."""
        return timedelta(seconds=self.spec.limit_seconds + self.spec.lag_seconds)


def open_attempt(deps: Deps, action: Action, connection: Connection) -> Attempt:
    """Raises what reaching the CRM raises; nothing has been written then."""
    platform = deps.platform(connection.platform)
    if action.type not in platform.actions:
        raise Unsupported(f"{platform.title} cannot do {action.type}")
    api = open_api(deps, connection, "click")
    directories = known_directories(deps, platform, connection, api)
    spec = platform.actions[action.type]
    return Attempt(action, connection, platform, spec, api, directories, _request(deps, action, spec, directories))


def _request(deps: Deps, action: Action, spec: ActionSpec, directories: Directories) -> WriteRequest:
    target = _living_target(deps, action)
    return WriteRequest(
        type=action.type,
        kind=ACTION_TYPES[action.type].kind,
        fields=action.fields,
        custom_fields=action.custom_fields,
        object=target.object if target else spec.made(action.fields),
        external_id=target.external_id if target else None,
        links=tuple(Link(link.object, link.external_id) for link in action.links),
        key=action.key,
        directories=directories,
        asked_at=action.created_at,
        timeout=TIMEOUT,
    )


def _living_target(deps: Deps, action: Action) -> RecordKey | None:
    """The record may have been merged into another since the action was asked for."""
    key = record_key(action)
    found = follow_record(deps, key) if key else None
    return found.key if found else key


def look_up(attempt: Attempt) -> Written | None:
    """What became of it: what the CRM finds by the key, or the record that a person has pointed to, if it is there."""
    found = attempt.action.found
    if found is None:
        return attempt.spec.look_up(attempt.api, attempt.request)
    seen = _seen(attempt, found.object, found.external_id)
    return Written(found.object, found.external_id, seen) if seen and seen.raw is not None else None


def changed_since(attempt: Attempt) -> list[str]:
    """The fields that an undo rests on and that the CRM has otherwise now. Raises what reading raises."""
    wanted = attempt.action.only_if
    now = held_now(attempt) if wanted else {}
    return [name for name, value in wanted.items() if name not in now or now[name] != value]


def held_now(attempt: Attempt) -> Mapping[str, Json]:
    """What the CRM has in the fields that an update is about. Raises what reading raises."""
    request = attempt.request
    seen = _seen(attempt, request.object, request.external_id) if request.external_id else None
    return _values(attempt, seen) if seen else {}


def store_outcome(deps: Deps, attempt: Attempt, written: Written, started_at: datetime) -> Mapping[str, Json]:
    """Store the record as the CRM has it now; return the values it has for what was asked (CRMs normalise)."""
    seen = written.seen
    if seen is None:
        started_at, seen = deps.now(), _read_back(attempt, written)
    if seen is None:
        return {**attempt.action.fields, **attempt.action.custom_fields}
    cause = Cause(Origin.OWN, attempt.action.id, attempt.action.cause_rule, attempt.action.hops)
    store_sightings(
        deps,
        attempt.platform,
        attempt.connection,
        attempt.directories,
        [seen],
        read_started_at=started_at,
        cause=cause,
    )
    return _values(attempt, seen)


def _read_back(attempt: Attempt, written: Written) -> Sighting | None:
    """What was written is written: when it cannot be read now, the next sync brings it."""
    try:
        return _seen(attempt, written.object, written.external_id)
    except PlatformError:
        return None


def _seen(attempt: Attempt, object: str, id: str) -> Sighting | None:
    read = attempt.platform.fetch(attempt.api, object, [id], attempt.directories)
    return next((seen for seen in read if seen.external_id == id), None)


def _values(attempt: Attempt, seen: Sighting) -> Mapping[str, Json]:
    action = attempt.action
    if seen.raw is None:
        return {}
    context = ReadContext.of(attempt.directories, seen.object)
    record = attempt.platform.read(seen.kind, seen.raw, context, object=seen.object)
    ours = {name: plain(record.get(name)) for name in action.fields if name in record.fields}
    return ours | {name: plain(record.custom_fields.get(name)) for name in action.custom_fields}


def receipt(attempt: Attempt, written: Written, after: Mapping[str, Json], now: datetime, *, linked: bool) -> Receipt:
    return Receipt(
        object=written.object,
        external_id=written.external_id,
        url=attempt.platform.record_url(attempt.directories.account, written.object, written.external_id),
        linked=linked,
        before=attempt.action.before,
        after=after,
        completed_at=now,
        attempts=attempt.action.attempts,
    )
