"""Whom a deal brings into a group, decided without looking at any store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.groups import Group, Members, Support
from crmbridge.domain.predicates import Facts, Known, compile_predicate
from crmbridge.domain.records import Kind, Labelled, Record, RecordKey, Type
from crmbridge.domain.views import (
    View,
    asked_of,
    contact_emails,
    contact_person,
    known_of,
    owner_people,
    same_supports,
    supported,
    takes,
)

KEY = RecordKey("w1", "c1", "deals", "d1")
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
LARGE = compile_predicate({"field": "deal_amount", "operator": "gte", "value": 50000})
DIRECTORIES = Directories(
    account=Account("48"),
    owners={"7": Owner("7", "Olga", "olga@example.test")},
    stages={"s9": Stage("s9", "Closed won", "p1", "Sales", is_closed=True, is_won=True)},
)


def group(**settings: Any) -> Group:
    known = {"id": "g1", "workspace": "w1", "name": "n", "channel": "C", "rules": {}, "epoch": 3}
    return Group(**{**known, **settings}, created_at=datetime(2026, 1, 1, tzinfo=UTC))


def view(amount: Any = 60000, **more: Any) -> View:
    known: dict[str, Any] = {"contacts": {"ann@x.test": "contacts/1"}, "owners": {"olga@x.test": "owner 7"}}
    return View(**{"key": KEY, "facts": Facts(amount=amount), "is_closed": False, "now": NOW, **known, **more})


def people(group: Group, view: View, held: tuple[Support, ...] = ()) -> set[str]:
    return {support.person for support in supported(group, LARGE, view, held)}


def deal(**fields: Any) -> Record:
    return Record(platform="p", object="deals", external_id="d1", kind=Kind.DEAL, fields=fields)


def contact(**fields: Any) -> Record:
    return Record(platform="p", object="contacts", external_id="1", kind=Kind.CONTACT, fields=fields)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (Members.CONTACTS, {"ann@x.test"}),
        (Members.OWNER, {"olga@x.test"}),
        (Members.BOTH, {"ann@x.test", "olga@x.test"}),
    ],
)
def test_a_group_says_whom_a_match_brings(members: Members, expected: set[str]) -> None:
    assert people(group(members=members), view()) == expected


@pytest.mark.parametrize("amount", [1, None])
def test_no_match_and_unknown_bring_nobody(amount: int | None) -> None:
    assert people(group(), view(amount)) == set()


def test_a_support_carries_the_epoch_and_the_proof() -> None:
    (support,) = supported(group(), LARGE, view(Decimal(60000)), ())

    assert (support.group, support.record, support.epoch) == ("g1", KEY, 3)
    assert support.proof == {
        "clauses": [{"field": "deal_amount", "operator": "gte", "value": 50000, "actual": "60000"}],
        "through": "contacts/1",
    }


def test_who_is_a_contact_and_the_owner_is_supported_once() -> None:
    both = view(contacts={"a@x.test": "contacts/1"}, owners={"a@x.test": "owner 7"})

    (support,) = supported(group(members=Members.BOTH), LARGE, both, ())
    assert support.proof["through"] == "contacts/1"


HELD = Support("g1", "ann@x.test", KEY, 3, {"clauses": []})


def test_when_the_field_was_not_read_who_is_in_stays() -> None:
    assert people(group(), view(facts=Facts()), (HELD,)) == {"ann@x.test"}


def test_when_the_field_was_not_read_nobody_joins() -> None:
    assert people(group(), view(facts=Facts()), ()) == set()


def test_when_the_contacts_were_not_read_who_is_in_stays() -> None:
    assert people(group(), view(contacts=None), (HELD,)) == {"ann@x.test"}


def test_a_contact_unlinked_from_a_deal_that_was_not_read_leaves() -> None:
    assert people(group(), view(facts=Facts(), contacts={}), (HELD,)) == set()


def test_under_new_rules_the_old_ones_keep_nobody() -> None:
    assert people(group(epoch=4), view(facts=Facts()), (HELD,)) == set()


@pytest.mark.parametrize(
    ("settings", "is_closed", "answer"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"include_closed": True}, True, True),
        ({"connections": ("c1", "c2")}, False, True),
        ({"connections": ("c2",)}, False, False),
    ],
)
def test_a_group_takes_open_deals_of_its_connections(
    settings: Mapping[str, Any], answer: bool, *, is_closed: bool
) -> None:
    assert takes(group(**settings), view(is_closed=is_closed)) is answer


def test_todays_labels_come_from_the_directories() -> None:
    known = known_of(deal(stage="s9", stage_label="Old label", owner_id="7"), DIRECTORIES)

    assert (known["stage_label"], known["pipeline_label"], known["owner_name"]) == ("Closed won", "Sales", "Olga")
    assert (known["is_closed"], known["is_won"]) == (True, True)


def test_of_a_stage_that_pipelines_share_the_deal_says_in_which_it_is() -> None:
    shared = Directories(account=Account("48"), stages={"Won": Stage("Won", "Won", "", "", is_won=True)})

    assert known_of(deal(stage="Won", pipeline_label="Partners"), shared)["pipeline_label"] == "Partners"


def test_what_the_record_says_of_being_closed_wins() -> None:
    assert known_of(deal(stage="s9", is_closed=False), DIRECTORIES)["is_closed"] is False


def test_without_directories_a_record_says_what_it_says() -> None:
    assert known_of(deal(stage="s9", stage_label="Won"), None)["stage_label"] == "Won"


PRODUCTS = Field("x", "X", Type.OPTION, (Option("1", "Gold"), Option("2", "Silver plate")), is_multiple=True)


@pytest.mark.parametrize("held", ["1;2", " 1 ; 2 ", ["1", "2"], [1, 2], ["Gold", "Silver plate"]])
@pytest.mark.parametrize(
    ("operator", "value", "answer"),
    [
        ("eq", "gold", True),
        ("eq", "bronze", False),
        ("ne", "Silver plate", False),
        ("in", ["bronze", "silver plate"], True),
        ("not_in", ["bronze"], True),
        ("contains", "plate", True),
        ("starts_with", "silver", True),
        ("not_contains", ";", True),
    ],
)
def test_of_several_options_each_is_asked(held: Any, operator: str, value: Any, answer: bool) -> None:
    chosen = replace(deal(), custom_fields={"x": held})
    asked = compile_predicate({"field": "custom_fields.x", "operator": operator, "value": value})

    assert asked(asked_of(chosen, Directories(Account("48"), fields={"deals": {"x": PRODUCTS}}))) is answer


@pytest.mark.parametrize(
    ("shown", "may_stay"),
    [
        (Field("x", "X", Type.TEXT), False),
        (Field("x", "X", Type.TEXT, custom=True, read_only=True), False),
        (Field("x", "X", Type.TEXT, read_only=True), True),
        (Field("other", "Other", Type.TEXT), True),
    ],
    ids=["writable", "a formula", "a statistic that may not be asked for", "not shown"],
)
def test_a_field_that_was_asked_for_and_is_not_there_is_empty(shown: Field, may_stay: bool) -> None:
    asked = compile_predicate({"field": "custom_fields.x", "operator": "ne", "value": "y"})
    known = asked_of(deal(), Directories(Account("48"), fields={"deals": {shown.key: shown}}))

    assert (asked(known), asked.may_stay(known)) == (None, may_stay)


def test_of_several_options_none_is_empty() -> None:
    chosen = replace(deal(), custom_fields={"x": ""})
    asked = compile_predicate({"field": "custom_fields.x", "operator": "is_empty"})

    assert asked(asked_of(chosen, Directories(Account("48"), fields={"deals": {"x": PRODUCTS}}))) is True


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Facts(owner_id="7"), {"olga@example.test": "owner 7"}),
        (Facts(owner_id="8"), {}),
        (Facts(owner_id=None), {}),
        (Facts(), None),
    ],
)
def test_an_owner_not_read_is_not_nobody(known: Facts, expected: Mapping[str, str] | None) -> None:
    assert owner_people(known, DIRECTORIES.owners) == expected


def test_a_contacts_emails_are_all_of_them_the_primary_first() -> None:
    found = contact_emails(contact(email=" Ann@X.test", emails=(Labelled("b@x.test"), Labelled("ann@x.test"))))

    assert found == ["ann@x.test", "b@x.test"]


@pytest.mark.parametrize(
    ("users", "person"),
    [
        ({}, "a@x.test"),
        ({"b@x.test": "U1"}, "b@x.test"),
        ({"a@x.test": "U1", "b@x.test": "U1"}, "a@x.test"),
        ({"a@x.test": "U1", "b@x.test": "U2"}, None),
    ],
    ids=["unmapped", "by the second", "one user", "several users"],
)
def test_a_contact_is_one_person(users: Mapping[str, str], person: str | None) -> None:
    assert contact_person(contact(email="a@x.test", emails=(Labelled("b@x.test"),)), users) == person


@pytest.mark.parametrize("email", [None, "", "not an address"])
def test_a_contact_without_an_email_is_nobody(email: str | None) -> None:
    assert contact_person(contact(email=email), {}) is None


def test_supports_are_the_same_in_any_order_and_differ_by_proof() -> None:
    other = Support("g1", "ben@x.test", KEY, 3, {})
    changed = Support("g1", "ben@x.test", KEY, 3, {"clauses": [1]})

    assert same_supports([HELD, other], [other, HELD])
    assert not same_supports([HELD, other], [HELD, changed])


def test_who_brings_nobody_is_left_out_and_says_why() -> None:
    queued = view(owners={}, owners_left_out={"owner 7": "a queue, not a person"})

    found = supported(group(members=Members.BOTH), LARGE, queued, ())

    assert [(one.person, one.left_out) for one in found if one.left_out] == [("owner 7", "a queue, not a person")]


@pytest.mark.parametrize(
    "seen", [{"contacts": None, "contacts_left_out": {}}, {"facts": Facts()}], ids=["contacts", "amount"]
)
def test_who_is_left_out_stays_so_while_nobody_can_tell(seen: Mapping[str, Any]) -> None:
    nameless = Support("g1", "contacts/9", KEY, 3, left_out="has no e-mail")
    unread = view(**{"contacts": {}, "contacts_left_out": {"contacts/9": "has no e-mail"}, **seen})

    assert nameless in supported(group(), LARGE, unread, (nameless,))


FEE = Field("fee", "Fee", Type.MONEY, custom=True)


@pytest.mark.parametrize(
    ("account", "known", "answer"),
    [
        (Account("48", "EUR"), {}, True),
        (Account("48", "USD"), {}, None),
        (Account("48", "EUR", multi_currency=True), {}, None),
        (Account("48", "USD", multi_currency=True), {"currency": "EUR"}, True),
        (Account("48", "EUR", multi_currency=True), {"currency": "USD"}, None),
        (Account("48"), {}, None),
    ],
    ids=["the account's", "another", "one of several", "the deal's", "not the deal's", "of an account not known"],
)
def test_an_amount_of_the_customers_own_is_in_the_currency_of_its_record(
    account: Account, known: Mapping[str, Any], answer: bool | None
) -> None:
    asked = compile_predicate(
        {"field": "custom_fields.fee", "operator": "gte", "value": 10},
        schema={Kind.DEAL: {"custom_fields.fee": Known(Type.MONEY)}},
        currency="EUR",
    )
    record = replace(deal(**known), custom_fields={"fee": "20"})

    assert asked(asked_of(record, Directories(account, fields={"deals": {"fee": FEE}}))) is answer


def test_an_amount_of_the_customers_own_may_be_empty() -> None:
    asked = compile_predicate({"field": "custom_fields.fee", "operator": "is_empty"})
    known = [
        asked_of(replace(deal(), custom_fields=held), Directories(Account("48"), fields={"deals": {"fee": FEE}}))
        for held in ({}, {"fee": ""}, {"fee": "20"})
    ]

    assert [asked(each) for each in known] == [True, True, False]
