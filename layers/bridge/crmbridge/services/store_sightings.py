"""Store what a CRM showed us: judged against what is stored, written only where it is news."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import Stale, TooLarge
from crmbridge.domain.merging import CORE, SETTLED, UNSEEN, Head, RecordWrite, Sighting, Verdict, judge
from crmbridge.domain.records import Kind, Labelled, Record, RecordKey, State, name_of
from crmbridge.domain.runs import Counts
from crmbridge.domain.shortening import shortened
from crmbridge.platforms.spec import Platform
from crmbridge.services.filter_sightings import filter_sightings
from crmbridge.services.note_shortened import note_shortened
from crmbridge.services.ports import Deps

ROUNDS: Final = 8
"""How often a reading is judged again because somebody wrote the record in between."""
MOST_EMAILS: Final = 20


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is common to everything one call showed."""

    platform: Platform
    connection: Connection
    contexts: Mapping[str, ReadContext]
    started_at: datetime
    cause: Cause
    indexed: bool
    hinted: bool
    shortened: list[tuple[Kind, RecordKey]] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    """Names of those whose content was stored, cut or whole, where some are known to be cut."""

    def key(self, object: str, external_id: str) -> RecordKey:
        return RecordKey(self.connection.workspace, self.connection.id, object, external_id)

    def judge(self, head: Head, seen: Sighting) -> Verdict:
        return judge(head, seen, self.started_at, indexed=self.indexed, hinted=self.hinted)


_Seen = Mapping[RecordKey, Sighting]
_Tally = Counter[tuple[str, str]]


def store_sightings(  # noqa: PLR0913 - a reading is described by all of these
    deps: Deps,
    platform: Platform,
    connection: Connection,
    directories: Directories,
    seen: Sequence[Sighting],
    *,
    read_started_at: datetime,
    cause: Cause,
    known_empty: bool = False,
    indexed: bool = False,
    may_be_old: bool = False,
) -> dict[str, Counts]:
    """Return per kind what became of the sightings; storing them again changes nothing.

    `read_started_at` is taken before the request was sent. `known_empty` saves the look at what is stored (a wrong
    guess costs a refused write, not a record). `indexed`: the fields come out of a search index, which lags, or out of
    a snapshot. `may_be_old`: it is one that knows when it was made. Raises Stale for a reading too old to be trusted
    and when others keep writing the same records: read again.
    """
    if deps.now() - read_started_at > SETTLED and not may_be_old:
        raise Stale(f"a reading of {platform.title} begun at {read_started_at:%H:%M:%S} is too old; it is read again")
    if connection.settings.filters:
        seen = filter_sightings(platform, connection, directories, seen, deps.now())
    contexts = {object: ReadContext.of(directories, object) for object in {one.object for one in seen}}
    hinted = cause.origin is Origin.WEBHOOK
    reading = _Reading(platform, connection, contexts, read_started_at, cause, indexed, hinted)
    tally: _Tally = Counter([(str(one.kind), "read") for one in seen])
    _settle(deps, reading, _one_each(reading, seen), tally, known_empty=known_empty)
    cut = {_name_of(key) for _, key in reading.shortened}
    if cut or reading.written:
        note_shortened(deps, connection, cut, reading.written - cut)
    return _counts(tally, reading.shortened)


def _one_each(reading: _Reading, seen: Sequence[Sighting]) -> dict[RecordKey, Sighting]:
    """A search may show a record twice; a tombstone beats a live one read with it, then the later date."""
    chosen: dict[RecordKey, Sighting] = {}
    buried = {(one.object, id) for one in seen for id in one.losers if id != one.external_id}
    for one in seen:
        key = reading.key(one.object, one.external_id)
        if one.state is State.LIVE and (one.object, one.external_id) in buried:
            continue
        other = chosen.get(key)
        if other is None or _rank(one) >= _rank(other):
            chosen[key] = one
    return chosen


def _rank(seen: Sighting) -> tuple[bool, float]:
    return seen.state is not State.LIVE, seen.remote_updated_at.timestamp() if seen.remote_updated_at else 0.0


def _settle(deps: Deps, reading: _Reading, seen: _Seen, tally: _Tally, *, known_empty: bool = False) -> None:
    targets = {target for one in seen.values() for target in one.links}
    heads: Mapping[RecordKey, Head] = {} if known_empty else deps.records.heads(list(seen), targets)
    for _ in range(ROUNDS):
        if not seen:
            return
        verdicts = {key: reading.judge(heads.get(key, UNSEEN), one) for key, one in seen.items()}
        _bury_losers(deps, reading, seen, verdicts, tally)
        refused = set(_write(deps, reading, seen, verdicts))
        if reading.connection.shortened:
            stored = seen.keys() - refused
            reading.written.update(_name_of(key) for key in stored if verdicts[key].writes_core)
        tally.update([
            (str(one.kind), _what_became(heads.get(key, UNSEEN), one, verdicts[key]))
            for key, one in seen.items() if key not in refused
        ])  # fmt: skip
        seen = {key: seen[key] for key in refused}
        heads = deps.records.heads(list(seen), targets) if seen else {}
    raise Stale(f"{len(seen)} records of {reading.platform.title} keep changing; they are read again")


