"""Writing to the simulator: what we write is there once, and found again whatever became of the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from crmbridge.domain.connections import TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Rejected, Throttled, Unavailable
from crmbridge.domain.records import Kind, Link
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.pipedrive.writing import create, look_up_created, look_up_updated, update
from crmbridge.platforms.spec import WriteRequest

from local.simulators import Running
from tests.pipedrive_and_us import fetched, make, now, record

Ask = Callable[..., WriteRequest]


def test_a_task_is_created_with_its_links_and_read_back(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    person, deal = make(sim, "persons", name="Busy One")[0], make(sim, "deals", title="Busy")[0]
    links = (Link("persons", person), Link("deals", deal))

    written = PIPEDRIVE.actions["create_task"].send(
        api,
        ask("create_task", directories, subject="Call", priority="high", due_at="2026-12-24", body="a < b\nc",
            links=links, key="k-task"),
    )  # fmt: skip

    task = fetched(api, directories, "activities", written.external_id)
    assert (task.kind, task.subject, task.priority, task.status) == ("task", "Call", "high", "not_started")
    assert task.due_at == date(2026, 12, 24)
    assert str(task.body).startswith("a &lt; b<br>c<br>ref ")
    assert {link.external_id for ends in task.links.values() for link in ends} == {person, deal}


def test_what_a_write_answers_is_what_a_re_read_shows(api: Api, directories: Directories, ask: Ask) -> None:
    request = ask("create_task", directories, subject="Same", due_at="2026-12-24T09:30:00Z", key="k-same")

    written = PIPEDRIVE.actions["create_task"].send(api, request)

    read = PIPEDRIVE.fetch(api, "activities", [written.external_id], directories)[0]
    assert written.seen is not None
    assert written.seen.fingerprint == read.fingerprint
    assert record(read, directories).due_at == datetime(2026, 12, 24, 9, 30, tzinfo=UTC)


def test_a_call_is_a_done_activity_with_what_it_came_to(api: Api, directories: Directories, ask: Ask) -> None:
    request = ask(
        "log_call", directories, subject="Intro", duration_seconds=90, direction="outbound", outcome="Left voicemail",
        occurred_at="2026-11-20T08:00:00Z", key="k-call",
    )  # fmt: skip

    written = PIPEDRIVE.actions["log_call"].send(api, request)

    call = fetched(api, directories, "activities", written.external_id)
    assert (call.kind, call.type, call.outcome, call.duration_seconds) == ("activity", "call", "completed", 120)
    assert call.occurred_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert str(call.body).startswith("Direction: outbound<br>Outcome: Left voicemail<br>ref ")


def test_a_deal_moves_by_the_label_of_a_stage(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    deal = make(sim, "deals", title="Mover", stage_id=1)[0]
    stage = next(stage for stage in directories.stages.values() if stage.pipeline == "1" and stage.id not in ("1",))
    request = ask(
        "update_deal", directories, external_id=deal, stage=stage.label.upper(), amount="1234.50",
        close_date="2026-12-24", custom_fields={"status": "Open"},
    )  # fmt: skip

    looked_up = PIPEDRIVE.actions["update_deal"].look_up(api, request)
    written = PIPEDRIVE.actions["update_deal"].send(api, request)

    found = fetched(api, directories, "deals", deal)
    assert looked_up is None
    assert written.external_id == deal
    assert (found.stage, str(found.amount), str(found.close_date)) == (stage.id, "1234.5", "2026-12-24")
    assert PIPEDRIVE.actions["update_deal"].look_up(api, request) is not None


def test_a_deal_is_won_by_its_status(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    deal = make(sim, "deals", title="Winner")[0]

    PIPEDRIVE.actions["update_deal"].send(
        api, ask("update_deal", directories, external_id=deal, custom_fields={"status": "won"})
    )

    found = fetched(api, directories, "deals", deal)
    assert (found.is_closed, found.is_won, found.probability) == (True, True, 100)


def test_a_contact_without_a_name_is_called_by_its_address(api: Api, directories: Directories, ask: Ask) -> None:
    request = ask("create_contact", directories, email="no.name@example.test", phone="+372 1", key="k-nameless")

    written = PIPEDRIVE.actions["create_contact"].send(api, request)

    found = fetched(api, directories, "persons", written.external_id)
    assert (found.email, found.phone) == ("no.name@example.test", "+372 1")


def test_without_the_key_field_a_contact_is_found_by_what_was_sent(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    keyless = replace(directories, fields={})
    request = ask("create_contact", keyless, email="keyless@example.test", last_name="Keyless", asked_at=now(sim))
    action = PIPEDRIVE.actions["create_contact"]
    make(sim, "persons", name="Keyless")

    before = action.look_up(api, request)
    sent = action.send(api, request)

    assert before is None
    assert action.look_up(api, request) == sent


def test_what_pipedrive_refuses_names_the_field(api: Api, sim: Running, directories: Directories, ask: Ask) -> None:
    deal = make(sim, "deals", title="Refused")[0]
    request = ask("update_deal", directories, external_id=deal, custom_fields={"f" * 40: "x"})

    with pytest.raises(Rejected) as caught:
        PIPEDRIVE.actions["update_deal"].send(api, request)
    assert caught.value.code == "ERR_SCHEMA_VALIDATION_FAILED"
    assert "f" * 40 in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "pool", "wait"), [("BURST", "burst", 2.0), ("DAILY", "daily", 3600.0), ("CLOUDFLARE", "burst", 600.0)]
)
def test_limits_say_for_how_long_to_stand_back(api: Api, sim: Running, policy: str, pool: str, wait: float) -> None:
    sim.faults({"kind": "rate_limit", "policy": policy})

    with pytest.raises(Throttled) as caught:
        PIPEDRIVE.identify(api, TokenSet(access_token="t"))
    assert (caught.value.pool, caught.value.retry_after) == (pool, wait)


NEW: dict[str, tuple[Kind, dict[str, Any]]] = {
    "organizations": (Kind.COMPANY, {"name": "Made Ltd", "website": "https://made.test", "employee_count": "12"}),
    "deals": (
        Kind.DEAL,
        {"name": "Made", "stage": "2", "amount": "12.50", "currency": "EUR", "close_date": "2027-01-31"},
    ),
    "notes": (Kind.ACTIVITY, {"type": "note", "body": "Asked for\na demo", "occurred_at": "2026-11-19T08:00:00Z"}),
    "activities": (Kind.ACTIVITY, {"type": "meeting", "subject": "Met", "occurred_at": "2026-11-19T08:00:00Z"}),
}


def wish(sim: Running, directories: Directories, object: str, **fields: Any) -> WriteRequest:
    kind, given = NEW[object]
    links = (Link("deals", make(sim, "deals", title="Parent")[0]),) if object in ("notes", "activities") else ()
    return WriteRequest(
        type="any", kind=kind, fields=fields or given, object=object, key=f"any-{object}", directories=directories,
        asked_at=now(sim), links=links,
    )  # fmt: skip


@pytest.mark.parametrize("object", list(NEW))
def test_the_same_functions_make_and_find_every_object(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    request = wish(sim, directories, object)

    before = look_up_created(api, request)
    made = create(api, request)
    found = look_up_created(api, request)

    assert before is None
    assert found is not None
    assert found.external_id == made.external_id
    assert not fetched(api, directories, object, made.external_id).odd


CHANGES: dict[str, dict[str, Any]] = {
    "organizations": {"name": "Changed Ltd", "website": None},
    "deals": {"name": "Changed", "stage": "1", "probability": "55"},
    "notes": {"body": "Changed"},
    "activities": {"subject": "Changed", "duration_seconds": "5400"},
}


@pytest.mark.parametrize("object", list(CHANGES))
def test_the_same_functions_change_every_object_and_see_that_they_did(
    api: Api, sim: Running, directories: Directories, object: str
) -> None:
    made = create(api, wish(sim, directories, object))
    request = replace(wish(sim, directories, object, **CHANGES[object]), external_id=made.external_id, links=())

    before = look_up_updated(api, request)
    update(api, request)

    assert before is None
    assert look_up_updated(api, request) is not None


def test_a_meeting_that_becomes_a_whole_day_and_takes_place_loses_its_time(
    api: Api, sim: Running, directories: Directories
) -> None:
    made = create(api, wish(sim, directories, "activities"))
    moved = wish(sim, directories, "activities", occurred_at="2026-12-01", outcome="completed")

    update(api, replace(moved, external_id=made.external_id, links=()))

    found = fetched(api, directories, "activities", made.external_id)
    assert (found.custom_fields["due_date"], found.outcome) == ("2026-12-01", "completed")


@pytest.mark.parametrize(
    ("object", "fields"),
    [
        ("activities", {"direction": "inbound"}),
        ("activities", {"outcome": "busy"}),
        ("notes", {"subject": "Late"}),
        ("organizations", {"industry": "Alchemy"}),
    ],
)
def test_what_cannot_be_changed_later_is_refused(
    api: Api, sim: Running, directories: Directories, object: str, fields: dict[str, Any]
) -> None:
    request = replace(wish(sim, directories, object, **fields), external_id="1", links=())

    with pytest.raises(Rejected) as caught:
        update(api, request)
    assert set(caught.value.fields) == set(fields)


def test_an_organization_is_called_by_where_it_is_found(api: Api, sim: Running, directories: Directories) -> None:
    made = create(api, wish(sim, directories, "organizations", domain="found.test"))

    found = fetched(api, directories, "organizations", made.external_id)
    assert (found.name, found.website) == ("found.test", "found.test")


def test_another_first_address_leaves_the_others_where_they_are(
    api: Api, sim: Running, directories: Directories
) -> None:
    emails = [{"value": "one@two.test", "primary": True, "label": "home"}, {"value": "more@two.test", "label": "work"}]
    person = make(sim, "persons", name="Two Addresses", emails=emails)[0]
    request = replace(
        wish(sim, directories, "organizations"), kind=Kind.CONTACT, object="persons", external_id=person,
        fields={"email": "new@two.test", "last_name": "Letters"},
    )  # fmt: skip

    update(api, request)

    found = fetched(api, directories, "persons", person)
    assert (found.first_name, found.last_name, found.email) == ("Two", "Letters", "new@two.test")
    assert [entry.value for entry in found.emails] == ["new@two.test", "more@two.test"]  # type: ignore[union-attr]


def test_a_deal_is_created_with_everybody_who_takes_part(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    people = make(sim, "persons", 3, name="Joins {n}")
    links = (Link("persons", people[0]), Link("persons", people[1], primary=True), Link("persons", people[2]))
    request = ask("create_deal", directories, name="Crowd", links=links, key="k-crowd")

    written = PIPEDRIVE.actions["create_deal"].send(api, request)
    again = PIPEDRIVE.actions["create_deal"].look_up(api, request)

    deal = fetched(api, directories, "deals", written.external_id)
    held = [(link.external_id, link.primary) for link in deal.links["persons"]]
    assert held == [(people[1], True), (people[0], False), (people[2], False)]
    assert (written.seen, again) == (None, written)


@pytest.mark.parametrize("times", [1, 2])
def test_people_that_were_not_added_when_the_answer_got_lost_are_added_when_the_deal_is_looked_up(
    api: Api, sim: Running, directories: Directories, ask: Ask, times: int
) -> None:
    people = make(sim, "persons", 3, name="Late {n}")
    request = ask("create_deal", directories, name="Late crowd", key=f"k-late-{times}",
                  links=tuple(Link("persons", id) for id in people))  # fmt: skip
    sim.faults({"kind": "status", "method": "POST", "path": "/participants$", "status": 503, "times": times})

    with pytest.raises(Unavailable) as unknown:
        PIPEDRIVE.actions["create_deal"].send(api, request)
    sim.no_faults()
    found = PIPEDRIVE.actions["create_deal"].look_up(api, request)

    assert unknown.value.outcome_unknown
    assert found is not None
    deal = fetched(api, directories, "deals", found.external_id)
    assert {link.external_id for link in deal.links["persons"]} == set(people)


def test_somebody_whom_pipedrive_does_not_take_is_left_out(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    person = make(sim, "persons", name="Stays")[0]
    links = (Link("persons", person), Link("persons", "99999999"))

    written = PIPEDRIVE.actions["create_deal"].send(api, ask("create_deal", directories, name="One", links=links))

    deal = fetched(api, directories, "deals", written.external_id)
    assert [link.external_id for link in deal.links["persons"]] == [person]


def test_a_person_made_for_a_deal_joins_it_even_when_the_answer_got_lost(
    api: Api, sim: Running, directories: Directories, ask: Ask
) -> None:
    deal = make(sim, "deals", title="Waits for somebody")[0]
    request = ask("create_contact", directories, last_name="Late", links=(Link("deals", deal),), key="k-joins")
    sim.faults({"kind": "status", "method": "POST", "path": "/participants$", "status": 503, "times": 1})

    with pytest.raises(Unavailable) as unknown:
        PIPEDRIVE.actions["create_contact"].send(api, request)
    found = PIPEDRIVE.actions["create_contact"].look_up(api, request)

    assert unknown.value.outcome_unknown
    assert found is not None
    people = fetched(api, directories, "deals", deal).links["persons"]
    assert [link.external_id for link in people] == [found.external_id]
