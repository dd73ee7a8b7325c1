"""The adapter against the simulator: what the CRM has is what we see, and what we write is there once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from crmbridge.domain.connections import TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Rejected, Unavailable
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Link, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.spec import PageRequest, Window

from local.simulators import Running
from tests.pipedrive_and_us import around, everything, fetched, ids, live, make, now, record

Told = Callable[..., tuple[Api, Any]]


def test_the_connection_test_says_where_we_are_and_what_is_left(api: Api) -> None:
    identity = PIPEDRIVE.identify(api, TokenSet(access_token="t", scopes=("base",)))

    assert (identity.account.id, identity.account.currency) == ("5550001", "EUR")
    assert (identity.account.time_zone, identity.scopes) == ("Europe/Tallinn", ("base",))
    assert identity.quota["burst"][1] == 1_000_000
    assert identity.quota["daily"][1] == 100_000_000


def test_directories_know_owners_gone_and_present_stages_and_fields(directories: Directories) -> None:
    assert {owner.active for owner in directories.owners.values()} == {True, False}
    assert all(stage.pipeline_label and not stage.is_closed for stage in directories.stages.values())
    assert directories.fields["activities"]["priority"].options
    assert directories.fields["persons"]["emails"].maps_to == "email"
    assert any(field.custom and field.raw_type == "monetary" for field in directories.fields["deals"].values())


def test_directories_cost_nine_calls_and_82_tokens(api: Api) -> None:
    PIPEDRIVE.load_directories(api)

    assert api.calls == 9
    assert api.gate.spent == 82  # type: ignore[attr-defined]  # the counting gate of conftest


def test_the_version_of_directories_stays_while_nothing_that_matters_changes(
    api: Api, sim: Running, directories: Directories
) -> None:
    sim.mutate({"op": "update_stage", "id": 1, "name": "Renamed"})

    assert PIPEDRIVE.load_directories(api).version == directories.version


@pytest.mark.parametrize("object", list(PIPEDRIVE.objects))
def test_a_full_listing_shows_every_record_once_at_500_a_call(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    seen, calls = everything(api, directories, object)

    assert sorted(ids(seen), key=int) == sorted(live(sim, object), key=int)
    assert len(set(ids(seen))) == len(seen) > 0
    assert all(set(one.links) == set(PIPEDRIVE.objects[object].links) for one in seen)
    assert all(not record(one, directories).odd for one in seen)
    assert calls <= -(-len(seen) // 500) + len(PIPEDRIVE.objects[object].listings) - 1 + crowded(sim, object)


def crowded(sim: Running, object: str) -> int:
    """How many deals have more people than their own: each takes a call."""
    if object != "deals":
        return 0
    return sum(bool(deal["participants"]) for deal in sim.state(object="deals", limit=1_000_000)["live"])


@pytest.fixture(params=[True, False], ids=["own person counted", "own person apart"])
def variant(request: pytest.FixtureRequest, sim: Running, api: Api) -> Iterator[Directories]:
    """Nobody documents whether a deal's own person is one of its participants."""
    sim.settings(contact_person_participates=request.param)
    yield PIPEDRIVE.load_directories(api)
    sim.settings(contact_person_participates=True)


def test_everybody_who_takes_part_in_a_deal_is_linked(api: Api, sim: Running, variant: Directories) -> None:
    first, second, third = make(sim, "persons", 3, name="Party {n}")
    alone, crowd, nobody = (make(sim, "deals", title="Party", person_id=int(first))[0] for _ in range(3))
    sim.mutate({"op": "update", "object": "deals", "id": nobody, "fields": {"person_id": None}})
    for deal, person in ((crowd, second), (crowd, third), (nobody, third)):
        sim.mutate({"op": "add_participant", "deal": deal, "person": person})

    listed = {one.external_id: one for one in everything(api, variant, "deals")[0]}
    read = {one.external_id: one for one in PIPEDRIVE.fetch(api, "deals", [alone, crowd, nobody], variant)}

    def people(seen: dict[str, Sighting], deal: str) -> list[tuple[str, bool]]:
        return [(link.external_id, link.primary) for link in seen[deal].links["persons"]]

    for seen in (listed, read):
        assert people(seen, alone) == [(first, True)]
        assert people(seen, crowd) == [(first, True), (second, False), (third, False)]
        assert people(seen, nobody) == [(third, False)]


def test_who_joins_a_deal_changes_its_links_and_not_the_deal(api: Api, sim: Running, directories: Directories) -> None:
    person = make(sim, "persons", name="Joins")[0]
    deal = make(sim, "deals", title="Joined")[0]
    before = PIPEDRIVE.fetch(api, "deals", [deal], directories)[0]
    sim.settings(participants_touch_deal=False)
    sim.mutate({"op": "add_participant", "deal": deal, "person": person})

    after = PIPEDRIVE.fetch(api, "deals", [deal], directories)[0]

    assert before.fingerprint == after.fingerprint
    assert (before.links["persons"], [link.external_id for link in after.links["persons"]]) == ((), [person])


