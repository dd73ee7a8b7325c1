"""Every action on every CRM is done exactly once: whatever step a worker dies at, whatever the network does."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.platforms.registry import PLATFORMS

from tests.bad_day import bad_day, bad_day_of_updates
from tests.crm_house import a_house
from tests.desk import CREATES, SIZES, UPDATES, Desk, holding
from tests.mortality import each_death

pytestmark = pytest.mark.slow

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


def keep(desk: Desk, name: str, report: Mapping[str, Any]) -> None:
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / f"{desk.house.platform}-{name}.json").write_text(json.dumps(report, indent=1))


def test_on_a_bad_day_nothing_is_lost_and_nothing_doubled(desk: Desk) -> None:
    report = bad_day(desk, seed=7, times=6)

    keep(desk, "creates", report)
    assert (report["lost"], report["doubled"], report["failed"]) == (0, 0, 0)
    assert report["completed"] + report["uncertain"] == report["actions"] == 6 * len(CREATES)
    assert report["requests with trouble"] > 10


def test_on_a_bad_day_every_record_has_what_was_written_last(desk: Desk) -> None:
    report = bad_day_of_updates(desk, seed=7, times=8)

    keep(desk, "updates", report)
    assert (report["stale"], report["failed"]) == ([], 0)
    assert report["completed"] + report["superseded"] + report["uncertain"] == report["actions"] == 8 * len(UPDATES)
    assert report["requests with trouble"] > 5
