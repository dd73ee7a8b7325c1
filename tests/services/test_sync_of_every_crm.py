"""Whatever happens in a CRM, and to whatever kind of record, arrives here: in a run or in a delivery."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from crmbridge.domain.records import State
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.platforms.salesforce.notes import PREVIEW

from tests.crm_house import House, a_house

SIZES = {"contacts": 320, "companies": 60, "deals": 90, "tasks": 40, "activities": 60}
WITH_LEADS: Mapping[str, Mapping[str, Any]] = {"salesforce": {"leads": 40}, "zoho": {"leads": 40}}
BESIDE: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "hubspot": {
        "tasks": {"subject": "hs_task_subject"}, "calls": {"subject": "hs_call_title"}, "notes": {},
        "meetings": {"subject": "hs_meeting_title"}, "emails": {"subject": "hs_email_subject"},
    },
    "salesforce": {
        "Lead": {"last_name": "LastName", "lead_status": "Status"}, "Task": {"subject": "Subject"},
        "Event": {"subject": "Subject"}, "ContentNote": {"subject": "Title"},
    },
    "pipedrive": {"activities": {"subject": "subject"}, "notes": {}},
    "zoho": {
        "Leads": {"last_name": "Last_Name", "lead_status": "Lead_Status"}, "Tasks": {"subject": "Subject"},
        "Calls": {"subject": "Subject"}, "Events": {"subject": "Event_Title"}, "Notes": {"body": "Note_Content"},
    },
}  # fmt: skip
"""What each keeps beside contacts, companies and deals, and a few fields of ours by the CRM's names."""
CONVERTED = ("IsConverted", "Converted__s")
LEADS: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "salesforce": ("Lead", {"LastName": "Con", "Company": "Vert"}, {"deal": "New deal"}),
    "zoho": ("Leads", {"Last_Name": "Con", "Company": "Vert"}, {}),
}
RESTORING: Mapping[str, str] = {
    "hubspot": "restore",
    "salesforce": "undelete",
    "pipedrive": "restore",
    "zoho": "restore",
}
DELETIONS_ARE_LISTED = ("salesforce", "zoho")
"""And merges; the others tell of them in deliveries alone."""
UNSEEN: Mapping[str, tuple[tuple[str, ...], State]] = {
    "hubspot": (("gdpr_delete",), State.HIDDEN),
    "salesforce": (("delete", "hard_delete"), State.HIDDEN),
    "pipedrive": (("archive", "delete"), State.DELETED),
    "zoho": (("hide",), State.HIDDEN),
}
"""Goodbyes that no list of changes or deletions tells of, and what may be said of them."""


@dataclass(frozen=True)
class Moved:
    """In, with the first run and the calls that it took."""

    house: House
    run: Run
    calls: int


@pytest.fixture(scope="module", params=PLATFORMS)
def moved_in(request: pytest.FixtureRequest) -> Iterator[Moved]:
    with a_house(request.param, **SIZES, **WITH_LEADS.get(request.param, {})) as made:
        yield Moved(made, *made.finish(str(made.connect().active_run)))


@pytest.fixture
def house(moved_in: Moved) -> House:
    return moved_in.house


def catch_up(house: House) -> Run:
    """One incremental run, and the deliveries where it takes those."""
    house.sim.advance(600)
    run, _ = house.sync(RunType.INCREMENTAL)
    if house.platform not in DELETIONS_ARE_LISTED:
        house.hear()
    return run


def unlike(house: House) -> list[str]:
    """Everything in which the stored records are not the CRM's, other kinds included."""
    found = house.differences()
    for object, columns in BESIDE[house.platform].items():
        rows = house.sim.state(object=object, limit=100_000)["live"]
        truth = {str(row[house.dialect.id]): house.dialect.values(row) for row in rows}
        truth = {id: row for id, row in truth.items() if not any(row.get(name) for name in CONVERTED)}
        held = {id: one.record for id, one in house.stored(object).items() if one.record.state is State.LIVE}
        found += [f"{object} {id}" for id in truth.keys() ^ held.keys()]
        for id in truth.keys() & held.keys():
            ours = {name: held[id].get(name) or None for name in columns}
            theirs = {name: truth[id].get(remote) or None for name, remote in columns.items()}
            found += [f"{object} {id}"] * (ours != theirs)
    return found


def made(house: House, kind: str, mark: str) -> str:
    return str(house.sim.mutate(house.dialect.create(kind, 1, mark))[0]["ids"][0])


