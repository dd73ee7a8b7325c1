"""Actions: the item is the claim. Beside them, the order in which one record's updates were asked for and done."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.errors import NotFound, Stale
from crmbridge.domain.records import RecordKey, instant_text
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.due import due_items, due_place
from crmbridge.storage.items import ACTIONS_BY_CHAT, EXPIRES, NEW, Item, Items, Key, When, Write, absent, equals
from crmbridge.storage.keys import cursor_of, joined, place_of
from crmbridge.storage.texts import packed, unpacked

RING_AGAIN: Final = timedelta(minutes=1)
"""A pending action whose message was lost is rung by the schedule after this."""
KEPT: Final = timedelta(days=90)
"""How long a receipt can be read, counted from when it was written."""
MENTIONED: Final = timedelta(days=365)
"""How long an action is found by its record, counted from when it was asked for."""
FIELDS_AT_ONCE: Final = 100
"""DynamoDB takes 4 KB and 300 operators in one condition."""


class ActionStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def claim(self, action: Action) -> tuple[Action, bool]:
        """An action that expired between the two looks is claimed anew."""
        claimed = Write(key=_key(action.workspace, action.id), put=_item(action), when=NEW)
        while self._items.write_all([claimed, *_mentions(action)]):
            there = self._items.get(*_key(action.workspace, action.id))
            if there is not None:
                return _action(there), False
        return action, True

    def get(self, workspace: str, id: str) -> Action:
        item = self._items.get(*_key(workspace, id))
        if item is None:
            raise NotFound("there is no such action")
        return _action(item)

    def save(self, action: Action) -> Action:
        saved = replace(action, version=action.version + 1)
        if not self._items.put(_item(saved), equals("version", action.version)):
            raise Stale("the action was changed meanwhile")
        return saved

    def of_chat(self, workspace: str, chat: str, *, limit: int, cursor: str | None) -> PageOf[Action]:
        """The newest first. The cursor is the place in the index where the last page ended; another is Invalid."""
        pk = _chat(workspace, chat)
        page = self._items.query(
            pk, index=ACTIONS_BY_CHAT.name, limit=limit, after=_after(workspace, pk, cursor), reverse=True
        )
        keys = [(place["pk"], place["sk"]) for place in page.items]
        found = self._items.get_many(keys)
        shown = [_action(found[key]) for key in keys if key in found]
        return PageOf(shown, cursor_of(page.after[ACTIONS_BY_CHAT.sk]) if page.after else None)

    def of_record(self, key: RecordKey, *, limit: int) -> Sequence[Action]:
        """The newest first."""
        rows = self._items.query(_record(key), limit=limit, reverse=True).items
        keys = [_key(key.workspace, row["sk"].rpartition("#")[2]) for row in rows]
        found = self._items.get_many(keys)
        return [_action(found[place]) for place in keys if place in found]

    def hand_on(self, key: RecordKey, heir: RecordKey, *, limit: int) -> None:
        """In one transaction: `limit` is up to 100."""
        pk = _record(heir)
        rows = self._items.query(_record(key), limit=limit, reverse=True).items
        if rows:
            self._items.write_all([Write(key=(pk, row["sk"]), put={**row, "pk": pk}) for row in rows])

    def next_sequence(self, key: RecordKey) -> int:
        row = self._items.update(_sequence_key(key), add={"asked": 1})
        return int(row["asked"]) if row else 0

    def last_sequence(self, key: RecordKey, fields: Iterable[str]) -> int:
        row = self._items.get(*_sequence_key(key)) or {}
        return max((int(row.get(_completed(name), 0)) for name in fields), default=0)

    def complete_sequence(self, key: RecordKey, sequence: int, fields: Iterable[str]) -> None:
        """It never goes back: completing an older one changes nothing."""
        names = [_completed(field) for field in fields]
        for at in range(0, len(names), FIELDS_AT_ONCE):
            self._complete(_sequence_key(key), sequence, names[at : at + FIELDS_AT_ONCE])

    def _complete(self, place: Key, sequence: int, names: Sequence[str]) -> None:
        while True:
            row = self._items.get(*place) or {}
            behind = [name for name in names if int(row.get(name, 0)) < sequence]
            if not behind or self._items.update(place, set=dict.fromkeys(behind, sequence), when=_as_in(row, behind)):
                return

    def due(self, now: datetime) -> Sequence[Action]:
        return [_action(row) for row in due_items(self._items, now, "action")]


def _key(workspace: str, id: str) -> Key:
    return f"{workspace}#action#{id}", "action"


def _sequence_key(key: RecordKey) -> Key:
    return f"{key.workspace}#sequence#{key.connection}#{key.object}#{key.external_id}", "sequence"


def _completed(field: str) -> str:
    return f"completed#{field}"


def _as_in(row: Item, names: Iterable[str]) -> When:
    """While nobody has written these attributes since `row` was read."""
    return reduce(and_, (equals(name, row[name]) if name in row else absent(name) for name in names))


def _chat(workspace: str, chat: str) -> str:
    return f"{workspace}#{chat}"


def _record(key: RecordKey) -> str:
    return joined(key.workspace, "of", key.connection, key.object, key.external_id)


def _mentions(action: Action) -> list[Write]:
    """Under each record that the action changes or is linked to, where it can be found from there."""
    expires = int((action.created_at + MENTIONED).timestamp())
    named = dict.fromkeys((*((action.target,) if action.target else ()), *action.links))
    keys = [RecordKey(action.workspace, action.connection, each.object, each.external_id) for each in named]
    places = [(_record(key), f"{instant_text(action.created_at)}#{action.id}") for key in keys]
    return [Write(key=place, put={"pk": place[0], "sk": place[1], EXPIRES: expires}) for place in places]


def _item(action: Action) -> Item:
    pk, sk = key = _key(action.workspace, action.id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "action": packed(to_json(action)),
        "version": action.version,
        **due_place(key, _due(action)),
    }
    if action.chat:
        item[ACTIONS_BY_CHAT.pk] = _chat(action.workspace, action.chat)
        item[ACTIONS_BY_CHAT.sk] = f"{instant_text(action.created_at)}#{action.id}"
    if action.is_final:
        done = action.receipt.completed_at if action.receipt else _last_moment(action)
        item[EXPIRES] = int((done + KEPT).timestamp())
    return item


def _action(item: Item) -> Action:
    return from_json(Action, unpacked(item["action"]))


def _due(action: Action) -> datetime | None:
    """When the schedule should ring it: it waits, its message may be lost, or its worker may be dead; or it has ended
    and is watched."""
    if action.is_final:
        return action.next_attempt_at
    if action.status is ActionStatus.SENDING and action.lease_until:
        return action.lease_until
    return action.next_attempt_at or action.created_at + RING_AGAIN


def _last_moment(action: Action) -> datetime:
    return datetime.fromisoformat(action.history[-1][1]) if action.history else action.created_at


def _after(workspace: str, pk: str, cursor: str | None) -> dict[str, str] | None:
    if cursor is None:
        return None
    [place] = place_of(cursor, str)
    row_pk, row_sk = _key(workspace, place.rpartition("#")[2])
    return {ACTIONS_BY_CHAT.pk: pk, ACTIONS_BY_CHAT.sk: place, "pk": row_pk, "sk": row_sk}
