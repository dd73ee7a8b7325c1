"""Load what names come from (owners, stages, schemas, account facts) and keep it beside the connection.

Loading costs calls, so it happens with every full run, when the names are older than the platform says, when the CRM
told of a change to them, and when a record names what they do not know.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Record
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Page, Platform
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.ports import Deps

MOST_IN_VAIN: Final = 1_000
"""Unknown names that are remembered; beyond them memory begins anew."""

Ask = Callable[[Directories], Page]


def refresh_directories(deps: Deps, platform: Platform, connection: Connection, api: Api) -> Directories:
    """Return what the CRM has now; stored only when it differs, so that nothing is written in vain."""
    now, loaded = deps.now(), platform.load_directories(api)
    stored = deps.connections.directories(connection.workspace, connection.id)
    loaded = replace(loaded, in_vain=stored.in_vain if stored else frozenset())
    if loaded != stored:
        deps.connections.save_directories(connection.workspace, connection.id, loaded)
    rewrite_connection(deps, connection.workspace, connection.id, lambda current: replace(current, names_loaded_at=now))
    return loaded


def known_directories(deps: Deps, platform: Platform, connection: Connection, api: Api) -> Directories:
    """Return the stored ones; loaded when there are none yet."""
    stored = deps.connections.directories(connection.workspace, connection.id)
    return stored or refresh_directories(deps, platform, connection, api)


def fresh_directories(deps: Deps, platform: Platform, connection: Connection, api: Api) -> Directories:
    """Return the stored ones while they are young enough, and nothing in them is known to have changed."""
    loaded_at = connection.names_loaded_at
    is_young = loaded_at is not None and deps.now() - loaded_at < platform.names_age
    load = known_directories if is_young else refresh_directories
    return load(deps, platform, connection, api)


def ask_knowing_names(
    deps: Deps, platform: Platform, connection: Connection, api: Api, known: Directories, ask: Ask
) -> tuple[Page, Directories]:
    """What `ask` shows, and the directories it was read with.

    When it names an owner, a stage or a field that is not among the known ones, they are loaded anew, and asked again
    where records are translated otherwise now. A name that even then nobody knows is remembered as such."""
    page = ask(known)
    if not set(unknown_names(platform, known, page.seen)):
        return page, known
    latest = known_directories(deps, platform, connection, api)  # another worker may have been here just now
    if set(unknown_names(platform, latest, page.seen)):
        latest = refresh_directories(deps, platform, connection, api)
    if latest.version != known.version:
        page = ask(latest)
    return page, _remembering(deps, connection, latest, frozenset(unknown_names(platform, latest, page.seen)))


def unknown_names(platform: Platform, known: Directories, seen: Iterable[Sighting]) -> Iterator[str]:
    """Of live records: `owner 77`, `stage 4`, `field deals 9f..`. A directory that is empty is not shown to us."""
    for one in seen:
        if one.raw is None:
            continue
        context = ReadContext.of(known, one.object)
        record = platform.read(one.kind, one.raw, context, object=one.object, links=one.links or None)
        yield from (name for name in _unknown(platform, known, record) if name not in known.in_vain)


def _unknown(platform: Platform, known: Directories, record: Record) -> Iterator[str]:
    owner, stage, fields = record.get("owner_id"), record.get("stage"), known.fields.get(record.object)
    if owner and known.owners and str(owner) not in known.owners:
        yield f"owner {owner}"
    if record.kind is Kind.DEAL and stage and known.stages and str(stage) not in known.stages:
        yield f"stage {stage}"
    for key in record.custom_fields if platform.told_fields else ():
        if fields and key not in fields and re.fullmatch(platform.told_fields, key):
            yield f"field {record.object} {key}"


def _remembering(deps: Deps, connection: Connection, known: Directories, vain: frozenset[str]) -> Directories:
    if not vain:
        return known
    told = replace(known, in_vain=vain if len(known.in_vain) > MOST_IN_VAIN else known.in_vain | vain)
    deps.connections.save_directories(connection.workspace, connection.id, told)
    return told
