"""What a workspace has a capped list of (smart groups, rules): the entries and, before them, the list itself, which
counts them and has a version that every edit moves on."""

from collections.abc import Iterator, Mapping
from typing import Final

from crmbridge.storage.items import Item, Items, Key, When, Write, absent, below, equals, present, query_all

LIST: Final = "!list"
"""Sorts before every entry, so that it is read first."""


def list_row(items: Items, pk: str) -> Item:
    """Empty before the first entry."""
    return items.get(pk, LIST) or {}


def version_of(items: Items, pk: str) -> int:
    return int(list_row(items, pk).get("version", 0))


def entries(items: Items, pk: str) -> tuple[int, Iterator[Item]]:
    """The version is read first: an edit between two pages makes the entries newer than it, never older."""
    rows = list(query_all(items, pk))
    version = next((int(row["version"]) for row in rows if row["sk"] == LIST), 0)
    return version, (row for row in rows if row["sk"] != LIST)


def add_entry(items: Items, entry: Item, cap: int, counts: Mapping[str, int]) -> str | None:
    """Why it was refused: `full` or `there`. `counts` are counted beside the entries themselves."""
    room = absent("count") | below("count", cap)
    new = Write(key=(entry["pk"], entry["sk"]), put=entry, when=absent("pk"))
    refused = items.write_all([new, _listed(entry["pk"], {"count": 1, **counts}, room)])
    if 1 in refused:
        return "full"
    return "there" if refused else None


def save_entry(items: Items, entry: Item, version: int) -> bool:
    """False when it has not that version (any more)."""
    same = Write(key=(entry["pk"], entry["sk"]), put=entry, when=equals("version", version))
    return not items.write_all([same, _listed(entry["pk"], {})])


def delete_entry(items: Items, key: Key, counts: Mapping[str, int]) -> None:
    """Deleting what is gone already changes nothing."""
    gone = Write(key=key, delete=True, when=present("pk"))
    fewer = {name: -number for name, number in {"count": 1, **counts}.items()}
    items.write_all([gone, _listed(key[0], fewer)])


def _listed(pk: str, counts: Mapping[str, int], when: When | None = None) -> Write:
    return Write(key=(pk, LIST), add={"version": 1, **counts}, when=when)
