"""Which records travel together: each with its edges, as many as one transaction holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from crmbridge.domain.merging import CORE, PartWrite, RecordWrite
from crmbridge.domain.records import RecordKey
from crmbridge.storage.items import Write
from crmbridge.storage.record_items import INLINE, LINKS, record_write, reverse_key, reverse_put

_WRITES: Final = 100
_BYTES: Final = 3_000_000
_CHANGES: Final = 90


@dataclass(slots=True)
class Pack:
    """Records that travel in one transaction."""

    entries: list[tuple[RecordWrite, list[Write]]] = field(default_factory=list)
    keys: set[RecordKey] = field(default_factory=set)
    writes: int = 0
    bytes: int = 0

    def takes(self, write: RecordWrite, ops: Sequence[Write], size: int) -> bool:
        fits = self.writes + len(ops) <= _WRITES and self.bytes + size <= _BYTES
        return not self.entries or (fits and write.key not in self.keys)

    def add(self, write: RecordWrite, ops: list[Write], size: int) -> None:
        self.entries.append((write, ops))
        self.keys.add(write.key)
        self.writes += len(ops)
        self.bytes += size


def link_parts(write: RecordWrite) -> list[PartWrite]:
    return [each for each in write.verdict.parts if each.name != CORE]


def is_big(write: RecordWrite) -> bool:
    """More than one transaction, or one item, can hold."""
    changes = len(write.verdict.joined) + len(write.verdict.left)
    if changes > _CHANGES:
        return True
    if not [links for links in write.links.values() if len(links) > INLINE]:
        return False
    return any(len(write.links[each.name.removeprefix(LINKS)]) > INLINE for each in link_parts(write))


def packs(writes: Iterable[RecordWrite]) -> Iterator[Pack]:
    pack = Pack()
    for write in writes:
        ops = [record_write(write)]
        if write.verdict.joined or write.verdict.left:
            ops += _edges(write)
        size = _size(ops[0])
        if not pack.takes(write, ops, size):
            yield pack
            pack = Pack()
        pack.add(write, ops, size)
    yield pack


def _size(write: Write) -> int:
    """Roughly the bytes of a record's own item; names, marks and edges are counted generously."""
    core = (write.put or write.set).get(CORE, "")
    return 10_000 + len(core) * (1 if core.isascii() else 4)


def _edges(write: RecordWrite) -> Iterator[Write]:
    ords = {each.name: each.mark.ord for each in write.verdict.parts}
    for link in write.verdict.joined:
        yield reverse_put(write.key, link, ords[LINKS + link.object])
    for link in write.verdict.left:
        yield Write(key=reverse_key(write.key, link), delete=True)
