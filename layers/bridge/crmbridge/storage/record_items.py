"""How a record lies in the table: its keys, the item of its parts, and the items of its edges.

    pk  workspace#connection#NN     NN: one of 16 shards, by a hash of object and id
    sk  object#id                   the record
    sk  object#id>target#tid        a link of it, where they are too many for the item (`links.<target>:more`)
    sk  target#tid<object#id        the same link seen from its target, in the target's partition
    sk  object#id<@#email           a further e-mail of it; written before the record, and believed only if that says so

The item has per part its content (`core`, `links.<target>`: JSON text), `<part>:ord` and `<part>:fp`.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import orjson

from crmbridge.domain.changes import Cause
from crmbridge.domain.merging import CORE, Head, Mark, PartWrite, RecordWrite
from crmbridge.domain.records import Kind, Labelled, Link, Record, RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.contents import content_text, read_content
from crmbridge.storage.items import Item, Key, Test, When, Write, absent, equals
from crmbridge.storage.keys import part, parts
from crmbridge.storage.texts import packed, unpacked

SHARDS: Final = 16
INLINE: Final = 100
"""So many links to one target lie in the record's own item; beyond, each is an item of its own."""
LINKS: Final = "links."
MORE: Final = ":more"
MOVING: Final = "moving"
"""The fingerprint of links that are still being moved: that of no reading."""
_ORD: Final = ":ord"
_FP: Final = ":fp"
_CORE_ORD: Final = CORE + _ORD
_CORE_FP: Final = CORE + _FP
_MAY_GO: Final = ("successor_id", "successor_object", "email_pk", "email_sk", "name_pk", "name_sk")
_FURTHER: Final = "<@#"
_NAME_LENGTH: Final = 100
_EMAIL_LENGTH: Final = 320


@lru_cache(1024)
def partition(workspace: str, connection: str, shard: int) -> str:
    return f"{part(workspace)}#{part(connection)}#{shard:02}"


def item_key(key: RecordKey) -> Key:
    workspace, connection, object, external_id = key
    sk = f"{part(object)}#{part(external_id)}"
    return partition(workspace, connection, crc32(sk.encode()) % SHARDS), sk


def is_edge(sk: str) -> bool:
    return "<" in sk or ">" in sk


def record_key(pk: str, sk: str) -> RecordKey | None:
    """Whose item this is; None for an edge."""
    if is_edge(sk):
        return None
    workspace, connection, _ = parts(pk)
    return RecordKey(workspace, connection, *parts(sk))


def forward_prefix(owner: RecordKey, target: str) -> Key:
    pk, sk = item_key(owner)
    return pk, f"{sk}>{part(target)}#"


def forward_put(owner: RecordKey, link: Link, ord: str) -> Write:
    pk, prefix = forward_prefix(owner, link.object)
    sk = prefix + part(link.external_id)
    return Write(key=(pk, sk), put={"pk": pk, "sk": sk, "ord": ord, "label": link.label, "primary": link.primary})


def forward_link(item: Item) -> Link:
    target, external_id = parts(item["sk"].partition(">")[2])
    return Link(target, external_id, item["label"], item["primary"])


def forward_end(pk: str, sk: str) -> RecordKey | None:
    """Where a link leads that is an item of its own; None for other items."""
    _, arrow, end = sk.partition(">")
    workspace, connection, _ = parts(pk) if arrow else ("", "", "")
    return RecordKey(workspace, connection, *parts(end)) if arrow else None


def reverse_prefix(target: RecordKey, object: str) -> Key:
    pk, sk = item_key(target)
    return pk, f"{sk}<{part(object)}#"


def reverse_key(owner: RecordKey, link: Link) -> Key:
    pk, sk = item_key(RecordKey(owner.workspace, owner.connection, link.object, link.external_id))
    return pk, f"{sk}<{part(owner.object)}#{part(owner.external_id)}"


def reverse_put(owner: RecordKey, link: Link, ord: str) -> Write:
    pk, sk = reverse_key(owner, link)
    return Write(key=(pk, sk), put={"pk": pk, "sk": sk, "ord": ord})


