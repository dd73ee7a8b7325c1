"""What we send to Pipedrive, to the letter, and what is refused before anything is sent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.errors import Rejected, Unavailable
from crmbridge.domain.records import Link, Type
from crmbridge.platforms.markers import marker
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.pipedrive.bodies import person_body, reads_first
from crmbridge.platforms.pipedrive.comparing import is_same
from crmbridge.platforms.pipedrive.outgoing import outgoing
from crmbridge.platforms.pipedrive.writing import check_create, check_update
from crmbridge.platforms.spec import WriteRequest

Ask = Callable[..., WriteRequest]
Told = Callable[..., Any]
MADE = {"success": True, "data": {"id": 9, "title": "x"}}


def sent_by(told: Told, ask: Ask, type: str, directories: Directories, *answers: Any, **fields: Any) -> Any:
    """The last body that was sent."""
    api, script = told(*answers, MADE)
    PIPEDRIVE.actions[type].send(api, ask(type, directories, **fields))
    return script.bodies()[-1]


def test_a_task_is_sent_as_version_2_wants_it(told: Told, ask: Ask, tallinn: Directories) -> None:
    links = (Link("persons", "902"), Link("persons", "901", primary=True), Link("deals", "55"))

    body = sent_by(
        told, ask, "create_task", tallinn, subject="Call back", body="<p>quote</p>", priority="High", owner_id="77",
        due_at="2026-05-04T11:30:00+02:00", links=links,
    )  # fmt: skip

    assert body == {
        "type": "task", "done": False, "subject": "Call back", "note": f"<p>quote</p><br>{marker('key-1')}",
        "priority": 26, "owner_id": 77, "due_date": "2026-05-04", "due_time": "09:30", "deal_id": 55,
        "participants": [{"person_id": 902, "primary": False}, {"person_id": 901, "primary": True}],
    }  # fmt: skip


def test_a_call_that_is_still_ahead_is_not_done(told: Told, ask: Ask, tallinn: Directories) -> None:
    body = sent_by(told, ask, "log_call", tallinn, subject="Tomorrow", occurred_at="2026-11-21T08:00:00Z")

    assert (body["type"], body["done"], body["due_date"], body["due_time"]) == ("call", False, "2026-11-21", "08:00")


def test_a_deal_is_changed_by_what_was_given_alone(told: Told, ask: Ask, tallinn: Directories) -> None:
    custom = {"a" * 40: "south", "b" * 40: ["Tea", "42"], "c" * 40: "12.50", "status": "won"}

    body = sent_by(
        told, ask, "update_deal", tallinn, external_id="55", amount="50000", currency="EUR", close_date=None, stage="2",
        custom_fields=custom,
    )  # fmt: skip

    assert body == {
        "value": 50000, "currency": "EUR", "expected_close_date": None, "stage_id": 2, "status": "won",
        "custom_fields": {"a" * 40: 32, "b" * 40: [41, 42], "c" * 40: {"value": 12.5, "currency": "EUR"}},
    }  # fmt: skip


OWN = {
    "visible_to": ("visible_to", "Entire company", 7), "person_id": ("people", "901", 901),
    "close_time": ("date", "2026-05-04", "2026-05-04T09:00:00Z"), "won_time": ("date", "2026-05-04T12:00:00+02:00",
    "2026-05-04T10:00:00Z"), "label_ids": ("set", None, []), "due_time": ("time", "09:30", "09:30"),
    "deal_id": ("deal", "55", 55), "project_id": ("int", "4", 4),
}  # fmt: skip
"""Pipedrive's own fields that are none of ours: the type in its list of fields, what is given, what it takes."""


@pytest.mark.parametrize("key", OWN)
def test_its_own_fields_are_sent_in_the_form_of_version_2(told: Told, ask: Ask, tallinn: Directories, key: str) -> None:
    raw_type, given, sent = OWN[key]
    options = (Option("7", "Entire company"),) if raw_type == "visible_to" else ()
    field = Field(key, key, Type.TEXT, options, raw_type=raw_type)
    known = replace(tallinn, fields={"deals": {key: field}})

    body = sent_by(told, ask, "update_deal", known, external_id="55", custom_fields={key: given})

    assert body == {key: sent}