def test_without_the_scope_to_see_people_a_deals_others_stay_unread(told: Told, directories: Directories) -> None:
    deal = {"id": 5, "title": "x", "person_id": 1, "participants_count": 2, "org_id": None}
    refusal = {"success": False, "error": "Scope and URL mismatch", "data": None}
    api, _ = told({"success": True, "data": [deal]}, (403, {}, orjson.dumps(refusal)))

    seen = PIPEDRIVE.page(api, PageRequest(object="deals", directories=directories)).seen[0]

    assert "persons" not in seen.links
    assert seen.links["organizations"] == ()


def test_archived_deals_are_seen_as_archived(api: Api, sim: Running, directories: Directories) -> None:
    deal = make(sim, "deals", title="Out of the way")[0]
    sim.mutate({"op": "archive", "object": "deals", "id": deal})

    listed = {one.external_id: one.state for one in everything(api, directories, "deals")[0]}
    changed = {one.external_id: one.state for one in everything(api, directories, "deals", around(now(sim)))[0]}
    read = PIPEDRIVE.fetch(api, "deals", [deal], directories)[0]

    assert listed[deal] is changed[deal] is read.state is State.ARCHIVED


def test_every_value_the_crm_has_reaches_the_record(api: Api, sim: Running, directories: Directories) -> None:
    keys = {field.label: key for key, field in directories.fields["persons"].items() if field.custom}
    person = make(
        sim, "persons", name="Ada Full", emails=[{"value": "ada@full.test", "primary": True, "label": "work"}],
        custom_fields={keys["Customer no."]: "A-17", keys["Seats"]: 2.5},
    )[0]  # fmt: skip

    found = fetched(api, directories, "persons", person)

    assert (found.first_name, found.last_name, found.email) == ("Ada", "Full", "ada@full.test")
    assert (found.custom_fields[keys["Customer no."]], found.custom_fields[keys["Seats"]]) == ("A-17", 2.5)


