"""Rows that wait: where they stand in the sparse `due` index, and which of them have come."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zlib import crc32

from crmbridge.domain.records import instant_text
from crmbridge.storage.items import DUE, Item, Items, Key

SHARDS: Final = 8
EVERYBODY: Final = "due"
PLACE: Final = (DUE.pk, DUE.sk)
"""The attributes of a row that waits; a row without them waits for nothing."""


def due_place(key: Key, moment: datetime | None, agenda: str = EVERYBODY) -> dict[str, str]:
    """The attributes that put a row into the index; none for None. On an `agenda` of their own, many rows keep no
    others waiting."""
    if moment is None:
        return {}
    return {DUE.pk: f"{agenda}#{crc32('#'.join(key).encode()) % SHARDS}", DUE.sk: instant_text(moment)}


def due_keys(items: Items, now: datetime, agenda: str = EVERYBODY) -> Iterator[Key]:
    """Keys of the rows whose moment has come. The index lags a little: look at the rows before acting on them."""
    for shard in range(SHARDS):
        after = None
        while True:
            page = items.query(f"{agenda}#{shard}", index=DUE.name, end=instant_text(now), after=after)
            yield from ((item["pk"], item["sk"]) for item in page.items)
            after = page.after
            if after is None:
                break


def due_items(items: Items, now: datetime, prefix: str = "") -> list[Item]:
    """The rows themselves, those that still wait and whose sort key begins with `prefix`."""
    keys = [key for key in due_keys(items, now) if key[1].startswith(prefix)]
    rows = items.get_many(keys).values()
    return [row for row in rows if DUE.sk in row and row[DUE.sk] <= instant_text(now)]
