"""What rules are still to be asked about, in the journal.

pk  workspace#occasion#id    sk  occasion    what happened, packed, and `begun#rule` of each rule that acts;
                                             or only that it is settled
                             sk  part#N      the rest of what is too long for one item

A change keeps both images of the record's item, as the stream showed them: what was true before is nowhere else.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from crmbridge.domain.changes import RecordMoved
from crmbridge.domain.merging import CORE
from crmbridge.domain.occasions import ChatMessage, Occasion, RecordChange, message_id
from crmbridge.domain.records import Json, RecordKey, instant_text
from crmbridge.domain.stored import Stored
from crmbridge.storage.codec import decode, encode
from crmbridge.storage.due import PLACE, due_items, due_place
from crmbridge.storage.items import EXPIRES, NEW, Item, Items, Key, absent, present
from crmbridge.storage.record_items import LINKS, MORE, inline_links, stored_of
from crmbridge.storage.texts import unpacked

KEPT: Final = timedelta(days=30)
"""Longer than a message can wait in a queue and then in its dead letters."""
RING_AGAIN: Final = timedelta(minutes=2)
"""An occasion whose message was lost is rung again after this."""
CHUNK: Final = 350 * 1024
_SK: Final = "occasion"
_BEGUN: Final = "begun#"
_MARKS: Final = (":ord", ":fp")
_SHOWN: Final = ("kind", "state", "cause", "successor_id", "successor_object")


class OccasionStore:
    """Longer than a `chunk` (bytes) of it is kept in parts."""

    def __init__(self, items: Items, chunk: int = CHUNK) -> None:
        self._items = items
        self._chunk = chunk

    def note(self, moved: Sequence[RecordMoved], now: datetime) -> Sequence[str]:
        return [self._put(each.key.workspace, _change_id(each), _change(each), now) for each in moved]

    def hear(self, workspace: str, message: ChatMessage, now: datetime) -> str:
        id = message_id(workspace, message.chat, message.id)
        return self._put(workspace, id, {"message": encode(message)}, now)

    def get(self, workspace: str, id: str) -> Occasion | None:
        pk, sk = _key(workspace, id)
        row = self._items.get(pk, sk)
        if row is None or "body" not in row:
            return None
        rest = [self._items.get(pk, _part(number)) or {} for number in range(1, row["parts"])]
        body = orjson.loads(zlib.decompress(b"".join([row["body"], *(part.get("body", b"") for part in rest)])))
        begun = frozenset(name.removeprefix(_BEGUN) for name in row if name.startswith(_BEGUN))
        return replace(_occasion(workspace, id, row["at"], body), begun=begun)

    def begin(self, workspace: str, id: str, rule: str) -> None:
        self._items.update(_key(workspace, id), set={_BEGUN + rule: 1}, when=present("body"))

    def settle(self, workspace: str, id: str, now: datetime) -> None:
        """What it was about is kept no longer."""
        key = pk, _ = _key(workspace, id)
        done = {"settled": instant_text(now), EXPIRES: _expires(now)}
        row = self._items.update(key, set=done, remove=("body", *PLACE)) or {}
        for number in range(1, row.get("parts", 1)):
            self._items.delete(pk, _part(number))

    def due(self, now: datetime) -> Sequence[tuple[str, str]]:
        return [_named(row["pk"]) for row in due_items(self._items, now, _SK)]

    def postpone(self, workspace: str, id: str, now: datetime) -> None:
        key = _key(workspace, id)
        row = self._items.get(*key)
        if row and "body" in row:
            waited = max(now - datetime.fromisoformat(row["at"]), RING_AGAIN)
            self._items.update(key, set=due_place(key, now + waited), when=absent("settled"))

    def _put(self, workspace: str, id: str, body: Mapping[str, Json], now: datetime) -> str:
        """The item that says that it is there comes last, and no part of what is settled comes back."""
        pk, sk = key = _key(workspace, id)
        packed = zlib.compress(orjson.dumps(body), 1)
        first, *rest = (packed[start : start + self._chunk] for start in range(0, len(packed), self._chunk))
        if rest and self._items.get(pk, sk):
            return id
        for number, part in enumerate(rest, 1):
            self._items.put({"pk": pk, "sk": _part(number), "body": part, EXPIRES: _expires(now)})
        row: Item = {"pk": pk, "sk": sk, "at": instant_text(now), "body": first, "parts": 1 + len(rest)}
        self._items.put({**row, EXPIRES: _expires(now), **due_place(key, now + RING_AGAIN)}, NEW)
        return id


def _key(workspace: str, id: str) -> Key:
    return f"{workspace}#occasion#{id}", _SK


def _named(pk: str) -> tuple[str, str]:
    workspace, _, id = pk.split("#")
    return workspace, id


def _part(number: int) -> str:
    return f"part#{number}"


def _expires(now: datetime) -> int:
    return int((now + KEPT).timestamp())


def _change_id(moved: RecordMoved) -> str:
    """Of the record, and of the order and fingerprint that each of its parts has been given: no two writes of it have
    the same, however often the stream shows one."""
    marks = sorted((name, str(value)) for name, value in moved.after.items() if name.endswith(_MARKS))
    return sha256(repr((moved.key, marks)).encode()).hexdigest()[:32]


def _change(moved: RecordMoved) -> dict[str, Json]:
    key = moved.key
    place = [key.connection, key.object, key.external_id]
    return {"record": place, "before": _image(moved.before), "after": _image(moved.after)}


def _image(item: Mapping[str, Any]) -> Json:
    """What a record is read from again. Links of which there are more than lie in the item are as if not read."""
    if "state" not in item:
        return None
    links = [name for name in item if name.startswith(LINKS) and ":" not in name and name + MORE not in item]
    kept = {name: item[name] for name in (*_SHOWN, f"{CORE}:ord", *links) if name in item}
    return {**kept, CORE: unpacked(item[CORE])} if CORE in item else kept


def _occasion(workspace: str, id: str, at: str, body: Mapping[str, Json]) -> Occasion:
    known: dict[str, Any] = {"id": id, "workspace": workspace, "at": datetime.fromisoformat(at)}
    if "message" in body:
        return Occasion(**known, message=decode(ChatMessage, body["message"]))
    key = RecordKey(workspace, *body["record"])
    before, after = (_stored(key, body[side]) for side in ("before", "after"))
    return Occasion(**known, change=RecordChange(key, before, after)) if after else Occasion(**known)


def _stored(key: RecordKey, image: Item | None) -> Stored | None:
    return stored_of(key, image, inline_links(image)) if image else None
