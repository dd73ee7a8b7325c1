"""What is sent to HubSpot for an action, and what is refused before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.errors import Duplicate, Rejected, Unavailable
from crmbridge.domain.records import Link, Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.markers import marker
from crmbridge.platforms.spec import WriteRequest, Written

Told = Callable[..., tuple[Api, Any]]
Ask = Callable[..., WriteRequest]
Answer = tuple[int, dict[str, str], bytes]

CREATED: Answer = (201, {}, b'{"id":"77"}')
CONFLICT: Answer = (409, {}, b'{"category":"CONFLICT","message":"Contact already exists"}')
GONE: Answer = (404, {}, b'{"category":"OBJECT_NOT_FOUND"}')
NO_SUCH_PROPERTY: Answer = (400, {}, b'{"category":"VALIDATION_ERROR","message":"not a unique identifier property"}')


def sent_properties(told: Told, request: WriteRequest) -> dict[str, Any]:
    api, script = told(CREATED)
    HUBSPOT.actions[request.type].send(api, request)
    properties: dict[str, Any] = script.bodies()[0]["properties"]
    return properties


@pytest.fixture
def chosen(keyed: Directories) -> Directories:
    """The same account with lists to choose from."""
    industry = Field(
        "industry",
        "Industry",
        Type.OPTION,
        options=(Option("COMPUTER_SOFTWARE", "Software"), Option("BANKING", "Bank")),
    )
    stage = Field("lifecyclestage", "Lifecycle", Type.OPTION, options=(Option("lead", "Lead"), Option("8812", "Pilot")))
    fields = {
        **keyed.fields,
        "companies": {**keyed.fields["companies"], "industry": industry},
        "contacts": {**keyed.fields["contacts"], "lifecyclestage": stage},
    }
    return replace(keyed, fields=fields, outcomes={"b2": "Left voicemail"})


def test_a_task_goes_out_in_one_post_with_its_key_and_its_links(told: Told, keyed: Directories, ask: Ask) -> None:
    api, script = told(CREATED)
    links = (Link("contacts", "1"), Link("deals", "2"), Link("companies", "3"))

    written = HUBSPOT.actions["create_task"].send(
        api, ask("create_task", keyed, subject="Call", priority="high", due_at="2026-12-24T09:00:00+01:00", links=links)
    )

    assert written == Written("tasks", "77")
    assert len(script.sent) == 1
    assert script.bodies()[0]["properties"] == {
        "hs_task_subject": "Call", "hs_task_priority": "HIGH", "hs_task_status": "NOT_STARTED", "hs_task_type": "TODO",
        "hs_timestamp": "2026-12-24T08:00:00.000Z", "crm_bridge_key": "key-1",
    }  # fmt: skip
    types = [each["types"][0]["associationTypeId"] for each in script.bodies()[0]["associations"]]
    assert types == [204, 216, 192]


@pytest.mark.parametrize(
    ("type", "association"), [("create_task", 230), ("log_call", 220), ("create_note", 228), ("log_meeting", 226)]
)
def test_what_is_written_may_belong_to_a_ticket(
    told: Told, keyed: Directories, ask: Ask, type: str, association: int
) -> None:
    api, script = told(CREATED)
    fields = {"body": "Hello"} if type == "create_note" else {"subject": "Hello"}

    HUBSPOT.actions[type].send(api, ask(type, keyed, **fields, links=(Link("tickets", "9"),)))

    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association}
    assert script.bodies()[0]["associations"] == [{"to": {"id": "9"}, "types": [spec]}]


@pytest.mark.parametrize(
    ("type", "association"), [("create_company", 340), ("create_contact", 15), ("create_deal", 27)]
)
def test_a_new_record_joins_a_ticket_without_taking_the_first_place_there(
    told: Told, keyed: Directories, ask: Ask, type: str, association: int
) -> None:
    api, script = told(CREATED)
    fields = {"email": "a@b.test"} if type == "create_contact" else {"name": "Ott"}

    HUBSPOT.actions[type].send(api, ask(type, keyed, **fields, links=(Link("tickets", "9"),)))

    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association}
    assert script.bodies()[0]["associations"] == [{"to": {"id": "9"}, "types": [spec]}]


def test_a_date_of_the_accounts_own_takes_no_instant_and_an_instant_no_day(
    told: Told, keyed: Directories, ask: Ask
) -> None:
    own = {"renewed": Field("renewed", "Renewed", Type.DAY), "called": Field("called", "Called", Type.INSTANT)}
    known = replace(keyed, fields={**keyed.fields, "deals": own})
    custom = {"renewed": "2027-02-03T23:30:00Z", "called": "2027-02-03"}

    properties = sent_properties(told, ask("update_deal", known, external_id="5", custom_fields=custom))

    assert properties == {"renewed": "2027-02-04", "called": "2027-02-03T11:00:00.000Z"}


def test_what_became_of_an_email_is_one_of_hubspots_words(told: Told, keyed: Directories, ask: Ask) -> None:
    status = Field("hs_email_status", "Status", Type.OPTION, options=(Option("SENT", "Sent"),))
    known = replace(keyed, fields={**keyed.fields, "emails": {"hs_email_status": status}})

    def request(outcome: str) -> WriteRequest:
        return ask("update_activity", known, object="emails", external_id="5", outcome=outcome)

    assert sent_properties(told, request("sent")) == {"hs_email_status": "SENT"}
    with pytest.raises(Rejected, match="Sent"):
        HUBSPOT.actions["update_activity"].check(request("busy"))


def test_without_the_key_property_a_short_marker_ends_the_text(told: Told, berlin: Directories, ask: Ask) -> None:
    properties = sent_properties(told, ask("create_task", berlin, subject="Call", body="Soon"))

    assert properties["hs_task_body"] == f"Soon\n{marker('key-1')}"
    assert "crm_bridge_key" not in properties
    assert len(marker("key-1")) == len("ref 4F7K2Q")


def test_a_call_is_logged_in_milliseconds_and_as_done(told: Told, keyed: Directories, ask: Ask) -> None:
    properties = sent_properties(
        told,
        ask("log_call", keyed, type="call", duration_seconds=Decimal("90.5"), direction="outbound", outcome="busy"),
    )

    assert properties["hs_call_duration"] == "90500"
    assert (properties["hs_call_direction"], properties["hs_call_status"]) == ("OUTBOUND", "BUSY")
    assert properties["hs_timestamp"] == "2026-11-20T09:00:00.000Z"


@pytest.mark.parametrize(
    ("field", "value", "property", "sent"),
    [
        ("amount", Decimal("1E+3"), "amount", "1000"),
        ("amount", "12.50", "amount", "12.50"),
        ("amount", None, "amount", ""),
        ("close_date", "2026-07-01", "closedate", "2026-07-01T10:00:00.000Z"),
        ("close_date", datetime(2026, 7, 1, 8, tzinfo=UTC), "closedate", "2026-07-01T08:00:00.000Z"),
        ("name", "Renewal", "dealname", "Renewal"),
        ("owner_id", 41629, "hubspot_owner_id", "41629"),
    ],
)
def test_values_go_out_as_hubspot_has_them(
    told: Told, keyed: Directories, ask: Ask, field: str, value: Any, property: str, sent: str
) -> None:
    properties = sent_properties(told, ask("update_deal", keyed, external_id="5", **{field: value}))

    assert properties == {property: sent}


@pytest.mark.parametrize(
    ("fields", "stage", "pipeline"),
    [
        ({"stage": "won"}, "won", "sales"),
        ({"stage": "Renewed"}, "902", "renewals"),
        ({"stage": "qualified", "pipeline": "sales"}, "qualified", "sales"),
        ({"stage": " QUALIFIED ", "pipeline": "Renewals"}, "901", "renewals"),
    ],
)
def test_a_stage_is_named_by_id_or_label(
    told: Told, keyed: Directories, ask: Ask, fields: dict[str, Any], stage: str, pipeline: str
) -> None:
    properties = sent_properties(told, ask("update_deal", keyed, external_id="5", **fields))

    assert properties == {"dealstage": stage, "pipeline": pipeline}


def test_a_label_of_several_pipelines_means_the_one_the_deal_is_in(told: Told, keyed: Directories, ask: Ask) -> None:
    where = {"results": [{"id": "5", "properties": {"pipeline": "renewals"}}]}
    api, script = told(where, CREATED)

    HUBSPOT.actions["update_deal"].send(api, ask("update_deal", keyed, external_id="5", stage="Qualified"))

    assert script.bodies()[1]["properties"] == {"dealstage": "901", "pipeline": "renewals"}


@pytest.mark.parametrize(
    ("type", "fields", "wrong", "said"),
    [
        ("create_task", {"subject": "x", "priority": "asap"}, "priority", "high, low, medium"),
        ("create_task", {"subject": "x", "due_at": "tomorrow"}, "due_at", "2026-01-31"),
        ("create_task", {"subject": "x", "links": (Link("notes", "1"),)}, "links", "notes"),
        ("update_deal", {"amount": "a lot"}, "amount", "not a number"),
        ("update_deal", {"is_won": True}, "is_won", "does not let"),
        ("update_deal", {"stage": "Lost in space"}, "stage", "Qualified"),
        ("update_deal", {"pipeline": "sales"}, "pipeline", "stage"),
        ("update_deal", {}, "fields", "nothing"),
        ("create_contact", {"phone": "1"}, "email", "e-mail or a name"),
        ("create_task", {"subject": "x", "type": "nap"}, "type", "call, deadline, email"),
        ("create_note", {"subject": "x", "body": "y"}, "subject", "does not let"),
        ("log_call", {"subject": "x", "direction": "sideways"}, "direction", "inbound, outbound"),
        ("log_call", {"subject": "x", "outcome": "Abducted"}, "outcome", "Left voicemail"),
        ("log_meeting", {"subject": "x", "duration_seconds": 60}, "duration_seconds", "together"),
        ("update_activity", {"type": "meeting"}, "type", "stays one"),
        ("update_activity", {"object": "meetings", "occurred_at": "2026-05-04"}, "occurred_at", "together"),
        ("update_company", {"industry": "Magic"}, "industry", "Software"),
        ("update_contact", {"lifecycle_stage": "Dating"}, "lifecycle_stage", "Pilot"),
    ],
)
def test_what_hubspot_cannot_take_is_refused_before_anything_is_sent(
    told: Told, chosen: Directories, ask: Ask, type: str, fields: dict[str, Any], wrong: str, said: str
) -> None:
    api, script = told()
    target = {"external_id": "5"} if type.startswith("update") else {}

    with pytest.raises(Rejected, match=said) as caught:
        HUBSPOT.actions[type].send(api, ask(type, chosen, **fields, **target))
    assert list(caught.value.fields) == [wrong]
    assert script.sent == []


@pytest.mark.parametrize(
    ("type", "fields", "property", "sent"),
    [
        ("create_task", {"type": "task"}, "hs_task_type", "TODO"),
        ("create_task", {"type": "call", "subject": "x"}, "hs_task_type", "CALL"),
        ("update_task", {"type": "todo"}, "hs_task_type", "TODO"),
        ("create_task", {"type": "lunch", "subject": "x"}, "hs_task_type", "TODO"),
        ("create_task", {"type": "deadline", "subject": "x"}, "hs_task_type", "TODO"),
        ("create_task", {"priority": "urgent", "subject": "x"}, "hs_task_priority", "HIGH"),
        ("update_task", {"priority": None}, "hs_task_priority", ""),
        ("log_call", {"outcome": "left voicemail"}, "hs_call_disposition", "b2"),
        ("log_meeting", {"outcome": "No show", "occurred_at": "2026-05-04"}, "hs_meeting_outcome", "NO_SHOW"),
        ("create_note", {"body": "Ann is away"}, "hs_note_body", "Ann is away"),
        ("create_company", {"name": "Acme", "industry": "software"}, "industry", "COMPUTER_SOFTWARE"),
        ("create_deal", {"name": "Acme", "stage": "901"}, "pipeline", "renewals"),
        ("update_contact", {"lifecycle_stage": "sales_qualified"}, "lifecyclestage", "salesqualifiedlead"),
        ("update_contact", {"lifecycle_stage": "pilot"}, "lifecyclestage", "8812"),
        ("update_activity", {"object": "emails", "direction": "inbound"}, "hs_email_direction", "INCOMING_EMAIL"),
    ],
)
def test_our_words_become_hubspots(
    told: Told, chosen: Directories, ask: Ask, type: str, fields: dict[str, Any], property: str, sent: str
) -> None:
    target = {"external_id": "5"} if type.startswith("update") else {}

    assert sent_properties(told, ask(type, chosen, **fields, **target))[property] == sent


def test_a_meeting_has_a_start_and_an_end(told: Told, keyed: Directories, ask: Ask) -> None:
    fields = {"occurred_at": "2026-05-04T08:00:00Z", "duration_seconds": "1800"}

    properties = sent_properties(told, ask("log_meeting", keyed, type="meeting", subject="Intro", **fields))

    assert properties["hs_timestamp"] == properties["hs_meeting_start_time"] == "2026-05-04T08:00:00.000Z"
    assert properties["hs_meeting_end_time"] == "2026-05-04T08:30:00.000Z"


@pytest.mark.parametrize(("type", "fields"), [("create_deal", {"name": "A"}), ("create_company", {"name": "A"})])
def test_deals_and_companies_without_the_key_property_carry_a_marker_and_no_date(
    told: Told, berlin: Directories, ask: Ask, type: str, fields: dict[str, Any]
) -> None:
    properties = sent_properties(told, ask(type, berlin, **fields))

    assert properties["description"] == marker("key-1")
    assert "hs_timestamp" not in properties


def test_a_step_back_of_the_lifecycle_that_was_dropped_is_taken_by_way_of_nothing(
    told: Told, keyed: Directories, ask: Ask
) -> None:
    dropped: Answer = (200, {}, b'{"id":"5","properties":{"lifecyclestage":"customer"}}')
    api, script = told(dropped, CREATED, CREATED)

    HUBSPOT.actions["update_contact"].send(api, ask("update_contact", keyed, external_id="5", lifecycle_stage="lead"))

    assert [body["properties"]["lifecyclestage"] for body in script.bodies()] == ["lead", "", "lead"]


@pytest.mark.parametrize(
    ("type", "fields", "wrong"),
    [
        ("create_task", {"subject": "x", "priority": "asap"}, "priority"),
        ("create_note", {"body": "x", "links": (Link("emails", "1"),)}, "links"),
        ("update_company", {"external_id": "5", "industry": "Magic"}, "industry"),
        ("update_deal", {"external_id": "5", "pipeline": "sales"}, "pipeline"),
        ("update_activity", {"external_id": "5", "type": "call"}, "fields"),
    ],
)
def test_it_can_be_told_beforehand(
    chosen: Directories, ask: Ask, type: str, fields: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(Rejected) as caught:
        HUBSPOT.actions[type].check(ask(type, chosen, **fields))

    assert list(caught.value.fields) == [wrong]


def test_what_stands_in_the_way_may_be_our_own_earlier_write(told: Told, keyed: Directories, ask: Ask) -> None:
    api, script = told(CONFLICT, {"id": "70"})

    written = HUBSPOT.actions["create_contact"].send(api, ask("create_contact", keyed, email="a@x.test"))

    assert written == Written("contacts", "70")
    assert script.sent[1].url.endswith("/contacts/key-1?idProperty=crm_bridge_key")


def test_a_duplicate_that_names_nobody_is_found_by_its_address(told: Told, keyed: Directories, ask: Ask) -> None:
    api, _ = told(CONFLICT, GONE, {"results": [{"id": "71", "properties": {}}]})

    with pytest.raises(Duplicate) as caught:
        HUBSPOT.actions["create_contact"].send(api, ask("create_contact", keyed, email="a@x.test"))
    assert caught.value.existing_id == "71"


def test_an_answer_without_an_id_leaves_the_outcome_unknown(told: Told, keyed: Directories, ask: Ask) -> None:
    api, _ = told((201, {}, b""))

    with pytest.raises(Unavailable) as caught:
        HUBSPOT.actions["create_task"].send(api, ask("create_task", keyed, subject="x"))
    assert caught.value.outcome_unknown


def test_no_answer_leaves_the_outcome_unknown_and_a_refused_connection_does_not(
    told: Told, keyed: Directories, ask: Ask
) -> None:
    api, _ = told(requests.ReadTimeout(), requests.ConnectTimeout())
    request = ask("create_task", keyed, subject="x")

    outcomes = []
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            HUBSPOT.actions["create_task"].send(api, request)
        outcomes.append(caught.value.outcome_unknown)

    assert outcomes == [True, False]


def test_an_account_without_the_property_looks_among_the_targets_newest(
    told: Told, berlin: Directories, ask: Ask
) -> None:
    request = ask("log_call", berlin, subject="x", links=(Link("deals", "5"),))
    ends = {"results": [{"from": {"id": "5"}, "to": [{"toObjectId": 8}, {"toObjectId": 11}]}]}
    bodies = {
        "results": [
            {"id": "8", "properties": {"hs_call_body": None}},
            {"id": "11", "properties": {"hs_call_body": f"<p>Hi</p>{marker('key-1')}"}},
        ]
    }
    api, script = told(NO_SUCH_PROPERTY, ends, bodies)

    found = HUBSPOT.actions["log_call"].look_up(api, request)

    assert found == Written("calls", "11")
    assert script.sent[1].url.endswith("/crm/v4/associations/deals/calls/batch/read")
    assert [each["id"] for each in script.bodies()[2]["inputs"]] == ["11", "8"]


def test_what_hangs_on_nothing_is_found_among_the_accounts_newest(told: Told, berlin: Directories, ask: Ask) -> None:
    request = ask("log_call", berlin, subject="x")
    newest = [{"id": id, "properties": {"hs_call_body": body}} for id, body in (("12", None), ("11", marker("key-1")))]
    api, script = told(NO_SUCH_PROPERTY, {"total": 2, "results": newest})

    found = HUBSPOT.actions["log_call"].look_up(api, request)

    assert found == Written("calls", "11")
    assert script.sent[1].url.endswith("/crm/v3/objects/calls/search")


def test_every_copy_of_a_create_is_seen(told: Told, berlin: Directories, ask: Ask) -> None:
    newest = [{"id": id, "properties": {"hs_call_body": marker("key-1")}} for id in ("12", "11")]
    api, _ = told({"total": 2, "results": newest})

    found = HUBSPOT.actions["log_call"].copies(api, ask("log_call", berlin, subject="x"))

    assert found == [Written("calls", "12"), Written("calls", "11")]


@pytest.mark.parametrize(("email", "tells"), [("a@x.test", True), (None, False)])
def test_without_the_property_only_the_address_tells_of_a_contact(
    berlin: Directories, keyed: Directories, ask: Ask, email: str | None, tells: bool
) -> None:
    spec = HUBSPOT.actions["create_contact"]

    assert spec.is_traceable(ask("create_contact", berlin, last_name="Lind", email=email)) is tells
    assert spec.is_traceable(ask("create_contact", keyed, last_name="Lind", email=email))


@pytest.mark.parametrize(("last_name", "ours"), [("Lind", True), ("Other", False)])
def test_a_contact_with_our_address_is_ours_only_if_it_is_just_as_we_asked(
    told: Told, berlin: Directories, ask: Ask, last_name: str, ours: bool
) -> None:
    request = ask("create_contact", berlin, email="A@x.test", last_name="Lind")
    there = {"results": [{"id": "70", "properties": {"email": "a@x.test", "lastname": last_name}}]}
    api, _ = told(GONE, there)

    if ours:
        assert HUBSPOT.actions["create_contact"].look_up(api, request) == Written("contacts", "70")
    else:
        with pytest.raises(Duplicate, match="already"):
            HUBSPOT.actions["create_contact"].look_up(api, request)


@pytest.mark.parametrize(
    ("held", "same"),
    [
        ({"amount": "1000", "closedate": "2026-07-01T10:00:00Z", "dealname": "R"}, True),
        ({"amount": "1000.00", "closedate": "1782900000000", "dealname": "R"}, True),
        ({"amount": "999", "closedate": "2026-07-01T10:00:00Z", "dealname": "R"}, False),
        ({"amount": None, "closedate": "2026-07-01T10:00:00Z", "dealname": "R"}, False),
        ({"amount": "1000", "closedate": "2026-07-01T10:00:00Z", "dealname": "S"}, False),
    ],
)
def test_an_update_is_recognised_however_hubspot_writes_its_values(
    told: Told, keyed: Directories, ask: Ask, held: dict[str, Any], same: bool
) -> None:
    api, _ = told({"results": [{"id": "5", "properties": held}]})
    request = ask("update_deal", keyed, external_id="5", amount="1000", close_date="2026-07-01", name="R")

    found = HUBSPOT.actions["update_deal"].look_up(api, request)

    assert found == (Written("deals", "5") if same else None)


@pytest.mark.parametrize("answer", [(403, {}, b"{}"), (400, {}, b'{"message":"at most 10 unique properties"}')])
def test_an_account_that_takes_no_key_property_is_remembered_as_one(
    told: Told, berlin: Directories, answer: Any
) -> None:
    properties = {"results": [{"name": "hs_timestamp", "groupName": "task"}]}
    api, _ = told(*[properties, answer] * 7)

    facts = HUBSPOT.prepare(api, berlin)

    assert set(facts.values()) == {"marker"}


def test_saying_goodbye_uninstalls_the_app_and_nothing_else(told: Told) -> None:
    api, script = told((204, {}, b""))

    HUBSPOT.oauth.revoke(api, TokenSet(access_token="a", refresh_token="r"), AppCredentials("", ""))

    assert (script.sent[0].method, script.sent[0].path_url) == ("DELETE", "/appinstalls/2026-03/external-install")


def test_a_token_made_by_hand_is_left_alone(told: Told) -> None:
    api, script = told()

    HUBSPOT.oauth.revoke(api, TokenSet(access_token="pat"), AppCredentials("", ""))

    assert script.sent == []


ACCOUNT: Answer = (200, {}, b'{"portalId":48120077,"timeZone":"Europe/Berlin","companyCurrency":"EUR"}')


@pytest.mark.parametrize(
    ("answer", "scopes"),
    [
        ((200, {}, b'{"hubId":1,"scopes":["crm.objects.deals.read"]}'), ("oauth", "crm.objects.deals.read")),
        (GONE, ()),
        ((200, {}, b"[]"), ()),
    ],
)
def test_a_token_made_by_hand_is_asked_for_its_scopes(told: Told, answer: Any, scopes: tuple[str, ...]) -> None:
    api, script = told(ACCOUNT, answer)

    identity = HUBSPOT.identify(api, TokenSet(access_token="pat"))

    assert (identity.account.id, identity.scopes) == ("48120077", scopes)
    assert script.bodies()[1] == {"tokenKey": "pat"}
