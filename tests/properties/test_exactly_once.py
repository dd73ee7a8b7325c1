"""Every action on every CRM is done exactly once: whatever step a worker dies at, whatever the network does."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.platforms.hubspot.objects import KEY_PROPERTY
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.execute_action import execute_action
from crmbridge.services.read_actions import retry_action

from tests.bad_day import AFTER_ALL, bad_day, bad_day_of_updates
from tests.crm_house import ADA, a_house
from tests.desk import CREATES, SIZES, UPDATES, Desk, holding
from tests.mortality import each_death

pytestmark = pytest.mark.slow

CREATING = r"^(?!.*(search|read|token|coql)).*$"
"""A POST that makes something, at any of them."""
REPORTS = Path(__file__).parents[2] / "build" / "exactly-once"


@pytest.fixture(scope="module", params=list(PLATFORMS))
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with a_house(request.param, **SIZES) as house:
        house.connect()
        house.work()
        yield Desk(house)


@pytest.mark.parametrize("type", CREATES)
def test_whatever_step_a_worker_dies_at_one_object_is_made(desk: Desk, type: str) -> None:
    marks: list[str] = []

    def ask(_: str) -> Action:
        marks.append(desk.mark())
        return desk.ask(type, marks[-1])

    ended = [desk.settle(action) for action in each_death(desk.house.deps, ask)]

    shown = desk.shown(type)
    assert {action.status for action in ended} == {ActionStatus.COMPLETED}
    assert [holding(shown, mark) for mark in marks] == [1] * len(marks)
    assert len(marks) > 20


@pytest.mark.parametrize("type", UPDATES)
def test_whatever_step_a_worker_dies_at_an_update_is_done_and_none_is_made(desk: Desk, type: str) -> None:
    before = len(desk.shown(type))
    for action in each_death(desk.house.deps, lambda _: desk.ask(type, desk.mark())):
        ended = desk.settle(action)

        shown = desk.shown(type)
        assert (ended.status, len(shown)) == (ActionStatus.COMPLETED, before)
        assert holding(shown, *action.fields.values())


@pytest.mark.parametrize("type", CREATES)
def test_a_person_who_tries_again_in_a_hurry_makes_no_second_one(desk: Desk, type: str) -> None:
    mark, sim = desk.mark(), desk.house.sim
    sim.faults({"kind": "commit_late", "method": "POST", "path": CREATING, "body": "reset", "late_ms": 600_000})
    blind = replace(desk.house.deps, sleep=lambda _: sim.faults({"kind": "status", "status": 403, "times": None}))
    action = desk.ask(type, mark)
    execute_action(blind, "w1", action.id)
    unsure = desk.now(action)
    sim.no_faults()

    done = desk.settle(retry_action(desk.house.deps, ADA, action.id))
    sim.advance(3600)

    assert unsure.status in (ActionStatus.UNCERTAIN, ActionStatus.FAILED)
    assert (unsure.is_watched, done.status) == (True, ActionStatus.COMPLETED)
    assert holding(desk.shown(type), mark) == 1


@pytest.fixture
def desk_without_keys() -> Iterator[Desk]:
    """An app that may not make properties at HubSpot."""
    with a_house("hubspot", **SIZES) as house:
        house.connect()
        house.work()
        known = house.deps.connections.directories("w1", house.connection_id)
        assert known is not None
        fields = {
            object: {name: field for name, field in named.items() if name != KEY_PROPERTY}
            for object, named in known.fields.items()
        }
        house.deps.connections.save_directories("w1", house.connection_id, replace(known, fields=fields))
        yield Desk(house)


def keep(desk: Desk, name: str, report: Mapping[str, Any]) -> None:
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / f"{desk.house.platform}-{name}.json").write_text(json.dumps(report, indent=1))


def test_on_a_bad_day_nothing_is_lost_and_nothing_doubled(desk: Desk) -> None:
    report = bad_day(desk, seed=7, times=6)

    keep(desk, "creates", report)
    assert (report["lost"], report["doubled"], report["failed"]) == (0, 0, 0)
    assert report["completed"] + report["uncertain"] == report["actions"] == 6 * len(CREATES)
    assert report["requests with trouble"] > 10


def test_on_a_bad_day_an_app_without_its_scope_doubles_nothing(desk_without_keys: Desk) -> None:
    report = bad_day(desk_without_keys, seed=7, times=4)

    keep(desk_without_keys, "markers", report)
    assert desk_without_keys.keyed() == "^$"
    assert (report["lost"], report["doubled"], report["failed"]) == (0, 0, 0)
    assert report["completed"] + report["uncertain"] == report["actions"] == 4 * len(CREATES)


@pytest.mark.parametrize("type", CREATES)
def test_what_lands_when_it_was_sent_again_is_refused_or_named_in_the_receipt(desk: Desk, type: str) -> None:
    mark = desk.mark()
    desk.house.sim.faults({**AFTER_ALL, "method": "POST", "path": CREATING, "probability": 1.0, "times": 1})
    done = desk.settle(desk.ask(type, mark))
    desk.house.sim.advance(3 * 3600)

    execute_action(desk.house.deps, "w1", done.id)

    receipt = desk.now(done).receipt
    assert receipt is not None
    assert holding(desk.shown(type), mark) == 1 + len(receipt.twins)


def test_on_a_bad_day_every_record_has_what_was_written_last(desk: Desk) -> None:
    report = bad_day_of_updates(desk, seed=7, times=8)

    keep(desk, "updates", report)
    assert (report["stale"], report["failed"]) == ([], 0)
    assert report["completed"] + report["superseded"] + report["uncertain"] == report["actions"] == 8 * len(UPDATES)
    assert report["requests with trouble"] > 5
