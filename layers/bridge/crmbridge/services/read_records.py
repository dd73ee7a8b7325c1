"""Records as people look for them: by id, kind, e-mail or name; stored ones, or asked of the CRM at once."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Caller, Connection, Health
from crmbridge.domain.errors import Invalid, NotFound, Problem
from crmbridge.domain.records import Json, Kind, RecordKey, State
from crmbridge.domain.stored import PageOf, Stored
from crmbridge.platforms.spec import ObjectSpec
from crmbridge.services.describe_fields import show_edit
from crmbridge.services.follow_edits import follow_edits
from crmbridge.services.follow_record import follow_record
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import known_directories
from crmbridge.services.show_records import show_records
from crmbridge.services.store_sightings import store_sightings

NAMED: Final = (Kind.CONTACT, Kind.COMPANY, Kind.DEAL)
"""Kinds that a search by name looks through when none is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which records. `q` is the beginning of a name, or an e-mail; `live` asks the CRM first (by e-mail)."""

    kind: Kind | None = None
    connection: str | None = None
    email: str | None = None
    q: str | None = None
    live: bool = False


def read_record(
    deps: Deps, caller: Caller, connection: str, object: str, external_id: str, *, live: bool = False
) -> dict[str, Json]:
    """The record, or the one it was merged into, with the edits that are `pending` on it and those `refused` a short
    while ago. Raises NotFound for foreign and unknown ones alike."""
    owner = deps.connections.get(caller.workspace, connection)
    if live:
        _read_again(deps, owner, object, external_id)
    asked = RecordKey(caller.workspace, connection, object, external_id)
    found = follow_record(deps, asked)
    if found is None:
        raise NotFound("there is no such record; it may not be synced yet")
    return {**show_records(deps, [found])[0], **_edits(deps, found, asked)}


def _edits(deps: Deps, found: Stored, asked: RecordKey) -> dict[str, Json]:
    edits, kind = follow_edits(deps, found, asked), found.record.kind
    return {
        "pending": [show_edit(kind, edit) for edit in edits.pending.values()],
        "refused": [show_edit(kind, edit) for edit in edits.refused.values()],
    }


def list_records(
    deps: Deps, caller: Caller, asked: Asked, *, limit: int = 50, cursor: str | None = None
) -> dict[str, Json]:
    """`{"items", "cursor"}` of records that live. Raises Invalid for a cursor of another listing."""
    connections = _connections(deps, caller, asked)
    email = asked.email or (asked.q if asked.q and "@" in asked.q else None)
    if email:
        page = PageOf(_by_email(deps, caller, asked, connections, email), None)
    elif asked.q:
        page = _by_name(deps, caller, asked, limit, cursor)
    else:
        page = _by_kind(deps, asked, connections, limit, cursor)
    return {"items": show_records(deps, page.items), "cursor": page.cursor}


def _connections(deps: Deps, caller: Caller, asked: Asked) -> list[Connection]:
    if asked.connection:
        return [deps.connections.get(caller.workspace, asked.connection)]
    return sorted(deps.connections.list(caller.workspace), key=lambda connection: connection.id)


def _by_email(deps: Deps, caller: Caller, asked: Asked, connections: Sequence[Connection], email: str) -> list[Stored]:
    """In every connection: one person may be in several CRMs."""
    for connection in connections if asked.live else ():
        if connection.health is Health.CONNECTED:
            _find(deps, connection, email)
    ids = {connection.id for connection in connections}
    found = deps.records.by_email(caller.workspace, email.strip().casefold())
    return [one for one in found if one.key.connection in ids and _fits(one, asked)]


def _fits(one: Stored, asked: Asked) -> bool:
    return one.record.state is State.LIVE and asked.kind in (None, one.record.kind)


def _find(deps: Deps, connection: Connection, email: str) -> None:
    """Ask the CRM, and store what it says: who asks next need not wait."""
    platform = deps.platform(connection.platform)
    api = open_api(deps, connection, "click")
    directories = known_directories(deps, platform, connection, api)
    for spec in platform.objects.values():
        if spec.kind is not Kind.CONTACT:
            continue
        read_started_at = deps.now()
        store_sightings(
            deps,
            platform,
            connection,
            directories,
            platform.find(api, spec.name, email, directories),
            read_started_at=read_started_at,
            cause=Cause(Origin.INCREMENTAL),
        )


def _read_again(deps: Deps, connection: Connection, object: str, external_id: str) -> None:
    platform = deps.platform(connection.platform)
    if object not in platform.objects:
        raise NotFound(f"{platform.title} has no object {object!r} that is kept here")
    api = open_api(deps, connection, "click")
    directories = known_directories(deps, platform, connection, api)
    read_started_at = deps.now()
    store_sightings(
        deps,
        platform,
        connection,
        directories,
        platform.fetch(api, object, [external_id], directories),
        read_started_at=read_started_at,
        cause=Cause(Origin.INCREMENTAL),
    )


def _by_name(deps: Deps, caller: Caller, asked: Asked, limit: int, cursor: str | None) -> PageOf[Stored]:
    """Without a kind, the first of each; a cursor continues one kind."""
    prefix = (asked.q or "").strip()
    if asked.kind:
        page = deps.records.by_name(caller.workspace, asked.kind, prefix, limit=limit, cursor=cursor)
        return PageOf([one for one in page.items if _is_wanted(one, asked)], page.cursor)
    found: list[Stored] = []
    for kind in NAMED:
        page = deps.records.by_name(caller.workspace, kind, prefix, limit=limit, cursor=None)
        found += [one for one in page.items if _is_wanted(one, asked)]
    return PageOf(found[:limit], None)


def _is_wanted(one: Stored, asked: Asked) -> bool:
    return _fits(one, asked) and asked.connection in (None, one.key.connection)


def _by_kind(
    deps: Deps, asked: Asked, connections: Sequence[Connection], limit: int, cursor: str | None
) -> PageOf[Stored]:
    """Connection after connection, object after object; a page holds the records of one object."""
    places = [
        (connection, spec)
        for connection in connections
        for spec in deps.platform(connection.platform).objects.values()
        if asked.kind in (None, spec.kind)
    ]
    number, after = _place(places, cursor)
    while number < len(places):
        connection, spec = places[number]
        page = deps.records.page(connection.workspace, connection.id, spec.name, limit=limit, cursor=after)
        number, after = (number, page.cursor) if page.cursor else (number + 1, None)
        live = [one for one in page.items if one.record.state is State.LIVE]
        if live:
            return PageOf(live, _cursor(places[number], after) if number < len(places) else None)
    return PageOf([], None)


_Place = tuple[Connection, ObjectSpec]


def _cursor(place: _Place, after: str | None) -> str:
    return urlsafe_b64encode(orjson.dumps([place[0].id, place[1].name, after])).decode()


def _place(places: Sequence[_Place], cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    try:
        id, object, after = orjson.loads(urlsafe_b64decode(cursor.encode()))
        names = [(connection.id, spec.name) for connection, spec in places]
        return names.index((id, object)), after
    except (ValueError, TypeError):
        raise Invalid(Problem("cursor", "belongs to another listing", "begin without a cursor")) from None
