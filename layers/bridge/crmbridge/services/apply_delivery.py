"""Apply one queued delivery: what it hints at is read again from the CRM and stored, for every connection it concerns.

A delivery that concerns several connections is first split into one message each, so that the trouble of one neither
holds up the others nor repeats their work.
"""

from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zlib import crc32

from crmbridge.domain.changes import Cause, Change, Delivery, Origin, What
from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound, Stale, Throttled, Unavailable
from crmbridge.domain.hints import Fate, believing, gone, hints_of
from crmbridge.domain.merging import Sighting
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, RecordKey, State, instant_text
from crmbridge.domain.runs import MAX_ATTEMPTS, back_off
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Page, Platform
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import ask_knowing_names, known_directories
from crmbridge.services.start_run import kept_objects
from crmbridge.services.store_sightings import store_sightings

LONGEST_DELAY: Final = 900.0
"""Seconds; SQS holds no message back for longer."""
LEFT_BEHIND: Final = 100
"""Of the records that link to one that went, so many are read again at once; the full run reads the others."""
ASK_AGAIN_AFTER: Final = 60
"""Seconds. Events can be ahead of what a CRM's own reads show."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one message: connections it was applied for, split off to, postponed for, or will be applied for
    once more; changes nobody here has an account for."""

    applied: int = 0
    split: int = 0
    postponed: int = 0
    asked_again: int = 0
    ignored: int = 0


def apply_delivery(deps: Deps, message: Mapping[str, Json]) -> Applied:
    """`message` is the body that `receive_delivery` queued; `to` names the one connection of a split one. Applying it
    again changes nothing. Raises what will not pass by itself, and what has not passed after many attempts."""
    platform = deps.platform(message["platform"])
    changes = platform.webhook.parse(_delivery(message))
    if to := message.get("to"):
        connection = _addressee(deps, *to)
        return _apply_or_postpone(deps, platform, connection, changes, message) if connection else Applied(ignored=1)
    concerned = _concerned(deps, platform, {change.account for change in changes if change.account})
    known = {connection.account for connection in concerned}
    ignored = sum(change.account not in known for change in changes)
    if len(concerned) == 1:
        return replace(_apply_or_postpone(deps, platform, concerned[0], changes, message), ignored=ignored)
    if concerned:
        deps.queues.deliveries.send(*(_addressed(message, connection) for connection in concerned))
    return Applied(split=len(concerned), ignored=ignored)


def _addressee(deps: Deps, workspace: str, id: str) -> Connection | None:
    """None for one that is gone or may not be asked: reconnecting it brings a full run."""
    try:
        connection = deps.connections.get(workspace, id)
    except NotFound:
        return None
    return connection if connection.health is Health.CONNECTED else None


def _delivery(message: Mapping[str, Json]) -> Delivery:
    received_at = datetime.fromisoformat(message["received_at"])
    return Delivery(message["method"], message["url"], message["headers"], b64decode(message["body"]), received_at)


def _concerned(deps: Deps, platform: Platform, accounts: Iterable[str]) -> list[Connection]:
    """Connections of every workspace; what needs reconnecting is synced in full afterwards."""
    return [
        connection
        for account in sorted(accounts)
        for connection in deps.connections.of_account(platform.name, account)
        if connection.health is Health.CONNECTED
    ]


def _addressed(message: Mapping[str, Json], connection: Connection, **more: Json) -> Message:
    body = {**message, "to": [connection.workspace, connection.id], **more}
    return Message(body, group=f"{connection.platform}#{connection.account}", delay_seconds=more.get("wait", 0))


def _apply_or_postpone(
    deps: Deps, platform: Platform, connection: Connection, changes: Sequence[Change], message: Mapping[str, Json]
) -> Applied:
    """What passes by itself is queued again, a little later each time."""
    own = [change for change in changes if change.account in (connection.account, None)]
    deps.journal.log_delivery(connection.workspace, connection.id, message["id"], _slice(message, own))
    try:
        is_doubtful = _apply(deps, platform, connection, own)
    except (Throttled, Unavailable, Stale) as error:
        attempts = message.get("attempts", 0)
        if attempts >= MAX_ATTEMPTS:
            raise
        jitter = crc32(f"{message['id']}{attempts}".encode()) / 2**32
        wait = back_off(attempts, jitter, getattr(error, "retry_after", 0.0)).total_seconds()
        again = _addressed(message, connection, attempts=attempts + 1, wait=int(min(wait, LONGEST_DELAY)))
        deps.queues.deliveries.send(again)
        return Applied(postponed=1)
    if not is_doubtful or message.get("asked_again"):
        return Applied(applied=1)
    deps.queues.deliveries.send(_addressed(message, connection, asked_again=True, wait=ASK_AGAIN_AFTER))
    return Applied(applied=1, asked_again=1)


