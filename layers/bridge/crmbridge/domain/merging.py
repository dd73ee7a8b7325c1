"""Which reading of a record wins, part by part, tombstones included; unchanged parts are not written.

A *part* is what one call reads whole: `core` (fields, custom fields, state) or `links.<object>` (all links of a record
to one target object). Each carries its own `ord` (when the CRM last changed it # when we began to read it), because a
slow page's links must not lose to a quick re-read of the fields, nor win over a later re-read of the links.

* Two live readings of the fields: the CRM's date decides, then the time of reading.
* Where the date says nothing (a deletion, a merge, a restore, a link edit need not move it) the time of reading alone
  decides, and the part's `ord` holds no date.
* A search index may show an old copy at any time, so what it shows proves only how the record was at its own date.
* No date blocks the truth for ever: a reading begun long after the stored one wins whatever its date.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from crmbridge.domain.changes import Cause
from crmbridge.domain.records import (
    EMPTY,
    Json,
    Kind,
    Link,
    Record,
    RecordKey,
    State,
    instant_text,
    ord_text,
    read_started_at,
)

CORE: Final = "core"

SETTLED: Final = timedelta(minutes=10)
"""After this long a CRM's replicas agree, and a reading not yet stored is thrown away and read again."""
SKEW: Final = timedelta(minutes=1)
"""How far a CRM's clock may be ahead of ours."""


def links_part(target: str) -> str:
    return f"links.{target}"


class Sighting(NamedTuple):
    """One record as one call showed it, not yet translated into our words.

    `raw` is the CRM's own object; None for a tombstone, which has nothing to translate. `links` holds per target object
    the links that were read *whole*; of the targets `in_part` only some were, which are kept where nothing is known.
    `fingerprint` is over what `raw` says (platforms leave volatile noise out).
    `outside`: it is in the CRM, and hidden here because the connection's filters leave it out.
    `remote_updated_at` None: the CRM did not say. `losers` are ids this record swallowed in merges. `successor_object`
    None: the successor is of the same object (a converted lead lives on as a contact).
    """

    object: str
    external_id: str
    kind: Kind
    raw: Json = None
    fingerprint: str = ""
    state: State = State.LIVE
    remote_updated_at: datetime | None = None
    links: Mapping[str, tuple[Link, ...]] = EMPTY
    in_part: frozenset[str] = frozenset()
    successor_id: str | None = None
    successor_object: str | None = None
    losers: tuple[str, ...] = ()
    outside: bool = False
    whole: Callable[[], Json] | None = None
    """Where a part of the record costs a call of its own: asks for it and returns `raw` with it. Called only when the
    record is written; the fingerprint moves whenever that part does."""


class Mark(NamedTuple):
    """What the store knows of one part."""

    ord: str
    fingerprint: str


class Head(NamedTuple):
    """What the store knows of a record without its content: marks per part, state, and the link ids it holds."""

    marks: Mapping[str, Mark] = EMPTY
    state: State = State.LIVE
    links: Mapping[str, tuple[Link, ...]] = EMPTY


UNSEEN: Final = Head()


class PartWrite(NamedTuple):
    """`expected` is what the store must still hold, None for "nothing yet"; `is_news` is False when only the time of
    the reading is."""

    name: str
    mark: Mark
    expected: Mark | None
    is_news: bool = True


class Verdict(NamedTuple):
    """The parts to write and how the edges change; empty when the reading is stale or says nothing new."""

    parts: tuple[PartWrite, ...] = ()
    joined: tuple[Link, ...] = ()
    left: tuple[Link, ...] = ()

    @property
    def writes_core(self) -> bool:
        """The core comes first, if it is there."""
        return bool(self.parts) and self.parts[0].name == CORE

    @property
    def is_news(self) -> bool:
        return True in [part.is_news for part in self.parts]


NOTHING: Final = Verdict()


class RecordWrite(NamedTuple):
    """One conditional write of one record: all of it happens, edges included, or nothing.

    `core` is the record's content, which the store encodes; None when a tombstone keeps the last content, or when the
    verdict writes links alone. A tombstone may be written for a record that was never stored: it keeps a slow page,
    read before the deletion, from bringing the record to life.
    """

    key: RecordKey
    kind: Kind
    state: State
    successor_id: str | None
    cause: Cause
    verdict: Verdict
    core: Record | None
    links: Mapping[str, tuple[Link, ...]]
    email: str = ""
    name: str = ""
    successor_object: str | None = None
    emails: Sequence[str] = ()
    """Further ones, by which the record is found, too."""


