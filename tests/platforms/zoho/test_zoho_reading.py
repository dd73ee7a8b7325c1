"""One Zoho record into a record of ours: typed values, lookups, and whatever else may come."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.records import Kind, Labelled, Link, Record, State
from crmbridge.platforms.zoho import ZOHO
from crmbridge.platforms.zoho.sightings import fingerprint, sighting
from hypothesis import given
from hypothesis import strategies as st

CONTACT = {
    "id": "4150868000000225013", "First_Name": "Lena", "Last_Name": "Ott", "Email": "lena@ott.test",
    "Secondary_Email": "l.ott@home.test", "Phone": "+49 40 1", "Mobile": "+49 151 2", "Title": None,
    "Account_Name": {"id": "4150868000000225001", "name": "Ott AG"},
    "Owner": {"id": "77", "name": "Ana Rep", "email": "ana@acme.test"},
    "Created_Time": "2026-04-20T10:00:00+02:00", "Modified_Time": "2026-05-01T12:07:00+02:00", "Tier": ["A", "B"],
    "$editable": True,
}  # fmt: skip
DEAL = {
    "id": "9", "Deal_Name": "Rollout", "Stage": "Qualification", "Pipeline": "Standard", "Amount": 12000.5,
    "Closing_Date": "2026-09-30", "Created_Time": "2026-04-20T23:30:00+00:00", "Probability": 20,
    "Contact_Name": {"id": "1", "name": "Lena"}, "Account_Name": None,
}  # fmt: skip


def read(kind: str, raw: Any, directories: Directories | None = None, object: str | None = None) -> Record:
    context = ReadContext.of(directories, object or "Deals") if directories else None
    return ZOHO.read(kind, raw, context, object=object)


def test_a_contact_has_all_addresses_and_one_of_each_first() -> None:
    contact = read("contact", CONTACT)

    assert (contact.object, contact.subtype, contact.owner_id, contact.company_id) == (
        "Contacts", "contact", "77", "4150868000000225001",
    )  # fmt: skip
    assert contact.emails == (Labelled("lena@ott.test", "", True), Labelled("l.ott@home.test", "secondary", False))
    assert contact.phones == (Labelled("+49 40 1", "", True), Labelled("+49 151 2", "mobile", False))
    assert contact.links == {"Accounts": (Link("Accounts", "4150868000000225001", "", True),)}
    assert contact.custom_fields == {"Tier": ["A", "B"]}
    assert contact.remote_updated_at == datetime(2026, 5, 1, 10, 7, tzinfo=UTC)


def test_what_was_not_read_is_absent_and_what_is_null_is_empty() -> None:
    contact = read("contact", {"id": "1", "Title": None})

    assert (contact.get("title", "absent"), contact.get("email", "absent")) == (None, "absent")
    assert contact.links == {}


def test_a_lead_is_a_lead_and_of_a_company_by_name() -> None:
    lead = read("contact", {"id": "1", "Company": "Ott AG", "Lead_Status": "Contacted", "Last_Name": "Ott"})

    assert (lead.object, lead.subtype, lead.lifecycle_stage, lead.lifecycle_raw, lead.company_name) == (
        "Leads", "lead", "lead", "Contacted", "Ott AG",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("converted", "successor"),
    [
        ({"Converted__s": True, "Converted_Contact": {"id": "5", "name": "x"}}, ("5", "Contacts")),
        ({"Converted__s": True, "Converted_Contact": None, "Converted_Account": {"id": "6"}}, ("6", "Accounts")),
        ({"$converted": True, "$converted_detail": {"contact": "7"}}, ("7", "Contacts")),
        ({"$converted": True}, (None, None)),
    ],
)
def test_a_converted_lead_names_what_it_became(converted: dict[str, Any], successor: tuple[str, str]) -> None:
    seen = sighting("Leads", {"id": "1", **converted}, "v")

    assert (seen.state, seen.successor_id, seen.successor_object) == (State.CONVERTED, *successor)


def test_a_company_has_the_domain_of_its_website() -> None:
    company = read("company", {"id": "1", "Account_Name": "Ott", "Website": "https://www.ott.test/about"})

    assert (company.name, company.domain) == ("Ott", "ott.test")


def test_a_deal_is_what_its_stage_says(hamburg: Directories) -> None:
    deal = read("deal", DEAL, hamburg)
    won = read("deal", {**DEAL, "Stage": "Closed Won", "Pipeline": "Partners", "Probability": None}, hamburg)

    assert (deal.stage_label, deal.pipeline_label, deal.is_closed, deal.probability) == (
        "Qualification", "Standard", False, 20,
    )  # fmt: skip
    assert (won.is_closed, won.is_won, won.probability, won.pipeline_label) == (True, True, 100, "Partners")
    assert (deal.amount, deal.amount_home, deal.currency) == (Decimal("12000.5"), Decimal("12000.5"), "EUR")
    assert (deal.close_date, deal.created_date) == (date(2026, 9, 30), date(2026, 4, 21))
    assert deal.links == {"Contacts": (Link("Contacts", "1", "", True),), "Accounts": ()}


def test_a_renamed_stage_is_known_by_its_first_name(hamburg: Directories) -> None:
    deal = read("deal", {**DEAL, "Stage": "Id. Decision Makers"}, hamburg)

    assert (deal.stage, deal.is_closed) == ("Identify Decision Makers", False)


def test_a_stage_that_nobody_knows_is_neither_open_nor_closed(hamburg: Directories) -> None:
    deal = read("deal", {**DEAL, "Stage": "Gone"}, hamburg)

    assert (deal.stage_label, deal.get("is_closed", "absent")) == ("Gone", "absent")


def test_an_amount_in_another_currency_is_not_the_amount_at_home(hamburg: Directories) -> None:
    deal = read("deal", {**DEAL, "Currency": "USD", "Exchange_Rate": 1.1}, hamburg)

    assert (deal.currency, deal.home_currency, deal.get("amount_home")) == ("USD", "EUR", None)
    assert deal.custom_fields == {"Exchange_Rate": 1.1}


def test_a_task_has_our_words_and_keeps_the_customers_own() -> None:
    task = read("task", {"id": "1", "Status": "Waiting for input", "Priority": "Highest", "Due_Date": "2026-05-04"})
    own = read("task", {"id": "1", "Status": "Parked", "Priority": "Someday"})

    assert (task.status, task.priority, task.due_at, task.type) == ("waiting", "urgent", date(2026, 5, 4), "task")
    assert (own.status, own.priority, own.odd) == ("Parked", "Someday", frozenset())


@pytest.mark.parametrize(
    ("raw", "links"),
    [
        ({"What_Id": {"id": "5"}, "$se_module": "Deals"}, {"Deals": ["5"], "Leads": [], "Accounts": []}),
        ({"What_Id": {"id": "5"}, "$se_module": "Products"}, {"Deals": [], "Leads": [], "Accounts": []}),
        ({"What_Id": None}, {"Deals": [], "Leads": [], "Accounts": []}),
        ({"What_Id": {"id": "5"}}, {}),
        ({"What_Id": ["5"]}, {}),
        ({"Who_Id": {"id": "3"}}, {"Contacts": ["3"]}),
    ],
)
def test_what_a_task_hangs_on_is_told_by_its_module(raw: dict[str, Any], links: dict[str, list[str]]) -> None:
    found = read("task", {"id": "1", **raw}).links

    assert {target: [link.external_id for link in ends] for target, ends in found.items()} == links


def test_a_lookup_into_a_module_that_we_do_not_keep_is_kept_as_it_came() -> None:
    task = read("task", {"id": "1", "What_Id": {"id": "5", "name": "Saw"}, "$se_module": "Products"})

    assert task.custom_fields == {"What_Id": {"id": "5", "name": "Saw"}}


@pytest.mark.parametrize(
    ("raw", "seconds", "outcome", "direction"),
    [
        ({"Call_Duration": "53:52", "Call_Type": "Outbound", "Outbound_Call_Status": "Completed"},
         3232, "completed", "outbound"),
        ({"Call_Duration_in_seconds": 61, "Call_Duration": "x", "Call_Type": "Inbound", "Call_Result": "Interested"},
         61, "Interested", "inbound"),
        ({"Call_Duration": "00:00", "Call_Type": "Missed"}, 0, "missed", "inbound"),
    ],
)  # fmt: skip
def test_a_call_is_as_long_as_it_was_and_came_to_something(
    raw: dict[str, Any], seconds: int, outcome: str, direction: str
) -> None:
    call = read("activity", {"id": "1", "Subject": "Intro", **raw})

    assert (call.object, call.type, call.duration_seconds) == ("Calls", "call", seconds)
    assert (call.outcome, call.direction) == (outcome, direction)


def test_a_meeting_has_its_participants() -> None:
    people = [{"type": "contact", "participant": "3"}, {"type": "user", "participant": "77"}]
    raw = {
        "id": "1", "Event_Title": "Demo", "Start_DateTime": "2026-05-01T12:00:00+02:00",
        "End_DateTime": "2026-05-01T12:45:00+02:00", "Who_Id": {"id": "4"}, "What_Id": None, "Participants": people,
    }  # fmt: skip

    meeting = read("activity", raw)

    assert (meeting.type, meeting.duration_seconds) == ("meeting", 2700)
    assert [link.external_id for link in meeting.links["Contacts"]] == ["4", "3"]
    assert meeting.custom_fields["Participants"] == people


@pytest.mark.parametrize("raw", [{"$se_module": "Deals"}, {"Parent_Id": {"module": {"api_name": "Deals"}}}])
def test_a_note_is_an_activity_of_what_it_hangs_on(raw: dict[str, Any]) -> None:
    parent = {"id": "9", **raw.pop("Parent_Id", {})}
    note = read("activity", {"id": "1", "Note_Title": "T", "Note_Content": "C", "Parent_Id": parent, **raw})

    assert (note.object, note.type, note.subject, note.body) == ("Notes", "note", "T", "C")
    assert [link.external_id for link in note.links["Deals"]] == ["9"]


def test_renaming_a_user_does_not_change_a_fingerprint_and_another_owner_does() -> None:
    renamed = {**CONTACT, "Owner": {"id": "77", "name": "Ana Chief", "email": "chief@acme.test"}}
    handed_over = {**CONTACT, "Owner": {"id": "78", "name": "Ana Rep"}}

    first, second, third = (fingerprint("Contacts", raw, "v.d") for raw in (CONTACT, renamed, handed_over))

    assert first == second != third


@pytest.mark.parametrize(("object", "rewritten"), [("Deals", True), ("Contacts", False)])
def test_other_stages_translate_deals_anew_and_nobody_else(object: str, rewritten: bool) -> None:
    assert (fingerprint(object, DEAL, "v.d") != fingerprint(object, DEAL, "v.e")) is rewritten


@pytest.mark.parametrize(
    ("kind", "raw", "field"),
    [
        ("deal", {"Amount": "a lot"}, "amount"),
        ("deal", {"Probability": 250}, "probability"),
        ("deal", {"Closing_Date": "soon"}, "close_date"),
        ("contact", {"Owner": {"name": "nobody"}}, "owner_id"),
        ("contact", {"Email": {"nested": True}}, "email"),
        ("task", {"Due_Date": ["2026"]}, "due_at"),
        ("company", {"Employees": True}, "employee_count"),
    ],
)
def test_an_odd_value_is_kept_as_it_came_and_marked(kind: str, raw: dict[str, Any], field: str) -> None:
    record = read(kind, raw)
    key, value = next(iter(raw.items()))

    assert field in record.odd
    assert value in (record.get(field), record.custom_fields.get(key))


KEYS = sorted({
    *(key for spec in ZOHO.objects.values() for key in spec.remote.values()), "Secondary_Email", "Mobile", "Who_Id",
    "What_Id", "Parent_Id", "Contact_Name", "Participants", "$se_module", "Modified_Time", "End_DateTime", "Custom_1",
    "Call_Duration", "Outbound_Call_Status", "Converted__s",
})  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["2026-05-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1e999", "00:61"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "module"]), inner),
    max_leaves=4,
)  # fmt: skip


@given(
    place=st.sampled_from([(spec.kind, name) for name, spec in ZOHO.objects.items()]),
    raw=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "Nowhere"]),
)
def test_reading_never_raises_and_never_drops_a_value(place: tuple[Kind, str], raw: dict[str, Any], zone: str) -> None:
    kind, object = place

    record = ZOHO.read(kind, raw, ReadContext(Account("1", "EUR", time_zone=zone)), object=object)

    mapped = {remote: name for name, remote in ZOHO.objects[object].remote.items()}
    held = {link.external_id for links in record.links.values() for link in links}
    held |= {one.value for name in ("emails", "phones") for one in record.get(name) or ()}  # type: ignore[union-attr]
    for key, value in raw.items():
        if value is None or str(value).strip() == "" or key.startswith("$") or key in ("Created_Time", "Modified_Time"):
            continue
        kept = key in record.custom_fields or record.get(mapped.get(key, "")) is not None
        assert kept or _found(value, held), key


def _found(value: Any, held: set[str]) -> bool:
    id = value.get("id") if isinstance(value, dict) else value
    return str(id) in held or (isinstance(value, str) and value.strip() in held)