def _slice(message: Mapping[str, Json], changes: Iterable[Change]) -> dict[str, Json]:
    """What a replay needs, and no values of fields."""
    return {
        "platform": message["platform"],
        "received_at": message["received_at"],
        "changes": [
            {
                "what": str(change.what),
                "object": change.object,
                "external_id": change.external_id,
                "event_id": change.event_id,
                "occurred_at": change.occurred_at and instant_text(change.occurred_at),
                "link": change.link and [change.link.object, change.link.external_id],
                "successor": change.successor,
                "successor_object": change.successor_object,
                "losers": list(change.losers),
            }
            for change in changes
        ],
    }


def _apply(deps: Deps, platform: Platform, connection: Connection, changes: Sequence[Change]) -> bool:
    """Whether what the CRM shows contradicts what it told: gone, though it said nothing of it, or there, though it
    said that it went."""
    kept = {spec.name for spec in kept_objects(platform, connection)}
    owned = {spec.name: spec.links for spec in platform.objects.values()}
    hints = {object: told for object, told in hints_of(changes, owned).items() if object in kept}
    _note_what_is_due(deps, connection, {change.what for change in changes})
    if not hints:
        return False
    api = open_api(deps, connection, "webhook")
    door = _Door(deps, platform, connection, api, known_directories(deps, platform, connection, api))
    left_behind = _left_behind(deps, platform, connection, changes)
    is_doubtful = door.read_all(hints)
    door.read_all({object: told for object, told in left_behind.items() if object in kept})
    return is_doubtful


def _note_what_is_due(deps: Deps, connection: Connection, told: Collection[What | str]) -> None:
    """What no re-reading of a few records makes good: the next run does."""

    def due(stored: Connection) -> Connection:
        return replace(
            stored,
            full_due_at=deps.now() if What.RESYNC in told else stored.full_due_at,
            names_loaded_at=None if What.NAMED in told else stored.names_loaded_at,
        )

    if What.RESYNC in told or What.NAMED in told:
        rewrite_connection(deps, connection.workspace, connection.id, due)


def _left_behind(
    deps: Deps, platform: Platform, connection: Connection, changes: Iterable[Change]
) -> dict[str, dict[str, Fate | None]]:
    """Records that own a link to one that went: the CRM moves or cuts the link, says nothing of it, and moves no
    date."""
    owners: dict[str, dict[str, Fate | None]] = {}
    for object, id in sorted(gone(changes)):
        key = RecordKey(connection.workspace, connection.id, object, id)
        for spec in platform.objects.values():
            if object in spec.links and (ids := deps.records.linked(key, spec.name)):
                owners.setdefault(spec.name, {}).update(dict.fromkeys(ids[:LEFT_BEHIND]))
    return owners


@dataclass(slots=True)
class _Door:
    """Where one connection's records are read again."""

    deps: Deps
    platform: Platform
    connection: Connection
    api: Api
    directories: Directories

    def read_all(self, hints: Mapping[str, Mapping[str, Fate | None]]) -> bool:
        doubts = [
            self.read_again(object, {id: told[id] for id in ids})
            for object, told in hints.items()
            for ids in _batches(sorted(told), self.platform.objects[object].page_size)
        ]
        return any(doubts)

    def read_again(self, object: str, told: Mapping[str, Fate | None]) -> bool:
        """Store what these ids are now; whether that contradicts what was told."""
        read_started_at = self.deps.now()
        seen = self._asked(object, list(told))
        store_sightings(
            self.deps,
            self.platform,
            self.connection,
            self.directories,
            [believing(told.get(one.external_id), one) for one in seen],
            read_started_at=read_started_at,
            cause=Cause(Origin.WEBHOOK),
        )
        unlikely = {one.external_id: State.LIVE if told.get(one.external_id) else State.HIDDEN for one in seen}
        return any(one.state is unlikely[one.external_id] for one in seen)

    def _asked(self, object: str, ids: Sequence[str]) -> Sequence[Sighting]:
        def ask(directories: Directories) -> Page:
            return Page(self.platform.fetch(self.api, object, ids, directories), None)

        page, self.directories = ask_knowing_names(
            self.deps, self.platform, self.connection, self.api, self.directories, ask
        )
        return page.seen


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