def test_a_custom_date_is_a_day_where_the_account_is(told: Told, ask: Ask, tallinn: Directories) -> None:
    field = Field("d" * 40, "Signed", Type.DAY, custom=True, raw_type="date")
    known = replace(tallinn, fields={"deals": {field.key: field}})

    body = sent_by(told, ask, "update_deal", known, external_id="55", custom_fields={"d" * 40: "2026-05-04T22:30:00Z"})

    assert body == {"custom_fields": {"d" * 40: "2026-05-05"}}


def test_a_label_of_several_pipelines_means_the_one_the_deal_is_in(told: Told, ask: Ask, tallinn: Directories) -> None:
    now = {"data": {"id": 55, "pipeline_id": 2}}

    body = sent_by(told, ask, "update_deal", tallinn, now, external_id="55", stage="qualified")
    named = sent_by(told, ask, "update_deal", tallinn, external_id="55", stage="Qualified", pipeline="Sales")

    assert (body, named) == ({"stage_id": 7}, {"stage_id": 1})


def test_a_contact_without_search_is_created_all_the_same(told: Told, ask: Ask, tallinn: Directories) -> None:
    refused = (403, {"Content-Type": "application/json"}, b'{"success":false,"error":"Scope and URL mismatch"}')

    body = sent_by(
        told, ask, "create_contact", tallinn, refused, first_name="Lena", last_name="Ott", email="l@ott.test",
        phone="+49", links=(Link("organizations", "12"),),
    )  # fmt: skip

    assert body == {
        "name": "Lena Ott", "org_id": 12,
        "emails": [{"value": "l@ott.test", "primary": True, "label": "work"}],
        "phones": [{"value": "+49", "primary": True, "label": "work"}],
    }  # fmt: skip


@pytest.mark.parametrize("label", ["High", "Urgent"])
def test_what_is_urgent_has_the_highest_priority_that_the_account_has(
    told: Told, ask: Ask, tallinn: Directories, label: str
) -> None:
    field = Field("priority", "Priority", Type.OPTION, (Option("24", "Low"), Option("26", "High"), Option("28", label)))
    fields = {**tallinn.fields, "activities": {**tallinn.fields["activities"], "priority": field}}
    where = replace(tallinn, fields=fields)

    body = sent_by(told, ask, "create_task", where, subject="x", priority="urgent")

    assert body["priority"] == (26 if label == "High" else 28)


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a stage nobody knows": ("update_deal", {"stage": "Nirvana"}, "stage"),
    "a pipeline without a stage": ("update_deal", {"pipeline": "Sales"}, "pipeline"),
    "an owner with a name": ("update_deal", {"owner_id": "Ana"}, "owner_id"),
    "nobody for an owner": ("update_deal", {"owner_id": None}, "owner_id"),
    "no name": ("update_company", {"name": None}, "name"),
    "an empty note": ("update_activity", {"object": "notes", "body": None}, "body"),
    "an amount in words": ("update_deal", {"amount": "much"}, "amount"),
    "nothing": ("update_deal", {}, "fields"),
    "a revenue with cents": ("create_company", {"name": "x", "annual_revenue": "1000.50"}, "annual_revenue"),
    "an option nobody knows": ("update_deal", {"custom_fields": {"a" * 40: "West"}}, "custom_fields"),
    "a priority the account has not": ("create_task", {"subject": "x", "priority": "asap"}, "priority"),
    "a status that is none": ("create_task", {"subject": "x", "status": "waiting"}, "status"),
    "a day that is none": ("create_task", {"subject": "x", "due_at": "soon"}, "due_at"),
    "a lifecycle": ("create_contact", {"last_name": "x", "lifecycle_stage": "lead"}, "lifecycle_stage"),
    "a contact without anything": ("create_contact", {"owner_id": "77"}, "last_name"),
    "two deals of one task": (
        "create_task",
        {"subject": "x", "links": (Link("deals", "1"), Link("deals", "2"))},
        "links",
    ),
    "a note of a person": ("create_contact", {"last_name": "x", "links": (Link("notes", "1"),)}, "links"),
}


@pytest.mark.parametrize(("type", "fields", "name"), REFUSED.values(), ids=list(REFUSED))
def test_what_pipedrive_cannot_take_is_refused_before_anything_is_sent(
    told: Told, ask: Ask, tallinn: Directories, type: str, fields: dict[str, Any], name: str
) -> None:
    api, script = told()
    target = {"external_id": "55"} if type.startswith("update_") else {}

    with pytest.raises(Rejected) as caught:
        PIPEDRIVE.actions[type].send(api, ask(type, tallinn, **target, **fields))
    assert set(caught.value.fields) == {name}
    assert script.sent == []


