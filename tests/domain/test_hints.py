"""Which records a delivery is about."""

from crmbridge.domain.changes import Change, What
from crmbridge.domain.hints import Fate, believing, gone, hints_of
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Link, State

LINKS = {"deals": ("contacts",), "contacts": ()}
DELETED = Fate(State.DELETED)


def test_a_record_named_many_times_is_asked_for_once_and_its_deletion_is_not_forgotten() -> None:
    changes = [Change(what=what, object="deals", external_id="1") for what in (What.DELETED, What.UPDATED)]

    assert hints_of(changes, LINKS) == hints_of(changes[::-1], LINKS) == {"deals": {"1": DELETED}}


def test_a_merge_is_about_the_survivor_and_every_loser() -> None:
    merged = Change(what=What.MERGED, object="contacts", external_id="3", successor="3", losers=("1", "2", "3"))

    fate = Fate(State.MERGED, "3")
    assert hints_of([merged], LINKS) == {"contacts": {"1": fate, "2": fate, "3": None}}
    assert gone([merged]) == {("contacts", "1"), ("contacts", "2"), ("contacts", "3")}


def test_of_a_link_only_the_owner_is_asked_for_wherever_it_stands() -> None:
    from_owner = Change(what=What.LINKED, object="deals", external_id="1", link=Link("contacts", "2"))
    to_owner = Change(what=What.LINKED, object="contacts", external_id="2", link=Link("deals", "1"))

    assert hints_of([from_owner], LINKS) == {"deals": {"1": None}}
    assert hints_of([to_owner], LINKS)["deals"] == {"1": None}


def test_events_that_name_no_record_ask_for_none() -> None:
    assert hints_of([Change(what="unknown"), Change(what=What.RESYNC, object="deals")], LINKS) == {}


def test_only_a_404_is_explained_by_what_the_crm_said() -> None:
    hidden = Sighting(object="deals", external_id="1", kind=Kind.DEAL, state=State.HIDDEN)
    live = Sighting(object="deals", external_id="1", kind=Kind.DEAL)

    assert believing(DELETED, hidden).state is State.DELETED
    assert believing(None, hidden).state is State.HIDDEN
    assert believing(DELETED, live).state is State.LIVE
