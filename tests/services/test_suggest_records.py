"""Which record a chat may be about, from its participants' e-mails."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Invalid
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services.link_chat import PanelWish, set_panel
from crmbridge.services.ports import Deps
from crmbridge.services.suggest_records import suggest_records

PutRecord = Callable[..., RecordKey]


@pytest.fixture
def people(make_connection: Callable[..., Connection], put_record: PutRecord) -> None:
    """Ann and Bob of Acme; both are in the renewal, Bob alone in the pilot, Ann in a deal that is won."""
    make_connection()
    put_record("companies", "20", Kind.COMPANY, name="Acme")
    for id, name in (("30", "ann"), ("31", "bob")):
        put_record(
            "contacts", id, Kind.CONTACT, links={"companies": ["20"]}, first_name=name, email=f"{name}@acme.test"
        )
    deals = (("1", ["30", "31"], False), ("2", ["31"], False), ("3", ["30"], True))
    for id, contacts, won in deals:
        put_record("deals", id, Kind.DEAL, links={"contacts": contacts}, name=f"D{id}", is_won=won)


def found(suggested: list[Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["external_id"]) for each in suggested]


@pytest.mark.usefixtures("people")
def test_open_deals_come_first_then_contacts_then_companies(deps: Deps, member: Caller) -> None:
    suggested = suggest_records(deps, member, "room", ["bob@acme.test", "ANN@acme.test "])

    assert found(suggested)[:2] == [("deal", "1"), ("deal", "2")]
    assert {each["kind"] for each in suggested[2:4]} == {"contact"}
    assert found(suggested)[4:] == [("company", "20")]


@pytest.mark.usefixtures("people")
def test_each_says_by_which_email_and_through_whom_it_was_found(deps: Deps, member: Caller) -> None:
    deal, contact, _ = suggest_records(deps, member, "room", ["ann@acme.test"])

    assert deal["why"] == {"emails": ["ann@acme.test"], "through": ["contacts/30"]}
    assert contact["why"] == {"emails": ["ann@acme.test"], "through": []}
    assert (deal["name"], contact["name"]) == ("D1", "ann")


@pytest.mark.usefixtures("people")
def test_the_record_that_is_linked_already_is_marked(deps: Deps, member: Caller) -> None:
    set_panel(deps, member, "room", PanelWish(record=RecordKey("w1", "c1", "deals", "1")))

    suggested = suggest_records(deps, member, "room", ["ann@acme.test"])

    assert [each["external_id"] for each in suggested if each["linked"]] == ["1"]


@pytest.mark.usefixtures("people")
def test_nothing_is_suggested_of_the_dead_and_of_strangers(deps: Deps, member: Caller, put_record: PutRecord) -> None:
    put_record("contacts", "30", Kind.CONTACT, state=State.DELETED)

    assert suggest_records(deps, member, "room", ["ann@acme.test", "eve@nowhere.test"]) == []
    assert suggest_records(deps, Caller("w2", "u1", "admin"), "room", ["bob@acme.test"]) == []


@pytest.mark.usefixtures("people")
def test_nothing_is_suggested_of_a_connection_that_is_gone(deps: Deps, member: Caller) -> None:
    deps.connections.delete(deps.connections.get("w1", "c1"))

    assert suggest_records(deps, member, "room", ["ann@acme.test"]) == []


@pytest.mark.parametrize(
    ("emails", "named"),
    [
        ([], "emails"),
        (["ann@acme.test", "bob"], r"emails\[1\]"),
        (["Ann <ann@acme.test>"], r"emails\[0\]"),
        ([f"{n}@a.test" for n in range(21)], "emails"),
    ],
)
def test_wrong_emails_are_named(deps: Deps, member: Caller, emails: list[str], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        suggest_records(deps, member, "room", emails)