def test_500_links_on_one_company_are_all_seen_for_no_further_call(
    api: Api, sim: Running, directories: Directories
) -> None:
    company = make(sim, "organizations", name="Crowded")[0]
    people = make(sim, "persons", 500, name="Crowd {n}", org_id=int(company))

    seen, calls = everything(api, directories, "persons")

    linked = {
        one.external_id for one in seen if Link("organizations", company, primary=True) in one.links["organizations"]
    }
    assert linked == set(people)
    assert calls == -(-len(seen) // 500)
    sim.mutate({"op": "delete", "object": "persons", "ids": people})


@pytest.mark.parametrize("object", ["organizations", "notes"])
def test_a_thousand_changes_of_one_second_are_all_seen_in_one_window(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    deal = int(make(sim, "deals", title="Target")[0])
    fields = {"name": "Import {n}"} if object == "organizations" else {"content": "Import {n}", "deal_id": deal}
    operation = {"op": "create", "object": object, "fields": fields, "count": 1_250, "same_time": True}
    made = [str(id) for id in sim.mutate(operation)[0]["ids"]]
    moment = fetched(api, directories, object, made[0]).remote_updated_at
    assert moment

    seen, calls = everything(api, directories, object, Window(moment, moment + timedelta(seconds=1)))
    listed, _ = everything(api, directories, object)
    sim.mutate({"op": "delete", "object": object, "ids": made})

    assert set(made) <= set(ids(seen))
    assert set(made) <= set(ids(listed))
    assert calls <= -(-len(seen) // 500) + 1


def test_notes_are_not_skipped_when_others_are_deleted_between_pages(
    api: Api, sim: Running, directories: Directories
) -> None:
    deal = int(make(sim, "deals", title="Noted")[0])
    made = make(sim, "notes", 600, content="Early {n}", deal_id=deal)
    sim.advance(2)
    make(sim, "notes", 300, content="Late {n}", deal_id=deal)

    first = PIPEDRIVE.page(api, PageRequest(object="notes", directories=directories))
    sim.mutate({"op": "delete", "object": "notes", "ids": made[:100]})
    seen, cursor = list(first.seen), first.next
    while cursor is not None:
        page = PIPEDRIVE.page(api, PageRequest(object="notes", directories=directories, cursor=cursor))
        seen, cursor = seen + list(page.seen), page.next

    assert set(live(sim, "notes")) <= set(ids(seen))


def test_a_write_that_lands_late_is_in_the_window_after_the_overlap(
    api: Api, sim: Running, directories: Directories
) -> None:
    sim.faults({"kind": "commit_late", "method": "POST", "path": "/organizations$", "late_ms": 20_000})
    start = now(sim)
    with pytest.raises(Unavailable):
        api.write("POST", "/api/v2/organizations", {"name": "Late"}, timeout=0.2)

    window = Window(start - timedelta(seconds=1), start + timedelta(minutes=5))
    before, _ = everything(api, directories, "organizations", window)
    sim.advance(21)
    after, _ = everything(api, directories, "organizations", window)

    assert len(after) == len(before) + 1


def test_a_deleted_deal_is_in_the_next_window(api: Api, sim: Running, directories: Directories) -> None:
    deal = make(sim, "deals", title="Goner")[0]
    sim.mutate({"op": "delete", "object": "deals", "id": deal})
    at = fetched(api, directories, "deals", deal).remote_updated_at
    assert at is not None

    seen, calls = everything(api, directories, "deals", around(at))

    assert {one.external_id: one.state for one in seen}[deal] is State.DELETED
    assert calls == 3


@pytest.mark.parametrize("object", ["persons", "organizations", "deals", "activities", "notes"])
def test_every_id_that_is_read_again_is_answered(api: Api, sim: Running, directories: Directories, object: str) -> None:
    fields = {"persons": {"name": "Fate {n}"}, "organizations": {"name": "Fate {n}"}, "deals": {"title": "Fate {n}"}}
    given: dict[str, Any] = {**(fields.get(object) or {"subject": "Fate", "type": "task"})}
    if object == "notes":
        given = {"content": "Fate", "deal_id": int(make(sim, "deals", title="Noted")[0])}
    deleted, erased, *alive = make(sim, object, 8, **given)
    sim.mutate({"op": "delete", "object": object, "ids": [deleted, erased]})
    sim.mutate({"op": "erase", "object": object, "id": erased})

    asked = [deleted, erased, *alive, "999999999", "no-number"]
    states = {seen.external_id: seen.state for seen in PIPEDRIVE.fetch(api, object, asked, directories)}

    told = State.HIDDEN if object == "notes" else State.DELETED
    gone = {deleted: told, erased: State.HIDDEN, "999999999": State.HIDDEN, "no-number": State.HIDDEN}
    assert states == {**dict.fromkeys(alive, State.LIVE), **gone}


def test_a_re_read_of_a_hundred_is_one_call_and_of_one_is_one_token(
    api: Api, sim: Running, directories: Directories
) -> None:
    everybody = live(sim, "organizations")[:100]

    PIPEDRIVE.fetch(api, "organizations", everybody, directories)
    hundred = (api.calls, api.gate.spent)  # type: ignore[attr-defined]
    PIPEDRIVE.fetch(api, "organizations", everybody[:1], directories)

    assert hundred == (1, 10)
    assert (api.calls, api.gate.spent) == (2, 11)  # type: ignore[attr-defined]


def test_a_merged_person_no_longer_lives(api: Api, sim: Running, directories: Directories) -> None:
    stays, goes = make(sim, "persons", 2, name="Twin {n}")
    sim.mutate({"op": "merge", "object": "persons", "primary": stays, "other": goes})

    seen = {one.external_id: one.state for one in PIPEDRIVE.fetch(api, "persons", [stays, goes], directories)}

    assert seen[stays] is State.LIVE
    assert seen[goes] in (State.DELETED, State.HIDDEN)


def test_a_lost_deal_keeps_its_stage_and_is_closed(api: Api, sim: Running, directories: Directories) -> None:
    deal = make(sim, "deals", title="Lost", stage_id=2, expected_close_date="2027-01-31")[0]
    sim.mutate({"op": "update", "object": "deals", "id": deal, "fields": {"status": "lost", "lost_reason": "price"}})

    found = fetched(api, directories, "deals", deal)

    assert (found.stage, found.is_closed, found.is_won, found.probability) == ("2", True, False, 0)
    assert (found.custom_fields["lost_reason"], found.custom_fields["expected_close_date"]) == ("price", "2027-01-31")
    assert found.close_date != date(2027, 1, 31)


def test_preparing_again_makes_no_second_field(api: Api, directories: Directories) -> None:
    facts = PIPEDRIVE.prepare(api, directories)

    assert facts == {f"key.{name}": "field" for name in ("persons", "organizations", "deals")}
    assert api.calls == 0


def test_a_cursor_that_is_refused_begins_the_walk_anew_once(api: Api, sim: Running, directories: Directories) -> None:
    asked = PageRequest(object="persons", directories=directories, cursor={"cursor": "bm9uZQ"})

    first = PIPEDRIVE.page(api, asked)
    assert first.next is not None
    again = PIPEDRIVE.page(api, replace(asked, cursor=first.next))

    assert (list(first.seen), len(again.seen)) == ([], 500)
    with pytest.raises(Rejected):
        PIPEDRIVE.page(api, replace(asked, cursor={"cursor": "bm9uZQ", "again": True}))
