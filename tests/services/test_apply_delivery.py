"""Deliveries applied: every hint is read again, for every connection it concerns."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from crmbridge.domain.connections import Connection, Health, Settings
from crmbridge.domain.errors import ReauthRequired, Throttled, Unavailable
from crmbridge.domain.messages import Message
from crmbridge.domain.records import RecordKey, State
from crmbridge.services.apply_delivery import Applied, apply_delivery
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.storage.items import query_all
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memory import MemoryItems

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps


class House:
    def __init__(self) -> None:
        self.crm = LittleCrm(Clock())
        self.deps: Deps = make_deps(self.crm)
        self.connection: Connection = make_connection(self.deps)

    def queue(self, *events: Mapping[str, Any]) -> None:
        receive_delivery(self.deps, "little", None, self.crm.delivery(*events))

    def taken(self) -> list[Message]:
        messages: list[Message] = self.deps.queues.deliveries.take()  # type: ignore[attr-defined] # the memory twin's
        return messages

    def apply(self) -> list[Applied]:
        return [apply_delivery(self.deps, message.body) for message in self.taken()]

    def tell(self, *events: Mapping[str, Any]) -> list[Applied]:
        """Deliver these, or all there are."""
        told, self.crm.told = self.crm.told, []
        self.queue(*(events or told))
        return self.apply()

    def state(self, id: str, *, object: str = "contacts", of: tuple[str, str] = ("w1", "c1")) -> State | None:
        found = self.deps.records.get(RecordKey(*of, object, id))
        return found.record.state if found else None


@pytest.fixture
def house() -> House:
    return House()


def event(what: str, id: str, object: str = "contacts", account: str = "48", **more: Any) -> dict[str, Any]:
    return {"what": what, "object": object, "id": id, "account": account, **more}


def test_a_hinted_record_is_read_again_and_stored(house: House) -> None:
    id = house.crm.create("contacts")

    assert house.tell() == [Applied(applied=1)]

    assert house.state(id) is State.LIVE


def test_many_events_of_one_record_cost_one_reading(house: House) -> None:
    id = house.crm.create("contacts")
    house.tell()
    house.crm.calls.clear()

    house.tell(*[event("updated", id)] * 50)

    assert house.crm.calls == ["fetch contacts"]


@pytest.mark.parametrize("told_of_the_deal", [True, False])
def test_of_a_link_the_end_that_owns_it_is_read_again(house: House, told_of_the_deal: bool) -> None:
    contact, deal = house.crm.create("contacts"), house.crm.create("deals")
    house.tell()
    house.crm.link(deal, frozenset({contact}))
    told = event("linked", deal, "deals", link=["contacts", contact])

    house.tell(told if told_of_the_deal else event("linked", contact, link=["deals", deal]))

    assert house.deps.records.linked(RecordKey("w1", "c1", "contacts", contact), "deals") == [deal]


def test_a_redelivered_delivery_changes_nothing(house: House) -> None:
    id = house.crm.create("contacts", "Ada")
    house.queue(event("created", id))
    (message,) = house.taken()
    apply_delivery(house.deps, message.body)
    before = house.deps.records.get(RecordKey("w1", "c1", "contacts", id))

    apply_delivery(house.deps, message.body)

    after = house.deps.records.get(RecordKey("w1", "c1", "contacts", id))
    assert before
    assert after
    assert after.record == before.record


def test_a_404_after_the_crm_said_deleted_is_a_deletion(house: House) -> None:
    id = house.crm.create("contacts")
    house.tell()
    house.crm.delete("contacts", id, erased=True)

    house.tell()

    assert house.state(id) is State.DELETED


def test_a_404_that_nobody_explained_hides_the_record(house: House) -> None:
    id = house.crm.create("contacts")
    house.tell()
    house.crm.hide("contacts", id)

    assert house.tell(event("updated", id)) == [Applied(applied=1, asked_again=1)]

    assert house.state(id) is State.HIDDEN


@pytest.mark.parametrize("ahead", ["created", "deleted"])
def test_an_event_that_is_ahead_of_what_the_crm_shows_is_looked_into_once_more(house: House, ahead: str) -> None:
    id = house.crm.create("contacts")
    if ahead == "created":
        house.crm.hide("contacts", id)
    house.tell(event(ahead, id))
    if ahead == "created":
        house.crm.restore("contacts", id)
    else:
        house.crm.delete("contacts", id)
    house.crm.clock.advance(60)

    assert house.apply() == [Applied(applied=1)]

    assert house.state(id) is (State.LIVE if ahead == "created" else State.ARCHIVED)


def test_a_contradiction_is_looked_into_once_and_not_for_ever(house: House) -> None:
    id = house.crm.create("contacts")

    outcomes = [house.tell(event("deleted", id)), house.apply(), house.apply()]

    assert outcomes == [[Applied(applied=1, asked_again=1)], [Applied(applied=1)], []]


def test_a_late_deletion_event_does_not_remove_what_was_restored(house: House) -> None:
    id = house.crm.create("contacts")
    house.tell()
    house.crm.delete("contacts", id)
    house.crm.restore("contacts", id)

    house.tell(event("restored", id), event("deleted", id))

    assert house.state(id) is State.LIVE


def test_a_merge_buries_the_losers_and_stores_the_survivor(house: House) -> None:
    one, other = house.crm.create("contacts"), house.crm.create("contacts")
    house.tell()
    survivor = house.crm.merge("contacts", one, other)

    house.tell()

    assert house.state(survivor) is State.LIVE
    assert house.state(one) is house.state(other) is State.MERGED


def test_what_linked_to_a_merged_record_is_read_again_for_the_crm_moved_its_links(house: House) -> None:
    one, other, deal = house.crm.create("contacts"), house.crm.create("contacts"), house.crm.create("deals")
    house.crm.link(deal, frozenset({one}))
    house.tell()
    survivor = house.crm.merge("contacts", one, other)

    house.tell()

    found = house.deps.records.get(RecordKey("w1", "c1", "deals", deal))
    assert found
    assert [link.external_id for link in found.record.links["contacts"]] == [survivor]


def test_an_account_that_nobody_connected_is_ignored_with_a_count(house: House) -> None:
    assert house.tell(event("updated", "1", account="77"), event("updated", "2", account="77")) == [Applied(ignored=2)]


def test_a_delivery_reaches_every_connection_of_its_account(house: House) -> None:
    make_connection(house.deps, id="c2", workspace="w2")
    id = house.crm.create("contacts")

    assert house.tell() == [Applied(split=2)]
    house.apply()

    assert house.state(id) is house.state(id, of=("w2", "c2")) is State.LIVE


def test_each_connection_journals_its_own_slice_and_no_values(house: House) -> None:
    make_connection(house.deps, id="c2", workspace="w2", account="49")
    house.tell(event("updated", "1"), event("updated", "2", account="49"))

    house.apply()

    slices = house.deps.journal.deliveries("w1", "c1", limit=9), house.deps.journal.deliveries("w2", "c2", limit=9)
    assert [[change["external_id"] for change in each[0]["changes"]] for each in slices] == [["1"], ["2"]]


def test_the_trouble_of_one_connection_neither_holds_up_nor_repeats_the_others(house: House) -> None:
    make_connection(house.deps, id="c2", workspace="w2")
    id = house.crm.create("contacts")
    house.tell()
    house.crm.failures.append(Throttled("too many", platform="little", retry_after=3.0))

    first = house.apply()
    house.crm.calls.clear()
    house.crm.clock.advance(60)
    second = house.apply()

    assert set(first) == {Applied(applied=1), Applied(postponed=1)}
    assert second == [Applied(applied=1)]
    assert house.crm.calls.count("fetch contacts") == 1
    assert house.state(id) is house.state(id, of=("w2", "c2")) is State.LIVE


def test_a_postponed_delivery_waits_as_long_as_the_crm_asked_for(house: House) -> None:
    house.crm.create("contacts")
    house.crm.failures.append(Throttled("too many", platform="little", retry_after=30.0))

    house.tell()

    (message,) = house.deps.queues.deliveries.sent[1:]  # type: ignore[attr-defined] # the memory twin's
    assert 30 <= message.delay_seconds <= 60


def test_a_crm_that_stays_away_is_left_to_the_dead_letters(house: House) -> None:
    house.crm.create("contacts")
    house.queue(*house.crm.told)
    (message,) = house.taken()
    house.crm.failures.append(Unavailable("asleep", platform="little"))

    with pytest.raises(Unavailable):
        apply_delivery(house.deps, {**message.body, "to": ["w1", "c1"], "attempts": 12})


def test_a_connection_that_lost_its_authorisation_meanwhile_is_said_so(house: House) -> None:
    house.crm.create("contacts")
    house.crm.failures.append(ReauthRequired("gone", platform="little"))

    with pytest.raises(ReauthRequired):
        house.tell()


def test_a_connection_that_needs_reconnecting_is_not_asked(house: House) -> None:
    house.deps.connections.save(replace(house.connection, health=Health.NEEDS_RECONNECT))
    house.crm.create("contacts")

    assert house.tell() == [Applied(ignored=1)]

    assert house.crm.calls == []


def test_kinds_that_a_connection_does_not_keep_are_left_alone(house: House) -> None:
    house.deps.connections.save(replace(house.connection, settings=Settings(kinds=("deal",))))
    id = house.crm.create("contacts")

    house.tell()

    assert house.state(id) is None
    assert house.crm.calls == []


def test_events_we_do_not_know_are_no_trouble(house: House) -> None:
    assert house.tell(event("unknown", "1", object="spaceships")) == [Applied(applied=1)]


def test_a_crm_that_lost_count_has_everything_read_anew(house: House) -> None:
    house.tell({**event("resync", "1"), "id": None})

    assert house.deps.connections.get("w1", "c1").full_due_at == house.crm.clock()


def test_a_record_too_large_to_be_stored_whole_is_shown_with_its_connection_until_it_fits(house: House) -> None:
    id = house.crm.create("contacts", "".join(Random(1).choices("0123456789abcdef", k=1_200_000)))
    small = house.crm.create("contacts")
    items = MemoryItems("journal")
    house.deps = replace(house.deps, journal=JournalStore(items, house.deps.now))

    house.tell()
    cut = house.deps.connections.get("w1", "c1").shortened
    house.crm.update("contacts", small, "other")
    house.tell()
    still = house.deps.connections.get("w1", "c1").shortened
    house.crm.update("contacts", id, "short again")
    house.tell()

    assert (cut, still) == ((f"contacts/{id}",), (f"contacts/{id}",))
    assert house.deps.connections.get("w1", "c1").shortened == ()
    assert [row["what"] for row in query_all(items, "w1#audit")] == ["records.shortened"]
