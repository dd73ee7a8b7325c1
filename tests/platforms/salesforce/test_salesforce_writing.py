"""What is sent to Salesforce for each action, and what is refused before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.errors import Duplicate, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Link, Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.markers import marker
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.spec import WriteRequest, Written

Told = Callable[..., tuple[Api, Any]]
Ask = Callable[..., WriteRequest]
PERSON, FIRM, DEAL, LEAD = "0035g00000Xyz12AAC", "0015g00000Abc34AAC", "0065g00000PPPP1AAA", "00Q5g00000Abc35AAC"
MADE = {"id": "00T5g00000AAA11EAA", "success": True, "errors": []}
NOBODY: dict[str, Any] = {"totalSize": 0, "done": True, "records": []}


def sent(told: Told, request: WriteRequest, *before: Any) -> dict[str, Any]:
    """The body of the one write."""
    api, script = told(*before, MADE)
    SALESFORCE.actions[request.type].send(api, request)
    body: dict[str, Any] = script.bodies()[-1]
    return body


def refusal(told: Told, request: WriteRequest, *before: Any) -> Rejected:
    api, script = told(*before)
    with pytest.raises(Rejected) as caught:
        SALESFORCE.actions[request.type].send(api, request)
    assert all(each.method == "GET" for each in script.sent)
    return caught.value


@pytest.mark.parametrize(
    ("options", "sent_as"), [((), "High"), (("Low", "Normal", "High"), "High"), (("Low", "High", "URGENT"), "URGENT")]
)
def test_what_is_urgent_has_the_highest_priority_that_the_org_has(
    told: Told, ask: Ask, org: Directories, options: tuple[str, ...], sent_as: str
) -> None:
    field = Field("Priority", "Priority", Type.OPTION, tuple(Option(each, each) for each in options))
    fields = {**org.fields, "Task": {**org.fields["Task"], "Priority": field}}

    body = sent(told, ask("create_task", replace(org, fields=fields), subject="x", priority="urgent"))

    assert body["Priority"] == sent_as


def test_a_task_carries_its_key_its_links_and_what_salesforce_insists_on(
    told: Told, ask: Ask, org: Directories
) -> None:
    links = (Link("Contact", PERSON), Link("Account", FIRM), Link("Opportunity", DEAL))
    request = ask("create_task", org, subject="Call back", priority="high", due_at="2026-12-24", links=links)

    assert sent(told, request) == {
        "Subject": "Call back", "Status": "Not Started", "Priority": "High", "ActivityDate": "2026-12-24",
        "WhoId": PERSON, "WhatId": DEAL, "CrmBridgeKey__c": "key-1",
    }  # fmt: skip


def test_an_instant_is_due_on_its_day_in_the_org(told: Told, ask: Ask, org: Directories) -> None:
    request = ask("create_task", org, subject="x", due_at="2026-12-24T23:30:00.000000Z")

    assert sent(told, request)["ActivityDate"] == "2026-12-25"


def test_a_call_is_a_completed_task(told: Told, ask: Ask, org: Directories) -> None:
    request = ask(
        "log_call", org, body="Asked for a quote", duration_seconds="390.4", direction="outbound", outcome="Connected",
        type="call", occurred_at="2026-11-19T08:00:00.000000Z",
    )  # fmt: skip

    assert sent(told, request) == {
        "Subject": "Call", "Status": "Completed", "TaskSubtype": "Call", "ActivityDate": "2026-11-19",
        "Description": "Asked for a quote", "CallDurationInSeconds": 390, "CallType": "Outbound",
        "CallDisposition": "Connected", "CrmBridgeKey__c": "key-1",
    }  # fmt: skip


def test_what_an_orgs_own_list_does_not_have_is_left_to_the_org(told: Told, ask: Ask, org: Directories) -> None:
    statuses = Field("Status", "Status", Type.OPTION, (Option("Open", "Open"), Option("Done", "Done")))
    own = replace(org, fields={"Task": {**org.fields["Task"], "Status": statuses}})

    assert "Status" not in sent(told, ask("create_task", own, subject="x"))
    assert sent(told, ask("create_task", own, subject="x", status="Done"))["Status"] == "Done"
    assert "there are Open, Done" in str(refusal(told, ask("create_task", own, subject="x", status="completed")))


def test_without_the_key_field_a_short_reference_ends_the_description(told: Told, ask: Ask, org: Directories) -> None:
    blind = replace(org, fields={"Task": {"Subject": Field("Subject", "Subject", Type.TEXT)}})

    marked = sent(told, ask("create_task", replace(org, fields={}), subject="x", body="Text"))
    bare = sent(told, ask("create_task", blind, subject="x"))

    assert marked["Description"] == f"Text\n{marker('key-1')}"
    assert "Description" not in bare


def test_a_text_without_room_for_the_reference_says_how_much_there_is(told: Told, ask: Ask, org: Directories) -> None:
    titled = replace(org, fields={"ContentNote": {"Title": Field("Title", "Title", Type.TEXT, length=255)}})

    refused = refusal(told, ask("create_note", titled, subject="x" * 245, body="Text"))

    assert dict(refused.fields) == {"subject": "at most 244 characters, for a short reference follows"}


@pytest.mark.parametrize("said", [{"lifecycle_stage": "marketing_qualified"}, {"subtype": "lead"}])
def test_somebody_at_an_early_stage_is_a_lead(told: Told, ask: Ask, org: Directories, said: dict[str, str]) -> None:
    request = ask("create_contact", org, email="lena@ott.test", **said)

    assert request.object == "Lead"
    assert sent(told, request, NOBODY, NOBODY) == {
        "Email": "lena@ott.test", "LastName": "lena@ott.test", "Company": "[not provided]", "CrmBridgeKey__c": "key-1",
    }  # fmt: skip


def test_a_contact_joins_its_account_and_may_have_one_name_only(told: Told, ask: Ask, org: Directories) -> None:
    request = ask("create_contact", org, first_name="Lena", phone="+49 30 1", links=(Link("Account", FIRM),))

    assert sent(told, request) == {
        "LastName": "Lena", "Phone": "+49 30 1", "AccountId": FIRM, "CrmBridgeKey__c": "key-1",
    }  # fmt: skip


def test_a_contact_and_its_role_in_a_deal_are_made_together_or_not_at_all(
    told: Told, ask: Ask, org: Directories
) -> None:
    api, script = told({"compositeResponse": [{"httpStatusCode": 201, "body": {"id": PERSON}}] * 2})
    request = ask("create_contact", org, last_name="Ott", links=(Link("Opportunity", DEAL, "Influencer"),))

    written = SALESFORCE.actions["create_contact"].send(api, request)

    body = script.bodies()[0]
    assert written == Written("Contact", PERSON)
    assert body["allOrNone"] is True
    assert [part["url"].rpartition("/")[2] for part in body["compositeRequest"]] == [
        "Contact",
        "OpportunityContactRole",
    ]
    assert body["compositeRequest"][1]["body"] == {
        "ContactId": "@{it.id}", "OpportunityId": DEAL, "IsPrimary": False, "Role": "Influencer",
    }  # fmt: skip


def test_of_a_composite_refusal_the_reason_is_told_not_the_consequence(told: Told, ask: Ask, org: Directories) -> None:
    halted = {"errorCode": "PROCESSING_HALTED", "message": "rolled back"}
    parts = [
        {"httpStatusCode": 400, "body": [halted]},
        {"httpStatusCode": 400, "body": [{"errorCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid deal"}]},
    ]
    api, _ = told({"compositeResponse": parts})
    request = ask("create_contact", org, last_name="Ott", links=(Link("Opportunity", DEAL),))

    with pytest.raises(Rejected, match="invalid deal"):
        SALESFORCE.actions["create_contact"].send(api, request)


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ((Link("Contact", PERSON), Link("Contact", "0035g00000Xyz13AAC")), "one person"),
        ((Link("Lead", LEAD), Link("Opportunity", DEAL)), "with a lead"),
        ((Link("Account", FIRM), Link("Account", "0015g00000Abc39AAC")), "one deal or account"),
    ],
)
def test_links_that_a_task_cannot_have_are_refused(
    told: Told, ask: Ask, org: Directories, links: tuple[Link, ...], said: str
) -> None:
    assert said in str(refusal(told, ask("create_task", org, subject="x", links=links)))


@pytest.mark.parametrize(
    ("type", "fields", "field"),
    [
        ("create_task", {"subject": "x", "priority": "asap"}, "priority"),
        ("create_deal", {"name": "x", "currency": "USD"}, "currency"),
        ("create_task", {"subject": "x", "completed_at": "2026-12-24T00:00:00Z"}, "completed_at"),
        ("create_task", {"subject": "x", "due_at": "soon"}, "due_at"),
        ("create_contact", {"last_name": "Ott", "company_name": "Ott AG"}, "company_name"),
        ("log_meeting", {"subject": "x", "outcome": "good"}, "outcome"),
        ("log_meeting", {"subject": "x", "occurred_at": "2026-12-24"}, "occurred_at"),
        ("create_company", {"name": "x", "links": (Link("Contact", PERSON),)}, "links"),
        ("create_deal", {"name": "x", "links": (Link("Lead", LEAD),)}, "links"),
        ("create_note", {"body": "x", "links": (Link("Contact", PERSON),) * 25}, "links"),
        ("update_contact", {"external_id": PERSON, "lifecycle_stage": "lead"}, "lifecycle_stage"),
        ("update_task", {"external_id": "00T", "type": "call"}, "type"),
        ("update_activity", {"external_id": "069", "object": "ContentNote", "occurred_at": None}, "occurred_at"),
        ("update_deal", {"external_id": DEAL, "is_won": True}, "is_won"),
        ("update_deal", {"external_id": DEAL, "amount": "much"}, "amount"),
        ("update_deal", {"external_id": DEAL, "stage": "Nowhere"}, "stage"),
        ("update_deal", {"external_id": DEAL, "pipeline": "Sales"}, "pipeline"),
        ("update_deal", {"external_id": DEAL, "custom_fields": {"Id FROM User": 1}}, "Id FROM User"),
        ("update_deal", {"external_id": DEAL}, "fields"),
        ("update_deal", {"amount": "1"}, "target"),
    ],
)
def test_what_salesforce_cannot_take_is_refused_by_name(
    told: Told, ask: Ask, org: Directories, type: str, fields: dict[str, Any], field: str
) -> None:
    assert field in refusal(told, ask(type, org, **fields)).fields


def test_what_cannot_be_taken_is_told_before_anything_is_promised(ask: Ask, org: Directories) -> None:
    create, update = SALESFORCE.actions["create_task"].check, SALESFORCE.actions["update_deal"].check
    links = (Link("Lead", LEAD), Link("Opportunity", DEAL))

    create(ask("create_task", org, subject="x"))
    update(ask("update_deal", org, external_id=DEAL, stage="Angebot"))

    with pytest.raises(Rejected, match="with a lead"):
        create(ask("create_task", org, subject="x", links=links))
    with pytest.raises(Rejected, match="Nowhere"):
        update(ask("update_deal", org, external_id=DEAL, stage="Nowhere"))


FORMS = {
    "currency": ("12.50", 12.5), "int": ("7", 7), "date": ("2027-02-03T23:30:00Z", "2027-02-04"),
    "datetime": ("2027-02-03", "2027-02-03T11:00:00.000Z"),
}  # fmt: skip
"""A type of the org's own fields, what is given, and what Salesforce's description of it takes."""


@pytest.mark.parametrize("raw_type", FORMS)
def test_the_orgs_own_fields_are_sent_in_the_form_of_their_type(
    told: Told, ask: Ask, org: Directories, raw_type: str
) -> None:
    given, form = FORMS[raw_type]
    known = replace(org, fields={"Account": {"Own__c": Field("Own__c", "Own", Type.TEXT, raw_type=raw_type)}})
    api, script = told((204, {}, b""))

    request = ask("update_company", known, external_id=FIRM, custom_fields={"Own__c": given})
    SALESFORCE.actions["update_company"].send(api, request)

    assert script.bodies() == [{"Own__c": form}]


def test_part_of_one_is_no_whole_number(told: Told, ask: Ask, org: Directories) -> None:
    known = replace(org, fields={"Account": {"Own__c": Field("Own__c", "Own", Type.NUMBER, raw_type="int")}})

    request = ask("update_company", known, external_id=FIRM, custom_fields={"Own__c": "3.5"})

    assert "whole number" in refusal(told, request).fields["custom_fields"]


def test_an_update_sends_absolute_values_and_clears_with_null(told: Told, ask: Ask, org: Directories) -> None:
    api, script = told((204, {}, b""))
    request = ask(
        "update_deal", org, external_id=DEAL, stage="angebot", amount="1234.50", currency="EUR", owner_id=None,
        close_date="2026-12-24", custom_fields={"Level__c": ["Primary", "2"], "Note__c": None},
    )  # fmt: skip

    written = SALESFORCE.actions["update_deal"].send(api, request)

    assert written == Written("Opportunity", DEAL)
    assert script.sent[0].method == "PATCH"
    assert script.bodies()[0] == {
        "StageName": "Proposal", "Amount": 1234.5, "OwnerId": None, "CloseDate": "2026-12-24", "Level__c": "1;2",
        "Note__c": None,
    }  # fmt: skip


def test_a_person_with_that_address_is_named_and_not_made_again(told: Told, ask: Ask, org: Directories) -> None:
    lead = {"Id": LEAD, "Description": None, "CrmBridgeKey__c": None}
    api, script = told(NOBODY, {"totalSize": 1, "done": True, "records": [lead]})

    with pytest.raises(Duplicate) as caught:
        SALESFORCE.actions["create_contact"].send(api, ask("create_contact", org, email="lena@o'tt.test"))

    assert (caught.value.existing_object, caught.value.existing_id) == ("Lead", LEAD)
    assert "lena%40o%5C'tt.test" in script.sent[0].url


def test_our_own_contact_sent_before_is_recognised_by_its_key(told: Told, ask: Ask, org: Directories) -> None:
    ours = {"Id": PERSON, "Description": None, "CrmBridgeKey__c": "key-1"}
    api, _ = told({"totalSize": 1, "done": True, "records": [ours]})

    written = SALESFORCE.actions["create_contact"].send(api, ask("create_contact", org, email="lena@ott.test"))

    assert written == Written("Contact", PERSON)


def test_a_duplicate_rule_names_an_object_of_its_own(told: Told, ask: Ask, org: Directories) -> None:
    match = {"matchResults": [{"matchRecords": [{"record": {"Id": LEAD}}]}]}
    error = [{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these", "duplicateResult": match}]
    api, _ = told((400, {}, orjson.dumps(error)), (404, {}, b'[{"errorCode":"NOT_FOUND","message":"no"}]'))

    with pytest.raises(Duplicate) as caught:
        SALESFORCE.actions["create_contact"].send(api, ask("create_contact", org, last_name="Ott"))
    assert (caught.value.existing_object, caught.value.existing_id) == ("Lead", LEAD)


def test_a_write_that_names_no_record_has_an_unknown_outcome(told: Told, ask: Ask, org: Directories) -> None:
    api, _ = told({"success": True})

    with pytest.raises(Unavailable) as caught:
        SALESFORCE.actions["create_task"].send(api, ask("create_task", org, subject="x"))
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("held", "is_there"),
    [
        ({"Amount": 1234.5, "CloseDate": "2026-12-24", "NextStep": None}, True),
        ({"Amount": 1234.0, "CloseDate": "2026-12-24", "NextStep": None}, False),
        ({"Amount": 1234.5, "CloseDate": "2026-12-24", "NextStep": "Call"}, False),
    ],
)
def test_an_update_is_there_when_everything_asked_for_is(
    told: Told, ask: Ask, org: Directories, held: dict[str, Any], is_there: bool
) -> None:
    api, _ = told({"totalSize": 1, "done": True, "records": [{"Id": DEAL, **held}]})
    fields = {"amount": "1234.50", "close_date": "2026-12-24", "custom_fields": {"NextStep": None}}

    found = SALESFORCE.actions["update_deal"].look_up(api, ask("update_deal", org, external_id=DEAL, **fields))

    assert (found is not None) is is_there


def test_an_unknown_key_finds_nothing(told: Told, ask: Ask, org: Directories) -> None:
    api, script = told((404, {}, b'[{"errorCode":"NOT_FOUND","message":"no"}]'), {"user_id": "005"}, NOBODY)

    assert SALESFORCE.actions["create_task"].look_up(api, ask("create_task", org, subject="x")) is None
    assert "/sobjects/Task/CrmBridgeKey__c/key-1" in script.sent[0].url


def test_changing_what_is_gone_says_so(told: Told, ask: Ask, org: Directories) -> None:
    api, _ = told((404, {}, b'[{"errorCode":"ENTITY_IS_DELETED","message":"entity is deleted"}]'))

    with pytest.raises(RecordGone):
        SALESFORCE.actions["update_deal"].send(api, ask("update_deal", org, external_id=DEAL, amount="1"))