def judge(
    head: Head, seen: Sighting, read_started_at: datetime, *, indexed: bool = False, hinted: bool = False
) -> Verdict:
    """Decide part by part whether this reading is news.

    `indexed`: the fields come out of a search index (links never do). `hinted`: a CRM told us that something happened;
    then finding what we have is written too, as the newer proof: of a link removed and put back, a slow reading of the
    time between must not win.
    """
    links = {
        target: _judge_links(head, target, ends, read_started_at, hinted=hinted)
        for target, ends in seen.links.items()
        if target not in seen.in_part or links_part(target) not in head.marks
    }
    may_lag = indexed and not (any(part and part.is_news for part in links.values()) and _is_dated_as(head, seen))
    core = _judge_core(head, seen, read_started_at, indexed=may_lag, hinted=hinted)
    written = tuple([part for part in (core, *links.values()) if part])
    if not written:
        return NOTHING
    joined, left = _edges(head, seen, [target for target, part in links.items() if part])
    return Verdict(written, joined, left)


def _is_dated_as(head: Head, seen: Sighting) -> bool:
    """An index that shows the date we have shows the fields we have; fields derived from links may differ."""
    held, updated = head.marks.get(CORE), seen.remote_updated_at
    return held is not None and updated is not None and held.ord.startswith(f"{instant_text(updated)}#")


def _judge_core(head: Head, seen: Sighting, started: datetime, *, indexed: bool, hinted: bool) -> PartWrite | None:
    held = head.marks.get(CORE)
    into = f"{seen.successor_object}/{seen.successor_id}" if seen.successor_object else seen.successor_id or ""
    fingerprint = seen.state + ":" + into + ":" + seen.fingerprint
    if held is None and seen.state is State.HIDDEN:
        return None  # it may be too new for a CRM's own reads
    if held is None:
        return PartWrite(CORE, Mark(_core_ord(seen, started, indexed=indexed), fingerprint), None)
    if _is_settled(held, fingerprint, hinted=hinted) or _says_less(head.state, seen):
        return None
    mark = Mark(_core_ord(seen, started, indexed=indexed), fingerprint)
    waited = not indexed and read_started_at(mark.ord) > read_started_at(held.ord) + SETTLED
    return _write_if(waited or _by_date(mark.ord, held.ord), CORE, mark, held)


def _judge_links(
    head: Head, target: str, links: tuple[Link, ...], started: datetime, *, hinted: bool
) -> PartWrite | None:
    name = links_part(target)
    held, fingerprint = head.marks.get(name), links_fingerprint(links)
    if held is None:
        return PartWrite(name, Mark(ord_text("", started), fingerprint), None)
    if _is_settled(held, fingerprint, hinted=hinted):
        return None
    mark = Mark(ord_text("", started), fingerprint)
    return _write_if(_by_reading(mark.ord, held.ord), name, mark, held)


def _is_settled(held: Mark, fingerprint: str, *, hinted: bool) -> bool:
    return held.fingerprint == fingerprint and not hinted


def _write_if(outranks: bool, name: str, mark: Mark, held: Mark) -> PartWrite | None:
    if not outranks or mark == held:
        return None
    return PartWrite(name, mark, held, is_news=mark.fingerprint != held.fingerprint)


def _core_ord(seen: Sighting, started: datetime, *, indexed: bool) -> str:
    updated = seen.remote_updated_at
    if updated is None or (seen.state is not State.LIVE and not seen.outside):
        return ord_text("", started)
    return ord_text(instant_text(updated), min(started, updated - SKEW) if indexed else started)


def _says_less(held: State, seen: Sighting) -> bool:
    """A 404 tells less than the deletion we know of; a deletion tells less than the merge we know of."""
    if seen.state is State.HIDDEN:
        return held not in (State.LIVE, State.HIDDEN)
    return held in (State.MERGED, State.CONVERTED) and seen.state in (State.ARCHIVED, State.DELETED)


def _by_date(ord: str, held: str) -> bool:
    """Where both are dated the date decides, then the time of reading; otherwise the time of reading alone."""
    if ord.startswith("#") or held.startswith("#"):
        return _by_reading(ord, held)
    return ord >= held


def _by_reading(ord: str, held: str) -> bool:
    return ord.partition("#")[2] >= held.partition("#")[2]


def links_fingerprint(links: tuple[Link, ...]) -> str:
    if not links:
        return ""
    told = [f"{id}:{label}:1" if primary else f"{id}:{label}:0" for _, id, label, primary in links]
    return "|".join(sorted(told)) if len(told) > 1 else told[0]


def _edges(head: Head, seen: Sighting, written: Sequence[str]) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """Of the targets whose links are written."""
    joined: list[Link] = []
    left: list[Link] = []
    for target in written:
        held, shown = head.links.get(target, ()), seen.links[target]
        if not (held or shown):
            continue
        before = {link.external_id: link for link in held}
        after = {link.external_id: link for link in shown}
        joined += [link for id, link in after.items() if id not in before]
        left += [link for id, link in before.items() if id not in after]
    return tuple(joined), tuple(left)
