"""The adapter against the simulator: what the CRM has is what we see, and what we write is there once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import TokenSet
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import Duplicate, Rejected, Throttled
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Link, Record, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.queries import Soql, any_of, run
from crmbridge.platforms.spec import PageRequest, Window, WriteRequest

from local.simulators import Running, running

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Ask = Callable[..., WriteRequest]
Everything = Callable[..., tuple[list[Sighting], int]]
Make = Callable[..., list[str]]
Fetched = Callable[..., Record]
Unkeyed = tuple[Running, Api, Directories]


def ids(seen: list[Sighting], state: State = State.LIVE) -> set[str]:
    return {one.external_id for one in seen if one.state is state}


def live(cloud: Running, object: str, **where: Any) -> set[str]:
    """What there is, converted leads and people's accounts left out."""
    rows = cloud.state(object=object, limit=100_000)["live"]
    gone = ("IsConverted", "IsPersonAccount") if object in ("Lead", "Account") else ()
    return {row["Id"] for row in rows if not any(row.get(flag) for flag in gone)}


def always() -> Window:
    return Window(LONG_AGO, datetime.now(UTC) + timedelta(days=1))


def test_the_connection_test_says_where_we_are(api: Api) -> None:
    identity = SALESFORCE.identify(api, TokenSet(access_token="t", scopes=("api", "id")))

    assert (identity.account.id, identity.account.name) == ("00D5g0000000001EAA", "Falkenau AG")
    assert (identity.user, identity.scopes) == ("admin@falkenau.test", ("api", "id"))
    assert identity.quota["daily"][1] == 115_000


def test_directories_cost_one_call_and_know_owners_queues_stages_and_columns(
    api: Api, directories: Directories
) -> None:
    before = api.calls
    loaded = SALESFORCE.load_directories(api)

    assert api.calls == before + 1
    assert (loaded.version, loaded.account.currency) == (directories.version, "EUR")
    assert {owner.type for owner in loaded.owners.values()} == {"person", "queue"}
    assert {owner.active for owner in loaded.owners.values()} == {True, False}
    assert (loaded.stages["Closed Won"].is_won, loaded.stages["Prospecting"].probability) == (True, 10)
    assert loaded.fields["Opportunity"]["Amount"].type == "money"
    assert loaded.fields["Contact"]["Level__c"].options
    assert "MailingAddress" not in loaded.fields["Contact"]


@pytest.mark.parametrize("object", list(SALESFORCE.objects))
def test_a_full_listing_shows_every_record_once(
    api: Api, cloud: Running, directories: Directories, everything: Everything, object: str
) -> None:
    seen, calls = everything(api, directories, object)
    context = ReadContext.of(directories, object)
    records = [SALESFORCE.read(one.kind, one.raw, context, object=object) for one in seen if one.raw]

    assert ids(seen) == live(cloud, object)
    assert len({one.external_id for one in seen}) == len(seen)
    assert seen
    assert all(not record.odd for record in records)
    assert all(set(one.links) == set(SALESFORCE.objects[object].links) for one in seen if one.raw)
    assert calls == (2 if object == "ContentNote" else 1)


