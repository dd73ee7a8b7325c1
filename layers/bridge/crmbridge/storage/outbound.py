"""Events for a workspace's chat app: rows that wait until they are delivered, or a day is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

import orjson

from crmbridge.domain.outbound import KEPT, OutboundEvent, OutboundStatus
from crmbridge.domain.records import Json, instant_text
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import json_text
from crmbridge.storage.due import PLACE, due_items, due_place
from crmbridge.storage.items import DUE, EXPIRES, NEW, Item, Items, Key, equals, present, query_all
from crmbridge.storage.keys import cursor_of, place_of
from crmbridge.storage.texts import packed, unpacked

PREFIX = "outbound#"
FAILED = str(OutboundStatus.FAILED)
IS_FAILED = equals("status", FAILED)


class OutboundStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, workspace: str, id: str, event: Mapping[str, Json], now: datetime) -> None:
        """Adding one again rings it again, and changes nothing else."""
        key = _key(workspace, id)
        row = {"event": packed(json_text(event)), "attempts": 0, **_waiting(key, now)}
        self._items.put({"pk": key[0], "sk": key[1], **row}, NEW)

    def get(self, workspace: str, id: str) -> OutboundEvent | None:
        row = self._items.get(*_key(workspace, id))
        return _event(row) if row else None

    def delivered(self, workspace: str, id: str) -> None:
        self._items.delete(*_key(workspace, id))

    def told(self, workspace: str, id: str, whom: Sequence[str]) -> None:
        """These have heard of it; others are still to be told."""
        self._items.update(_key(workspace, id), set={"told": list(whom)}, when=present("pk"))

    def postpone(self, workspace: str, id: str, next_attempt_at: datetime, error: str) -> None:
        key = _key(workspace, id)
        place = due_place(key, next_attempt_at)
        self._items.update(key, set={"error": error, **place}, add={"attempts": 1}, when=present("pk"))

    def give_up(self, workspace: str, id: str, now: datetime, error: str) -> None:
        """It leaves the index of what waits, and can be listed."""
        told = {"status": FAILED, "error": error, EXPIRES: int((now + KEPT).timestamp())}
        self._items.update(_key(workspace, id), set=told, add={"attempts": 1}, remove=PLACE, when=present("pk"))

    def reopen(self, workspace: str, id: str, now: datetime) -> bool:
        """A failed one waits again, for another day; False when it is not failed, or not there."""
        key = _key(workspace, id)
        return self._items.update(key, set=_waiting(key, now), remove=(EXPIRES,), when=IS_FAILED) is not None

    def due(self, now: datetime) -> Sequence[tuple[str, str]]:
        rows = due_items(self._items, now, PREFIX)
        return [(row["pk"].removesuffix("#outbound"), row["sk"].removeprefix(PREFIX)) for row in rows]

    def failed(self, workspace: str, *, limit: int, cursor: str | None) -> PageOf[OutboundEvent]:
        """Whole pages are read, for there may be many times as many that still wait."""
        pk = _key(workspace, "")[0]
        after = {"pk": pk, "sk": place_of(cursor, str)[0]} if cursor is not None else None
        failed = (row for row in query_all(self._items, pk, PREFIX, after=after) if row["status"] == FAILED)
        found = list(islice(failed, limit + 1))
        more = cursor_of(found[limit - 1]["sk"]) if len(found) > limit else None
        return PageOf([_event(row) for row in found[:limit]], more)


def _key(workspace: str, id: str) -> Key:
    return f"{workspace}#outbound", f"{PREFIX}{id}"


def _waiting(key: Key, now: datetime) -> dict[str, str]:
    return {"status": str(OutboundStatus.WAITING), "since": instant_text(now), **due_place(key, now)}


def _event(row: Item) -> OutboundEvent:
    waits_until = row.get(DUE.sk)
    return OutboundEvent(
        id=row["sk"].removeprefix(PREFIX),
        event=orjson.loads(unpacked(row["event"])),
        status=OutboundStatus(row["status"]),
        since=datetime.fromisoformat(row["since"]),
        attempts=int(row["attempts"]),
        error=row.get("error", ""),
        next_attempt_at=datetime.fromisoformat(waits_until) if waits_until else None,
        told=tuple(row.get("told", ())),
    )
