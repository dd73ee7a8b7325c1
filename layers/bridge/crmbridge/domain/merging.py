"""Which reading of a record wins: the newer `ord` per part, tombstones included; unchanged parts are not written.

A *part* is what one call reads whole: `core` (fields, custom fields, state) or `links.<object>` (all links of a record
to one target object). Each carries its own `ord`, because a slow page's links must not lose to a quick re-read of the
fields, nor win over a later re-read of the links.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crmbridge.domain.changes import Cause
from crmbridge.domain.records import Json, Kind, Link, RecordKey, State, instant_text, ord_text

CORE: Final = "core"


def links_part(target: str) -> str:
    return f"links.{target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One record as one call showed it, not yet translated into our words.

    `raw` is the CRM's own object; None for a tombstone, which has nothing to translate. `links` holds per target object
    the links that were read *whole*. `fingerprint` is over what `raw` says (platforms leave volatile noise out).
    `remote_updated_at` None: the CRM did not say; the stored one is inherited. `losers` are ids this record swallowed
    in merges.
    """

    object: str
    external_id: str
    kind: Kind
    raw: Json = None
    fingerprint: str = ""
    state: State = State.LIVE
    remote_updated_at: datetime | None = None
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    successor_id: str | None = None
    losers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """What the store knows of one part."""

    ord: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the store knows of a record without its content: marks per part, state, and the link ids it holds."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    state: State = State.LIVE
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)


UNSEEN: Final = Head()


@dataclass(frozen=True, slots=True)
class PartWrite:
    """`expected` is the `ord` that the store must still hold, None for "nothing yet"."""

    name: str
    mark: Mark
    expected: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The parts to write and how the edges change; empty when the reading is stale or says nothing new."""

    parts: tuple[PartWrite, ...] = ()
    joined: tuple[Link, ...] = ()
    left: tuple[Link, ...] = ()

    @property
    def writes_core(self) -> bool:
        return any(part.name == CORE for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWrite:
    """One conditional write of one record: all of it happens, edges included, or nothing.

    `core` is the record's content as JSON text (see `storage.codec`), None when a tombstone keeps the last content.
    """

    key: RecordKey
    kind: Kind
    state: State
    successor_id: str | None
    cause: Cause
    verdict: Verdict
    core: str | None
    links: Mapping[str, tuple[Link, ...]]
    email: str = ""
    name: str = ""


def judge(head: Head, seen: Sighting, read_started_at: datetime) -> Verdict:
    """Decide part by part whether this reading is news."""
    parts = [_judge_part(head.marks.get(CORE), CORE, _core_fingerprint(seen), _updated(head, seen), read_started_at)]
    for target, links in seen.links.items():
        part = links_part(target)
        parts.append(
            _judge_part(head.marks.get(part), part, links_fingerprint(links), _updated(head, seen), read_started_at)
        )
    written = tuple(part for part in parts if part)
    joined, left = _edges(head, seen, {part.name for part in written})
    return Verdict(written, joined, left)


def _judge_part(mark: Mark | None, name: str, fingerprint: str, updated: str, started: datetime) -> PartWrite | None:
    if mark is None:
        return PartWrite(name, Mark(ord_text(updated, started), fingerprint), None)
    ord = ord_text(updated, started)
    if mark.fingerprint == fingerprint or mark.ord >= ord:
        return None
    return PartWrite(name, Mark(ord, fingerprint), mark.ord)


def _updated(head: Head, seen: Sighting) -> str:
    """A tombstone without a date inherits the stored one, so that only the time of reading decides."""
    if seen.remote_updated_at is not None:
        return instant_text(seen.remote_updated_at)
    mark = head.marks.get(CORE)
    return mark.ord.partition("#")[0] if mark else ""


def _core_fingerprint(seen: Sighting) -> str:
    return f"{seen.state}:{seen.successor_id or ''}:{seen.fingerprint}"


def links_fingerprint(links: tuple[Link, ...]) -> str:
    return "|".join(sorted(f"{link.external_id}:{link.label}:{int(link.primary)}" for link in links))


def _edges(head: Head, seen: Sighting, written: set[str]) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    joined: list[Link] = []
    left: list[Link] = []
    for target, links in seen.links.items():
        if links_part(target) not in written:
            continue
        before = {link.external_id: link for link in head.links.get(target, ())}
        after = {link.external_id: link for link in links}
        joined += [after[id] for id in after.keys() - before.keys()]
        left += [before[id] for id in before.keys() - after.keys()]
    return tuple(joined), tuple(left)
