"""Records and their edges, in one table; see `record_items` for how they lie in it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import uuid4

from crmbridge.domain.errors import Invalid, Problem, Stale, TooLarge
from crmbridge.domain.merging import CORE, Head, PartWrite, RecordWrite
from crmbridge.domain.records import Kind, Link, RecordKey
from crmbridge.domain.stored import PageOf, Stored
from crmbridge.storage.items import RECORDS_BY_EMAIL, RECORDS_BY_NAME, Item, Items, Write, query_all
from crmbridge.storage.keys import cursor_of, foreign_cursor, part, parts, place_of
from crmbridge.storage.record_edges import Move, forward_links, move_links
from crmbridge.storage.record_items import (
    LINKS,
    MORE,
    SHARDS,
    InlineLinks,
    email_items,
    email_owner,
    email_partition,
    has_email,
    head_of,
    is_edge,
    item_key,
    name_partition,
    normalised,
    partition,
    record_key,
    record_write,
    reverse_prefix,
    stored_of,
    targets_with_more,
)
from crmbridge.storage.record_packs import is_big, link_parts, packs


class RecordStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def heads(self, keys: Sequence[RecordKey], targets: Collection[str] | None = None) -> Mapping[RecordKey, Head]:
        found = self._found(keys, () if targets is None else _head_attributes(targets))
        return {key: head_of(item, self._links(key, item)) for key, item in found.items()}

    def write(self, writes: Sequence[RecordWrite]) -> Sequence[RecordKey]:
        if further := [item for write in writes if write.emails for item in email_items(write)]:
            self._items.put_many(further)
        big = [write for write in writes if is_big(write)]
        small = [write for write in writes if not is_big(write)] if big else writes
        large: list[RecordKey] = []
        refused = [write for pack in packs(small) for write in self._write_pack(pack.entries, large)]
        moving = big + self._moved_meanwhile(refused)
        settled = {id(write) for write in moving if self._write_big(write, large)}
        left = [write.key for write in (*refused, *big) if id(write) not in settled]
        if large:
            named = ", ".join(map(str, large))
            refused_keys = [key for key in left if key not in large]
            raise TooLarge(f"{named}: more than one item of the store can hold", keys=large, refused=refused_keys)
        return left

    def get(self, key: RecordKey) -> Stored | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, Stored]:
        return {key: self._stored(key, item) for key, item in self._found(keys).items()}

    def linked(self, key: RecordKey, object: str, *, limit: int | None = None) -> Sequence[str]:
        edges = query_all(self._items, *reverse_prefix(key, object), page_size=limit)
        return [parts(edge["sk"])[-1] for edge in islice(edges, limit)]

    def ids(
        self, workspace: str, connection: str, object: str, shard: int, after: str = ""
    ) -> Iterator[tuple[str, str]]:
        pk, prefix = partition(workspace, connection, shard), f"{part(object)}#"
        last = {"pk": pk, "sk": prefix + part(after)} if after else None
        for row in query_all(self._items, pk, prefix, attributes=("state",), after=last):
            if not is_edge(row["sk"]):
                yield parts(row["sk"])[-1], row["state"]

    def scan(self, workspace: str, connection: str, object: str, shard: int) -> Iterator[Stored]:
        rows = query_all(self._items, partition(workspace, connection, shard), f"{part(object)}#")
        for key, item in _records(rows):
            yield self._stored(key, item)

    def page(self, workspace: str, connection: str, object: str, *, limit: int, cursor: str | None) -> PageOf[Stored]:
        """Shard after shard; the order within is that of the ids as text."""
        shard, after = _place(cursor, object)
        found = list(islice(self._from(workspace, connection, object, shard, after, limit), limit + 1))
        items = [self._stored(key, item) for _, key, item in found[:limit]]
        more = cursor_of(found[limit - 1][0], found[limit - 1][2]["sk"]) if len(found) > limit else None
        return PageOf(items, more)

    def by_email(self, workspace: str, email: str) -> Sequence[Stored]:
        asked = normalised(email)
        rows = query_all(self._items, email_partition(workspace, asked), index=RECORDS_BY_EMAIL.name)
        owners = dict.fromkeys(email_owner(row["pk"], row["sk"]) for row in rows)
        found = self._found(owner for owner in owners if owner)
        stored = [(item, self._stored(key, item)) for key, item in found.items()]
        return [one for item, one in stored if has_email(item, one.record, asked)]

    def by_name(self, workspace: str, kind: Kind, prefix: str, *, limit: int, cursor: str | None) -> PageOf[Stored]:
        """Raises Invalid for a prefix of less than two characters: it would be most of the workspace."""
        name = normalised(prefix)[:100]
        if len(name) < 2:
            raise Invalid(Problem("q", "is too short", "give at least two characters"))
        asked = name_partition(workspace, kind, name)
        after = _name_place(workspace, asked, name, cursor) if cursor else None
        page = self._items.query(asked, name, index=RECORDS_BY_NAME.name, limit=limit, after=after)
        found = self._found(_keys(page.items))
        named = [self._stored(key, item) for key, item in found.items() if item.get("name_pk") == asked]
        return PageOf(named, _name_cursor(page.items[-1]) if page.after else None)

    def forget(self, workspace: str, connection: str, *, limit: int) -> int:
        forgotten = 0
        for shard in range(SHARDS):
            rows = query_all(
                self._items, partition(workspace, connection, shard), attributes=("sk",), page_size=limit - forgotten
            )
            keys = [(row["pk"], row["sk"]) for row in islice(rows, limit - forgotten)]
            self._items.delete_many(keys)
            forgotten += len(keys)
            if forgotten == limit:
                break
        return forgotten

    def _found(self, keys: Iterable[RecordKey], attributes: Sequence[str] = ()) -> dict[RecordKey, Item]:
        places = {item_key(key): key for key in keys}
        found = self._items.get_many(places, attributes)
        return {key: found[place] for place, key in places.items() if "state" in found.get(place, {})}

    def _stored(self, key: RecordKey, item: Item) -> Stored:
        return stored_of(key, item, dict(self._links(key, item)))

    def _links(self, key: RecordKey, item: Item) -> Mapping[str, tuple[Link, ...]]:
        links = InlineLinks(item)
        if not (targets := targets_with_more(item)):
            return links
        more = {target: (*links.get(target, ()), *forward_links(self._items, key, target)) for target in targets}
        return {**links, **more}

    def _write_pack(self, entries: list[tuple[RecordWrite, list[Write]]], large: list[RecordKey]) -> list[RecordWrite]:
        """Returns those refused. What loses a conflict again and again is tried in ever smaller company; what is too
        large even alone is added to `large`."""
        refused: list[RecordWrite] = []
        while entries:
            owners = [position for position, (_, ops) in enumerate(entries) for _ in ops]
            try:
                positions = self._items.write_all([op for _, ops in entries for op in ops])
            except (Stale, TooLarge) as error:
                return refused + self._write_halves(entries, error, large)
            lost = {owners[position] for position in positions}
            if not lost:
                break
            refused += [write for position, (write, _) in enumerate(entries) if position in lost]
            entries = [entry for position, entry in enumerate(entries) if position not in lost]
        return refused

    def _write_halves(
        self, entries: list[tuple[RecordWrite, list[Write]]], error: Exception, large: list[RecordKey]
    ) -> list[RecordWrite]:
        if len(entries) > 1:
            half = len(entries) // 2
            return self._write_pack(entries[:half], large) + self._write_pack(entries[half:], large)
        if isinstance(error, TooLarge):
            large.append(entries[0][0].key)
            return []
        return [entries[0][0]]

    def _moved_meanwhile(self, refused: Sequence[RecordWrite]) -> list[RecordWrite]:
        """Those whose links do not all lie in the item (any more), which the conditions of a small write refuse."""
        wanted = {write.key: write for write in refused if link_parts(write)}
        names = [each.name + MORE for write in wanted.values() for each in link_parts(write)]
        found = self._found(wanted, ("state", *dict.fromkeys(names))) if wanted else {}
        return [wanted[key] for key, item in found.items() if targets_with_more(item)]

    def _write_big(self, write: RecordWrite, large: list[RecordKey]) -> bool:
        """False when it was refused, at the beginning or by a newer reading on the way."""
        token = uuid4().hex
        try:
            if self._items.write_all([record_write(write, token)]):
                return False
            return all(move_links(self._items, _move(write, each, token)) for each in link_parts(write))
        except Stale:
            return False
        except TooLarge:
            large.append(write.key)
            return False

    def _from(
        self, workspace: str, connection: str, object: str, shard: int, after: str, limit: int
    ) -> Iterator[tuple[int, RecordKey, Item]]:
        for number in range(shard, SHARDS):
            pk = partition(workspace, connection, number)
            last = {"pk": pk, "sk": after} if after and number == shard else None
            rows = query_all(self._items, pk, f"{part(object)}#", after=last, page_size=limit + 1)
            yield from ((number, key, item) for key, item in _records(rows))


def _head_attributes(targets: Collection[str]) -> tuple[str, ...]:
    links = [LINKS + target + end for target in targets for end in ("", ":ord", ":fp", MORE)]
    return ("state", f"{CORE}:ord", f"{CORE}:fp", *links)


def _move(write: RecordWrite, each: PartWrite, token: str) -> Move:
    target = each.name.removeprefix(LINKS)
    return Move(write.key, target, write.links[target], each.mark, token)


def _records(rows: Iterable[Item]) -> Iterator[tuple[RecordKey, Item]]:
    """Leave out the edges, which lie among them."""
    for row in rows:
        key = record_key(row["pk"], row["sk"])
        if key is not None:
            yield key, row


def _keys(rows: Iterable[Item]) -> list[RecordKey]:
    return [key for key, _ in _records(rows)]


def _place(cursor: str | None, object: str) -> tuple[int, str]:
    if cursor is None:
        return 0, ""
    shard, sk = place_of(cursor, int, str)
    if not (0 <= int(shard) < SHARDS and sk.startswith(f"{part(object)}#")):
        foreign_cursor()
    return int(shard), sk


def _name_cursor(row: Item) -> str:
    _, connection, _ = parts(row["pk"])
    return cursor_of(row["name_sk"], connection, *parts(row["sk"]))


def _name_place(workspace: str, asked: str, name: str, cursor: str) -> Mapping[str, str]:
    name_sk, connection, object, external_id = place_of(cursor, str, str, str, str)
    if not name_sk.startswith(name):
        foreign_cursor()
    pk, sk = item_key(RecordKey(workspace, connection, object, external_id))
    return {"pk": pk, "sk": sk, "name_pk": asked, "name_sk": name_sk}
