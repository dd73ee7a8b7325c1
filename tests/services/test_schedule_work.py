"""The minute's round: what is due begins, what waits is rung."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.runs import RunType
from crmbridge.services.ports import Deps
from crmbridge.services.schedule_work import fair_share, schedule_work
from crmbridge.services.start_run import start_run
from crmbridge.services.wake_records import one_by_one

from tests.clock import BEGIN, Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

QUIET = dict.fromkeys(("runs", "tended", "tasks", "actions", "members", "records", "checks", "events", "rules"), 0)


@pytest.fixture
def crm() -> LittleCrm:
    return LittleCrm(Clock())


@pytest.fixture
def deps(crm: LittleCrm) -> Deps:
    return make_deps(crm)


def run_types(deps: Deps, connection: Connection) -> list[RunType]:
    runs = deps.journal.runs(connection.workspace, connection.id, limit=9, cursor=None)
    return [run.type for run in runs.items]


def test_nothing_is_due_in_an_empty_house(deps: Deps) -> None:
    assert schedule_work(deps, BEGIN) == QUIET


@pytest.mark.parametrize(
    ("full", "incremental", "expected"),
    [
        (0, 0, [RunType.FULL]),
        (1, 0, [RunType.INCREMENTAL]),
        (1, 1, []),
    ],
)
def test_the_run_that_is_due_begins(
    deps: Deps, crm: LittleCrm, full: int, incremental: int, expected: list[RunType]
) -> None:
    due = BEGIN + timedelta(minutes=full), BEGIN + timedelta(minutes=incremental)
    connection = make_connection(deps, full_due_at=due[0], incremental_due_at=due[1])

    schedule_work(deps, BEGIN)

    assert run_types(deps, connection) == expected


def test_a_run_under_way_is_not_begun_again(deps: Deps) -> None:
    connection = make_connection(deps, full_due_at=BEGIN)
    schedule_work(deps, BEGIN)

    assert schedule_work(deps, BEGIN)["runs"] == 0

    assert run_types(deps, connection) == [RunType.FULL]


def test_one_that_needs_reconnecting_does_not_keep_the_others_waiting(deps: Deps) -> None:
    lost = make_connection(deps, full_due_at=BEGIN, health=Health.NEEDS_RECONNECT)
    other = make_connection(deps, id="c2", full_due_at=BEGIN)

    assert schedule_work(deps, BEGIN)["runs"] == 1

    assert (run_types(deps, lost), run_types(deps, other)) == ([], [RunType.FULL])


def test_a_task_whose_doorbell_was_lost_is_rung_again(deps: Deps, crm: LittleCrm) -> None:
    run = start_run(deps, make_connection(deps), RunType.FULL, "u1")
    deps.queues.pages.take()  # type: ignore[attr-defined] # the memory twin's
    crm.clock.advance(61)

    assert schedule_work(deps, crm.clock())["tasks"] == 1

    (bell,) = deps.queues.pages.take()  # type: ignore[attr-defined] # the memory twin's
    assert bell.body["task"] == run.tasks[0]


def test_an_event_that_waits_for_the_chat_app_is_rung(deps: Deps) -> None:
    deps.outbound.add("w1", "e1", {"type": "sync.failed"}, BEGIN)

    assert schedule_work(deps, BEGIN) == {**QUIET, "events": 1}

    (bell,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    assert bell.body == {"workspace": "w1", "outbound": "e1"}


def test_tasks_of_a_connection_that_is_gone_ring_nobody(deps: Deps, crm: LittleCrm) -> None:
    connection = make_connection(deps)
    start_run(deps, connection, RunType.FULL, "u1")
    deps.connections.delete(replace(deps.connections.get("w1", "c1")))
    crm.clock.advance(700)

    assert schedule_work(deps, crm.clock())["tasks"] == 0


def test_of_more_than_a_round_takes_every_round_takes_others() -> None:
    waiting = list(range(1_000))

    rounds = [fair_share(waiting, BEGIN + timedelta(minutes=minute), 100) for minute in range(90)]

    assert all(sorted(taken) == taken and len(taken) == 100 for taken in rounds)
    assert {each for taken in rounds for each in taken} == set(waiting)


def test_a_round_that_can_takes_all_in_their_order() -> None:
    assert fair_share(["b", "a"], BEGIN, 2) == ["b", "a"]


class Broken:
    """The real thing, but for what cannot be read."""

    def __init__(self, real: Any, *broken: str) -> None:
        self._real = real
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        if name in self._broken:
            raise ValueError(f"{name} cannot be read")
        return getattr(self._real, name)


def test_trouble_with_one_sort_keeps_no_other_waiting(deps: Deps, crm: LittleCrm) -> None:
    connection = make_connection(deps, full_due_at=crm.clock())
    broken = replace(deps, workspaces=Broken(deps.workspaces, "due_clocks"), outbound=Broken(deps.outbound, "due"))

    with pytest.raises(ExceptionGroup) as told:
        schedule_work(broken, crm.clock())

    assert run_types(deps, connection) == [RunType.FULL]
    assert {str(trouble) for trouble in told.value.exceptions} == {"due_clocks cannot be read", "due cannot be read"}


def test_trouble_with_one_workspace_keeps_no_other_waiting() -> None:
    served: list[str] = []

    def serve(workspace: str) -> None:
        if workspace == "bad":
            raise ValueError(workspace)
        served.append(workspace)

    with pytest.raises(ExceptionGroup):
        one_by_one(["good", "bad", "better"], serve)

    assert served == ["good", "better"]
