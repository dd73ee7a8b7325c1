"""The memory twin of a DynamoDB table: the same keys, conditions, indexes, pages and limits, without the network."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from threading import RLock
from typing import Any

from crmbridge.domain.errors import TooLarge
from crmbridge.storage.attributes import MAX_ITEM, MAX_TRANSACTION, from_wire, item_bytes, to_wire
from crmbridge.storage.items import INDEXES, Index, Item, ItemPage, Key, Scalar, Test, When, Write, check_transaction

_PAGE_BYTES = 1024 * 1024
_PRIMARY = Index("", "pk", "sk")
Entry = tuple[str, str, str]
"""(sort key of the index, pk, sk): its place in one partition of an index."""


class MemoryItems:
    """A table of `items.INDEXES`. Nothing that was handed in or out is shared with the caller."""

    def __init__(self, table: str) -> None:
        self._indexes = {index.name: index for index in (_PRIMARY, *INDEXES[table])}
        self._items: dict[Key, Item] = {}
        self._places: dict[tuple[str, str], list[Entry]] = {}
        self._lock = RLock()

    def get(self, pk: str, sk: str) -> Item | None:
        with self._lock:
            item = self._items.get((pk, sk))
            return None if item is None else _projected(item, ())

    def get_many(self, keys: Iterable[Key], attributes: Sequence[str] = ()) -> dict[Key, Item]:
        with self._lock:
            return {key: _projected(self._items[key], attributes) for key in keys if key in self._items}

    def put(self, item: Item, when: When | None = None) -> bool:
        return not self.write_all([Write(key=(item["pk"], item["sk"]), put=item, when=when)])

    def update(
        self,
        key: Key,
        *,
        set: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
        add: Mapping[str, int | Decimal] | None = None,
        when: When | None = None,
    ) -> Item | None:
        write = Write(key=key, set=set or {}, remove=tuple(remove), add=add or {}, when=when)
        with self._lock:
            if self._refuses(write):
                return None
            return _projected(self._store(self._checked(_updated(self._items.get(key), write))), ())

    def delete(self, pk: str, sk: str, when: When | None = None) -> Item | None:
        with self._lock:
            refused = self._refuses(Write(key=(pk, sk), delete=True, when=when))
            return None if refused else self._drop((pk, sk))

    def query(  # noqa: PLR0913 - DynamoDB's own vocabulary, all of it optional
        self,
        pk: str,
        prefix: str = "",
        *,
        index: str | None = None,
        attributes: Sequence[str] = (),
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
        reverse: bool = False,
        start: str | None = None,
        end: str | None = None,
    ) -> ItemPage:
        chosen = self._indexes[index or ""]
        with self._lock:
            places = _between(self._places.get((chosen.name, pk), []), prefix, start, end)
            places = _continued(places, chosen, after, reverse=reverse)
            page = places[: self._page_length(places, limit)]
            items = [self._items[place[1:]] for place in page]
            more = _place_keys(chosen, items[-1]) if items and len(page) < len(places) else None
            wanted = () if chosen is _PRIMARY else ("pk", "sk", chosen.pk, chosen.sk)
            return ItemPage([_projected(item, wanted or attributes) for item in items], more)

    def write_all(self, writes: Sequence[Write]) -> tuple[int, ...]:
        check_transaction(writes)
        with self._lock:
            refused = tuple(position for position, write in enumerate(writes) if self._refuses(write))
            if refused:
                return refused
            made = [(write.key, self._made(write)) for write in writes if not write.only_checks]
            if sum(item_bytes(to_wire(item)) for _, item in made if item) > MAX_TRANSACTION:
                raise TooLarge("a transaction holds at most 4 MB")
            for key, item in made:
                self._store(item) if item else self._drop(key)
            return ()

    def put_many(self, items: Iterable[Item]) -> None:
        for item in items:
            self.put(item)

    def delete_many(self, keys: Iterable[Key]) -> None:
        for pk, sk in keys:
            self.delete(pk, sk)

    def _refuses(self, write: Write) -> bool:
        return write.when is not None and not holds(write.when, self._items.get(write.key, {}))

    def _made(self, write: Write) -> Item | None:
        if write.delete:
            return None
        item = write.put if write.put is not None else _updated(self._items.get(write.key), write)
        return self._checked(item)

    def _checked(self, item: Item) -> Item:
        wire = to_wire(item)
        if item_bytes(wire) > MAX_ITEM:
            raise TooLarge(f"{item['sk']}: an item holds at most 400 KB")
        for index in self._indexes.values():
            for name in (index.pk, index.sk):
                if (index is _PRIMARY or name in item) and not (isinstance(item[name], str) and item[name]):
                    raise ValueError(f"{name} is a key: text that is not empty")
        return from_wire(wire)

    def _store(self, stored: Item) -> Item:
        key = stored["pk"], stored["sk"]
        self._drop(key)
        self._items[key] = stored
        for partition, place in self._entries(stored):
            insort(self._places.setdefault(partition, []), place)
        return stored

    def _drop(self, key: Key) -> Item | None:
        item = self._items.pop(key, None)
        for partition, place in self._entries(item or {}):
            places = self._places[partition]
            del places[bisect_left(places, place)]
        return item

    def _entries(self, item: Item) -> Iterator[tuple[tuple[str, str], Entry]]:
        for index in self._indexes.values():
            if index.pk in item and index.sk in item:
                yield (index.name, item[index.pk]), (item[index.sk], item["pk"], item["sk"])

    def _page_length(self, places: Sequence[Entry], limit: int | None) -> int:
        """Like DynamoDB, a page ends with the first megabyte read."""
        read = 0
        for count, place in enumerate(places, 1):
            read += item_bytes(to_wire(self._items[place[1:]]))
            if count == limit or read > _PAGE_BYTES:
                return count
        return len(places)


def holds(when: When, item: Mapping[str, Any]) -> bool:
    return any(all(_passes(test, item) for test in tests) for tests in when.any_of)


def _passes(test: Test, item: Mapping[str, Any]) -> bool:
    value = item.get(test.attribute)
    if test.op in ("absent", "present"):
        return (test.attribute in item) is (test.op == "present")
    if test.op == "<>":
        return not _same(value, test.value)
    if test.op == "=":
        return test.attribute in item and _same(value, test.value)
    return _comparable(value, test.value) and _ORDER[test.op](value, test.value)


_ORDER = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _kind(value: Any) -> type:
    """Numbers are one kind; True is not 1."""
    return Decimal if isinstance(value, int | Decimal) and not isinstance(value, bool) else type(value)


def _same(left: Any, right: Scalar | None) -> bool:
    return _kind(left) is _kind(right) and left == right


def _comparable(left: Any, right: Scalar | None) -> bool:
    return _kind(left) is _kind(right) and _kind(left) in (str, Decimal)


def _updated(item: Item | None, write: Write) -> Item:
    pk, sk = write.key
    made = {**(item or {"pk": pk, "sk": sk}), **write.set}
    for name in write.remove:
        made.pop(name, None)
    for name, amount in write.add.items():
        made[name] = made.get(name, 0) + amount
    return made


def _between(places: list[Entry], prefix: str, start: str | None, end: str | None) -> list[Entry]:
    low = max(prefix, start or "")
    found = places[bisect_left(places, (low, "", "")) :]
    return [place for place in found if place[0].startswith(prefix) and (end is None or place[0] <= end)]


def _continued(places: list[Entry], index: Index, after: Mapping[str, Any] | None, *, reverse: bool) -> list[Entry]:
    if after is not None:
        last = after[index.sk], after["pk"], after["sk"]
        places = [place for place in places if (place < last if reverse else place > last)]
    return places[::-1] if reverse else places


def _place_keys(index: Index, item: Item) -> dict[str, str]:
    return {name: item[name] for name in ("pk", "sk", index.pk, index.sk)}


def _projected(item: Item, attributes: Sequence[str]) -> Item:
    names = ("pk", "sk", *attributes) if attributes else tuple(item)
    return {name: _copied(item[name]) for name in names if name in item}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: entry if type(entry) is str else _copied(entry) for name, entry in value.items()}
    return [_copied(entry) for entry in value] if isinstance(value, list) else value
