"""Pipedrive's objects in our words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.records import Kind, Labelled, Link, Record, State
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.pipedrive.objects import OBJECTS
from crmbridge.platforms.pipedrive.reading import FLAGS
from crmbridge.platforms.pipedrive.sightings import sighting
from hypothesis import given
from hypothesis import strategies as st

PERSON = {
    "id": 901, "name": "Lena Ott", "first_name": "Lena", "last_name": "Ott", "owner_id": 77, "org_id": 12,
    "emails": [{"value": "lena@home.test", "primary": False, "label": "home"},
               {"value": "lena@ott.test", "primary": True, "label": "work"}],
    "phones": [{"value": " ", "primary": True, "label": "work"}, {"value": "+49301", "primary": False, "label": ""}],
    "add_time": "2026-05-01T10:00:00Z", "update_time": "2026-05-02T10:00:00Z", "is_deleted": False, "visible_to": 3,
    "label_ids": [], "picture_id": None, "custom_fields": {"9" * 40: "A-17", "8" * 40: None},
}  # fmt: skip
DEAL = {
    "id": 55, "title": "Ott rollout", "value": 12000.5, "currency": "eur", "status": "open", "stage_id": 1,
    "pipeline_id": 1, "owner_id": 77, "person_id": 901, "org_id": 12, "expected_close_date": "2026-12-24",
    "add_time": "2026-04-20T22:30:00Z", "update_time": "2026-05-01T10:06:59Z", "probability": None,
    "is_archived": False, "is_deleted": False, "custom_fields": {},
}  # fmt: skip
ACTIVITY = {
    "id": 7, "subject": "Call back", "type": "call", "owner_id": 77, "due_date": "2026-05-04", "due_time": "09:30:00",
    "duration": "01:30", "deal_id": 55, "org_id": None, "person_id": 901, "done": True, "note": "<p>quote</p>",
    "participants": [{"person_id": 902, "primary": False}, {"person_id": 901, "primary": True}], "lead_id": None,
    "priority": None, "marked_as_done_time": "2026-05-04T10:00:00Z", "update_time": "2026-05-04T10:00:00Z",
}  # fmt: skip
NOTE = {
    "id": 3, "content": "<p>Asked for a demo</p>", "deal_id": 55, "person_id": 901, "org_id": None, "user_id": 77,
    "add_time": "2026-05-01 10:00:00", "update_time": "2026-05-01 10:00:05", "active_flag": True,
    "deal": {"title": "Ott rollout"}, "person": {"name": "Lena Ott"}, "pinned_to_deal_flag": False,
}  # fmt: skip


def deal(directories: Directories | None = None, **changes: Any) -> Record:
    context = ReadContext.of(directories, "deals") if directories else None
    return PIPEDRIVE.read(Kind.DEAL, {**DEAL, **changes}, context)


def activity(directories: Directories | None = None, **changes: Any) -> Record:
    raw = {**ACTIVITY, **changes}
    context = ReadContext.of(directories, "activities") if directories else None
    return PIPEDRIVE.read(sighting("activities", raw, "v").kind, raw, context, object="activities")


def test_a_person_has_all_addresses_and_one_of_each_first() -> None:
    person = PIPEDRIVE.read("contact", PERSON)

    assert (person.object, person.external_id, person.subtype) == ("persons", "901", "contact")
    assert (person.first_name, person.last_name, person.owner_id) == ("Lena", "Ott", "77")
    assert (person.email, person.phone) == ("lena@ott.test", "+49301")
    assert person.emails == (Labelled("lena@home.test", "home"), Labelled("lena@ott.test", "work", primary=True))
    assert (person.company_id, person.company_ids) == ("12", ("12",))
    assert person.links == {"organizations": (Link("organizations", "12", primary=True),)}
    assert person.custom_fields == {"9" * 40: "A-17", "visible_to": 3, "label_ids": []}
    assert person.remote_updated_at == datetime(2026, 5, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "first", "last", "kept"),
    [
        ({"name": "Cher"}, None, "Cher", None),
        ({"name": "Anna Maria Ott"}, "Anna Maria", "Ott", None),
        ({"name": "Dr. Lena Ott", "first_name": "Lena", "last_name": "Ott"}, "Lena", "Ott", "Dr. Lena Ott"),
    ],
)
def test_a_name_is_divided_where_pipedrive_does_not(given: Any, first: Any, last: Any, kept: Any) -> None:
    person = PIPEDRIVE.read("contact", {"id": 1, **given})

    assert (person.first_name, person.last_name, person.custom_fields.get("name")) == (first, last, kept)


def test_what_was_not_read_is_absent_and_what_is_null_is_empty() -> None:
    person = PIPEDRIVE.read("contact", {"id": 1, "owner_id": None, "org_id": None})

    assert set(person.fields) == {"subtype", "owner_id", "company_id", "company_ids"}
    assert person.links == {"organizations": ()}
    assert person.company_ids == ()


def test_a_company_keeps_its_address_as_it_came() -> None:
    address = {"value": "Main St 1", "country": "EE"}
    raw = {"id": 12, "name": "Ott", "industry": 108, "employee_count": 3, "annual_revenue": 5.5, "address": address}

    company = PIPEDRIVE.read("company", raw)

    assert (company.name, company.industry, company.employee_count) == ("Ott", "108", 3)
    assert (company.annual_revenue, company.custom_fields) == (Decimal("5.5"), {"address": address})


def test_a_deal_has_a_stage_by_name_and_days_where_the_account_is(tallinn: Directories) -> None:
    found = deal(tallinn)

    assert (found.name, found.amount, found.currency, found.amount_home) == (
        "Ott rollout", Decimal("12000.5"), "EUR", Decimal("12000.5"),
    )  # fmt: skip
    assert (found.stage, found.stage_label, found.pipeline_label) == ("1", "Qualified", "Sales")
    assert (found.created_date, found.close_date) == (date(2026, 4, 21), date(2026, 12, 24))
    assert (found.is_closed, found.is_won, found.probability) == (False, False, 40)
    assert found.links == {
        "persons": (Link("persons", "901", primary=True),),
        "organizations": (Link("organizations", "12", primary=True),),
    }


def test_an_amount_in_another_currency_is_not_the_amount_at_home(tallinn: Directories) -> None:
    found = deal(tallinn, currency="USD")

    assert (found.currency, found.home_currency, "amount_home" in found.fields) == ("USD", "EUR", False)


@pytest.mark.parametrize(
    ("status", "closed", "won", "probability"), [("won", True, True, 100), ("lost", True, False, 0)]
)
def test_a_closed_deal_keeps_its_stage_and_closes_when_it_did(
    tallinn: Directories, status: str, closed: bool, won: bool, probability: int
) -> None:
    found = deal(tallinn, status=status, close_time="2026-06-30T22:00:00Z", probability=55)

    assert (found.stage, found.is_closed, found.is_won, found.probability) == ("1", closed, won, probability)
    assert found.close_date == date(2026, 7, 1)
    assert found.custom_fields["expected_close_date"] == "2026-12-24"
    assert found.custom_fields["probability"] == 55


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, State.LIVE),
        ({"is_archived": True}, State.ARCHIVED),
        ({"is_deleted": True, "is_archived": True}, State.DELETED),
        ({"status": "deleted"}, State.DELETED),
    ],
)
def test_a_deal_says_where_it_is_in_its_life(changes: Any, state: State) -> None:
    assert deal(**changes).state is state


def test_a_call_is_an_activity_that_takes_place_and_comes_to_something() -> None:
    call = activity()

    assert (call.kind, call.type, call.outcome, call.duration_seconds) == ("activity", "call", "completed", 5400)
    assert call.occurred_at == datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    assert [link.external_id for link in call.links["persons"]] == ["901", "902"]
    assert [link.primary for link in call.links["persons"]] == [True, False]
    assert call.links["organizations"] == ()


@pytest.mark.parametrize("type", ["call", "meeting", "email", "lunch", "deadline"])
def test_whatever_is_no_task_is_an_activity_of_its_type(type: str) -> None:
    found = activity(type=type, done=False)

    assert (found.kind, found.type, found.outcome) == ("activity", type, "scheduled")


def test_a_type_of_the_customers_own_is_other_and_kept() -> None:
    found = activity(type="site_visit")

    assert (found.kind, found.type, found.custom_fields["type"]) == ("activity", "other", "site_visit")


def test_an_activity_of_a_whole_day_begins_with_it_where_the_account_is(tallinn: Directories) -> None:
    found = activity(tallinn, due_time="")

    assert found.occurred_at == datetime(2026, 5, 3, 21, tzinfo=UTC)
    assert found.custom_fields["due_date"] == "2026-05-04"


def test_a_task_is_done_or_not_and_due_on_a_day_or_at_a_time(tallinn: Directories) -> None:
    timed = activity(tallinn, type="task", priority=26)
    whole = activity(tallinn, type="task", due_time=None, done=False, marked_as_done_time=None)

    assert (timed.kind, timed.status, timed.priority) == ("task", "completed", "high")
    assert (timed.due_at, timed.completed_at) == (
        datetime(2026, 5, 4, 9, 30, tzinfo=UTC), datetime(2026, 5, 4, 10, tzinfo=UTC),
    )  # fmt: skip
    assert (whole.due_at, whole.status, whole.completed_at) == (date(2026, 5, 4), "not_started", None)


def test_a_note_is_an_activity_of_what_it_hangs_on() -> None:
    note = PIPEDRIVE.read("activity", NOTE)

    assert (note.object, note.type, note.body, note.owner_id) == ("notes", "note", "<p>Asked for a demo</p>", "77")
    assert note.occurred_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert [link.external_id for ends in note.links.values() for link in ends] == ["901", "55"]
    assert note.custom_fields == {"pinned_to_deal_flag": False}


def test_the_names_that_a_note_repeats_do_not_change_its_fingerprint() -> None:
    renamed = {**NOTE, "deal": {"title": "Renamed"}}

    assert sighting("notes", renamed, "v").fingerprint == sighting("notes", NOTE, "v").fingerprint


@pytest.mark.parametrize(("object", "rewritten"), [("deals", True), ("persons", False)])
def test_other_stages_translate_deals_anew_and_nobody_else(object: str, rewritten: bool) -> None:
    raw = DEAL if object == "deals" else PERSON

    before, after = (sighting(object, raw, version).fingerprint for version in ("t.stages.a", "t.other.a"))

    assert (before != after) is rewritten


ODD: dict[str, tuple[Kind, dict[str, Any], str]] = {
    "a currency that is a list": (Kind.DEAL, {"currency": ["EUR"]}, "currency"),
    "an amount in words": (Kind.DEAL, {"value": "a lot"}, "amount"),
    "a status nobody knows": (Kind.DEAL, {"status": "paused"}, "is_closed"),
    "a date of no calendar": (Kind.DEAL, {"expected_close_date": "2026-02-30"}, "close_date"),
    "a probability above all": (Kind.DEAL, {"probability": 400}, "probability"),
    "addresses in one text": (Kind.CONTACT, {"emails": "a@x.test"}, "emails"),
    "a stage that is an object": (Kind.DEAL, {"stage_id": {"name": "x"}}, "stage"),
    "a flag in words": (Kind.TASK, {"type": "task", "done": "yes"}, "status"),
}


@pytest.mark.parametrize(("kind", "raw", "field"), ODD.values(), ids=list(ODD))
def test_an_odd_value_is_kept_as_it_came_and_marked(kind: Kind, raw: dict[str, Any], field: str) -> None:
    record = PIPEDRIVE.read(kind, {"id": 1, **raw})

    value = list(raw.values())[-1]
    assert field in record.odd
    assert value in [*record.fields.values(), *record.custom_fields.values()]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
VALUES = JSON | st.sampled_from(
    ["2026-05-01", "2026-05-01T10:00:00Z", "0001-01-01 00:00:00", "09:30", "task", "won", "EUR", "1e999", 7]
)
KEYS = sorted({*PERSON, *DEAL, *ACTIVITY, *NOTE, "close_time", "local_close_date", "industry"} - {"custom_fields"})
HELD: dict[str, tuple[str, ...]] = {
    "name": ("name", "last_name"), "status": ("is_closed",), "expected_close_date": ("close_date",),
    "type": ("type",), "done": ("status", "outcome"), "priority": ("priority",), "due_date": ("due_at", "occurred_at"),
    "due_time": ("due_at", "occurred_at"), "duration": ("duration_seconds",), "emails": ("emails",),
    "phones": ("phones",), "marked_as_done_time": ("completed_at",), "add_time": ("occurred_at", "created_date"),
}  # fmt: skip
"""Remote field -> the fields of ours that may hold it, beside what the object's table says."""
LINKED = {"person_id": "persons", "org_id": "organizations", "deal_id": "deals", "participants": "persons"}


