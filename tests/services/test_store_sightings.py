"""Storing what a CRM showed."""

from datetime import timedelta

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Account, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Stale
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.runs import Counts
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps
from crmbridge.services.store_sightings import store_sightings
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.records import RecordStore

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

DIRECTORIES = Directories(Account("48"), version="1")


class House:
    """A CRM, a connection to it, and what is stored of it."""

    def __init__(self, **parts: object) -> None:
        self.crm = LittleCrm(Clock())
        self.deps: Deps = make_deps(self.crm, **parts)
        self.connection: Connection = make_connection(self.deps)

    def store(self, *ids: str, object: str = "contacts", origin: Origin = Origin.BACKFILL, **how: bool) -> Counts:
        read_started_at = self.crm.clock()
        counts = store_sightings(
            self.deps,
            self.crm.platform(),
            self.connection,
            DIRECTORIES,
            self.crm.fetch(object, ids),
            read_started_at=read_started_at,
            cause=Cause(origin),
            **how,
        )
        return counts["contact" if object == "contacts" else "deal"]

    def get(self, id: str, object: str = "contacts") -> Stored | None:
        return self.deps.records.get(RecordKey("w1", "c1", object, id))

    def state(self, id: str) -> State | None:
        found = self.get(id)
        return found.record.state if found else None


@pytest.fixture
def house() -> House:
    return House()


def test_a_new_record_is_stored_in_our_words_with_its_cause(house: House) -> None:
    id = house.crm.create("contacts", "Ada")

    counts = house.store(id)

    found = house.get(id)
    assert counts == Counts(read=1, created=1)
    assert found
    assert found.record.last_name == "Ada"
    assert found.cause == Cause(Origin.BACKFILL)


def test_what_did_not_change_is_not_written(house: House) -> None:
    id = house.crm.create("contacts")
    house.store(id)
    before = house.get(id)

    counts = house.store(id)

    assert counts == Counts(read=1, unchanged=1)
    assert house.get(id) == before


def test_an_update_and_a_deletion_are_counted_as_such(house: House) -> None:
    one, other = house.crm.create("contacts"), house.crm.create("contacts")
    house.store(one, other)
    house.crm.update("contacts", one, "Ada")
    house.crm.delete("contacts", other)

    assert house.store(one, other) == Counts(read=2, updated=1, removed=1)


def test_a_hint_that_found_what_we_have_counts_as_unchanged_and_is_kept_as_newer_proof(house: House) -> None:
    id = house.crm.create("contacts")
    house.store(id)
    before = house.get(id)

    counts = house.store(id, origin=Origin.WEBHOOK)

    after = house.get(id)
    assert counts == Counts(read=1, unchanged=1)
    assert before
    assert after
    assert after.record == before.record
    assert after.ord > before.ord


def test_a_deleted_record_keeps_its_last_content(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    house.store(id)
    house.crm.delete("contacts", id, erased=True)

    house.store(id)

    found = house.get(id)
    assert found
    assert found.record.state is State.HIDDEN
    assert found.record.last_name == "Ada"


def test_losers_of_a_merge_become_tombstones_that_name_the_survivor(house: House) -> None:
    one, other = house.crm.create("contacts"), house.crm.create("contacts")
    house.store(one, other)
    survivor = house.crm.merge("contacts", one, other)

    house.store(survivor)

    for loser in (one, other):
        found = house.get(loser)
        assert found
        assert (found.record.state, found.record.successor_id) == (State.MERGED, survivor)


def test_a_slow_page_does_not_bring_back_a_loser_that_was_never_stored(house: House) -> None:
    one, other = house.crm.create("contacts"), house.crm.create("contacts")
    slow, read_started_at = house.crm.fetch("contacts", [one, other]), house.crm.clock()
    house.crm.clock.advance(1)
    house.store(house.crm.merge("contacts", one, other))

    store_sightings(
        house.deps, house.crm.platform(), house.connection, DIRECTORIES, slow,
        read_started_at=read_started_at, cause=Cause(Origin.BACKFILL), known_empty=True,
    )  # fmt: skip

    assert house.state(one) is house.state(other) is State.MERGED


def test_a_wrong_guess_that_the_store_is_empty_costs_a_refusal_and_no_record(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    house.store(id)
    house.crm.update("contacts", id, "Ben")

    counts = house.store(id, known_empty=True)

    found = house.get(id)
    assert counts == Counts(read=1, updated=1)
    assert found
    assert found.record.last_name == "Ben"


def test_a_reading_older_than_ten_minutes_is_read_again(house: House) -> None:
    seen = house.crm.fetch("contacts", [house.crm.create("contacts")])

    with pytest.raises(Stale, match="too old"):
        store_sightings(
            house.deps, house.crm.platform(), house.connection, DIRECTORIES, seen,
            read_started_at=house.crm.clock() - timedelta(minutes=11), cause=Cause(Origin.BACKFILL),
        )  # fmt: skip


class Contested(RecordStore):
    """Somebody always writes first."""

    def write(self, writes: object) -> list[RecordKey]:
        return [write.key for write in writes]  # type: ignore[attr-defined] # whatever is given


def test_records_that_others_keep_writing_are_given_up_after_a_few_rounds() -> None:
    house = House(records=Contested(MemoryItems("records")))

    with pytest.raises(Stale, match="keep changing"):
        house.store(house.crm.create("contacts"))


def test_two_connections_of_one_account_keep_their_own_records(house: House) -> None:
    id = house.crm.create("contacts")
    house.store(id)

    other = make_connection(house.deps, id="c2")

    assert house.deps.records.get(RecordKey("w1", other.id, "contacts", id)) is None


def test_a_record_is_found_by_its_case_folded_email_and_by_its_name(house: House) -> None:
    id = house.crm.create("contacts", "Ada")

    house.store(id)

    by_email = house.deps.records.by_email("w1", f"{id}@little.test")
    by_name = house.deps.records.by_name("w1", Kind.CONTACT, "ad", limit=5, cursor=None).items
    assert [one.key.external_id for one in (*by_email, *by_name)] == [id, id]