def test_the_first_run_costs_what_it_must_and_ends_equal(moved_in: Moved) -> None:
    house, run = moved_in.house, moved_in.run

    beside = house.calls_beside(run)
    notes = (one.record for one in house.stored("ContentNote").values())
    long = sum(len(str(note.get("body"))) > PREVIEW for note in notes)
    assert (run.status, run.errors, unlike(house)) == (Status.SUCCESS, (), [])
    assert beside == dict.fromkeys(BESIDE[house.platform], 1) | ({"ContentNote": 2 + long} if long else {})
    assert moved_in.calls == sum(counts.calls for counts in run.counts.values())
    assert moved_in.calls - sum(beside.values()) <= house.minimum()


def test_a_full_run_of_what_is_known_writes_nothing(house: House) -> None:
    house.hear()

    run, _ = house.sync(RunType.FULL)

    assert run.status is Status.SUCCESS
    assert sum(counts.created + counts.updated + counts.removed for counts in run.counts.values()) == 0
    assert house.sim.requests(summary=1)["throttled"] == 0


def test_changes_of_every_sort_arrive(house: House) -> None:
    dialect, contacts, deal = house.dialect, house.live("contact"), house.live("deal")[3]
    house.sim.mutate(
        dialect.create("deal", 5, ".more"),
        dialect.update("contact", contacts[:50]),
        dialect.remove("contact", contacts[60:61]),
        dialect.remove("deal", [deal]),
        dialect.merge("contact", *contacts[70:72]),
    )

    run = catch_up(house)

    assert (run.status, unlike(house)) == (Status.SUCCESS, [])
    assert house.get(dialect.contact, contacts[60]).record.state == dialect.deleted
    assert house.get(dialect.deal, deal).record.state == dialect.deleted


def test_who_was_merged_points_to_the_survivor_where_the_crm_tells(house: House) -> None:
    dialect, pair = house.dialect, house.live("contact")[80:82]
    survivor = str(house.sim.mutate(dialect.merge("contact", *pair))[0]["id"])

    catch_up(house)
    house.hear()

    losers = [house.get(dialect.contact, id).record for id in pair if id != survivor]
    assert [one.state for one in losers] == [dialect.merged] * len(losers)
    assert {one.successor_id for one in losers} == {survivor if dialect.merged == "merged" else None}
    assert house.get(dialect.contact, survivor).record.state is State.LIVE


@pytest.mark.parametrize("moved_in", LEADS, indirect=True, scope="module")
def test_a_lead_that_was_converted_points_to_who_it_became(house: House) -> None:
    object, fields, along = LEADS[house.platform]
    lead = house.sim.mutate({"op": "create", "object": object, "fields": fields})[0]["ids"][0]
    catch_up(house)
    house.sim.mutate({"op": "convert", "id": lead, **along})

    catch_up(house)

    converted = house.get(object, lead).record
    assert (converted.state, converted.successor_object) == (State.CONVERTED, house.dialect.contact)
    assert house.get(house.dialect.contact, str(converted.successor_id)).record.last_name == "Con"
    assert unlike(house) == []


def test_what_was_restored_lives_again(house: House) -> None:
    company = made(house, "company", ".back")
    catch_up(house)
    house.sim.mutate(house.dialect.remove("company", [company]))
    catch_up(house)
    gone = house.get(house.dialect.company, company).record.state
    house.sim.mutate({"op": RESTORING[house.platform], "object": house.dialect.company, "id": company})

    house.sync(RunType.FULL)

    assert (gone, house.get(house.dialect.company, company).record.state) == (house.dialect.deleted, State.LIVE)
    assert unlike(house) == []


def test_what_went_unseen_is_found_by_a_full_run(house: House) -> None:
    deal = made(house, "deal", ".unseen")
    catch_up(house)
    goodbye, state = UNSEEN[house.platform]
    house.sim.mutate(*({"op": op, "object": house.dialect.deal, "id": deal} for op in goodbye))

    house.sync(RunType.FULL)

    assert house.get(house.dialect.deal, deal).record.state is state
    assert unlike(house) == []


def test_what_a_delivery_tells_of_is_read_again(house: House) -> None:
    house.hear()
    house.ear.answers.clear()

    contacts = [made(house, "contact", f".told{number}") for number in range(2)]
    house.hear()

    assert {answer.status for answer in house.ear.answers} == {200}
    assert all("erson" in str(house.get(house.dialect.contact, id).record.last_name) for id in contacts)