def record_write(write: RecordWrite, token: str = "") -> Write:
    """The write of the record's own item: a put when it is new, otherwise of the parts that were judged to be news.

    With a `token` its links are still to be moved, by who holds it: until then their fingerprint is that of no
    reading, so that whatever is read next is news. A tombstone need not know of which kind the record was: it keeps the
    kind with the content.
    """
    key, core = item_key(write.key), None
    changed: dict[str, Any] = {"cause": _cause_text(write.cause)}
    for each in write.verdict.parts:
        if each.name == CORE:
            core = each
            changed |= _core(write, each.mark, key[1])
        else:
            changed |= _links(write, each, token)
    when = _conditions(write.verdict.parts, token)
    if core and core.expected is None:
        return Write(key, put={"pk": key[0], "sk": key[1], "kind": str(write.kind), **changed}, when=when)
    if write.core is not None:
        changed["kind"] = str(write.kind)
    gone = tuple([name for name in _MAY_GO if name not in changed]) if core else ()
    return Write(key, set=changed, remove=gone, when=when)


def _core(write: RecordWrite, mark: Mark, sk: str) -> dict[str, Any]:
    changed: dict[str, Any] = {"state": str(write.state), _CORE_ORD: mark.ord, _CORE_FP: mark.fingerprint}
    changed |= _indexed(write, sk)
    if write.successor_id is not None:
        changed["successor_id"] = write.successor_id
    if write.successor_object is not None:
        changed["successor_object"] = write.successor_object
    if write.core is not None:
        changed[CORE] = packed(content_text(write.core))
    return changed


def _links(write: RecordWrite, each: PartWrite, token: str) -> dict[str, Any]:
    name, (ord, fingerprint) = each.name, each.mark
    if token:
        return {name + _ORD: ord, name + _FP: MOVING, name + MORE: token}
    links = write.links[name.removeprefix(LINKS)]
    return {name + _ORD: ord, name + _FP: fingerprint, name: links_text(links)}


def _conditions(written: Collection[PartWrite], token: str) -> When | None:
    """Of each part: the mark it was judged by; of links, too, that they all lie in the item."""
    if not [each for each in written if each.expected]:
        return _nothing_yet(tuple([each.name for each in written]))
    when: When | None = None
    for each in written:
        test = _still(each.name, each.expected)
        if each.name != CORE and each.expected is not None and not token:
            test = test & absent(each.name + MORE)
        when = test if when is None else when & test
    return when


@lru_cache(256)
def _nothing_yet(parts: tuple[str, ...]) -> When:
    return When((tuple(Test(part + _ORD, "absent") for part in parts),))


def _still(part: str, mark: Mark | None) -> When:
    """Two readings of one microsecond have the same `ord`; the fingerprint tells them apart."""
    return absent(part + _ORD) if mark is None else equals(part + _ORD, mark.ord) & equals(part + _FP, mark.fingerprint)


def _indexed(write: RecordWrite, sk: str) -> dict[str, str]:
    """The keys of the indexes by e-mail and by name."""
    email, name = normalised(write.email), normalised(write.name)[:_NAME_LENGTH]
    if not (email or name):
        return {}
    key = write.key
    place, found = f"{part(key.connection)}#{sk}", {}
    if email and len(email) <= _EMAIL_LENGTH:
        found = {"email_pk": email_partition(key.workspace, email), "email_sk": place}
    if name:
        found["name_pk"] = name_partition(key.workspace, write.kind, name)
        found["name_sk"] = f"{name}#{place}"
    return found


def email_items(write: RecordWrite) -> Iterator[Item]:
    """For the e-mails that the record's own item has no room for in the index. What it no longer has may stay."""
    pk, sk = item_key(write.key)
    for email in dict.fromkeys(map(normalised, write.emails)):
        if 0 < len(email) <= _EMAIL_LENGTH and email != normalised(write.email):
            place = {"pk": pk, "sk": f"{sk}{_FURTHER}{part(email)}"}
            yield {**place, "email_pk": email_partition(write.key.workspace, email), "email_sk": place["sk"]}


