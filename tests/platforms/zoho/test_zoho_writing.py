"""What is sent, to the letter, and what is refused before anything is."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Rejected, Unavailable
from crmbridge.domain.records import Link, Type
from crmbridge.platforms.spec import WriteRequest
from crmbridge.platforms.zoho import ZOHO
from crmbridge.platforms.zoho.writing import holds

Told = Callable[..., Any]
Ask = Callable[..., WriteRequest]
DONE = {"data": [{"code": "SUCCESS", "status": "success", "details": {"id": "9"}}]}


def sent(told: Told, request: WriteRequest, *before: Any) -> Any:
    api, script = told(*before, DONE)
    ZOHO.actions[request.type].send(api, request)
    return script.bodies()[-1]["data"][0]


def test_a_task_is_sent_as_zoho_wants_it(told: Told, ask: Ask, hamburg: Directories) -> None:
    links = (Link("Contacts", "1"), Link("Deals", "2"))
    request = ask(
        "create_task", hamburg, subject="Call", due_at="2026-05-04T23:30:00Z", priority="high", owner_id="77",
        links=links,
    )  # fmt: skip

    body = sent(told, request)

    assert body.pop("Description").startswith("ref ")
    assert body == {
        "Subject": "Call", "Due_Date": "2026-05-05", "Priority": "High", "Status": "Not Started",
        "Owner": {"id": "77"}, "Who_Id": {"id": "1"}, "What_Id": {"id": "2"}, "$se_module": "Deals",
    }  # fmt: skip


def test_a_call_has_a_time_a_length_and_a_way(told: Told, ask: Ask, hamburg: Directories) -> None:
    body = sent(told, ask("log_call", hamburg, direction="inbound", duration_seconds=372, outcome="Interested"))

    assert (body["Call_Type"], body["Call_Duration"], body["Call_Result"]) == ("Inbound", "06:12", "Interested")
    assert body["Call_Start_Time"] == "2026-11-20T09:00:00+00:00"
    assert "Outbound_Call_Status" not in body


def test_a_contact_carries_the_key_and_its_company(told: Told, ask: Ask, hamburg: Directories) -> None:
    request = ask("create_contact", hamburg, first_name="Lena", phone="+49", links=(Link("Accounts", "5"),), key="k-1")

    assert sent(told, request) == {
        "First_Name": "Lena", "Last_Name": "Lena", "Phone": "+49", "Account_Name": {"id": "5"}, "CRM_Bridge_Key": "k-1",
    }  # fmt: skip


def test_a_deal_is_changed_by_what_was_given_alone(told: Told, ask: Ask, hamburg: Directories) -> None:
    custom = {"Region": "n", "Interests": ["tea", "Tin"], "Partner": "44", "Unknown": Decimal("1.5")}
    request = ask(
        "update_deal", hamburg, external_id="9", stage="qualification",
        amount=Decimal("10.50"), close_date="2026-09-30", custom_fields=custom,
    )  # fmt: skip

    assert sent(told, request) == {
        "Stage": "Qualification", "Amount": 10.5, "Closing_Date": "2026-09-30", "Region": "North",
        "Interests": ["Tea", "Tin"], "Partner": {"id": "44"}, "Unknown": 1.5,
    }  # fmt: skip


FORMS = {
    "currency": ("12.50", 12.5), "integer": ("7", 7), "percent": ("40", 40), "date": ("2027-02-03T23:30:00Z",
    "2027-02-04"), "datetime": ("2027-02-03T04:05:06.789Z", "2027-02-03T04:05:06+00:00"),
}  # fmt: skip
"""A type of the account's own fields, what is given, and the only form that Zoho takes."""


@pytest.mark.parametrize("raw_type", FORMS)
def test_the_accounts_own_fields_are_sent_in_the_form_of_their_type(
    told: Told, ask: Ask, hamburg: Directories, raw_type: str
) -> None:
    given, form = FORMS[raw_type]
    field = Field("Own", "Own", Type.TEXT, custom=True, raw_type=raw_type)
    known = replace(hamburg, fields={"Deals": {"Own": field}})

    body = sent(told, ask("update_deal", known, external_id="9", custom_fields={"Own": given}))

    assert body == {"Own": form}


def test_a_note_without_a_title_says_nothing_of_one(told: Told, ask: Ask, hamburg: Directories) -> None:
    body = sent(told, ask("create_note", hamburg, body="Hello", links=(Link("Deals", "2"),)))

    assert set(body) == {"Note_Content", "Parent_Id"}


@pytest.mark.parametrize(
    ("type", "given", "field"),
    [
        ("update_deal", {"external_id": "9", "stage": "Nowhere"}, "stage"),
        ("update_deal", {"external_id": "9", "amount": "a lot"}, "amount"),
        ("update_deal", {"external_id": "9", "is_won": True}, "is_won"),
        ("update_deal", {"external_id": "9", "custom_fields": {"Region": "West"}}, "Region"),
        ("update_deal", {"external_id": "9"}, "fields"),
        ("update_deal", {"amount": 5}, "target"),
        ("create_task", {"subject": "S", "priority": "whenever"}, "priority"),
        ("create_task", {"subject": "S", "due_at": "soon"}, "due_at"),
        ("create_task", {"subject": "S", "links": (Link("Products", "1"),)}, "links"),
        ("create_task", {"subject": "S", "links": (Link("Deals", "1"), Link("Leads", "2"))}, "links"),
        ("create_contact", {"title": "CTO"}, "last_name"),
    ],
)
def test_what_zoho_cannot_take_is_refused_before_anything_is_sent(
    told: Told, ask: Ask, hamburg: Directories, type: str, given: dict[str, Any], field: str
) -> None:
    api, script = told()

    with pytest.raises(Rejected) as refused:
        ZOHO.actions[type].send(api, ask(type, hamburg, **given))

    assert field in refused.value.fields
    assert script.sent == []


@pytest.mark.parametrize("answer", [{"data": []}, {}, {"data": [{"details": {}}]}, (200, {}, b"")])
def test_an_answer_without_an_id_leaves_the_outcome_unknown(
    told: Told, ask: Ask, hamburg: Directories, answer: Any
) -> None:
    api, _ = told(answer)

    with pytest.raises(Unavailable) as unclear:
        ZOHO.actions["create_task"].send(api, ask("create_task", hamburg, subject="S"))

    assert unclear.value.outcome_unknown


@pytest.mark.parametrize(
    ("fields", "object"),
    [
        ({"subtype": "lead"}, "Leads"),
        ({"lifecycle_stage": "sales_qualified"}, "Leads"),
        ({"lifecycle_stage": "customer"}, "Contacts"),
        ({"subtype": "contact", "lifecycle_stage": "lead"}, "Contacts"),
        ({}, "Contacts"),
    ],
)
def test_a_person_is_a_lead_or_a_contact(fields: dict[str, str], object: str) -> None:
    assert ZOHO.actions["create_contact"].made(fields) == object


@pytest.mark.parametrize(
    ("sent", "held", "same"),
    [
        (None, None, True), ("", None, True), (5, 5.0, True), (5, 6, False), ("a", " A ", True),
        ({"id": "1"}, {"id": "1", "name": "x"}, True), ({"id": "1"}, None, False), (["b", "a"], ["a", "b"], True),
        ("2026-05-01T10:00:00+00:00", "2026-05-01T12:00:00+02:00", True),
    ],
)  # fmt: skip
def test_values_are_compared_as_what_they_are(sent: Any, held: Any, same: bool) -> None:
    assert holds({"Field": sent}, {"Field": held}) is same
