"""A template is filled from the message, its chat and the record it is about, and becomes one action."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Field, Option, Stage
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound
from crmbridge.domain.records import Kind, Link, RecordKey, Type
from crmbridge.domain.sidepanels import PanelLink
from crmbridge.services.manage_templates import create_template
from crmbridge.services.ports import Deps
from crmbridge.services.use_template import Use, fill_template, use_template

DIRECTORIES = Directories(
    account=Account("48", time_zone="Pacific/Auckland", ui_url="https://app.hubspot.com"),
    stages={"s3": Stage("s3", "Negotiation", "p1", "Sales")},
    fields={
        "companies": {
            "industry": Field("industry", "Industry", Type.OPTION, (Option("IT", "Software"),), maps_to="industry")
        },
        "deals": {"currency": Field("currency", "Currency", Type.OPTION, (Option("EUR", "Euro"),), maps_to="currency")},
    },
)
DEAL = {"connection": "c1", "object": "deals", "external_id": "d1"}

Fill = Callable[..., Mapping[str, Any]]


@pytest.fixture(autouse=True)
def crm(deps: Deps, make_connection: Callable[..., Connection], put_record: Callable[..., RecordKey]) -> None:
    """A deal of two contacts and a company; Grace is its primary contact."""
    make_connection()
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    put_record("contacts", "k1", Kind.CONTACT, first_name="Max", email="max@acme.example")
    put_record("contacts", "k2", Kind.CONTACT, first_name="Grace", last_name="Hopper", email="grace@acme.example")
    put_record("companies", "o1", Kind.COMPANY, name="Acme", industry="IT")
    links = {
        "contacts": (Link("contacts", "k1"), Link("contacts", "k2", primary=True)),
        "companies": (Link("companies", "o1"),),
    }
    fields = {
        "name": "Renewal",
        "amount": Decimal(50000),
        "stage": "s3",
        "close_date": date(2026, 12, 31),
        "currency": "EUR",
    }
    put_record("deals", "d1", Kind.DEAL, links=links, **fields)


@pytest.fixture
def fill(deps: Deps, admin: Caller) -> Fill:
    """Fill a new template with these fields; further parts are those of a use."""

    def filled(texts: Mapping[str, Any], type: str = "create_task", **use: Any) -> Mapping[str, Any]:
        id = create_template(deps, admin, {"name": deps.new_id(), "type": type, "fields": texts}).id
        return fill_template(deps, admin, id, Use(**{"record": DEAL, **use}))

    return filled


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{contact_name}, {contact_first_name}, {contact_email}", "Grace Hopper, Grace, grace@acme.example"),
        ("{deal_name} {deal_amount} {deal_stage} {deal_pipeline}", "Renewal 50000 Negotiation Sales"),
        ("{deal_close_date} {company_name} {record_name} {me}", "2026-12-31 Acme Renewal u1"),
        ("{message_author}: {message_text}", "Ada: Hello {deal_name}"),
        ("{company_industry} {deal_currency}", "Software EUR"),
        ("{record_url}", "https://app.hubspot.com/contacts/48/record/0-3/d1"),
    ],
)
def test_words_come_from_the_record_its_links_and_the_message(fill: Fill, text: str, meant: str) -> None:
    said = {"message_text": "Hello {deal_name}", "message_author": "Ada"}

    assert fill({"body": text}, said=said)["fields"] == {"body": meant}


def test_days_are_those_of_the_crms_account(fill: Fill, clock: Any) -> None:
    clock.advance((20 - clock().hour) * 3600)

    due = date.fromisoformat(fill({"due_at": "{due}"})["fields"]["due_at"])

    assert due - clock().date() == timedelta(days=1)


def test_what_is_made_is_associated_with_the_record(fill: Fill) -> None:
    filled = fill({"subject": "x"}, chat="CH-1", message="M-7")

    assert filled["links"] == [{"object": "deals", "external_id": "d1"}]
    assert (filled["connection"], filled["chat"], filled["message"]) == ("c1", "CH-1", "M-7")


@pytest.mark.parametrize(
    ("type", "object", "id"),
    [("update_deal", "deals", "d1"), ("update_contact", "contacts", "k2"), ("update_company", "companies", "o1")],
)
def test_an_update_goes_to_the_record_of_its_kind(fill: Fill, type: str, object: str, id: str) -> None:
    assert fill({"owner_id": "{me}"}, type)["target"] == {"object": object, "external_id": id}


def test_an_update_of_what_is_not_meant_is_refused(fill: Fill) -> None:
    with pytest.raises(Invalid, match="changes a contact"):
        fill({"title": "CTO"}, "update_contact", record=None)


def test_a_contacts_only_open_deal_is_its_deal(fill: Fill, put_record: Callable[..., RecordKey]) -> None:
    grace = {"connection": "c1", "object": "contacts", "external_id": "k2"}
    one = fill({"body": "{deal_name}"}, record=grace)["fields"]["body"]
    put_record("deals", "d2", Kind.DEAL, name="Pilot", links={"contacts": ["k2"]})

    assert one == "Renewal"
    with pytest.raises(Invalid, match="deal_name"):
        fill({"body": "{deal_name}"}, record=grace)


def test_without_a_record_it_is_the_one_that_the_chat_is_linked_to(deps: Deps, fill: Fill, clock: Any) -> None:
    deal = RecordKey("w1", "c1", "deals", "d1")
    deps.sidepanels.set_link(PanelLink(chat="CH-1", record=deal, linked_by="u1", linked_at=clock()), None)

    assert fill({"body": "{deal_name}"}, record=None, chat="CH-1")["fields"]["body"] == "Renewal"


def test_what_a_person_says_wins_and_needs_no_filling(fill: Fill) -> None:
    filled = fill({"subject": "{message_text}", "body": "{deal_name}"}, fields={"subject": "Mine"})

    assert filled["fields"] == {"subject": "Mine", "body": "Renewal"}


def test_without_a_record_the_only_connection_is_meant(fill: Fill, make_connection: Callable[..., Connection]) -> None:
    one = fill({"subject": "x"}, record=None)
    make_connection(id="c2", account="49")

    assert (one["connection"], one["links"]) == ("c1", [])
    with pytest.raises(Invalid, match="connection: is required"):
        fill({"subject": "x"}, record=None)
    assert fill({"subject": "x"}, record=None, connection="c2")["connection"] == "c2"


def test_a_record_of_another_connection_than_the_one_named_is_refused(
    fill: Fill, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2", account="49")

    with pytest.raises(Invalid, match="connection"):
        fill({"subject": "x"}, connection="c2")


@pytest.mark.parametrize("part", [{"connection": "c9"}, {"external_id": "d9"}, {"object": "nothing"}])
def test_an_unknown_record_is_not_found(fill: Fill, part: Mapping[str, str]) -> None:
    with pytest.raises(NotFound):
        fill({"subject": "x"}, record={**DEAL, **part})


def test_the_same_use_is_the_same_action_on_another_day(deps: Deps, member: Caller, clock: Any) -> None:
    use, asked = Use(record=DEAL, said={"message_text": "Hi"}), {"message_text": "Hi"}

    first = use_template(deps, member, "follow-up-task", use, asked, "k1")
    clock.advance(3 * 86400)
    again = use_template(deps, member, "follow-up-task", use, asked, "k1")

    assert again.id == first.id
    assert first.fields["subject"] == "Follow up with Grace Hopper: Hi"
    assert len(deps.queues.actions.take()) == 2  # type: ignore[attr-defined] # the memory twin's


def test_a_key_used_for_something_else_is_refused(deps: Deps, member: Caller) -> None:
    use_template(deps, member, "log-call", Use(record=DEAL), {}, "k1")

    with pytest.raises(Clash, match="Idempotency-Key"):
        use_template(deps, member, "log-call", Use(record=DEAL), {"message": "m"}, "k1")


def test_who_may_not_write_may_not_use_one(deps: Deps, member: Caller) -> None:
    with pytest.raises(Forbidden):
        use_template(deps, replace(member, role="viewer"), "log-call", Use(record=DEAL), {}, "k1")