def _bury_losers(
    deps: Deps, reading: _Reading, seen: _Seen, verdicts: Mapping[RecordKey, Verdict], tally: _Tally
) -> None:
    """Before the survivor is written, so that a crash between the two is made good by the next reading.

    A loser that is not stored gets its tombstone too: a slow page that still shows it may be on its way.
    """
    losers: dict[RecordKey, Sighting] = {}
    for key, one in seen.items():
        if one.losers and any(part.name == CORE and part.is_news for part in verdicts[key].parts):
            losers |= _tombstones(reading, one)
    if losers:
        _settle(deps, reading, losers, tally)


def _tombstones(reading: _Reading, survivor: Sighting) -> dict[RecordKey, Sighting]:
    return {
        reading.key(survivor.object, id): Sighting(
            object=survivor.object,
            external_id=id,
            kind=survivor.kind,
            state=State.MERGED,
            successor_id=survivor.external_id,
        )
        for id in survivor.losers
        if id != survivor.external_id
    }


def _write(deps: Deps, reading: _Reading, seen: _Seen, verdicts: Mapping[RecordKey, Verdict]) -> Sequence[RecordKey]:
    writes = [_record_write(reading, key, seen[key], verdict) for key, verdict in verdicts.items() if verdict.parts]
    try:
        return deps.records.write(writes) if writes else ()
    except TooLarge as error:
        return [*error.refused, *_write_shortened(deps, reading, [each for each in writes if each.key in error.keys])]


def _write_shortened(deps: Deps, reading: _Reading, writes: Sequence[RecordWrite]) -> Sequence[RecordKey]:
    """What cannot be stored whole is stored as far as it can be, and named; a record that even then is too large stays
    as it was stored before."""
    reading.shortened.extend((write.kind, write.key) for write in writes)
    try:
        return deps.records.write([write._replace(core=write.core and shortened(write.core)) for write in writes])
    except TooLarge as error:
        return error.refused


def _record_write(reading: _Reading, key: RecordKey, seen: Sighting, verdict: Verdict) -> RecordWrite:
    record = _translated(reading, seen) if verdict.writes_core and seen.raw is not None else None
    return RecordWrite(
        key=key,
        kind=seen.kind,
        state=seen.state,
        successor_id=seen.successor_id,
        successor_object=seen.successor_object,
        cause=reading.cause,
        verdict=verdict,
        core=record,
        links=seen.links,
        email=str(record.get("email") or "").strip().casefold() if record else "",
        name=name_of(record) if record else "",
        emails=_further_emails(record) if record and record.kind is Kind.CONTACT else (),
    )


def _further_emails(record: Record) -> Sequence[str]:
    """As far as anybody looks for them."""
    named = record.get("emails")
    listed = [each.value for each in named if isinstance(each, Labelled)] if isinstance(named, tuple) else []
    return [email for email in listed if email and email != record.get("email")][:MOST_EMAILS]


def _translated(reading: _Reading, seen: Sighting) -> Record:
    context = reading.contexts.get(seen.object)
    raw = seen.whole() if seen.whole else seen.raw
    return reading.platform.read(seen.kind, raw, context, object=seen.object, links=seen.links or None)


def _what_became(head: Head, seen: Sighting, verdict: Verdict) -> str:
    was_live = CORE in head.marks and head.state is State.LIVE
    if not verdict.is_news:
        return "unchanged"
    if verdict.writes_core and seen.state is not State.LIVE:
        return "removed" if was_live else "unchanged"
    return "updated" if CORE in head.marks else "created"


def _name_of(key: RecordKey) -> str:
    return f"{key.object}/{key.external_id}"


def _counts(tally: _Tally, shortened: Sequence[tuple[Kind, RecordKey]]) -> dict[str, Counts]:
    return {
        kind: Counts(
            read=tally[kind, "read"],
            created=tally[kind, "created"],
            updated=tally[kind, "updated"],
            removed=tally[kind, "removed"],
            unchanged=tally[kind, "unchanged"],
            shortened=tuple(_name_of(key) for of, key in shortened if of == kind),
        )
        for kind in sorted({kind for kind, _ in tally})
    }
