"""Records in both stores, against a model of a few lines: a write lands whole if every part still is what it was judged
by, and not at all otherwise; edges are the links seen from the other side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.merging import CORE, UNSEEN, Head, Mark, RecordWrite, Sighting, judge
from crmbridge.domain.records import Kind, Link, Record, RecordKey, State
from crmbridge.storage.items import Items
from crmbridge.storage.records import RecordStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
IDS = ("1", "2")
CONTACTS = [str(n) for n in range(6)]
CONNECTIONS = count()


@dataclass(frozen=True)
class Reading:
    """One worker's reading of one record; `late`: it looked at the heads before the previous write landed."""

    id: str
    updated: int
    read: int
    says: str
    contacts: tuple[str, ...] | None
    gone: bool
    late: bool

    @property
    def seen(self) -> Sighting:
        return Sighting(
            object="deals",
            external_id=self.id,
            kind=Kind.DEAL,
            fingerprint=self.says,
            state=State.DELETED if self.gone else State.LIVE,
            remote_updated_at=BEGIN + timedelta(minutes=self.updated),
            links={} if self.contacts is None else {"contacts": tuple(Link("contacts", id) for id in self.contacts)},
        )


@dataclass
class Model:
    """What the store should hold of one record."""

    marks: dict[str, Mark] = field(default_factory=dict)
    says: str | None = None
    contacts: set[str] = field(default_factory=set)

    def take(self, change: RecordWrite, reading: Reading) -> bool:
        parts = change.verdict.parts
        if any(part.expected != self.marks.get(part.name) for part in parts):
            return False
        self.marks |= {part.name: part.mark for part in parts}
        if change.core is not None:
            self.says = reading.says
        if any(part.name != CORE for part in parts):
            self.contacts = set(reading.contacts or ())
        return True


@pytest.fixture
def records(new_table: Callable[[str], Items]) -> RecordStore:
    return RecordStore(new_table("records"))


READINGS = st.lists(
    st.builds(
        Reading,
        st.sampled_from(IDS),
        st.integers(0, 4),
        st.integers(5, 9),
        st.sampled_from("abc"),
        st.none() | st.lists(st.sampled_from(CONTACTS), unique=True, max_size=4).map(tuple),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(readings=READINGS)
def test_a_record_is_what_the_writes_that_were_in_time_made_of_it(
    records: RecordStore, readings: Sequence[Reading]
) -> None:
    connection = f"c{next(CONNECTIONS)}"
    keys = {id: RecordKey("w1", connection, "deals", id) for id in IDS}
    model = {id: Model() for id in IDS}
    older: dict[RecordKey, Head] = {}

    for reading in readings:
        key, newest = keys[reading.id], dict(records.heads(list(keys.values())))
        change = judged(key, reading, (older if reading.late else newest).get(key, UNSEEN))
        if change.verdict.parts:
            refused = records.write([change])
            assert list(refused) == ([] if model[reading.id].take(change, reading) else [key])
        older = newest

    for id, key in keys.items():
        assert_equal(records, key, model[id])


def judged(key: RecordKey, reading: Reading, head: Head) -> RecordWrite:
    seen = reading.seen
    verdict = judge(head, seen, BEGIN + timedelta(minutes=reading.read))
    fields = {"name": reading.says}
    record = Record(platform="hubspot", object="deals", external_id=reading.id, kind=Kind.DEAL, fields=fields)
    return RecordWrite(
        key=key,
        kind=Kind.DEAL,
        state=seen.state,
        successor_id=None,
        cause=Cause(Origin.INCREMENTAL),
        verdict=verdict,
        core=record if verdict.writes_core and seen.state is State.LIVE else None,
        links=seen.links,
        name=reading.says * 2,
    )


def assert_equal(records: RecordStore, key: RecordKey, model: Model) -> None:
    stored = records.get(key)
    if stored is None:
        assert not model.marks
        return
    assert records.heads([key], ["contacts"])[key].marks == model.marks
    assert stored.record.get("name") == model.says
    assert {link.external_id for link in stored.record.links.get("contacts", ())} == model.contacts
    targets = {id: RecordKey(key.workspace, key.connection, "contacts", id) for id in CONTACTS}
    assert {
        id for id, target in targets.items() if key.external_id in records.linked(target, "deals")
    } == model.contacts


def test_a_pack_is_written_but_for_those_refused(records: RecordStore) -> None:
    keys = [RecordKey("w1", "c1", "deals", f"{n}") for n in range(40)]
    reading = Reading("0", 0, 5, "a", ("1", "2", "3"), gone=False, late=False)
    records.write([judged(key, reading, UNSEEN) for key in keys[5:8]])

    refused = records.write([judged(key, reading, UNSEEN) for key in keys])

    assert list(refused) == keys[5:8]
    assert len(records.linked(RecordKey("w1", "c1", "contacts", "1"), "deals")) == 40


def test_links_beyond_one_transaction_are_moved(records: RecordStore) -> None:
    key = RecordKey("w1", "c1", "deals", "1")
    many = tuple(f"{n}" for n in range(130))
    records.write([judged(key, Reading("1", 0, 5, "a", many, gone=False, late=False), UNSEEN)])
    fewer = Reading("1", 0, 6, "a", many[100:], gone=False, late=False)

    refused = records.write([judged(key, fewer, records.heads([key])[key])])

    stored = records.get(key)
    assert stored
    assert (refused, {link.external_id for link in stored.record.links["contacts"]}) == ([], set(many[100:]))
    assert records.linked(RecordKey("w1", "c1", "contacts", "99"), "deals") == []


def test_a_connection_is_forgotten_in_stretches(records: RecordStore) -> None:
    reading = Reading("0", 0, 5, "a", ("1", "2"), gone=False, late=False)
    keys = [RecordKey("w1", connection, "deals", f"{n}") for connection in ("c1", "c2") for n in range(20)]
    records.write([judged(key, reading, UNSEEN) for key in keys])

    counts = [records.forget("w1", "c1", limit=25) for _ in range(4)]

    assert counts == [25, 25, 10, 0]
    assert set(records.heads(keys)) == set(keys[20:])


def test_the_ids_of_a_shard_go_on_after_any_of_them(records: RecordStore) -> None:
    alone = Reading("0", 0, 5, "a", None, gone=False, late=False)
    records.write([judged(RecordKey("w1", "c1", "deals", f"{n}#<"), alone, UNSEEN) for n in range(40)])

    shards = [[id for id, _ in records.ids("w1", "c1", "deals", shard)] for shard in range(16)]
    fullest = max(range(16), key=lambda shard: len(shards[shard]))

    assert len(shards[fullest]) > 2
    after_the_first = [id for id, _ in records.ids("w1", "c1", "deals", fullest, shards[fullest][0])]
    assert after_the_first == shards[fullest][1:]
