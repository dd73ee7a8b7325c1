"""Readings of a CRM may be stored in any order, twice, or late: what is stored never goes back in time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Stale
from crmbridge.domain.merging import CORE, Sighting
from crmbridge.domain.records import RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.platforms.spec import PageRequest, Window
from crmbridge.services.store_sightings import store_sightings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.clock import BEGIN, Clock
from tests.little_crm import LittleCrm, Place, Row, make_connection, make_deps

DIRECTORIES = Directories(Account("48"), version="1")
OBJECTS = ("contacts", "deals")


@dataclass(frozen=True)
class Reading:
    """What a call showed, on its way to the store."""

    started_at: datetime
    seen: Sequence[Sighting]
    origin: Origin
    fields: Mapping[Place, Row]
    links: Mapping[Place, Row]

    @property
    def indexed(self) -> bool:
        return self.origin is Origin.INCREMENTAL


class Bridge(RuleBasedStateMachine):
    """Customers change the CRM, workers read it and store what they read, each at its own pace."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.crm = LittleCrm(self.clock)
        self.deps = make_deps(self.crm)
        self.connection = make_connection(self.deps)
        self.platform = self.crm.platform()
        self.in_flight: list[Reading] = []
        self.reached: dict[tuple[Place, str], int] = {}

    @rule(object=st.sampled_from(OBJECTS))
    def create(self, object: str) -> None:
        self.crm.create(object)

    @precondition(lambda self: self.crm.live("contacts") or self.crm.live("deals"))
    @rule(data=st.data(), name=st.sampled_from("ab"), late=st.sampled_from([0, 20]))
    def update(self, data: st.DataObject, name: str, late: float) -> None:
        self.crm.update(*self._any_live(data), name, late=late)

    @precondition(lambda self: self.crm.live("deals"))
    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        deal = data.draw(st.sampled_from(self.crm.live("deals")))
        contacts = self.crm.live("contacts")
        self.crm.link(deal, data.draw(st.frozensets(st.sampled_from(contacts))) if contacts else frozenset())

    @precondition(lambda self: self.crm.live("contacts") or self.crm.live("deals"))
    @rule(data=st.data(), how=st.sampled_from(["delete", "erase", "hide"]))
    def remove(self, data: st.DataObject, how: str) -> None:
        place = self._any_live(data)
        if how == "hide":
            self.crm.hide(*place)
        else:
            self.crm.delete(*place, erased=how == "erase")

    @precondition(lambda self: self._restorable())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.crm.restore(*data.draw(st.sampled_from(self._restorable())))

    @precondition(lambda self: len(self.crm.live("contacts")) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        winner, loser = data.draw(st.permutations(self.crm.live("contacts")))[:2]
        self.crm.merge("contacts", winner, loser)

    @rule(seconds=st.sampled_from([1, 5, 40, 200]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(object=st.sampled_from(OBJECTS), after=st.sampled_from(["", "0001", "0002", "0003"]))
    def read_page(self, object: str, after: str) -> None:
        request = PageRequest(object=object, directories=DIRECTORIES, cursor={"after": after})
        self._read(Origin.BACKFILL, lambda: self.crm.page(request).seen)

    @rule(object=st.sampled_from(OBJECTS), lag=st.sampled_from([0, 10, 60]))
    def search(self, object: str, lag: float) -> None:
        self.crm.index_lag = lag
        window = Window(BEGIN - timedelta(days=1), self.clock() + timedelta(seconds=1))
        request = PageRequest(object=object, directories=DIRECTORIES, window=window)
        self._read(Origin.INCREMENTAL, lambda: self.crm.page(request).seen)

    @precondition(lambda self: self.crm.rows)
    @rule(data=st.data())
    def read_again(self, data: st.DataObject) -> None:
        object, id = data.draw(st.sampled_from(sorted(self.crm.rows)))
        self._read(Origin.WEBHOOK, lambda: self.crm.fetch(object, [id]))

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), again=st.booleans())
    def store(self, data: st.DataObject, again: bool) -> None:
        """`again`: the worker dies after the write, and the message comes back."""
        reading = data.draw(st.sampled_from(self.in_flight))
        if not again:
            self.in_flight.remove(reading)
        before = self._proofs()
        self._store(reading)
        for (place, part), proof in self._proofs().items():
            if proof != before.get((place, part)):
                self._advance(place, part, reading)

    def _advance(self, place: Place, part: str, reading: Reading) -> None:
        """Of every part of a record, the version that is stored never goes back."""
        version = reading.fields[place].number if part == CORE else reading.links[place].relinked
        assert version >= self.reached.get((place, part), 0), f"{part} of {place} went back"
        self.reached[place, part] = version

    def _read(self, origin: Origin, call: Callable[[], Sequence[Sighting]]) -> Reading:
        started_at = self.clock()
        seen = call()
        self.in_flight.append(Reading(started_at, seen, origin, self.crm.shown, dict(self.crm.rows)))
        return self.in_flight[-1]

    def teardown(self) -> None:
        """Quiet at last: one full listing, and a look at whatever it does not show."""
        self.clock.advance(1)
        for object in OBJECTS:
            everything = sorted(id for name, id in self.crm.rows if name == object)
            self._store(self._read(Origin.BACKFILL, lambda: self.crm.fetch(object, everything)))  # noqa: B023
        for (object, id), row in self.crm.rows.items():
            self._check(self._stored(object, id), object, id)
            assert row

    def _store(self, reading: Reading) -> None:
        try:
            store_sightings(
                self.deps,
                self.platform,
                self.connection,
                DIRECTORIES,
                reading.seen,
                read_started_at=reading.started_at,
                cause=Cause(reading.origin),
                indexed=reading.indexed,
            )
        except Stale:
            assert self.clock() - reading.started_at > timedelta(minutes=10)

    def _check(self, stored: Stored | None, object: str, id: str) -> None:
        row = self.crm.rows[object, id]
        if row.state is not State.LIVE:
            assert stored is None or stored.record.state is not State.LIVE
            return
        assert stored is not None
        assert stored.record.state is State.LIVE
        assert stored.record.custom_fields["number"] is not None
        assert row.name in stored.record.fields.values()
        if object == "deals":
            assert {link.external_id for link in stored.record.links["contacts"]} == row.links

    def _any_live(self, data: st.DataObject) -> tuple[str, str]:
        return data.draw(st.sampled_from([(object, id) for object in OBJECTS for id in self.crm.live(object)]))

    def _restorable(self) -> list[tuple[str, str]]:
        dead = (State.ARCHIVED, State.HIDDEN)
        return sorted(place for place, row in self.crm.rows.items() if row.state in dead)

    def _stored(self, object: str, id: str) -> Stored | None:
        return self.deps.records.get(RecordKey("w1", "c1", object, id))

    def _proofs(self) -> dict[tuple[Place, str], str]:
        keys = {RecordKey("w1", "c1", *place): place for place in self.crm.rows}
        heads = self.deps.records.heads(list(keys))
        return {(keys[key], part): mark.fingerprint for key, head in heads.items() for part, mark in head.marks.items()}


TestReadingsInAnyOrder = Bridge.TestCase
TestReadingsInAnyOrder.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
