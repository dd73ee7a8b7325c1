"""The adapter against the simulator: what the CRM has is what we see, at what it should cost."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import TokenSet
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Record, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import PageRequest, Window
from crmbridge.platforms.zoho import ZOHO

from local.simulators import Running

EARLY: Mapping[str, str] = {"Stage": "Qualification", "Pipeline": "Standard (Standard)", "Closing_Date": "2027-01-31"}
ALWAYS = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))


def walk(api: Api, directories: Directories, object: str, window: Window | None = None, step: str = "list") -> Any:
    """All that the pages of one step show, and how many calls they cost."""
    cursor: Mapping[str, Any] | None = {}
    seen: list[Sighting] = []
    before = api.calls
    while cursor is not None:
        page = ZOHO.page(
            api, PageRequest(object=object, directories=directories, cursor=cursor, window=window, step=step)
        )
        seen, cursor = seen + list(page.seen), page.next
    return seen, api.calls - before


def ids(seen: list[Sighting]) -> list[str]:
    return [one.external_id for one in seen]


def live(sim: Running, object: str) -> list[str]:
    """Without the converted, whom no listing shows."""
    found: list[str] = []
    gone: set[str] = set()
    after = None
    while True:
        state = sim.state(object=object, ids_only=1, limit=1_000, **({"after": after} if after else {}))
        found, gone, after = found + state["live"], gone | set(state["converted"]), state["next"]
        if not after:
            return sorted(set(found) - gone)


def make(sim: Running, object: str, count: int = 1, /, fields: Mapping[str, Any] = {}, **more: Any) -> list[str]:
    made: list[str] = sim.mutate({"op": "create", "object": object, "count": count, "fields": {**fields, **more}})[0][
        "ids"
    ]
    return made


def record(seen: Sighting, directories: Directories) -> Record:
    return ZOHO.read(
        seen.kind, seen.raw, ReadContext.of(directories, seen.object), object=seen.object, links=seen.links
    )


def fetched(api: Api, directories: Directories, object: str, id: str) -> Sighting:
    return ZOHO.fetch(api, object, [id], directories)[0]


def marks(seen: list[Sighting]) -> dict[str, Any]:
    return {one.external_id: (one.fingerprint, one.links, one.remote_updated_at) for one in seen}


def test_the_connection_test_says_where_we_are(api: Api) -> None:
    identity = ZOHO.identify(api, TokenSet(access_token="t", scopes=("ZohoCRM.modules.ALL",)))

    assert (identity.account.currency, identity.account.time_zone) == ("EUR", "Europe/Berlin")
    assert identity.account.id.isdecimal()
    assert identity.user.isdecimal()
    assert api.calls == 2


def test_directories_know_owners_gone_and_present_stages_and_fields(directories: Directories) -> None:
    states = {owner.active for owner in directories.owners.values()}
    won, lost, early = (directories.stages[name] for name in ("Closed Won", "Closed Lost", "Qualification"))

    assert states == {True, False}
    assert (won.is_closed, won.is_won, lost.is_closed, lost.is_won, early.is_closed) == (True, True, True, False, False)
    assert (early.pipeline_label, early.probability, won.pipeline_label) == ("Standard (Standard)", 10, "")
    assert set(won.shared_by) == {"Standard (Standard)", "Partners"}
    assert directories.fields["Contacts"]["CRM_Bridge_Key"].unique
    assert set(directories.fields) == set(ZOHO.objects)


def test_the_version_of_directories_stays_while_nothing_that_matters_changes(
    api: Api, sim: Running, directories: Directories
) -> None:
    somebody = next(owner for owner in directories.owners.values() if owner.active)
    sim.mutate({"op": "update_user", "id": somebody.id, "last_name": "Renamed"})

    assert ZOHO.load_directories(api).version == directories.version


@pytest.mark.parametrize("object", list(ZOHO.objects))
def test_a_full_listing_shows_every_record_once_at_2000_a_call(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    seen, calls = walk(api, directories, object)

    assert ids(seen) == live(sim, object)
    assert seen
    people_of_deals = 1 if object == "Deals" else 0
    assert calls == -(-len(seen) // 2_000) + people_of_deals
    assert not any(record(one, directories).odd for one in seen)


@pytest.mark.parametrize("object", ["Accounts", "Tasks", "Notes"])
def test_what_coql_will_not_query_is_listed_with_the_same_result(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    expected, _ = walk(api, directories, object)
    refusal = {"code": "INVALID_QUERY", "details": {"column_name": "x"}, "message": "no column", "status": "error"}
    sim.faults({"kind": "status", "method": "POST", "path": "/coql$", "status": 400, "content": refusal, "times": None})

    listed, calls = walk(api, directories, object)
    windowed, _ = walk(api, directories, object, ALWAYS)

    assert marks(listed) == marks(windowed) == marks(expected)
    assert calls == -(-len(expected) // 200) + 1


def test_more_fields_than_a_query_takes_are_put_together(api: Api, sim: Running) -> None:
    sim.mutate(*({"op": "add_field", "object": "Accounts", "name": f"Extra_{n}", "type": "text"} for n in range(30)))
    directories = ZOHO.load_directories(api)
    account = make(sim, "Accounts", Account_Name="Wide", Extra_1="one", Extra_29="last", Website="wide.test")[0]

    listed, calls = walk(api, directories, "Accounts")
    read = ZOHO.fetch(api, "Accounts", [account], directories)

    found = record(next(one for one in listed if one.external_id == account), directories)
    assert calls == 2
    assert (found.custom_fields["Extra_1"], found.custom_fields["Extra_29"]) == ("one", "last")
    assert (found.name, found.domain) == ("Wide", "wide.test")
    assert marks(read)[account] == marks(listed)[account]


def test_every_value_the_crm_has_reaches_the_record(api: Api, sim: Running, directories: Directories) -> None:
    contact = make(
        sim, "Contacts", Last_Name="Full", Title="CTO", Mailing_City="Lyon", Loyalty_Points=12,
        Products_Of_Interest=["Starter", "Support"], Secondary_Email="two@full.test", Mobile="+33 6",
    )[0]  # fmt: skip

    found = record(fetched(api, directories, "Contacts", contact), directories)

    assert (found.last_name, found.title, found.subtype, found.phone) == ("Full", "CTO", "contact", "+33 6")
    assert (found.custom_fields["Mailing_City"], found.custom_fields["Loyalty_Points"]) == ("Lyon", 12)
    assert found.custom_fields["Products_Of_Interest"] == ["Starter", "Support"]
    assert [one.value for one in found.emails] == ["two@full.test"]  # type: ignore[union-attr]  # any field's value


def test_500_links_on_one_company_are_all_seen_for_no_further_call(
    api: Api, sim: Running, directories: Directories
) -> None:
    company = make(sim, "Accounts", Account_Name="Hub")[0]
    people = make(sim, "Contacts", 500, Last_Name="Spoke {n}", Account_Name={"id": company})

    seen, calls = walk(api, directories, "Contacts")

    linked = [one.external_id for one in seen for link in one.links["Accounts"] if link.external_id == company]
    assert linked == people
    assert calls == -(-len(seen) // 2_000)


def test_thousands_of_changes_of_one_second_are_all_seen_in_one_window(
    api: Api, sim: Running, directories: Directories
) -> None:
    made = make(sim, "Accounts", 2_500, Account_Name="Import {n}")
    first = fetched(api, directories, "Accounts", made[0]).remote_updated_at
    last = fetched(api, directories, "Accounts", made[-1]).remote_updated_at
    assert first
    assert last

    seen, calls = walk(api, directories, "Accounts", Window(first, last + timedelta(seconds=1)))
    sim.mutate({"op": "delete", "object": "Accounts", "ids": made})

    assert set(made) <= set(ids(seen))
    assert len(ids(seen)) == len(set(ids(seen)))
    assert calls == -(-len(seen) // 1_000)


def test_500_changes_cost_three_queries_of_two_credits_and_the_people_of_50_deals_one(
    api: Api, sim: Running, directories: Directories
) -> None:
    start = datetime.fromisoformat(sim.state(summary=1)["now"]).replace(microsecond=0) + timedelta(seconds=60)
    sim.advance(60)
    changed = {
        object: live(sim, object)[:most] for object, most in (("Contacts", 400), ("Accounts", 40), ("Deals", 60))
    }
    for object, some in changed.items():
        sim.mutate({"op": "update", "object": object, "ids": some, "fields": {"Description": "Changed"}})

    before = api.gate.spent  # type: ignore[attr-defined]  # ours counts
    calls = api.calls
    for object, some in changed.items():
        seen, _ = walk(api, directories, object, Window(start, start + timedelta(hours=1)))
        assert set(ids(seen)) == set(some)

    assert (api.calls - calls, api.gate.spent - before) == (3 + 2, 6 + 2)  # type: ignore[attr-defined]


def test_a_change_that_commits_late_is_in_the_window_after_the_overlap(
    api: Api, sim: Running, directories: Directories
) -> None:
    late = {"kind": "commit_late", "method": "POST", "path": "/Accounts$", "late_ms": 30_000, "body": "reset"}
    sim.faults(late)
    start = datetime.fromisoformat(sim.state(summary=1)["now"])
    with pytest.raises(Exception, match="did not answer"):
        api.write("POST", "/crm/v8/Accounts", {"data": [{"Account_Name": "Landed late"}]})

    before, _ = walk(api, directories, "Accounts", Window(start - timedelta(seconds=5), start + timedelta(minutes=5)))
    sim.advance(31)
    after, _ = walk(api, directories, "Accounts", Window(start - timedelta(seconds=5), start + timedelta(minutes=5)))

    names = [{record(one, directories).name for one in seen} for seen in (before, after)]
    assert ["Landed late" in some for some in names] == [False, True]


def test_what_was_deleted_or_merged_away_is_in_the_step_of_deletions(
    api: Api, sim: Running, directories: Directories
) -> None:
    gone, purged, survivor, loser = make(sim, "Contacts", 4, Last_Name="Fate {n}")
    start = datetime.fromisoformat(sim.state(summary=1)["now"]) - timedelta(seconds=2)
    sim.mutate(
        {"op": "delete", "object": "Contacts", "ids": [gone, purged]},
        {"op": "purge", "object": "Contacts", "ids": [purged]},
        {"op": "merge", "object": "Contacts", "primary": survivor, "other": loser},
    )

    seen, calls = walk(api, directories, "Contacts", Window(start, start + timedelta(hours=1)), "deleted")

    assert {gone, purged, loser} <= {one.external_id for one in seen if one.state is State.DELETED}
    assert survivor not in ids(seen)
    assert calls == 1
    assert fetched(api, directories, "Contacts", survivor).state is State.LIVE


def test_many_deletions_are_walked_to_their_end(api: Api, sim: Running, directories: Directories) -> None:
    made = make(sim, "Leads", 450, Last_Name="Doomed {n}")
    start = datetime.fromisoformat(sim.state(summary=1)["now"]) - timedelta(seconds=2)
    sim.mutate({"op": "delete", "object": "Leads", "ids": made})

    seen, calls = walk(api, directories, "Leads", Window(start, start + timedelta(hours=1)), "deleted")

    assert set(made) <= set(ids(seen))
    assert calls == 3


def test_nothing_new_is_one_answer_without_a_body(api: Api, directories: Directories) -> None:
    ahead = Window(datetime(2039, 1, 1, tzinfo=UTC), datetime(2039, 1, 2, tzinfo=UTC))

    for step in ZOHO.objects["Leads"].changes:
        assert walk(api, directories, "Leads", ahead, step) == ([], 1)


def test_a_converted_lead_goes_on_as_the_contact_it_became(api: Api, sim: Running, directories: Directories) -> None:
    lead = make(sim, "Leads", Last_Name="Convert", Company="Convert AG", Email="c@convert.test")[0]
    start = datetime.fromisoformat(sim.state(summary=1)["now"]) - timedelta(seconds=2)
    contact = sim.mutate({"op": "convert", "id": lead})[0]["contact"]

    seen, _ = walk(api, directories, "Leads", Window(start, start + timedelta(hours=1)), "converted")
    read = fetched(api, directories, "Leads", lead)

    told = next(one for one in seen if one.external_id == lead)
    for one in (told, read):
        assert (one.state, one.successor_id, one.successor_object) == (State.CONVERTED, contact, "Contacts")
    assert fetched(api, directories, "Contacts", contact).state is State.LIVE


def test_every_id_that_is_read_again_is_answered(api: Api, sim: Running, directories: Directories) -> None:
    deleted, unshared, alive = make(sim, "Deals", 3, Deal_Name="Fate {n}", fields=EARLY)
    sim.mutate({"op": "delete", "object": "Deals", "id": deleted}, {"op": "hide", "object": "Deals", "id": unshared})

    asked = [deleted, unshared, alive, "999999999999999999", "no id"]
    states = {one.external_id: one.state for one in ZOHO.fetch(api, "Deals", asked, directories)}

    assert states == {
        deleted: State.DELETED, unshared: State.HIDDEN, alive: State.LIVE, "999999999999999999": State.HIDDEN,
        "no id": State.HIDDEN,
    }  # fmt: skip


def test_a_re_read_of_a_hundred_is_one_call(api: Api, sim: Running, directories: Directories) -> None:
    some = live(sim, "Contacts")[:100]
    before = api.calls

    seen = ZOHO.fetch(api, "Contacts", some, directories)

    assert sorted(ids(seen)) == some
    assert api.calls - before == 1


def test_a_stage_under_its_first_name_is_the_stage_it_is_now(api: Api, sim: Running, directories: Directories) -> None:
    deal = make(sim, "Deals", Deal_Name="D", fields={**EARLY, "Stage": "Identify Decision Makers"})[0]
    labelled = record(fetched(api, directories, "Deals", deal), directories)
    sim.settings(picklists_show="actual")

    found = record(fetched(api, directories, "Deals", deal), directories)
    sim.settings(picklists_show="display")

    assert found.stage == labelled.stage == "Identify Decision Makers"
    assert (found.stage_label, found.is_closed) == ("Identify Decision Makers", False)


def test_the_key_field_is_made_once_where_there_is_none(open_api: Callable[..., Api], sim: Running) -> None:
    another = open_api(f"{sim.url}/www.zohoapis.com", "1000.simulator-2")
    sim.mutate({"op": "remove_field", "org": second_org(sim), "object": "Contacts", "field": "CRM_Bridge_Key"})
    before = ZOHO.load_directories(another)

    facts = ZOHO.prepare(another, before)
    after = ZOHO.load_directories(another)

    assert facts == dict.fromkeys(("key.Contacts", "key.Leads", "key.Accounts", "key.Deals"), "unique")
    assert not ZOHO.actions["create_contact"].unique_key(before)
    assert ZOHO.actions["create_contact"].unique_key(after)
    assert after.account.multi_currency


def second_org(sim: Running) -> str:
    orgs: dict[str, Any] = sim.state(summary=1)["orgs"]
    return list(orgs)[1]


def test_a_cursor_that_zoho_no_longer_takes_begins_the_walk_anew_once(
    api: Api, sim: Running, directories: Directories
) -> None:
    gone = {"by": "listing", "token": "forgotten"}

    first = ZOHO.page(api, PageRequest(object="Tasks", directories=directories, cursor=gone))
    again = ZOHO.page(api, PageRequest(object="Tasks", directories=directories, cursor=first.next or {}))

    assert first.next == {"by": "listing", "again": True}
    assert ids(list(again.seen)) == live(sim, "Tasks")