PROMISED = {case: told for case, told in REFUSED.items() if case != "nothing"}


@pytest.mark.parametrize(("type", "fields", "name"), PROMISED.values(), ids=list(PROMISED))
def test_what_will_be_refused_is_known_before_anything_is_promised(
    ask: Ask, tallinn: Directories, type: str, fields: dict[str, Any], name: str
) -> None:
    update = type.startswith("update_")
    request = ask(type, tallinn, **({"external_id": "55"} if update else {}), **fields)

    with pytest.raises(Rejected) as caught:
        (check_update if update else check_create)(request)
    assert set(caught.value.fields) == {name}


def test_which_of_several_stages_is_meant_is_not_asked_before(ask: Ask, tallinn: Directories) -> None:
    check_update(ask("update_deal", tallinn, external_id="55", stage="Qualified", amount="5"))


def test_a_job_title_is_only_sent_where_the_company_has_them(ask: Ask, tallinn: Directories) -> None:
    request = ask("create_contact", tallinn, last_name="x", title="CTO")

    with pytest.raises(Rejected, match="contact sync"):
        outgoing(replace(request, directories=replace(tallinn, fields={"persons": {}})))
    assert outgoing(request) == {"job_title": "CTO"}


def test_a_person_is_read_before_a_part_of_its_lists_is_changed(ask: Ask, tallinn: Directories) -> None:
    held = {
        "first_name": "Lena", "last_name": "Ott",
        "emails": [{"value": "old@ott.test", "primary": True, "label": "home"},
                   {"value": "more@ott.test", "primary": False, "label": "other"}],
    }  # fmt: skip
    request = replace(ask("create_contact", tallinn, last_name="Berg", email="new@ott.test"), external_id="901")

    body = person_body(request, held)

    assert reads_first(request)
    assert body == {
        "name": "Lena Berg",
        "emails": [{"value": "new@ott.test", "primary": True, "label": "home"},
                   {"value": "more@ott.test", "primary": False, "label": "other"}],
    }  # fmt: skip


def test_a_look_up_lists_what_hangs_on_the_same_and_never_searches(told: Told, ask: Ask, tallinn: Directories) -> None:
    api, script = told(
        {"data": [{"id": 1, "note": "ref OTHER1"}], "additional_data": {"next_cursor": "c"}}, {"data": []}
    )
    request = ask("create_task", tallinn, subject="x", links=(Link("organizations", "12"), Link("deals", "55")))

    found = PIPEDRIVE.actions["create_task"].look_up(api, request)

    urls = [urlsplit(str(sent.url)) for sent in script.sent]
    asked = dict(parse_qsl(urls[0].query))
    assert found is None
    assert [url.path for url in urls] == ["/api/v2/activities"] * 2
    assert (asked["deal_id"], asked["updated_since"]) == ("55", "2026-11-20T08:55:00Z")
    assert dict(parse_qsl(urls[1].query))["cursor"] == "c"


def test_an_answer_without_an_id_leaves_the_outcome_unknown(told: Told, ask: Ask, tallinn: Directories) -> None:
    api, _ = told({"success": True, "data": None})

    with pytest.raises(Unavailable) as caught:
        PIPEDRIVE.actions["create_task"].send(api, ask("create_task", tallinn, subject="x"))
    assert caught.value.outcome_unknown


SAME: list[tuple[Any, Any, bool]] = [
    ("09:30", "09:30:00", True), (5, 5.0, True), ("5", 5, True), (None, "", True), (None, 0, False), ([], None, True),
    (True, 1, False), ("A@x.test", "a@x.test", True), ({"value": 5}, {"value": 5, "currency": "EUR"}, True),
    ([1, 2], [2, 1], True), ([1], [1, 2], False), ("x", None, False), ("Main St", {"value": "Main St"}, True),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "held", "same"), SAME)
def test_values_are_compared_as_what_they_are(sent: Any, held: Any, same: bool) -> None:
    assert is_same(sent, held) is same


def test_the_api_token_and_the_bearer_travel_in_headers_of_their_own() -> None:
    ways: Mapping[str, Mapping[str, str]] = {way: PIPEDRIVE.headers(way, "t") for way in ("oauth", "token")}

    assert ways == {"oauth": {"Authorization": "Bearer t"}, "token": {"x-api-token": "t"}}
