"""The adapter against the simulator: what the CRM has is what we see, and what we write is there once."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import TokenSet
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import Rejected
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Link, Record, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.spec import PageRequest, Window, WriteRequest

from local.simulators import Running

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Ask = Callable[..., WriteRequest]


def everything(
    api: Api, directories: Directories, object: str, window: Window | None = None
) -> tuple[list[Sighting], int]:
    """All pages, and how many calls they cost."""
    cursor: Mapping[str, Any] | None = {}
    seen: list[Sighting] = []
    before = api.calls
    while cursor is not None:
        page = HUBSPOT.page(api, PageRequest(object=object, directories=directories, cursor=cursor, window=window))
        seen, cursor = seen + list(page.seen), page.next
    return seen, api.calls - before


def ids(seen: list[Sighting]) -> list[str]:
    return [one.external_id for one in seen]


def live(sim: Running, object: str) -> list[str]:
    found: list[str] = sim.state(object=object, ids_only=1)["live"]
    return found


def make(sim: Running, object: str, count: int = 1, **properties: str) -> list[str]:
    made: list[str] = sim.mutate({"op": "create", "object": object, "count": count, "properties": properties})[0]["ids"]
    return made


def record(seen: Sighting, directories: Directories) -> Record:
    context = ReadContext.of(directories, seen.object)
    return HUBSPOT.read(seen.kind, seen.raw, context, object=seen.object, links=seen.links)


def fetched(api: Api, directories: Directories, object: str, id: str) -> Record:
    return record(HUBSPOT.fetch(api, object, [id], directories)[0], directories)


@pytest.fixture
def prepared(api: Api, directories: Directories) -> Directories:
    """The directories of an account with the key property."""
    HUBSPOT.prepare(api, directories)
    return HUBSPOT.load_directories(api)


def test_the_connection_test_says_where_we_are(api: Api) -> None:
    identity = HUBSPOT.identify(api, TokenSet(access_token="t", scopes=("oauth",)))

    assert (identity.account.id, identity.account.currency) == ("147000101", "EUR")
    assert (identity.account.time_zone, identity.scopes) == ("Europe/Berlin", ("oauth",))
    assert identity.quota["burst"][1] == 1_000_000


def test_directories_know_owners_gone_and_present_stages_and_properties(directories: Directories) -> None:
    owners = directories.owners.values()

    assert {owner.active for owner in owners} == {True, False}
    assert "queue" in {owner.type for owner in owners}
    assert directories.stages["closedwon"].is_won
    assert directories.stages["appointmentscheduled"].probability == 20
    assert directories.fields["deals"]["amount"].type == "money"
    assert directories.fields["contacts"]["hubspot_owner_id"].type == "id"
    assert "Busy" in directories.outcomes.values()


def test_the_version_of_directories_stays_while_nothing_that_matters_changes(
    api: Api, sim: Running, directories: Directories
) -> None:
    sim.mutate({"op": "update_owner", "id": "41629", "changes": {"lastName": "Renamed"}})

    assert HUBSPOT.load_directories(api).version == directories.version


@pytest.mark.parametrize("object", list(HUBSPOT.objects))
def test_a_full_listing_shows_every_record_once(api: Api, sim: Running, directories: Directories, object: str) -> None:
    seen, calls = everything(api, directories, object)

    assert ids(seen) == live(sim, object)
    assert len(seen)
    assert all(set(one.links) == set(HUBSPOT.objects[object].links) for one in seen)
    assert all(not record(one, directories).odd for one in seen)
    assert calls <= -(-len(seen) // 100) + len(HUBSPOT.objects[object].links)


def test_every_value_the_crm_has_reaches_the_record(api: Api, sim: Running, directories: Directories) -> None:
    contact = make(sim, "contacts", lastname="Full", jobtitle="CTO", city="Lyon", loyalty_points="12")[0]

    found = fetched(api, directories, "contacts", contact)

    assert (found.last_name, found.title) == ("Full", "CTO")
    assert (found.custom_fields["city"], found.custom_fields["loyalty_points"]) == ("Lyon", "12")


def test_records_made_during_a_listing_are_seen(api: Api, sim: Running, directories: Directories) -> None:
    first = HUBSPOT.page(api, PageRequest(object="contacts", directories=directories))
    late = make(sim, "contacts", lastname="Late")[0]

    cursor, seen = first.next, list(first.seen)
    while cursor is not None:
        page = HUBSPOT.page(api, PageRequest(object="contacts", directories=directories, cursor=cursor))
        cursor, seen = page.next, seen + list(page.seen)

    assert late in ids(seen)


def test_more_changes_than_a_search_can_page_are_all_seen_in_one_window(
    api: Api, sim: Running, directories: Directories
) -> None:
    made = make(sim, "companies", 10_450, name="Import {n}")
    first, last = HUBSPOT.fetch(api, "companies", [made[0], made[-1]], directories)
    assert first.remote_updated_at
    assert last.remote_updated_at

    window = Window(first.remote_updated_at, last.remote_updated_at + timedelta(milliseconds=1))
    seen, calls = everything(api, directories, "companies", window)
    sim.mutate({"op": "archive", "object": "companies", "ids": made})

    assert ids(seen) == made
    assert calls == -(-len(made) // 200)


def test_a_change_that_is_indexed_late_is_in_the_window_that_waits_for_it(
    api: Api, sim: Running, directories: Directories
) -> None:
    sim.settings(index_lag_seconds=30)
    contact = make(sim, "contacts", lastname="Lagging")[0]
    window = Window(LONG_AGO, datetime.now(UTC) + timedelta(days=1))

    before, _ = everything(api, directories, "contacts", window)
    sim.advance(31)
    after, _ = everything(api, directories, "contacts", window)
    sim.settings(index_lag_seconds=0)

    assert contact not in ids(before)
    assert contact in ids(after)


def test_links_beyond_the_inline_page_are_read_whole(api: Api, sim: Running, directories: Directories) -> None:
    deal = make(sim, "deals", dealname="Crowded", dealstage="qualifiedtobuy", pipeline="default")[0]
    people = make(sim, "contacts", 500, lastname="Crowd {n}")
    sim.mutate({"op": "associate", "object": "contacts", "ids": people, "to_object": "deals", "to_id": deal})

    listed, _ = everything(api, directories, "deals")
    read = HUBSPOT.fetch(api, "deals", [deal], directories)

    found = next(one for one in listed if one.external_id == deal)
    assert {link.external_id for link in found.links["contacts"]} == set(people)
    assert read[0].links == found.links


def test_a_company_is_primary_by_its_label(api: Api, sim: Running, directories: Directories) -> None:
    contact = make(sim, "contacts", lastname="Two jobs")[0]
    one, two = make(sim, "companies", 2, name="Employer {n}")
    link = {"op": "associate", "object": "contacts", "id": contact, "to_object": "companies"}
    sim.mutate({**link, "to_id": one}, {**link, "to_id": two, "label": "Primary"})

    found = fetched(api, directories, "contacts", contact)

    assert found.company_id == two
    assert set(found.company_ids) == {one, two}  # type: ignore[arg-type]  # a field's value may be anything


def test_a_link_edit_changes_the_fingerprints_though_no_date_moves(
    api: Api, sim: Running, directories: Directories
) -> None:
    contact, company = make(sim, "contacts", lastname="Mover")[0], make(sim, "companies", name="Goal")[0]
    before = HUBSPOT.fetch(api, "contacts", [contact], directories)[0]

    sim.mutate({"op": "associate", "object": "contacts", "id": contact, "to_object": "companies", "to_id": company})
    after = HUBSPOT.fetch(api, "contacts", [contact], directories)[0]

    assert before.links != after.links
    assert before.fingerprint != after.fingerprint


def test_a_merge_is_told_by_its_survivor_and_by_both_that_went_into_it(
    api: Api, sim: Running, directories: Directories
) -> None:
    one, two = make(sim, "contacts", 2, lastname="Twin {n}")
    merged = sim.mutate({"op": "merge", "object": "contacts", "primary": one, "other": two})[0]["id"]

    seen = {seen.external_id: seen for seen in HUBSPOT.fetch(api, "contacts", [one, two], directories)}

    assert {seen[one].successor_id, seen[two].successor_id} == {merged}
    assert {seen[one].state, seen[two].state} == {State.MERGED}
    assert set(seen[merged].losers) == {one, two}
    listed, _ = everything(api, directories, "contacts")
    assert {one, two} <= {loser for other in listed for loser in other.losers}


def test_an_archived_record_is_found_in_the_bin_and_an_erased_one_is_hidden(
    api: Api, sim: Running, directories: Directories
) -> None:
    archived, erased, alive = make(sim, "contacts", 3, lastname="Fate {n}")
    sim.mutate({"op": "archive", "object": "contacts", "id": archived})
    sim.mutate({"op": "gdpr_delete", "object": "contacts", "id": erased})

    asked = [archived, erased, alive, "999999999999"]
    states = {seen.external_id: seen.state for seen in HUBSPOT.fetch(api, "contacts", asked, directories)}

    assert states == {
        archived: State.ARCHIVED, erased: State.HIDDEN, alive: State.LIVE, "999999999999": State.HIDDEN,
    }  # fmt: skip


def test_preparing_makes_the_key_once(api: Api, directories: Directories) -> None:
    first = HUBSPOT.prepare(api, directories)
    second = HUBSPOT.prepare(api, directories)
    later = HUBSPOT.load_directories(api)

    assert first == second == {f"key.{name}": "unique" for name in set(HUBSPOT.objects) - {"emails"}}
    assert later.fields["tasks"]["crm_bridge_key"].unique
    assert HUBSPOT.actions["create_task"].unique_key(later)
    assert later.version == directories.version


def test_a_task_is_created_with_its_links_and_read_back(
    api: Api, sim: Running, prepared: Directories, ask: Ask
) -> None:
    contact, deal = make(sim, "contacts", lastname="Busy")[0], live(sim, "deals")[0]
    links = (Link("contacts", contact), Link("deals", deal))

    written = HUBSPOT.actions["create_task"].send(
        api,
        ask("create_task", prepared, subject="Call", priority="high", due_at="2026-12-24", links=links, key="k-task"),
    )

    task = fetched(api, prepared, "tasks", written.external_id)
    assert (task.subject, task.priority, task.status) == ("Call", "high", "not_started")
    assert task.due_at == datetime(2026, 12, 24, 11, tzinfo=UTC)
    assert {link.external_id for ends in task.links.values() for link in ends} == {contact, deal}


def test_a_task_without_a_date_is_due_when_it_was_asked_for(api: Api, prepared: Directories, ask: Ask) -> None:
    request = ask("create_task", prepared, subject="Soon", key="k-undated")

    written = HUBSPOT.actions["create_task"].send(api, request)

    assert fetched(api, prepared, "tasks", written.external_id).due_at == request.asked_at


def test_a_call_is_logged_with_its_length_and_its_outcome(
    api: Api, sim: Running, prepared: Directories, ask: Ask
) -> None:
    written = HUBSPOT.actions["log_call"].send(
        api,
        ask(
            "log_call", prepared, subject="Intro", duration_seconds=90, direction="outbound", outcome="left voicemail",
            occurred_at="2026-11-20T08:00:00Z", key="k-call",
        ),
    )  # fmt: skip

    call = fetched(api, prepared, "calls", written.external_id)
    assert (call.duration_seconds, call.direction) == (90, "outbound")
    assert prepared.outcomes[str(call.outcome)] == "Left voicemail"


def test_a_deal_moves_by_the_label_of_a_stage(api: Api, sim: Running, prepared: Directories, ask: Ask) -> None:
    deal = make(sim, "deals", dealname="Mover", dealstage="qualifiedtobuy", pipeline="default")[0]
    request = ask(
        "update_deal", prepared, external_id=deal, stage="contract sent", amount="1234.50", close_date="2026-12-24"
    )

    looked_up = HUBSPOT.actions["update_deal"].look_up(api, request)
    written = HUBSPOT.actions["update_deal"].send(api, request)

    found = fetched(api, prepared, "deals", deal)
    assert looked_up is None
    assert written.external_id == deal
    assert (found.stage, str(found.amount), str(found.close_date)) == ("contractsent", "1234.50", "2026-12-24")
    assert HUBSPOT.actions["update_deal"].look_up(api, request) == written


@pytest.mark.parametrize("type", ["create_task", "log_call"])
def test_without_the_key_property_a_marker_in_the_text_is_found_through_the_target(
    api: Api, sim: Running, directories: Directories, ask: Ask, type: str
) -> None:
    contact = make(sim, "contacts", lastname="Marked")[0]
    action = HUBSPOT.actions[type]
    request = ask(
        type, directories, subject="Marked", body="Text", key=f"marked-{type}", links=(Link("contacts", contact),)
    )
    assert not action.unique_key(directories)

    before = action.look_up(api, request)
    sent = action.send(api, request)

    assert before is None
    assert action.look_up(api, request) == sent
    assert str(fetched(api, directories, sent.object, sent.external_id).body).startswith("Text\nref ")


def test_what_hubspot_refuses_names_the_property(api: Api, sim: Running, prepared: Directories, ask: Ask) -> None:
    deal = live(sim, "deals")[0]
    request = ask("update_deal", prepared, external_id=deal, custom_fields={"no_such_property": "x"})

    with pytest.raises(Rejected) as caught:
        HUBSPOT.actions["update_deal"].send(api, request)
    assert "no_such_property" in caught.value.fields
    assert caught.value.request_id
