"""One answer has all that a panel shows: the record, its fields, what is around it, and how sure we are of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection, Health, Settings
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.records import Kind, RecordKey, State, Type
from crmbridge.services.link_chat import PanelWish, set_panel
from crmbridge.services.manage_templates import create_template
from crmbridge.services.ports import Deps
from crmbridge.services.read_panel import read_panel
from crmbridge.services.request_action import request_action

Json = dict[str, Any]
PutRecord = Callable[..., RecordKey]
STAGES = [
    Stage("won", "Won", "p1", "Sales", 2, is_closed=True, is_won=True),
    Stage("new", "New", "p1", "Sales", 1),
    Stage("else", "Elsewhere", "p2", "Renewals"),
]
OWNERS = [Owner("7", "Zoe"), Owner("8", "Abe"), Owner("9", "Gone", active=False), Owner("10", "Queue", type="queue")]
PROPERTIES = [
    Field("dealname", "Deal name", Type.TEXT, maps_to="name"),
    Field("amount", "Amount", Type.MONEY, maps_to="amount"),
    Field("score", "Score", Type.NUMBER, custom=True),
    Field("notes", "Notes", Type.TEXT, custom=True, is_long=True),
    Field("tier", "Tier", Type.OPTION, (Option("g", "Gold"), Option("s", "Silver")), custom=True, is_multiple=True),
    Field("vip", "VIP", Type.FLAG, custom=True),
    Field("sum", "Sum", Type.NUMBER, custom=True, read_only=True),
    Field("parent", "Parent", Type.ID, custom=True),
    Field("range", "Range", Type.TEXT, custom=True, is_plain=False),
    Field("crm_bridge_key", "CRM Bridge key", Type.TEXT, custom=True, is_ours=True),
    Field("hs_internal", "Internal", Type.TEXT),
]


@pytest.fixture
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    directories = Directories(
        Account("48", currency="EUR"),
        owners={owner.id: owner for owner in OWNERS},
        stages={stage.id: stage for stage in STAGES},
        fields={"deals": {field.key: field for field in PROPERTIES}},
    )
    deps.connections.save_directories("w1", "c1", directories)
    return make_connection()


@pytest.fixture
def deal(deps: Deps, member: Caller, connection: Connection, put_record: PutRecord) -> RecordKey:
    """An open deal of the chat `room`, with a company and two contacts."""
    put_record("companies", "20", Kind.COMPANY, name="Acme")
    for id, name in (("30", "Ann"), ("31", "Bob")):
        put_record("contacts", id, Kind.CONTACT, first_name=name, email=f"{name.lower()}@acme.test", company_id="20")
    links = {"contacts": ["30", "31"], "companies": ["20"]}
    key = put_record(
        "deals", "1", Kind.DEAL, links=links, name="Renewal", stage="new", pipeline="p1", amount=Decimal("50000.00"),
        close_date=date(2026, 6, 1), probability=Decimal(40), owner_id="9", company_id="20",
    )  # fmt: skip
    set_panel(deps, member, "room", PanelWish(record=key))
    return key


def fields(panel: Json) -> dict[str, Json]:
    return {each["name"]: each for each in panel["fields"]}


def test_a_chat_that_nobody_linked_has_an_empty_panel(deps: Deps, member: Caller) -> None:
    panel = read_panel(deps, member, "nowhere")

    assert (panel["linked"], panel["record"], panel["fields"], panel["related"]) == (None, None, [], [])
    assert panel["view"] == {"open": False, "position": "right"}


@pytest.mark.usefixtures("deal")
def test_the_record_is_shown_with_the_names_of_today(deps: Deps, member: Caller) -> None:
    record = read_panel(deps, member, "room")["record"]

    assert record["fields"]["stage_label"] == "New"
    assert (record["fields"]["owner_name"], record["fields"]["company_name"]) == ("Gone", "Acme")
    assert "/48/" in record["url"]


@pytest.mark.usefixtures("deal")
def test_fields_say_how_they_are_edited(deps: Deps, member: Caller) -> None:
    shown = fields(read_panel(deps, member, "room"))

    types = {name: each["type"] for name, each in shown.items()}
    assert types == {
        "name": "text", "stage": "select", "pipeline": "select", "amount": "number", "close_date": "date",
        "probability": "number", "owner_id": "select", "score": "number", "notes": "textarea", "tier": "select",
        "vip": "select", "sum": "number", "parent": "text", "range": "text",
    }  # fmt: skip
    assert [name for name, each in shown.items() if each["read_only"]] == ["probability", "sum", "parent", "range"]
    assert [name for name, each in shown.items() if each["required"]] == ["name"]
    assert [name for name, each in shown.items() if each["multiple"]] == ["tier"]
    assert (shown["name"]["label"], shown["owner_id"]["label"]) == ("Deal name", "Owner")


@pytest.mark.usefixtures("deal")
def test_options_are_the_stages_of_the_own_pipeline_and_people_who_can_own(deps: Deps, member: Caller) -> None:
    shown = fields(read_panel(deps, member, "room"))

    assert [option["label"] for option in shown["stage"]["options"]] == ["New", "Won"]
    assert [option["label"] for option in shown["owner_id"]["options"]] == ["Abe", "Zoe"]
    assert [option["label"] for option in shown["tier"]["options"]] == ["Gold", "Silver"]
    assert [option["value"] for option in shown["vip"]["options"]] == ["true", "false"]
    assert (shown["stage"]["shown"], shown["owner_id"]["shown"]) == ("New", "Gone")
    assert (shown["stage"]["selected"], shown["owner_id"]["selected"]) == (["new"], [])


@pytest.mark.usefixtures("deal")
def test_another_pipeline_is_chosen_with_a_stage_of_it(deps: Deps, member: Caller) -> None:
    pipeline = fields(read_panel(deps, member, "room"))["pipeline"]

    stages = {option["label"]: [stage["value"] for stage in option["stages"]] for option in pipeline["options"]}
    assert stages == {"Sales": ["new", "won"], "Renewals": ["else"]}
    assert pipeline["needs"] == ["stage"]


def test_of_thousands_of_owners_some_are_listed(deps: Deps, member: Caller, deal: RecordKey) -> None:
    owners = {str(number): Owner(str(number), f"Owner {number}") for number in range(700)}
    deps.connections.save_directories("w1", deal.connection, Directories(Account("48"), owners=owners))

    owner = fields(read_panel(deps, member, "room"))["owner_id"]

    assert (len(owner["options"]), owner["more_options"], owner["shown"]) == (500, True, "Owner 9")


def test_what_the_crm_makes_a_must_is_required(deps: Deps, member: Caller, deal: RecordKey) -> None:
    must = Field("closedate", "Close date", Type.DAY, maps_to="close_date", required=True)
    name = Field("dealname", "Deal name", Type.TEXT, maps_to="name", length=120)
    schema = {"deals": {must.key: must, name.key: name}}
    deps.connections.save_directories("w1", deal.connection, Directories(Account("48"), fields=schema))

    shown = fields(read_panel(deps, member, "room"))

    assert [name for name, each in shown.items() if each["required"]] == ["name", "close_date"]
    assert (shown["name"]["length"], shown["amount"]["length"]) == (120, None)


@pytest.mark.usefixtures("deal")
def test_values_are_those_of_the_record(deps: Deps, member: Caller) -> None:
    shown = fields(read_panel(deps, member, "room"))

    assert {name: each["value"] for name, each in shown.items() if each["value"] is not None} == {
        "name": "Renewal", "stage": "new", "pipeline": "p1", "amount": "50000.00", "close_date": "2026-06-01",
        "probability": 40, "owner_id": "9",
    }  # fmt: skip


def test_an_edit_is_pending_in_the_panel_as_soon_as_it_is_asked_for(
    deps: Deps, member: Caller, deal: RecordKey
) -> None:
    body = {
        "type": "update_deal", "connection": "c1", "target": {"object": "deals", "external_id": deal.external_id},
        "fields": {"amount": 75000}, "custom_fields": {"tier": "Gold"}, "chat": "room",
    }  # fmt: skip
    action, _ = request_action(deps, member, body, "k1")

    panel = read_panel(deps, member, "room")

    amount, tier = fields(panel)["amount"], fields(panel)["tier"]
    assert (amount["value"], amount["pending"]["value"], amount["pending"]["status"]) == (
        "50000.00",
        "75000",
        "pending",
    )
    assert (tier["value"], tier["pending"]["value"]) == (None, "g")
    assert [each.id for each in panel["recent_actions"]] == [action.id]


@pytest.mark.usefixtures("deal")
def test_what_is_around_a_deal_is_shown_with_names_and_counts(deps: Deps, member: Caller) -> None:
    contacts, companies = read_panel(deps, member, "room")["related"]

    assert (contacts["kind"], contacts["count"], contacts["more"]) == ("contact", 2, False)
    assert {item["name"] for item in contacts["items"]} == {"Ann", "Bob"}
    assert [(item["name"], item["object"]) for item in companies["items"]] == [("Acme", "companies")]


@pytest.mark.usefixtures("deal")
def test_of_a_company_open_deals_come_first_and_the_dead_not_at_all(
    deps: Deps, member: Caller, put_record: PutRecord
) -> None:
    for id, stage, state in (("2", "won", State.LIVE), ("3", "new", State.LIVE), ("4", "new", State.DELETED)):
        put_record("deals", id, Kind.DEAL, links={"companies": ["20"]}, name=f"D{id}", stage=stage)
        if state is State.DELETED:
            put_record("deals", id, Kind.DEAL, state=state)
    set_panel(deps, member, "room", PanelWish(record=RecordKey("w1", "c1", "companies", "20")))

    deals = read_panel(deps, member, "room")["related"][0]

    assert deals["count"] == 3
    assert [item["open"] for item in deals["items"]] == [True, True, False]


def test_of_thousands_of_related_records_some_are_looked_at(
    deps: Deps, member: Caller, connection: Connection, put_record: PutRecord
) -> None:
    company = put_record("companies", "20", Kind.COMPANY, name="Acme")
    for number in range(60):
        put_record("contacts", str(number), Kind.CONTACT, links={"companies": ["20"]}, first_name="Ann")
    set_panel(deps, member, "room", PanelWish(record=company))

    (contacts,) = read_panel(deps, member, "room")["related"]

    assert (contacts["count"], contacts["more"], len(contacts["items"])) == (50, True, 10)


@pytest.mark.usefixtures("deal")
def test_quick_actions_are_requests_that_name_the_record(deps: Deps, member: Caller) -> None:
    offered = {each["label"]: each for each in read_panel(deps, member, "room")["quick_actions"]}

    assert list(offered)[:4] == ["Update deal", "Create task", "Log meeting", "Create note"]
    task = offered["Create task"]
    record = {"object": "deals", "external_id": "1"}
    assert task["body"] == {"connection": "c1", "type": "create_task", "chat": "room", "links": [record]}
    assert (task["post"], task["required"]) == ("/v1/actions", ["subject"])
    request_action(deps, member, {**task["body"], "fields": {"subject": "Call"}}, "k1")


@pytest.mark.usefixtures("deal")
def test_templates_are_quick_actions_where_they_fit(deps: Deps, admin: Caller) -> None:
    for name, type in (("Won", "update_deal"), ("Hire", "create_contact")):
        fields = {"stage": "won"} if type == "update_deal" else {"last_name": "New"}
        create_template(deps, admin, {"name": name, "type": type, "fields": fields})

    offered = {each["label"]: each for each in read_panel(deps, admin, "room")["quick_actions"]}

    assert "Follow-up task" in offered
    assert "Hire" not in offered
    assert offered["Log call"]["post"] == "/v1/action-templates/log-call/actions"
    assert offered["Won"]["post"].startswith("/v1/action-templates/")
    assert offered["Won"]["body"]["record"] == {"connection": "c1", "object": "deals", "external_id": "1"}


@pytest.mark.usefixtures("deal")
def test_a_template_says_what_it_leaves_to_the_person_and_to_the_chat_app(deps: Deps, admin: Caller) -> None:
    for name, type, fields in (
        ("Task", "create_task", {"body": "{message_text}: {message_url | nowhere} {deal_name}"}),
        ("Call", "log_call", {"owner_id": "7"}),
    ):
        create_template(deps, admin, {"name": name, "type": type, "fields": fields})

    offered = {each["label"]: each for each in read_panel(deps, admin, "room")["quick_actions"]}

    assert (offered["Task"]["required"], offered["Task"]["words"]) == (["subject"], ["message_text"])
    assert (offered["Call"]["one_of"], offered["Call"]["words"]) == (["subject", "body", "outcome"], [])
    assert (offered["Follow-up task"]["required"], offered["Follow-up task"]["words"]) == ([], [])
    assert offered["Create task"]["words"] == []


@pytest.mark.usefixtures("deal")
def test_actions_of_the_record_and_of_the_chat_are_shown_once(deps: Deps, member: Caller, clock: Any) -> None:
    record = {"object": "deals", "external_id": "1"}
    task = {"type": "create_task", "connection": "c1", "fields": {"subject": "Call"}}
    places: list[Json] = [{"links": [record]}, {"chat": "room", "links": []}, {"chat": "room", "links": [record]}, {}]
    for number, more in enumerate(places):
        clock.advance(1)
        request_action(deps, member, {**task, **more}, f"k{number}")

    recent = read_panel(deps, member, "room")["recent_actions"]

    assert [(each.chat, len(each.links)) for each in recent] == [("room", 1), ("room", 0), ("", 1)]


@pytest.mark.usefixtures("deal")
def test_a_fresh_record_says_until_when_it_is_known(deps: Deps, member: Caller, connection: Connection) -> None:
    deps.connections.save(replace(connection, watermarks={"deals": "2026-05-04T08:03:00Z"}))

    fresh = read_panel(deps, member, "room")["freshness"]

    assert (fresh["read_at"], fresh["stale"], fresh["why"]) == ("2026-05-04T08:03:00.000000Z", False, "")


@pytest.mark.usefixtures("deal")
def test_a_record_is_stale_when_runs_are_missing(deps: Deps, member: Caller, clock: Any) -> None:
    clock.advance(36 * 60)

    fresh = read_panel(deps, member, "room")["freshness"]

    assert (fresh["stale"], fresh["why"]) == (True, "nothing was read from HubSpot for 36 minutes")


@pytest.mark.usefixtures("deal")
def test_a_record_is_stale_when_the_connection_must_be_renewed(
    deps: Deps, member: Caller, connection: Connection
) -> None:
    deps.connections.save(replace(connection, health=Health.NEEDS_RECONNECT))

    assert "must be reconnected" in read_panel(deps, member, "room")["freshness"]["why"]


@pytest.mark.usefixtures("deal")
def test_nothing_is_offered_to_who_may_not_write(deps: Deps, connection: Connection, member: Caller) -> None:
    viewer = replace(member, role="viewer")
    seen = read_panel(deps, viewer, "room")
    deps.connections.save(replace(connection, settings=Settings(direction="from_crm")))
    only_read = read_panel(deps, member, "room")

    for panel, why in ((seen, "ask an admin"), (only_read, "direction from_crm")):
        assert why in panel["locked"]
        assert all(each["read_only"] for each in panel["fields"])
        assert panel["quick_actions"] == []


def test_a_record_that_is_gone_from_the_crm_is_shown_as_it_was_last(
    deps: Deps, member: Caller, deal: RecordKey, put_record: PutRecord
) -> None:
    put_record("deals", deal.external_id, Kind.DEAL, state=State.DELETED)

    panel = read_panel(deps, member, "room")

    assert (panel["record"]["state"], panel["locked"]) == ("deleted", "the record is deleted in HubSpot")


@pytest.mark.usefixtures("deal")
def test_a_link_into_a_connection_that_is_gone_says_so(deps: Deps, member: Caller, connection: Connection) -> None:
    deps.connections.delete(connection)

    panel = read_panel(deps, member, "room")

    assert panel["linked"]["external_id"] == "1"
    assert (panel["record"], "link the chat anew" in panel["notice"]) == (None, True)


@pytest.mark.usefixtures("deal")
def test_another_workspaces_chat_of_the_same_name_is_another_chat(deps: Deps) -> None:
    stranger = Caller("w2", "u2", "admin")

    panel = read_panel(deps, stranger, "room")

    assert (panel["linked"], panel["recent_actions"]) == (None, [])
