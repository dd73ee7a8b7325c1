"""What we write is in the CRM once, and is found again whatever became of the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import Rejected, Throttled
from crmbridge.domain.records import Link, Record
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import WriteRequest, Written
from crmbridge.platforms.zoho import ZOHO

from local.simulators import Running

Ask = Callable[..., WriteRequest]
EARLY = {"Stage": "Qualification", "Pipeline": "Standard (Standard)", "Closing_Date": "2027-01-31"}


def make(sim: Running, object: str, **fields: Any) -> str:
    made: str = sim.mutate({"op": "create", "object": object, "fields": fields})[0]["ids"][0]
    return made


def now(sim: Running) -> datetime:
    return datetime.fromisoformat(sim.state(summary=1)["now"])


def send(api: Api, request: WriteRequest) -> Written:
    return ZOHO.actions[request.type].send(api, request)


def look_up(api: Api, request: WriteRequest) -> Written | None:
    return ZOHO.actions[request.type].look_up(api, request)


def read_back(api: Api, directories: Directories, written: Written) -> Record:
    seen = ZOHO.fetch(api, written.object, [written.external_id], directories)[0]
    context = ReadContext.of(directories, seen.object)
    return ZOHO.read(seen.kind, seen.raw, context, object=seen.object, links=seen.links)


def test_a_task_is_created_with_its_links_and_read_back(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    contact, deal = make(sim, "Contacts", Last_Name="Busy"), make(sim, "Deals", Deal_Name="D", **EARLY)
    links = (Link("Contacts", contact), Link("Deals", deal))

    request = ask(
        "create_task", directories, subject="Call", body="Soon", priority="urgent", due_at="2026-12-24", links=links
    )
    task = read_back(api, directories, send(api, request))

    assert (task.subject, task.priority, task.status, task.due_at) == (
        "Call", "urgent", "not_started", date(2026, 12, 24),
    )  # fmt: skip
    assert str(task.body).startswith("Soon\nref ")
    assert {link.external_id for ends in task.links.values() for link in ends} == {contact, deal}


def test_a_task_of_a_lead_hangs_on_the_lead(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    lead = make(sim, "Leads", Last_Name="Early", Company="Early AG")

    request = ask("create_task", directories, subject="Qualify", links=(Link("Leads", lead),), asked_at=now(sim))
    written = send(api, request)

    assert read_back(api, directories, written).links["Leads"] == (Link("Leads", lead, "", primary=True),)
    assert look_up(api, request) == written


def test_a_call_is_logged_with_what_it_came_to(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    contact = make(sim, "Contacts", Last_Name="Called")
    said = {"body": "Went well", "outcome": "interested", "direction": "outbound", "duration_seconds": 372}
    at = "2026-11-20T10:00:00Z"

    call = read_back(
        api,
        directories,
        send(api, ask("log_call", directories, **said, occurred_at=at, links=(Link("Contacts", contact),))),
    )

    assert (call.type, call.outcome, call.direction, call.duration_seconds) == ("call", "Interested", "outbound", 372)
    assert call.occurred_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert str(call.body).startswith("Went well\nref ")


def test_an_outcome_of_nobodys_list_is_told_in_the_text(api: Api, directories: Directories, ask: Ask) -> None:
    call = read_back(api, directories, send(api, ask("log_call", directories, outcome="Left a parrot")))

    assert "Outcome: Left a parrot" in str(call.body)


def test_a_deal_moves_by_the_label_of_a_stage(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    deal = make(sim, "Deals", Deal_Name="Move", **EARLY)
    request = ask("update_deal", directories, external_id=deal, stage="negotiation/review", amount="12000.50")

    assert look_up(api, request) is None
    changed = read_back(api, directories, send(api, request))

    assert (changed.stage_label, str(changed.amount), changed.pipeline) == (
        "Negotiation/Review", "12000.5", "Standard (Standard)",
    )  # fmt: skip
    assert look_up(api, request) == Written("Deals", deal)


def test_a_stage_of_another_pipeline_takes_the_deal_there(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    deal = make(sim, "Deals", Deal_Name="Partner", **EARLY)

    changed = read_back(
        api, directories, send(api, ask("update_deal", directories, external_id=deal, stage="Introduced"))
    )

    assert (changed.stage, changed.pipeline) == ("Introduced", "Partners")


def test_somebody_who_has_not_come_far_is_created_as_a_lead(api: Api, directories: Directories, ask: Ask) -> None:
    written = send(
        api,
        ask("create_contact", directories, email="early@lead.test", lifecycle_stage="lead", company_name="Lead AG"),
    )

    lead = read_back(api, directories, written)
    assert (lead.object, lead.subtype, lead.email, lead.last_name) == (
        "Leads", "lead", "early@lead.test", "early@lead.test",
    )  # fmt: skip


def test_zoho_itself_refuses_a_key_twice_and_names_what_has_it(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    request = ask("create_contact", directories, last_name="Once", key="k-once")

    first, second = send(api, request), send(api, request)

    assert first == second
    assert ZOHO.actions["create_contact"].unique_key(directories)


def test_without_the_key_field_a_contact_is_found_by_what_was_sent(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    fields = {
        name: {key: field for key, field in known.items() if key != "CRM_Bridge_Key"}
        for name, known in directories.fields.items()
    }
    keyless = Directories(directories.account, directories.owners, directories.stages, fields)
    request = ask("create_contact", keyless, last_name="Keyless", phone="+49 1", asked_at=now(sim))
    assert look_up(api, request) is None

    written = send(api, request)

    assert look_up(api, request) == written
    assert not ZOHO.actions["create_contact"].unique_key(keyless)


@pytest.mark.parametrize("status", [400, 202, 207])
def test_a_record_that_failed_is_an_error_under_any_status(
    api: Api, sim: Running, directories: Directories, ask: Ask, status: int
) -> None:
    sim.settings(failed_batch_status=status)
    request = ask("create_contact", directories, last_name="L", custom_fields={"Renewal_Day": "no day"})

    with pytest.raises(Rejected) as refused:
        send(api, request)
    sim.settings(failed_batch_status=400)

    assert "Renewal_Day" in refused.value.fields


@pytest.mark.parametrize(("trouble", "word"), [("lock", "locked"), ("blueprint", "blueprint")])
def test_what_a_person_must_undo_in_zoho_says_so(
    api: Api, sim: Running, directories: Directories, ask: Ask, trouble: str, word: str
) -> None:
    deal = make(sim, "Deals", Deal_Name="Stuck", **EARLY)
    sim.mutate({"op": trouble, "object": "Deals", "id": deal})

    with pytest.raises(Rejected, match=word):
        send(api, ask("update_deal", directories, external_id=deal, stage="Closed Won"))


@pytest.mark.parametrize(("policy", "pool", "seconds"), [("CREDITS", "credits", 3600), ("x", "concurrency", 2)])
def test_limits_say_which_and_for_how_long(api: Api, sim: Running, policy: str, pool: str, seconds: int) -> None:
    sim.faults({"kind": "rate_limit", "policy": policy})

    with pytest.raises(Throttled) as busy:
        ZOHO.load_directories(api)

    assert (busy.value.pool, busy.value.retry_after) == (pool, seconds)


MADE: dict[str, dict[str, Any]] = {
    "create_task": {"subject": "Made"},
    "create_deal": {"name": "Made", "amount": 5, "close_date": "2027-03-31"},
    "log_call": {"subject": "Made"},
    "log_meeting": {"subject": "Made", "duration_seconds": 1800, "outcome": "agreed"},
    "create_note": {"subject": "Made", "body": "Text"},
    "create_contact": {"last_name": "Made", "phone": "+49 7"},
    "create_company": {"domain": "made.test"},
}


@pytest.mark.parametrize("type", [type for type in ZOHO.actions if type in MADE])
def test_everything_that_may_be_created_is_there_once_and_found(
    api: Api, sim: Running, directories: Directories, ask: Ask, type: str
) -> None:
    anchor = () if type == "create_company" else (Link("Accounts", make(sim, "Accounts", Account_Name="Anchor")),)
    request = ask(type, directories, **MADE[type], links=anchor, key=f"k-made-{type}", asked_at=now(sim))

    written = send(api, request)

    record = read_back(api, directories, written)
    assert look_up(api, request) == written
    assert {link.external_id for ends in record.links.values() for link in ends} == {one.external_id for one in anchor}
    assert "made" in str(record.get("subject") or record.get("name") or record.get("last_name")).lower()


CHANGED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "update_deal": ("Deals", {"Deal_Name": "C", **EARLY}, {"name": "Changed", "close_date": "2027-05-01"}),
    "update_task": ("Tasks", {"Subject": "C"}, {"status": "completed", "priority": "low"}),
    "update_contact": ("Contacts", {"Last_Name": "C"}, {"title": "CFO", "email": "changed@example.test"}),
    "update_company": ("Accounts", {"Account_Name": "C"}, {"annual_revenue": "1000000", "website": "c.test"}),
    "update_activity": ("Events", {"Event_Title": "C", "Start_DateTime": "2026-11-20T09:00:00+00:00",
                                   "End_DateTime": "2026-11-20T10:00:00+00:00"}, {"subject": "Changed"}),
}  # fmt: skip


@pytest.mark.parametrize("type", [type for type in ZOHO.actions if type in CHANGED])
def test_everything_that_may_be_changed_is_changed_and_seen_to_be(
    api: Api, sim: Running, directories: Directories, ask: Ask, type: str
) -> None:
    object, held, wanted = CHANGED[type]
    request = replace(ask(type, directories, **wanted, external_id=make(sim, object, **held)), object=object)
    assert look_up(api, request) is None

    written = send(api, request)

    assert look_up(api, request) == written
    assert not read_back(api, directories, written).odd
