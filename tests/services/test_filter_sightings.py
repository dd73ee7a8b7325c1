"""A connection keeps what its filters take, and hides what they take no longer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Account, Caller, Connection, Settings
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Invalid
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import RecordKey, State, Type
from crmbridge.domain.runs import Counts
from crmbridge.services.edit_connection import edit_connection
from crmbridge.services.store_sightings import store_sightings

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

DIRECTORIES = Directories(Account("48", currency="EUR", time_zone="Nowhere/At_all"), version="1")
ADMIN = Caller("w1", "u1", "admin")


def named(name: str, operator: str = "eq") -> Mapping[str, Any]:
    return {"contact": {"field": "last_name", "operator": operator, "value": name}}


class House:
    """A CRM, and a connection to it that takes contacts called Ada."""

    def __init__(self) -> None:
        self.crm = LittleCrm(Clock())
        self.deps = make_deps(self.crm)
        due = self.crm.clock() + timedelta(days=1)
        self.connection: Connection = make_connection(
            self.deps, settings=Settings(filters=named("Ada")), full_due_at=due
        )

    def read(self, *ids: str) -> list[Sighting]:
        return self.crm.fetch("contacts", ids)

    def store(self, *seen: Sighting, began: timedelta = timedelta()) -> Counts:
        started, cause = self.crm.clock() - began, Cause(Origin.INCREMENTAL)
        found = store_sightings(self.deps, self.crm.platform(), self.connection, DIRECTORIES, seen,
                                read_started_at=started, cause=cause)  # fmt: skip
        return found["contact"]

    def take(self, filters: Mapping[str, Any]) -> None:
        settings = replace(self.connection.settings, filters=filters)
        self.connection = replace(self.connection, settings=settings)

    def state(self, id: str) -> State | None:
        found = self.deps.records.get(RecordKey("w1", "c1", "contacts", id))
        return found.record.state if found else None


@pytest.fixture
def house() -> House:
    return House()


def test_what_a_filter_leaves_out_is_not_kept(house: House) -> None:
    ada, bob = house.crm.create("contacts", "Ada"), house.crm.create("contacts", "Bob")

    counts = house.store(*house.read(ada, bob))

    assert counts == Counts(read=2, created=1, unchanged=1)
    assert (house.state(ada), house.state(bob)) == (State.LIVE, None)


def test_what_stops_matching_is_hidden_until_it_matches_again(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    states = []
    for name in ("Ada", "Bob", "Ada"):
        house.crm.update("contacts", id, name)
        house.store(*house.read(id))
        states.append(house.state(id))

    assert states == [State.LIVE, State.HIDDEN, State.LIVE]


def test_a_slow_reading_of_the_past_hides_nothing(house: House) -> None:
    id = house.crm.create("contacts", "Bob")
    slow = house.read(id)
    house.crm.clock.advance(5)
    house.crm.update("contacts", id, "Ada")
    house.store(*house.read(id))

    house.store(*slow, began=timedelta(seconds=5))

    assert house.state(id) is State.LIVE


def test_other_filters_hide_and_show_what_did_not_change(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    house.store(*house.read(id))
    states = []
    for filters in (named("Bob"), {}):
        house.crm.clock.advance(60)
        house.take(filters)
        house.store(*house.read(id))
        states.append(house.state(id))

    assert states == [State.HIDDEN, State.LIVE]


def test_what_was_not_read_hides_nothing(house: House) -> None:
    house.take({"contact": {"field": "title", "operator": "eq", "value": "CEO"}})
    id = house.crm.create("contacts", "Ada")

    house.store(*house.read(id))

    assert house.state(id) is State.LIVE


def test_a_deletion_is_told_whatever_the_filters(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    house.store(*house.read(id))
    house.crm.delete("contacts", id)

    house.store(*house.read(id))

    assert house.state(id) is not State.LIVE
    assert house.state(id) is not State.HIDDEN


def test_filters_that_cannot_be_read_leave_nothing_out(house: House) -> None:
    house.take({"contact": {"field": "from_the_future", "operator": "eq", "value": 1}})
    id = house.crm.create("contacts", "Bob")

    house.store(*house.read(id))

    assert house.state(id) is State.LIVE


@pytest.fixture
def edit(house: House) -> Callable[..., Connection]:
    fields = {"contacts": {"tier": Field("tier", "Tier", Type.NUMBER, custom=True)}}
    house.deps.connections.save_directories("w1", "c1", replace(DIRECTORIES, fields=fields))
    return lambda filters: edit_connection(house.deps, ADMIN, "c1", {"filters": filters})


def test_filters_keep_what_they_were_read_with_and_bring_a_full_run(house: House, edit: Any) -> None:
    edited = edit({"contact": {"field": "custom_fields.tier", "operator": "eq", "value": "5"}})

    settings = edited.settings
    assert (settings.filter_types, settings.filter_currency) == ({"contact.custom_fields.tier": Type.NUMBER}, "EUR")
    assert edited.full_due_at == house.deps.now()


@pytest.mark.parametrize(
    ("filters", "path"),
    [
        ({"contact": {"field": "custom_fields.teir", "operator": "eq", "value": 5}}, "filters.contact.field"),
        ({"contact": {"field": "contact_lifecycle", "operator": "eq", "value": "lad"}}, "filters.contact.value"),
        ({"contact": {"field": "company_industry", "operator": "eq", "value": "x"}}, "filters.contact.rules"),
    ],
)
def test_filters_are_held_to_the_crm(edit: Any, filters: Mapping[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        edit(filters)

    assert [problem.field for problem in caught.value.problems] == [path]
