"""Salesforce's rows as records of ours."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.records import Kind, Labelled, Link, Record, State
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.objects import META, long_id
from hypothesis import given
from hypothesis import strategies as st

DEAL, PERSON, FIRM, LEAD = "0065g00000PPPP1AAA", "0035g00000Xyz12AAC", "0015g00000Abc34AAC", "00Q5g00000Abc35AAC"
STAMP = "2026-05-04T08:11:27.000+0000"


def read(object: str, fields: dict[str, Any], context: ReadContext | None = None, kind: Kind | None = None) -> Record:
    row = {"attributes": {"type": object, "url": f"/services/data/v62.0/sobjects/{object}/x"}, **fields}
    return SALESFORCE.read(kind or SALESFORCE.objects[object].kind, row, context, object=object)


@pytest.fixture
def context(org: Directories) -> ReadContext:
    return ReadContext.of(org, "Opportunity")


def test_a_contact_is_read_in_our_words() -> None:
    record = read(
        "Contact",
        {
            "Id": PERSON, "FirstName": "Lena", "LastName": "Ott", "Email": "lena@ott.test", "Title": "CTO",
            "AccountId": FIRM, "OwnerId": "0055g000001wxyzAAA", "Shoe_Size__c": 43.0, "Department": None,
            "CreatedDate": "2026-01-12T09:30:00.000+0000", "SystemModstamp": STAMP, "IsDeleted": False,
        },
    )  # fmt: skip

    assert (record.kind, record.object, record.external_id) == (Kind.CONTACT, "Contact", PERSON)
    assert (record.first_name, record.last_name, record.title) == ("Lena", "Ott", "CTO")
    assert (record.subtype, record.company_id, record.company_ids) == ("contact", FIRM, (FIRM,))
    assert record.links == {"Account": (Link("Account", FIRM, primary=True),)}
    assert record.custom_fields == {"Shoe_Size__c": 43.0}
    assert record.remote_created_at == datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
    assert record.remote_updated_at == datetime(2026, 5, 4, 8, 11, 27, tzinfo=UTC)


def test_what_was_not_read_is_absent_and_what_is_empty_is_none() -> None:
    record = read("Contact", {"FirstName": None, "LastName": ""})

    assert record.fields == {"first_name": None, "last_name": None, "subtype": "contact"}
    assert record.links == {}


def test_a_contact_without_an_account_has_no_company() -> None:
    record = read("Contact", {"AccountId": None})

    assert (record.company_id, record.company_ids, record.links) == (None, (), {"Account": ()})


def test_a_person_account_is_a_contact_of_its_own_kind_and_no_company() -> None:
    record = read("Contact", {"AccountId": FIRM, "IsPersonAccount": True, "LastName": "Ott"})

    assert (record.subtype, record.company_id, record.links) == ("person_account", None, {"Account": ()})


def test_a_lead_is_told_apart_and_is_at_the_stage_lead() -> None:
    record = read("Lead", {"Id": LEAD, "Status": "Working", "LeadSource": "Web", "Company": "Ott AG"})

    assert (record.subtype, record.lifecycle_stage, record.lifecycle_raw) == ("lead", "lead", "Working")
    assert (record.lead_status, record.lead_source, record.company_name) == ("Working", "Web", "Ott AG")


def test_phones_are_a_list_with_one_primary() -> None:
    record = read("Contact", {"Phone": None, "MobilePhone": "+49 170 2", "HomePhone": "+49 30 3"})

    assert record.phone == "+49 170 2"
    assert record.phones == (Labelled("+49 170 2", "mobile", True), Labelled("+49 30 3", "home"))
    assert record.custom_fields["MobilePhone"] == "+49 170 2"


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.nordlicht.test/about", "nordlicht.test"),
        ("Nordlicht.test", "nordlicht.test"),
        (None, None),
        ("//[", None),
    ],
)
def test_a_domain_is_taken_from_the_website(website: str | None, domain: str | None) -> None:
    assert read("Account", {"Website": website}).domain == domain


def test_a_company_is_read_in_our_words() -> None:
    record = read("Account", {"Name": "Ott", "NumberOfEmployees": 12, "AnnualRevenue": 1250000.0, "Industry": "Energy"})

    assert (record.name, record.employee_count, record.industry) == ("Ott", Decimal(12), "Energy")
    assert str(record.annual_revenue) == "1250000"


def test_a_deal_is_read_with_its_stage_money_and_days(context: ReadContext) -> None:
    record = read(
        "Opportunity",
        {
            "Id": DEAL, "Name": "Licences", "StageName": "Proposal", "Amount": 1234.5, "Probability": 60.0,
            "CloseDate": "2026-12-24", "CreatedDate": "2026-05-01T23:30:00.000+0000", "IsClosed": False,
            "IsWon": False, "AccountId": FIRM,
        },
        context,
    )  # fmt: skip

    assert (record.stage, record.stage_label, record.amount) == ("Proposal", "Angebot", Decimal("1234.5"))
    assert (record.currency, record.home_currency, record.amount_home) == ("EUR", "EUR", Decimal("1234.5"))
    assert (record.close_date, record.created_date) == (date(2026, 12, 24), date(2026, 5, 2))
    assert (record.probability, record.is_closed, record.company_id) == (Decimal(60), False, FIRM)


def test_a_foreign_currency_is_not_the_amount_at_home(context: ReadContext) -> None:
    record = read("Opportunity", {"Amount": 10.0, "CurrencyIsoCode": "USD"}, context)

    assert (record.currency, record.home_currency, record.get("amount_home")) == ("USD", "EUR", None)


def test_a_stage_nobody_can_name_keeps_its_value(context: ReadContext) -> None:
    record = read("Opportunity", {"StageName": "Gone"}, context)

    assert (record.stage, record.get("stage_label")) == ("Gone", None)


def test_a_deals_contacts_come_with_their_roles() -> None:
    roles = [
        {"ContactId": PERSON, "Role": "Influencer", "IsPrimary": False},
        {"ContactId": PERSON, "Role": "Decision Maker", "IsPrimary": True},
        {"ContactId": "0035g00000Zzz99AAC", "Role": None, "IsPrimary": False, "IsDeleted": True},
    ]
    nested = {"totalSize": 3, "done": True, "records": roles}

    record = read("Opportunity", {"OpportunityContactRoles": nested})

    assert record.links == {"Contact": (Link("Contact", PERSON, "Decision Maker, Influencer", True),)}
    assert record.contact_roles == (Labelled(PERSON, "Decision Maker, Influencer", True),)


def test_a_deal_without_contacts_has_none_and_one_that_was_not_asked_is_unread() -> None:
    assert read("Opportunity", {"OpportunityContactRoles": None}).links == {"Contact": ()}
    assert read("Opportunity", {"Name": "x"}).links == {}


def test_a_deal_with_a_person_account_belongs_to_the_person() -> None:
    buyer = {"attributes": {"type": "Account"}, "IsPersonAccount": True, "PersonContactId": PERSON}

    record = read("Opportunity", {"AccountId": FIRM, "Account": buyer, "OpportunityContactRoles": None})

    assert record.links == {"Account": (), "Contact": (Link("Contact", PERSON),)}
    assert (record.company_id, record.custom_fields) == (None, {"AccountId": FIRM})


def test_a_task_is_read_with_its_words_and_its_links() -> None:
    record = read(
        "Task",
        {
            "Subject": "Call back", "Status": "Waiting on someone else", "Priority": "Normal", "TaskSubtype": "Task",
            "ActivityDate": "2026-05-04", "Description": "soon", "WhoId": PERSON, "WhatId": DEAL,
        },
    )  # fmt: skip

    assert (record.subject, record.body, record.due_at) == ("Call back", "soon", date(2026, 5, 4))
    assert (record.status, record.priority, record.type) == ("waiting", "medium", "task")
    assert record.links == {
        "Contact": (Link("Contact", PERSON),), "Lead": (), "Account": (), "Opportunity": (Link("Opportunity", DEAL),),
    }  # fmt: skip


def test_a_customers_own_status_stays_as_it_is_and_is_not_odd() -> None:
    record = read("Task", {"Status": "Parked"})

    assert (record.status, record.odd) == ("Parked", frozenset())


def test_a_logged_call_is_an_activity(context: ReadContext) -> None:
    record = read(
        "Task",
        {
            "Subject": "Call", "TaskSubtype": "Call", "CallType": "Outbound", "CallDurationInSeconds": 390,
            "CallDisposition": "Connected", "ActivityDate": "2026-05-01",
            "CompletedDateTime": "2026-05-01T10:07:00.000+0000", "WhoId": LEAD,
        },
        context,
        Kind.ACTIVITY,
    )  # fmt: skip

    assert (record.kind, record.type, record.direction) == (Kind.ACTIVITY, "call", "outbound")
    assert (record.duration_seconds, record.outcome) == (Decimal(390), "Connected")
    assert record.occurred_at == datetime(2026, 5, 1, 10, 7, tzinfo=UTC)
    assert record.links["Lead"] == (Link("Lead", LEAD),)


@pytest.mark.parametrize(
    ("completed", "occurred"),
    [
        ("2026-05-03T10:07:00.000+0000", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        (None, datetime(2026, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_call_logged_later_happened_at_noon_of_its_day(
    context: ReadContext, completed: str | None, occurred: datetime
) -> None:
    fields = {"TaskSubtype": "Call", "ActivityDate": "2026-05-01", "CompletedDateTime": completed}

    assert read("Task", fields, context, Kind.ACTIVITY).occurred_at == occurred


def test_an_event_is_a_meeting() -> None:
    record = read("Event", {"Subject": "Demo", "StartDateTime": STAMP, "DurationInMinutes": 45, "WhatId": FIRM})

    assert (record.type, record.subject, record.duration_seconds) == ("meeting", "Demo", 2700)
    assert record.occurred_at == datetime(2026, 5, 4, 8, 11, 27, tzinfo=UTC)
    assert record.links["Account"] == (Link("Account", FIRM),)


def test_a_note_hangs_on_what_it_was_written_about() -> None:
    places = [{"LinkedEntityId": PERSON}, {"LinkedEntityId": "0055g000001wxyzAAA"}, {"LinkedEntityId": DEAL}]

    record = read(
        "ContentNote", {"Title": "Budget", "TextPreview": "fixed", "ContentDocumentLinks": {"records": places}}
    )

    assert (record.type, record.subject, record.body) == ("note", "Budget", "fixed")
    assert {target for target, ends in record.links.items() if ends} == {"Contact", "Opportunity"}


def test_odd_values_are_kept_and_named(context: ReadContext) -> None:
    record = read("Opportunity", {"Amount": "a lot", "CloseDate": ["never"], "Probability": 250}, context)

    assert record.odd == {"amount", "close_date", "probability"}
    assert (record.amount, record.custom_fields) == ("a lot", {"CloseDate": ["never"]})


def test_a_mapping_fills_a_field_from_a_column_of_the_customers() -> None:
    context = ReadContext(mapping={"lifecycle_stage": "Stage__c"})

    assert read("Contact", {"Stage__c": "customer"}, context).lifecycle_stage == "customer"


def test_the_row_says_what_it_is() -> None:
    row = {"attributes": {"type": "Lead"}, "LastName": "Ott", "IsDeleted": True}

    record = SALESFORCE.read("contact", row)

    assert (record.object, record.subtype, record.state) == ("Lead", "lead", State.DELETED)


def test_short_ids_become_long_ones() -> None:
    assert long_id("0031I0000081tbP") == "0031I0000081tbPQAQ"
    assert long_id("00D5g0000000001") == "00D5g0000000001EAA"
    assert [long_id(id) for id in ("", "x", PERSON, "zu kurz oder so")] == ["", "x", PERSON, "zu kurz oder so"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([STAMP, "2026-05-01"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
)
kinds = st.sampled_from([(spec.name, kind) for spec in SALESFORCE.objects.values() for kind in spec.kinds])


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, Kind, dict[str, Any]]:
    name, kind = draw(kinds)
    columns = [
        *SALESFORCE.objects[name].remote.values(),
        "WhoId",
        "WhatId",
        "Account",
        "IsPersonAccount",
        "X__c",
        "ContentDocumentLinks",
    ]
    columns += [
        "OpportunityContactRoles",
        "TaskSubtype",
        "ActivityDate",
        "CompletedDateTime",
        "DurationInMinutes",
        *META,
    ]
    return name, kind, draw(st.dictionaries(st.sampled_from(columns), values, max_size=8))


@given(rows(), st.booleans())
def test_reading_never_raises_and_drops_no_value(row: tuple[str, Kind, dict[str, Any]], alone: bool) -> None:
    name, kind, fields = row
    remote = {column: ours for ours, column in SALESFORCE.objects[name].remote.items()}

    record = SALESFORCE.read(kind, fields, None if alone else ReadContext(), object=name)

    for column, value in fields.items():
        if (
            value is None
            or value == ""
            or column in (*META, "Account", "OpportunityContactRoles", "ContentDocumentLinks")
        ):
            continue
        ours = remote.get(column)
        assert column in record.custom_fields or (ours and record.get(ours) is not None)
