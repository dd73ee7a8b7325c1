"""HubSpot's envelopes as records of ours."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.records import Kind, Labelled, Link, Record, State
from crmbridge.platforms.hubspot import HUBSPOT
from hypothesis import given
from hypothesis import strategies as st

CREATED, UPDATED = "2026-01-12T09:30:00.120Z", "2026-05-04T08:11:27.431Z"
META = {"hs_object_id", "createdate", "hs_createdate", "lastmodifieddate", "hs_lastmodifieddate"}


def envelope(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "15120451", "properties": properties, "createdAt": CREATED, "updatedAt": UPDATED, "archived": False,
        **more,
    }  # fmt: skip


def read(object: str, properties: dict[str, Any], context: ReadContext | None = None, **more: Any) -> Record:
    return HUBSPOT.read(HUBSPOT.objects[object].kind, envelope(properties, **more), context, object=object)


@pytest.fixture
def context(berlin: Directories) -> ReadContext:
    return ReadContext.of(berlin, "deals")


def test_a_contact_is_read_in_our_words() -> None:
    record = read(
        "contacts",
        {
            "firstname": "Mara", "lastname": "Lindqvist", "email": "mara@lindqvist.test", "jobtitle": "CTO",
            "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW", "hubspot_owner_id": "41629",
            "company": "Nordlicht", "associatedcompanyid": "901", "shoe_size": "43", "hs_object_id": "15120451",
        },
    )  # fmt: skip

    assert (record.kind, record.object, record.external_id) == (Kind.CONTACT, "contacts", "15120451")
    assert (record.first_name, record.last_name, record.title) == ("Mara", "Lindqvist", "CTO")
    assert (record.lifecycle_stage, record.lifecycle_raw) == ("marketing_qualified", "marketingqualifiedlead")
    assert (record.lead_status, record.owner_id) == ("NEW", "41629")
    assert (record.company_name, record.company_id, record.subtype) == ("Nordlicht", "901", "contact")
    assert record.custom_fields == {"shoe_size": "43"}
    assert record.remote_created_at == datetime(2026, 1, 12, 9, 30, 0, 120_000, tzinfo=UTC)
    assert record.remote_updated_at == datetime(2026, 5, 4, 8, 11, 27, 431_000, tzinfo=UTC)


def test_what_was_not_read_is_absent_and_what_is_empty_is_none() -> None:
    record = read("contacts", {"firstname": None, "lastname": ""})

    assert (record.first_name, record.last_name) == (None, None)
    assert record.fields.keys() == {"first_name", "last_name", "subtype"}


def test_addresses_are_lists_with_one_primary() -> None:
    record = read(
        "contacts",
        {
            "email": "a@x.test", "hs_additional_emails": "b@x.test; c@x.test;a@x.test;",
            "phone": "+49 30 1", "mobilephone": "+49 170 2",
        },
    )  # fmt: skip

    assert record.emails == (
        Labelled("a@x.test", "", True), Labelled("b@x.test", "additional"), Labelled("c@x.test", "additional"),
    )  # fmt: skip
    assert record.phones == (Labelled("+49 30 1", "work", True), Labelled("+49 170 2", "mobile"))
    assert (record.email, record.phone) == ("a@x.test", "+49 30 1")


def test_a_mobile_number_alone_is_the_phone() -> None:
    record = read("contacts", {"phone": None, "mobilephone": "+49 170 2"})

    assert record.phone == "+49 170 2"
    assert record.phones == (Labelled("+49 170 2", "mobile", True),)


@pytest.mark.parametrize(
    ("raw", "ours"),
    [("lead", "lead"), ("salesqualifiedlead", "sales_qualified"), ("customer", "customer"), ("77120", "other")],
)
def test_a_lifecycle_stage_of_the_customers_own_is_other_and_kept(raw: str, ours: str) -> None:
    record = read("contacts", {"lifecyclestage": raw})

    assert (record.lifecycle_stage, record.lifecycle_raw) == (ours, raw)


def test_companies_come_out_of_the_links_and_the_primary_one_is_marked_not_first() -> None:
    links = {"companies": (Link("companies", "7"), Link("companies", "901", "", True))}

    record = HUBSPOT.read("contact", envelope({"associatedcompanyid": "7"}), links=links)

    assert (record.company_id, record.company_ids) == ("901", ("7", "901"))
    assert record.links == links


def test_links_that_were_read_empty_leave_no_company() -> None:
    record = HUBSPOT.read("contact", envelope({"associatedcompanyid": "7"}), links={"companies": ()})

    assert (record.company_id, record.company_ids) == (None, ())


def test_inline_associations_repeat_an_id_per_type() -> None:
    results = [{"id": "901", "type": "contact_to_company"}, {"id": "901", "type": "contact_to_company_unlabeled"}]

    record = read("contacts", {}, associations={"companies": {"results": results}})

    assert record.links == {"companies": (Link("companies", "901", "", True),)}


def test_inline_associations_that_go_on_are_not_read_whole() -> None:
    page = {"results": [{"id": "1", "type": "contact_to_company"}], "paging": {"next": {"after": "x"}}}

    record = read("contacts", {}, associations={"companies": page})

    assert record.links == {}
    assert "company_ids" not in record.fields


def test_a_company_is_read_in_our_words() -> None:
    record = read(
        "companies",
        {
            "name": "Nordlicht",
            "domain": "n.test",
            "numberofemployees": "900",
            "annualrevenue": "4.5E7",
            "industry": None,
        },
    )

    assert (record.name, record.domain, record.industry) == ("Nordlicht", "n.test", None)
    assert record.employee_count == Decimal(900)
    assert str(record.annual_revenue) == "45000000"


def test_a_deal_is_read_with_its_money_its_days_and_its_stage(context: ReadContext) -> None:
    record = read(
        "deals",
        {
            "dealname": "Renewal", "dealstage": "901", "pipeline": "renewals", "amount": "12500.50",
            "closedate": "2026-03-31T22:30:00Z", "createdate": "2026-01-12T23:30:00.120Z",
            "hs_deal_stage_probability": "0.45", "hs_is_closed": "true", "hs_is_closed_won": "true",
        },
        context,
    )  # fmt: skip

    assert (record.name, record.stage, record.stage_label) == ("Renewal", "901", "Qualified")
    assert (record.pipeline, record.pipeline_label) == ("renewals", "Renewals")
    assert (record.amount, record.currency) == (Decimal("12500.50"), "EUR")
    assert (record.amount_home, record.home_currency) == (Decimal("12500.50"), "EUR")
    assert (record.close_date, record.created_date) == (date(2026, 4, 1), date(2026, 1, 13))
    assert record.probability == Decimal(45)
    assert (record.is_closed, record.is_won) == (False, False)


def test_a_deal_in_another_currency_has_what_hubspot_converted(context: ReadContext) -> None:
    record = read("deals", {"amount": "100", "deal_currency_code": "USD", "amount_in_home_currency": "92.10"}, context)

    assert (record.currency, record.amount_home, record.home_currency) == ("USD", Decimal("92.10"), "EUR")


def test_without_context_a_deal_says_what_its_properties_say() -> None:
    record = read("deals", {"amount": "1", "dealstage": "won", "hs_is_closed": "true", "hs_is_closed_won": "false"})

    assert (record.is_closed, record.is_won) == (True, False)
    assert record.fields.keys().isdisjoint({"currency", "stage_label", "home_currency"})


def test_the_stage_tells_the_probability_where_the_deal_does_not(context: ReadContext) -> None:
    record = read("deals", {"dealstage": "won", "hs_deal_stage_probability": None}, context)

    assert (record.probability, record.is_closed, record.is_won) == (100, True, True)


def test_labelled_contacts_of_a_deal_are_its_roles() -> None:
    links = {"contacts": (Link("contacts", "1", "Decision maker"), Link("contacts", "2")), "companies": ()}

    record = HUBSPOT.read(Kind.DEAL, envelope({}), links=links)

    assert record.contact_roles == (Labelled("1", "Decision maker"),)
    assert record.company_id is None


@pytest.mark.parametrize(
    ("raw", "ours"), [("HIGH", "high"), ("MEDIUM", "medium"), ("LOW", "low"), ("NONE", None), (None, None)]
)
def test_a_priority_is_one_of_three_or_none(raw: str | None, ours: str | None) -> None:
    record = read("tasks", {"hs_task_priority": raw})

    assert record.priority == ours


def test_a_task_is_read_in_our_words() -> None:
    record = read(
        "tasks",
        {
            "hs_task_subject": "Call back", "hs_task_body": "<p>soon</p>", "hs_task_status": "IN_PROGRESS",
            "hs_task_type": "TODO", "hs_timestamp": "2026-03-02T09:00:00Z", "hs_task_completion_date": "1772445600000",
        },
    )  # fmt: skip

    assert (record.subject, record.body, record.status, record.type) == (
        "Call back", "<p>soon</p>", "in_progress", "todo",
    )  # fmt: skip
    assert record.due_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert record.completed_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_a_call_lasts_milliseconds_and_ends_as_a_person_said() -> None:
    record = read(
        "calls",
        {
            "hs_timestamp": "2026-03-02T09:00:00Z", "hs_call_title": "Intro", "hs_call_duration": "90500",
            "hs_call_direction": "OUTBOUND", "hs_call_disposition": "f240bbac", "hs_call_status": "COMPLETED",
        },
    )  # fmt: skip

    assert (record.type, record.subject, record.direction) == ("call", "Intro", "outbound")
    assert (record.duration_seconds, record.outcome) == (Decimal("90.5"), "f240bbac")
    assert record.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_call_nobody_judged_ends_as_the_line_did() -> None:
    record = read("calls", {"hs_call_disposition": None, "hs_call_status": "NO_ANSWER"})

    assert record.outcome == "no_answer"


def test_a_meeting_lasts_from_its_start_to_its_end() -> None:
    record = read(
        "meetings",
        {
            "hs_meeting_title": "Demo", "hs_meeting_outcome": "NO_SHOW",
            "hs_meeting_start_time": "2026-03-02T09:00:00Z", "hs_meeting_end_time": "2026-03-02T09:45:00Z",
        },
    )  # fmt: skip

    assert (record.type, record.subject, record.outcome) == ("meeting", "Demo", "no_show")
    assert (record.duration_seconds, record.occurred_at) == (2700, datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("raw", "ours"), [("INCOMING_EMAIL", "inbound"), ("EMAIL", "outbound"), ("FORWARDED_EMAIL", "forwarded")]
)
def test_an_email_came_or_went(raw: str, ours: str) -> None:
    record = read("emails", {"hs_email_direction": raw, "hs_email_html": None, "hs_email_text": "Hello"})

    assert (record.type, record.direction, record.body) == ("email", ours, "Hello")


def test_a_note_keeps_its_html() -> None:
    record = read("notes", {"hs_note_body": "<p>Wants a <b>demo</b></p>"})

    assert (record.type, record.body) == ("note", "<p>Wants a <b>demo</b></p>")
    assert "subject" not in record.fields


@pytest.mark.parametrize(
    ("property", "object"), [("hs_call_title", "calls"), ("hs_meeting_title", "meetings"), ("x", "notes")]
)
def test_an_activity_without_a_name_betrays_itself_by_its_properties(property: str, object: str) -> None:
    assert HUBSPOT.read("activity", envelope({property: "?"})).object == object


def test_an_archived_record_says_so() -> None:
    assert read("contacts", {}, archived=True).state is State.ARCHIVED


@pytest.mark.parametrize(
    ("object", "property", "field", "odd"),
    [
        ("deals", "amount", "amount", "12,5 EUR"),
        ("deals", "amount", "amount", "NaN"),
        ("deals", "amount", "amount", "1_000"),
        ("deals", "amount", "amount", "1e999999"),
        ("deals", "closedate", "close_date", "soon"),
        ("deals", "closedate", "close_date", "99999999999999999999"),
        ("deals", "hs_deal_stage_probability", "probability", "7"),
        ("deals", "hs_is_closed", "is_closed", "maybe"),
        ("tasks", "hs_task_status", "status", "SNOOZED"),
        ("calls", "hs_call_duration", "duration_seconds", "long"),
    ],
)
def test_an_odd_value_is_kept_as_it_came_and_marked(object: str, property: str, field: str, odd: str) -> None:
    record = read(object, {property: odd})

    assert record.fields[field] == odd
    assert field in record.odd


def test_what_no_field_can_hold_stays_under_its_remote_name() -> None:
    record = read("deals", {"dealname": {"de": "Angebot"}})

    assert record.custom_fields == {"dealname": {"de": "Angebot"}}
    assert record.odd == {"name"}
    assert "name" not in record.fields


def test_a_mapping_moves_a_field_to_another_property_and_frees_the_usual_one() -> None:
    context = ReadContext(account=Account("1"), mapping={"title": "job_role"})

    record = read("contacts", {"job_role": "Pilot", "jobtitle": "?"}, context)

    assert record.title == "Pilot"
    assert record.custom_fields == {"jobtitle": "?"}


@pytest.mark.parametrize("raw", [None, [], "text", {}, {"properties": None}, {"id": None, "properties": []}, 7])
def test_a_body_that_is_no_record_is_read_as_an_empty_one(raw: Any) -> None:
    record = HUBSPOT.read("contact", raw)

    assert (record.external_id, record.custom_fields, record.links) == ("", {}, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
VALUES = JSON | st.sampled_from(
    ["", "true", "0.5", "2026-05-04T08:11:27.431Z", "1767225600000", "HIGH", "0001-01-01T00:00:00+23:59"]
)


@st.composite
def raws(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    object = draw(st.sampled_from(list(HUBSPOT.objects)))
    names = st.sampled_from([*HUBSPOT.objects[object].remote.values(), "hs_additional_emails", *META]) | st.text(
        max_size=8
    )
    properties = draw(st.dictionaries(names, VALUES, max_size=8))
    return object, {"id": draw(JSON), "properties": properties, "updatedAt": draw(VALUES), "associations": draw(JSON)}


@given(raws(), st.booleans())
def test_reading_never_raises_and_never_drops_a_value(case: tuple[str, dict[str, Any]], with_context: bool) -> None:
    object, raw = case
    context = ReadContext(account=Account("1", "EUR", time_zone="Europe/Berlin")) if with_context else None

    record = HUBSPOT.read(HUBSPOT.objects[object].kind, raw, context, object=object)

    fields = {remote: name for name, remote in HUBSPOT.objects[object].remote.items()}
    for key, value in raw["properties"].items():
        if value is not None and key not in META:
            assert key in record.custom_fields or fields[key] in record.fields