@st.composite
def raws(draw: st.DrawFn) -> tuple[str, Kind, dict[str, Any]]:
    object = draw(st.sampled_from(list(OBJECTS)))
    raw = draw(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=9))
    custom = draw(st.dictionaries(st.sampled_from(["d" * 40, "e" * 40]), JSON, max_size=2))
    return object, draw(st.sampled_from(list(Kind))), {**raw, "custom_fields": custom}


@given(raws(), st.booleans())
def test_reading_never_raises_and_never_drops_a_value(case: tuple[str, Kind, dict[str, Any]], known: bool) -> None:
    object, kind, raw = case
    context = ReadContext(account=Account("1", "EUR", time_zone="Europe/Tallinn")) if known else None

    record = PIPEDRIVE.read(kind, raw, context, object=object)

    values = {**raw, **raw.pop("custom_fields")}
    told = {key for key, value in values.items() if value not in (None, "") and not is_kept(record, key)}
    assert told - {"deal", "person", "custom_fields"} == set()


def is_kept(record: Record, key: str) -> bool:
    """Under its own name, in a field of ours, as a link, or in the record's own dates, id and state."""
    ours = [name for name, remote in OBJECTS[record.object].remote.items() if remote == key]
    dates = {"add_time": record.remote_created_at, "update_time": record.remote_updated_at, "id": record.external_id}
    return (
        key in record.custom_fields
        or any(name in record.fields for name in (*ours, *HELD.get(key, ())))
        or LINKED.get(key) in record.links
        or bool(dates.get(key))
        or key in FLAGS
    )