def test_a_large_listing_costs_a_call_for_each_two_thousand(
    open_api: Callable[..., Api], everything: Everything
) -> None:
    with running("salesforce", contacts=4_000, leads=0, companies=20, deals=10, tasks=0, activities=0, orgs=1) as sim:
        api = open_api(sim.url)
        contacts, calls = everything(api, SALESFORCE.load_directories(api), "Contact")
        there = live(sim, "Contact")

    assert ids(contacts) == there
    assert calls == -(-len(there) // 2_000)


def test_every_value_the_crm_has_reaches_the_record(
    api: Api, make: Make, directories: Directories, fetched: Fetched
) -> None:
    contact = make("Contact", LastName="Full", Title="CTO", MailingCity="Lyon", Score__c=12.5)[0]

    found = fetched(api, directories, "Contact", contact)

    assert (found.last_name, found.title) == ("Full", "CTO")
    assert (found.custom_fields["MailingCity"], found.custom_fields["Score__c"]) == ("Lyon", 12.5)


def test_thousands_of_changes_that_share_a_stamp_are_all_seen_in_one_window(
    api: Api, cloud: Running, make: Make, directories: Directories, everything: Everything
) -> None:
    made = make("Account", 4_100, Name="Import {n}")

    seen, calls = everything(
        api, directories, "Account", Window(datetime.now(UTC) - timedelta(minutes=1), always().end)
    )
    cloud.mutate({"op": "delete", "object": "Account", "ids": made})

    assert set(made) <= ids(seen)
    assert calls <= 3


def test_a_late_commit_is_in_the_window_that_overlaps(
    api: Api, cloud: Running, directories: Directories, everything: Everything
) -> None:
    order = {"op": "create", "object": "Contact", "fields": {"LastName": "Late"}, "late_seconds": 300}
    late = cloud.mutate(order)[0]["ids"][0]
    end = datetime.now(UTC) + timedelta(seconds=200)

    before, _ = everything(api, directories, "Contact", Window(end - timedelta(hours=1), end))
    cloud.advance(301)
    overlap = timedelta(seconds=SALESFORCE.overlap_seconds)
    after, _ = everything(api, directories, "Contact", Window(end - overlap, end + timedelta(minutes=10)))

    assert late not in ids(before)
    assert late in ids(after)


def test_five_hundred_contacts_of_one_company_all_say_so(
    api: Api, make: Make, directories: Directories, everything: Everything
) -> None:
    company = make("Account", Name="Large")[0]
    people = make("Contact", 500, LastName="Crowd {n}", AccountId=company)

    seen, _ = everything(api, directories, "Contact")

    owners = {one.external_id for one in seen if one.links["Account"] == (Link("Account", company, primary=True),)}
    assert owners == set(people)


def test_all_contacts_of_a_deal_come_with_it(
    api: Api, make: Make, directories: Directories, everything: Everything
) -> None:
    deal = make("Opportunity", Name="Crowded", StageName="Prospecting", CloseDate="2027-01-01")[0]
    people = make("Contact", 250, LastName="Role {n}")
    for person in people:
        make("OpportunityContactRole", OpportunityId=deal, ContactId=person, Role="User")

    listed, _ = everything(api, directories, "Opportunity")
    read = SALESFORCE.fetch(api, "Opportunity", [deal], directories)

    found = next(one for one in listed if one.external_id == deal)
    assert {link.external_id for link in found.links["Contact"]} == set(people)
    assert read[0].links == found.links


def test_a_role_that_changes_brings_its_deal_though_no_date_of_the_deal_moves(
    api: Api, cloud: Running, make: Make, directories: Directories, everything: Everything
) -> None:
    deal = make("Opportunity", Name="Roles", StageName="Prospecting", CloseDate="2027-01-01")[0]
    person = make("Contact", LastName="Joins")[0]
    before = SALESFORCE.fetch(api, "Opportunity", [deal], directories)[0]
    role = make("OpportunityContactRole", OpportunityId=deal, ContactId=person, Role="Evaluator")[0]
    joined, _ = everything(api, directories, "Opportunity", always(), "roles")
    cloud.mutate({"op": "delete", "object": "OpportunityContactRole", "id": role})
    left, _ = everything(api, directories, "Opportunity", always(), "roles")

    after, later = (next(one for one in seen if one.external_id == deal) for seen in (joined, left))
    assert before.remote_updated_at == after.remote_updated_at
    assert after.links["Contact"] == (Link("Contact", person, "Evaluator"),)
    assert (later.links["Contact"], later.fingerprint) == ((), before.fingerprint)


def test_deletions_and_merges_come_in_the_window_with_their_successors(
    api: Api, cloud: Running, make: Make, directories: Directories, everything: Everything
) -> None:
    gone, winner, loser = make("Contact", 3, LastName="Fate {n}")
    cloud.mutate(
        {"op": "delete", "object": "Contact", "id": gone},
        {"op": "merge", "object": "Contact", "winner": winner, "loser": loser},
    )

    seen = {one.external_id: one for one in everything(api, directories, "Contact", always())[0]}

    assert (seen[gone].state, seen[winner].state, seen[loser].state) == (State.DELETED, State.LIVE, State.MERGED)
    assert seen[loser].successor_id == winner


def test_every_id_asked_for_is_answered(api: Api, cloud: Running, make: Make, directories: Directories) -> None:
    alive, gone, erased, hidden, winner, loser = make("Contact", 6, LastName="Asked {n}")
    cloud.mutate(
        {"op": "delete", "object": "Contact", "id": gone},
        {"op": "delete", "object": "Contact", "id": erased},
        {"op": "hard_delete", "object": "Contact", "id": erased},
        {"op": "hide", "object": "Contact", "id": hidden},
        {"op": "merge", "object": "Contact", "winner": winner, "loser": loser},
    )

    asked = [alive, gone, erased, hidden, loser, "0035g00000zzzzzAAA", "no id at all"]
    states = {one.external_id: one.state for one in SALESFORCE.fetch(api, "Contact", asked, directories)}

    assert states == {
        alive: State.LIVE, gone: State.DELETED, erased: State.HIDDEN, hidden: State.HIDDEN, loser: State.MERGED,
        winner: State.LIVE, "0035g00000zzzzzAAA": State.HIDDEN, "no id at all": State.HIDDEN,
    }  # fmt: skip


def test_a_question_too_long_for_a_url_is_answered_as_well(
    api: Api, cloud: Running, directories: Directories, make: Make
) -> None:
    made = make("Contact", 900, LastName="Long {n}")
    cloud.forget_requests()

    found = run(api, Soql(("Id",), "Contact", any_of("Id", made)))

    assert {row["Id"] for row in found.records} == set(made)
    assert list(cloud.requests(summary=1)["by_route"]) == ["POST /services/data/v62.0/composite"]


def test_a_deleted_record_that_comes_back_lives(api: Api, cloud: Running, make: Make, directories: Directories) -> None:
    contact = make("Contact", LastName="Back")[0]
    cloud.mutate({"op": "delete", "object": "Contact", "id": contact})
    cloud.mutate({"op": "undelete", "object": "Contact", "id": contact})

    assert SALESFORCE.fetch(api, "Contact", [contact], directories)[0].state is State.LIVE


def test_a_converted_lead_lives_on_as_its_contact(
    api: Api, cloud: Running, make: Make, directories: Directories, everything: Everything
) -> None:
    lead = make("Lead", LastName="Con", Company="Vert")[0]
    cloud.mutate({"op": "convert", "id": lead, "deal": "First deal"})

    read = {one.object: one for one in SALESFORCE.fetch(api, "Lead", [lead], directories)}
    listed = next(one for one in everything(api, directories, "Lead", always())[0] if one.external_id == lead)

    assert (read["Lead"].state, read["Lead"].successor_object) == (State.CONVERTED, "Contact")
    assert read["Lead"].successor_id == read["Contact"].external_id
    assert read["Contact"].state is State.LIVE
    assert listed == read["Lead"]


def test_person_accounts_are_contacts_and_never_companies(
    api: Api, cloud: Running, directories: Directories, everything: Everything, fetched: Fetched
) -> None:
    accounts = [row for row in cloud.state(object="Account", limit=1_000)["live"] if row.get("IsPersonAccount")]
    listed, _ = everything(api, directories, "Account")
    read = SALESFORCE.fetch(api, "Account", [row["Id"] for row in accounts], directories)

    contacts = {one.successor_id for one in read if one.state is State.CONVERTED}
    assert len(contacts) == len(accounts) == 4
    assert ids(listed).isdisjoint(row["Id"] for row in accounts)
    assert all(fetched(api, directories, "Contact", str(id)).subtype == "person_account" for id in contacts)


def test_tasks_and_logged_calls_are_told_apart_and_archived_ones_are_there(
    api: Api, cloud: Running, make: Make, directories: Directories, everything: Everything
) -> None:
    task, call, old = (
        make("Task", Subject="x", TaskSubtype=subtype, Status="Completed")[0] for subtype in ("Task", "Call", "Task")
    )
    cloud.mutate({"op": "archive", "object": "Task", "id": old})

    seen = {one.external_id: one for one in everything(api, directories, "Task")[0]}

    assert (seen[task].kind, seen[call].kind) == (Kind.TASK, Kind.ACTIVITY)
    assert seen[old].state is State.LIVE
    assert SALESFORCE.fetch(api, "Task", [old], directories)[0].fingerprint == seen[old].fingerprint


def test_people_are_found_live_by_their_address(api: Api, cloud: Running, make: Make, directories: Directories) -> None:
    contact = make("Contact", LastName="O'Neil", Email="o'neil@example.test")[0]
    lead = make("Lead", LastName="O'Neil", Company="x", Email="o'neil@example.test")[0]

    found = {object: SALESFORCE.find(api, object, " o'neil@example.test", directories) for object in SALESFORCE.objects}

    assert {object: ids(seen) for object, seen in found.items() if seen} == {"Contact": {contact}, "Lead": {lead}}


def test_a_column_that_is_hidden_meanwhile_does_not_stop_a_listing(
    open_api: Callable[..., Api], everything: Everything
) -> None:
    with running("salesforce", contacts=10, leads=2, companies=2, deals=2, tasks=2, activities=2, orgs=1) as sim:
        api = open_api(sim.url)
        known = SALESFORCE.load_directories(api)
        sim.mutate({"op": "hide_field", "object": "Contact", "field": "Email"})
        seen, _ = everything(api, known, "Contact")
        later = SALESFORCE.load_directories(api)

    assert seen
    assert all("Email" not in one.raw for one in seen)
    assert "Email" not in later.fields["Contact"]
    assert later.version != known.version


def test_preparing_says_where_a_key_is_enforced(api: Api, directories: Directories, unkeyed: Unkeyed) -> None:
    _, other, without = unkeyed

    facts = SALESFORCE.prepare(api, directories)

    assert [name for name, fact in facts.items() if fact != "unique"] == ["key.ContentNote"]
    assert set(SALESFORCE.prepare(other, without).values()) == {"marker"}
    assert SALESFORCE.actions["create_task"].unique_key(directories)
    assert not SALESFORCE.actions["create_task"].unique_key(without)


def test_a_task_is_created_with_its_links_and_read_back(
    api: Api, make: Make, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    person = make("Contact", LastName="Busy")[0]
    deal = make("Opportunity", Name="x", StageName="Prospecting", CloseDate="2027-01-01")[0]
    links = (Link("Contact", person), Link("Opportunity", deal))
    request = ask(
        "create_task", directories, subject="Call", priority="high", due_at="2026-12-24", links=links, key="t"
    )

    written = SALESFORCE.actions["create_task"].send(api, request)

    task = fetched(api, directories, "Task", written.external_id)
    assert (task.subject, task.priority, task.status) == ("Call", "high", "not_started")
    assert str(task.due_at) == "2026-12-24"
    assert {link.external_id for ends in task.links.values() for link in ends} == {person, deal}
    assert task.custom_fields["CrmBridgeKey__c"] == "t"


def test_a_call_is_logged_with_its_length_and_its_outcome(
    api: Api, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    fields = {"subject": "Intro", "duration_seconds": 90, "direction": "outbound", "outcome": "Left voicemail"}

    written = SALESFORCE.actions["log_call"].send(api, ask("log_call", directories, key="c", **fields))

    call = fetched(api, directories, "Task", written.external_id)
    assert (call.kind, call.type, call.duration_seconds) == (Kind.ACTIVITY, "call", 90)
    assert (call.direction, call.outcome) == ("outbound", "Left voicemail")


def test_a_note_hangs_on_everything_it_was_written_about(
    api: Api, make: Make, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    person, firm = make("Contact", LastName="Noted")[0], make("Account", Name="Noted")[0]
    links = (Link("Contact", person), Link("Account", firm))
    request = ask(
        "create_note",
        directories,
        body="Budget < 5 & fixed\nsays Ann",
        links=links,
        key="n",
        asked_at=datetime.now(UTC),
    )

    missing = SALESFORCE.actions["create_note"].look_up(api, request)
    written = SALESFORCE.actions["create_note"].send(api, request)

    note = fetched(api, directories, "ContentNote", written.external_id)
    assert (missing, SALESFORCE.actions["create_note"].look_up(api, request)) == (None, written)
    assert str(note.subject).startswith("Budget < 5 & fixed ref ")
    assert (note.type, note.body) == ("note", "Budget < 5 & fixedsays Ann")
    assert {link.external_id for ends in note.links.values() for link in ends} == {person, firm}


def test_a_deal_begins_with_its_contacts(
    api: Api, make: Make, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    person, firm = make("Contact", LastName="Buyer")[0], make("Account", Name="Buyer")[0]
    links = (Link("Contact", person, primary=True), Link("Account", firm))

    written = SALESFORCE.actions["create_deal"].send(
        api, ask("create_deal", directories, name="New", links=links, key="d")
    )

    deal = fetched(api, directories, "Opportunity", written.external_id)
    assert (deal.stage, deal.company_id, str(deal.close_date)) == ("Prospecting", firm, "2026-12-20")
    assert deal.links["Contact"] == (Link("Contact", person, primary=True),)


def test_a_meeting_is_logged_and_moved(api: Api, directories: Directories, ask: Ask, fetched: Fetched) -> None:
    asked = ask(
        "log_meeting", directories, subject="Demo", occurred_at="2026-11-20T10:00:00Z", duration_seconds=2700, key="m"
    )
    written = SALESFORCE.actions["log_meeting"].send(api, asked)
    later = ask(
        "update_activity", directories, object="Event", external_id=written.external_id,
        occurred_at="2026-11-21T10:00:00Z", duration_seconds=1800,
    )  # fmt: skip

    moved = SALESFORCE.actions["update_activity"].send(api, later)

    meeting = fetched(api, directories, "Event", moved.external_id)
    assert (meeting.type, meeting.subject, meeting.duration_seconds) == ("meeting", "Demo", 1800)
    assert meeting.occurred_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert SALESFORCE.actions["update_activity"].look_up(api, later) == moved


def test_companies_and_people_are_made_and_changed(
    api: Api, make: Make, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    firm = SALESFORCE.actions["create_company"].send(
        api, ask("create_company", directories, domain="new.test", key="a")
    )
    change = ask("update_company", directories, external_id=firm.external_id, employee_count="12", industry="Energy")
    SALESFORCE.actions["update_company"].send(api, change)
    lead = make("Lead", LastName="Old", Company="x")[0]
    renamed = ask("update_contact", directories, object="Lead", external_id=lead, last_name="New")
    SALESFORCE.actions["update_contact"].send(api, renamed)

    company = fetched(api, directories, "Account", firm.external_id)
    assert (company.name, company.domain, company.employee_count) == ("new.test", "new.test", 12)
    assert company.industry == "Energy"
    assert fetched(api, directories, "Lead", lead).last_name == "New"


def test_a_deal_moves_by_the_label_of_a_stage(
    api: Api, make: Make, directories: Directories, ask: Ask, fetched: Fetched
) -> None:
    deal = make("Opportunity", Name="Mover", StageName="Prospecting", CloseDate="2027-01-01")[0]
    request = ask("update_deal", directories, external_id=deal, stage="closed won", amount="1234.50")

    looked_up = SALESFORCE.actions["update_deal"].look_up(api, request)
    written = SALESFORCE.actions["update_deal"].send(api, request)

    found = fetched(api, directories, "Opportunity", deal)
    assert looked_up is None
    assert (found.stage, str(found.amount), found.is_won, found.probability) == ("Closed Won", "1234.5", True, 100)
    assert SALESFORCE.actions["update_deal"].look_up(api, request) == written


@pytest.mark.parametrize("object", ["Contact", "Lead"])
def test_somebody_who_is_there_already_is_named(
    api: Api, make: Make, directories: Directories, ask: Ask, object: str
) -> None:
    company = {"Company": "x"} if object == "Lead" else {}
    there = make(object, LastName="Twice", Email=f"twice@{object}.test", **company)[0]
    request = ask("create_contact", directories, email=f"twice@{object}.test", last_name="Other", key=f"twice-{object}")

    with pytest.raises(Duplicate) as caught:
        SALESFORCE.actions["create_contact"].send(api, request)
    assert (caught.value.existing_object, caught.value.existing_id) == (object, there)


def test_a_contact_made_with_a_deal_has_its_role_in_it(
    api: Api, make: Make, directories: Directories, ask: Ask
) -> None:
    deal = make("Opportunity", Name="Joint", StageName="Prospecting", CloseDate="2027-01-01")[0]
    request = ask("create_contact", directories, last_name="Joins", links=(Link("Opportunity", deal),), key="joint")

    written = SALESFORCE.actions["create_contact"].send(api, request)

    found = SALESFORCE.fetch(api, "Opportunity", [deal], directories)[0]
    assert [link.external_id for link in found.links["Contact"]] == [written.external_id]


CREATES: dict[str, dict[str, str]] = {
    "create_task": {"subject": "Once"},
    "log_call": {"subject": "Once"},
    "create_contact": {"email": "once@example.test", "first_name": "Once"},
    "create_deal": {"name": "Once"},
    "create_company": {"name": "Once"},
    "log_meeting": {"subject": "Once"},
}


@pytest.mark.parametrize("type", list(CREATES))
def test_without_the_key_field_a_marker_is_found_among_what_we_made(unkeyed: Unkeyed, ask: Ask, type: str) -> None:
    sim, api, directories = unkeyed
    action = SALESFORCE.actions[type]
    person = next(iter(live(sim, "Contact")))
    links = (Link("Contact", person),) if type in ("create_task", "log_call", "log_meeting") else ()
    asked = {**CREATES[type], "links": links, "key": f"marked-{type}", "asked_at": datetime.now(UTC)}
    request = ask(type, directories, **asked)

    before = action.look_up(api, request)
    sent = action.send(api, request)

    assert before is None
    assert action.look_up(api, request) == sent
    assert action.look_up(api, replace(request, key="another")) is None


def test_what_salesforce_refuses_is_told_in_its_own_words(
    api: Api, cloud: Running, make: Make, directories: Directories, ask: Ask
) -> None:
    deal = make("Opportunity", Name="Rule", StageName="Prospecting", CloseDate="2027-01-01")[0]
    request = ask("update_deal", directories, external_id=deal, custom_fields={"NoSuch__c": "x"})

    with pytest.raises(Rejected, match="NoSuch__c"):
        SALESFORCE.actions["update_deal"].send(api, request)


def test_a_locked_record_is_tried_later(
    api: Api, cloud: Running, make: Make, directories: Directories, ask: Ask
) -> None:
    deal = make("Opportunity", Name="Locked", StageName="Prospecting", CloseDate="2027-01-01")[0]
    cloud.mutate({"op": "lock", "object": "Opportunity", "id": deal, "times": 1})
    request = ask("update_deal", directories, external_id=deal, amount="5")

    with pytest.raises(Throttled) as caught:
        SALESFORCE.actions["update_deal"].send(api, request)

    assert caught.value.pool == "locks"
    assert SALESFORCE.actions["update_deal"].send(api, request).external_id == deal


def test_the_limit_of_the_day_waits(api: Api, cloud: Running, directories: Directories) -> None:
    cloud.faults({"kind": "rate_limit"})

    with pytest.raises(Throttled) as caught:
        SALESFORCE.page(api, PageRequest(object="Account", directories=directories))
    assert (caught.value.status, caught.value.pool) == (403, "daily")
