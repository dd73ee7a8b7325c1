"""Tell a chat app which records have changed, where its workspace has asked for that: many of them in one event."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from typing import Final

from crmbridge.domain.changes import Origin, RecordMoved, What
from crmbridge.domain.merging import CORE
from crmbridge.domain.records import Json, State
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps

MOST_CHANGES: Final = 100
MOST_FIELDS: Final = 3_000
"""The row of an event has 400 KB, and a CRM's own names have up to a hundred letters."""


def announce_changes(deps: Deps, moved: Iterable[RecordMoved]) -> None:
    """What a full run brings is no news, nor is a record that goes with its connection. Announcing the same again makes
    no second event."""
    news = sorted((each for each in moved if _is_told(each)), key=_workspace)
    for workspace, of_workspace in groupby(news, _workspace):
        for pack in _packed(_asked_for(deps, workspace, of_workspace)):
            id = sha256("\0".join(each.id for each in pack).encode()).hexdigest()[:32]
            told = {"changes": [_told(each) for each in pack]}
            notify_chat(deps, workspace, f"changes.{id}", "record.changed", told)


def _is_told(moved: RecordMoved) -> bool:
    return moved.is_news and moved.state is not None and moved.cause.origin is not Origin.BACKFILL


def _workspace(moved: RecordMoved) -> str:
    return moved.key.workspace


def _asked_for(deps: Deps, workspace: str, moved: Iterable[RecordMoved]) -> Iterator[RecordMoved]:
    endpoint = deps.workspaces.endpoint(workspace)
    kinds = endpoint.record_changes if endpoint else ()
    return (each for each in moved if each.kind in kinds)


def _packed(moved: Iterable[RecordMoved]) -> Iterator[list[RecordMoved]]:
    pack: list[RecordMoved] = []
    fields = 0
    for each in moved:
        if pack and (len(pack) == MOST_CHANGES or fields + len(each.fields) > MOST_FIELDS):
            yield pack
            pack, fields = [], 0
        pack.append(each)
        fields += len(each.fields)
    if pack:
        yield pack


def _told(moved: RecordMoved) -> dict[str, Json]:
    """No values: whoever may see them reads the record."""
    return {
        "connection": moved.key.connection,
        "object": moved.key.object,
        "external_id": moved.key.external_id,
        "kind": str(moved.kind),
        "what": str(_what(moved)),
        "fields": list(moved.fields),
        "cause": {"origin": str(moved.cause.origin), "action": moved.cause.action, "rule": moved.cause.rule},
    }


_LIVES: Final = (State.LIVE, State.LIVE)


def _what(moved: RecordMoved) -> str:
    if (moved.state_before, moved.state) == _LIVES:
        return What.UPDATED if CORE in moved.parts else What.LINKED
    if moved.state is not State.LIVE:
        return str(moved.state)
    return What.CREATED if moved.state_before is None else What.RESTORED
