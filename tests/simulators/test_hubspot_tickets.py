"""Tickets: an object of its own, which contacts, companies, deals and activities can be linked with."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hubspot.crm.association_type import AssociationType  # type: ignore[import-untyped]  # the vendor publishes no types
from hubspot.crm.associations.v4 import AssociationSpec  # type: ignore[import-untyped]  # the same
from hubspot.crm.tickets import SimplePublicObjectInputForCreate  # type: ignore[import-untyped]  # the same

from local.simulators import Running, running
from local.simulators.hubspot import Options

Ask = Callable[..., requests.Response]
TICKETS = "/crm/v3/objects/tickets"
NEW = {"subject": "Cannot log in", "hs_pipeline_stage": "1"}


def new_ticket(hub: Running, ask: Ask, **more: str) -> str:
    return str(ask(hub, "POST", TICKETS, json={"properties": {**NEW, **more}}).json()["id"])


def test_a_ticket_lives_in_the_support_pipeline(hub: Running, ask: Ask) -> None:
    ticket = new_ticket(hub, ask)

    pipelines = ask(hub, "GET", "/crm/v3/pipelines/tickets").json()["results"]
    asked = {"properties": "hs_pipeline,hs_is_closed,hs_ticket_id"}
    shown = ask(hub, "GET", f"{TICKETS}/{ticket}", params=asked).json()["properties"]

    assert [stage["metadata"].get("ticketState") for stage in pipelines[0]["stages"]] == ["OPEN"] * 3 + ["CLOSED"]
    assert (shown["hs_pipeline"], shown["hs_is_closed"], shown["hs_ticket_id"]) == ("0", "false", ticket)


def test_closing_a_ticket_stamps_it(hub: Running, ask: Ask) -> None:
    ticket = new_ticket(hub, ask)

    ask(hub, "PATCH", f"{TICKETS}/{ticket}", json={"properties": {"hs_pipeline_stage": "4"}})
    wrong = ask(hub, "PATCH", f"{TICKETS}/{ticket}", json={"properties": {"hs_pipeline_stage": "77"}})

    shown = ask(hub, "GET", f"{TICKETS}/{ticket}", params={"properties": "closed_date,hs_is_closed"}).json()
    assert shown["properties"]["hs_is_closed"] == "true"
    assert shown["properties"]["closed_date"] is not None
    assert wrong.status_code == 400


def test_tickets_are_listed_searched_and_archived_like_everything_else(hub: Running, ask: Ask) -> None:
    ticket = new_ticket(hub, ask, content="The blue elephant is stuck")
    found = ask(hub, "POST", f"{TICKETS}/search", json={"query": "elephant"}).json()
    listed = ask(hub, "GET", TICKETS, params={"limit": 100, "associations": "contacts"}).json()["results"]

    ask(hub, "DELETE", f"{TICKETS}/{ticket}")

    assert [each["id"] for each in found["results"]] == [ticket]
    assert any("associations" in each for each in listed)
    assert ask(hub, "GET", f"{TICKETS}/{ticket}").status_code == 404


@pytest.mark.parametrize(
    ("other", "there", "back"),
    [("contacts", "TICKET_TO_CONTACT", "CONTACT_TO_TICKET"), ("companies", "TICKET_TO_COMPANY", "COMPANY_TO_TICKET"),
     ("deals", "TICKET_TO_DEAL", "DEAL_TO_TICKET"), ("tasks", "TICKET_TO_TASK", "TASK_TO_TICKET"),
     ("notes", "TICKET_TO_NOTE", "NOTE_TO_TICKET"), ("calls", "TICKET_TO_CALL", "CALL_TO_TICKET"),
     ("meetings", "TICKET_TO_MEETING", "MEETING_TO_TICKET")],
)  # fmt: skip
def test_the_type_ids_are_those_of_hubspots_own_client(
    hub: Running, ask: Ask, other: str, there: str, back: str
) -> None:
    directions = (("tickets", other, there), (other, "tickets", back))
    for source, target, name in directions:
        known = ask(hub, "GET", f"/crm/v4/associations/{source}/{target}/labels").json()["results"]

        assert getattr(AssociationType, name) in [each["typeId"] for each in known if each["label"] is None]


def test_a_note_can_be_created_on_a_ticket(hub: Running, ask: Ask) -> None:
    ticket = new_ticket(hub, ask)
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": AssociationType.NOTE_TO_TICKET}]
    body = {
        "properties": {"hs_note_body": "Called back", "hs_timestamp": "2026-05-01T10:00:00Z"},
        "associations": [{"to": {"id": ticket}, "types": types}],
    }

    note = ask(hub, "POST", "/crm/v3/objects/notes", json=body).json()["id"]

    linked = ask(hub, "GET", f"/crm/v4/objects/tickets/{ticket}/associations/notes").json()["results"]
    assert [str(each["toObjectId"]) for each in linked] == [note]
    told = hub.state(object="notes", id=note, associations=1)["live"][0]["associations"]
    assert [each["id"] for each in told["tickets"]] == [ticket]


def test_tickets_have_events_of_their_own(hub: Running, ask: Ask, endpoint: Any) -> None:
    key = {"hapikey": Options().developer_key}
    wish = {"eventType": "ticket.creation", "active": True}
    ask(hub, "POST", f"/webhooks/v3/{Options().app_id}/subscriptions", params=key, json=wish)
    hub.settings(webhook_url=endpoint.url)

    ticket = new_ticket(hub, ask)
    hub.webhooks(flush=True)

    told = [event for body, _ in endpoint.posts for event in json.loads(body)]
    assert [(each["subscriptionType"], each["objectId"]) for each in told] == [("ticket.creation", int(ticket))]


def test_a_token_without_the_tickets_scope_sees_no_ticket(ask: Ask) -> None:
    with running("hubspot", token_scopes="crm.objects.contacts.read", contacts=3, companies=1, deals=1) as hub:
        contact = hub.state(object="contacts", ids_only=1, limit=1)["live"][0]

        alone = ask(hub, "GET", TICKETS)
        linked = ask(hub, "GET", f"/crm/v4/objects/contacts/{contact}/associations/tickets")

    assert (alone.status_code, linked.status_code) == (403, 403)
    assert alone.json()["category"] == "MISSING_SCOPES"


def test_the_seeded_tickets_have_people_firms_and_deals(shared_hub: Running) -> None:
    tickets = shared_hub.state(object="tickets", associations=1)["live"]

    linked = {name for ticket in tickets for name in ticket["associations"]}

    assert linked == {"contacts", "companies", "deals", "notes"}


def test_the_official_client_makes_and_links_a_ticket(official: Any, shared_hub: Running) -> None:
    made = official.crm.tickets.basic_api.create(SimplePublicObjectInputForCreate(properties=NEW, associations=[]))
    deal = shared_hub.state(object="deals", ids_only=1, limit=1)["live"][0]
    spec = AssociationSpec("HUBSPOT_DEFINED", AssociationType.TICKET_TO_DEAL)

    official.crm.associations.v4.basic_api.create("tickets", made.id, "deals", deal, [spec])

    page = official.crm.associations.v4.basic_api.get_page("tickets", made.id, "deals")
    assert [str(each.to_object_id) for each in page.results] == [deal]
    assert page.results[0].association_types[0].type_id == AssociationType.TICKET_TO_DEAL