def email_owner(pk: str, sk: str) -> RecordKey | None:
    """Whose e-mail stands in an index row."""
    return record_key(pk, sk.partition(_FURTHER)[0])


def has_email(item: Item, record: Record, email: str) -> bool:
    """Rows of the index lag, and those of further e-mails are never taken back."""
    if item.get("email_pk") == email_partition(parts(item["pk"])[0], email):
        return True
    named = record.get("emails") if record.state is State.LIVE else None
    listed = named if isinstance(named, tuple) else ()
    return any(isinstance(each, Labelled) and normalised(each.value) == email for each in listed)


def email_partition(workspace: str, email: str) -> str:
    return f"{part(workspace)}#{part(email)}"


def name_partition(workspace: str, kind: Kind, name: str) -> str:
    return f"{part(workspace)}#{kind.value}#{part(name[:2])}"


def normalised(text: str) -> str:
    """How names and e-mails compare: NFKC, case-folded, trimmed."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.encode(errors="replace").decode())
    return text.casefold().strip()


def links_text(links: Collection[Link]) -> str:
    if not links:
        return "[]"
    return orjson.dumps(
        [[link.external_id, link.label, link.primary] if link.label or link.primary else link.external_id
         for link in links]
    ).decode()  # fmt: skip


def read_links(target: str, text: str) -> tuple[Link, ...]:
    return tuple(Link(target, *([entry] if isinstance(entry, str) else entry)) for entry in orjson.loads(text))


def inline_links(item: Mapping[str, Any]) -> dict[str, tuple[Link, ...]]:
    """Per target the links that lie in the item; those it has `more` of are not all there."""
    return dict(InlineLinks(item))


class InlineLinks(Mapping[str, tuple[Link, ...]]):
    """The same, each target's read when it is asked for: nobody asks for those of a record that has not changed."""

    __slots__ = ("_item",)

    def __init__(self, item: Mapping[str, Any]) -> None:
        self._item = item

    def __getitem__(self, target: str) -> tuple[Link, ...]:
        return read_links(target, self._item[LINKS + target])

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(LINKS) for name in self._item if name.startswith(LINKS) and ":" not in name)

    def __len__(self) -> int:
        return len(list(iter(self)))


def targets_with_more(item: Item) -> tuple[str, ...]:
    return _targets_with_more(tuple(item))


@lru_cache(1024)
def _targets_with_more(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.removeprefix(LINKS).removesuffix(MORE) for name in names if name.endswith(MORE))


def head_of(item: Item, links: Mapping[str, tuple[Link, ...]]) -> Head:
    marks = {part: Mark(item[ord], item[fingerprint]) for part, ord, fingerprint in _parts_in(tuple(item))}
    return Head(marks, State(item["state"]), links)


@lru_cache(1024)
def _parts_in(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Each part of an item with the names of its mark. Items of one object mostly have the same attributes."""
    parts = [name.removesuffix(_ORD) for name in names if name.endswith(_ORD)]
    return tuple((part, part + _ORD, part + _FP) for part in parts)


def stored_of(key: RecordKey, item: Item, links: Mapping[str, tuple[Link, ...]]) -> Stored:
    kind = Kind(item["kind"])
    record = Record(
        object=key.object,
        external_id=key.external_id,
        kind=kind,
        state=State(item["state"]),
        successor_id=item.get("successor_id"),
        successor_object=item.get("successor_object"),
        links=links,
        **(read_content(kind, unpacked(item[CORE])) if CORE in item else {"platform": ""}),
    )
    return Stored(key, record, _cause(item["cause"]), item[CORE + _ORD])


@lru_cache(256)
def _cause_text(cause: Cause) -> str:
    return to_json(cause)


@lru_cache(256)
def _cause(text: str) -> Cause:
    return from_json(Cause, text)
