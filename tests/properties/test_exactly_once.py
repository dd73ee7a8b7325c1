"""Every action on every CRM is done exactly once: whatever step a worker dies at, whatever the network does."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from crmbridge.domain.actions import ACTION_TYPES, FINAL, Action, ActionStatus
from crmbridge.domain.directories import Directories
from crmbridge.domain.records import Kind, State
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.execute_action import execute_action
from crmbridge.services.request_action import request_action

from tests.crm_house import ADA, House, a_house
from tests.mortality import Killed, Life, each_death, mortal

pytestmark = pytest.mark.slow

REPORTS = Path(__file__).parents[2] / "build" / "exactly-once"
SIZES = {"contacts": 6, "companies": 3, "deals": 4, "tasks": 4, "activities": 8}
CREATES = [name for name, type in ACTION_TYPES.items() if type.creates]
UPDATES = [name for name, type in ACTION_TYPES.items() if not type.creates]
WANTED: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "create_task": lambda mark: {"subject": f"Call {mark}", "due_at": "2027-01-15"},
    "create_deal": lambda mark: {"name": f"Renewal {mark}", "amount": "5", "close_date": "2027-03-31"},
    "log_call": lambda mark: {"subject": f"Called {mark}", "duration_seconds": 60},
    "log_meeting": lambda mark: {"subject": f"Met {mark}", "duration_seconds": 1800},
    "create_note": lambda mark: {"body": f"{mark} wants a quote"},
    "create_contact": lambda mark: {"email": f"{mark}@new.example.com", "last_name": mark},
    "create_company": lambda mark: {"name": f"{mark} Ltd"},
    "update_task": lambda mark: {"subject": f"Call {mark}"},
    "update_deal": lambda mark: {"name": f"Renewal {mark}"},
    "update_activity": lambda mark: {"subject": f"Called {mark}"},
    "update_contact": lambda mark: {"last_name": mark},
    "update_company": lambda mark: {"name": f"{mark} Ltd"},
}

TROUBLE: Mapping[str, Mapping[str, Any]] = {
    "limited": {"kind": "rate_limit", "probability": 0.05, "retry_after": 2},
    "lost": {"kind": "commit_then_timeout", "probability": 0.05, "body": "reset"},
    "half an answer": {"kind": "commit_then_timeout", "probability": 0.02, "body": "half"},
    "refused": {"kind": "status", "status": 503, "probability": 0.03, "body": "html"},
    "after our timeout": {"kind": "commit_late", "probability": 0.05, "body": "reset", "late_ms": 40_000},
    "after our look-up": {"kind": "commit_late", "probability": 0.05, "body": "reset", "late_ms": 600_000},
}
"""What one in so many writes meets. What lands after our look-up lands only where the CRM knows our key: elsewhere we
wait until its own limit for a request is over before we look, and after that nothing lands."""
HOURS = 6
DOUBLE_CLICKS = 0.05
DEATHS = 0.15


@dataclass
class Desk:
    """One CRM with a small account, and what is asked of it. A `mark` is a word that the CRM is to show once."""

    house: House
    numbers: Iterator[int] = field(default_factory=count)

    def ask(self, type: str, mark: str) -> Action:
        fields = dict(WANTED[type](mark))
        body: dict[str, Any] = {"type": type, "connection": self.house.connection_id, "fields": fields}
        if type == "create_deal":
            fields["stage"] = self._stage()
        if type == "create_note":
            body["links"] = [self._any(Kind.CONTACT)]
        if type in UPDATES:
            body["target"] = self._any(ACTION_TYPES[type].kind)
        return request_action(self.house.deps, ADA, body, mark)[0]

    def now(self, action: Action) -> Action:
        return self.house.deps.actions.get("w1", action.id)

    def settle(self, action: Action) -> Action:
        """Ring for it, minute after minute, until it has ended."""
        for _ in range(HOURS * 60):
            execute_action(self.house.deps, "w1", action.id)
            if self.now(action).is_final:
                break
            self.house.sim.advance(60)
        return self.now(action)

    def shown(self, type: str) -> list[str]:
        """Every live record that the CRM shows of the kind that the type is about."""
        kind = ACTION_TYPES[type].kind
        specs = PLATFORMS[self.house.platform].objects.values()
        objects = [spec.name for spec in specs if kind in spec.kinds]
        states = (self.house.sim.state(object=name, limit=100_000)["live"] for name in objects)
        return [json.dumps(record) for live in states for record in live]

    def trouble(self) -> list[dict[str, Any]]:
        rules = [
            {**rule, "method": method, "path": self._knowing() if name == "after our look-up" else "", "times": None}
            for name, rule in TROUBLE.items()
            for method in ("POST", "PATCH", "PUT")
        ]
        return [rule for rule in rules if rule["path"] is not None]

    def mark(self) -> str:
        return f"m{next(self.numbers)}x"

    def _knowing(self) -> str | None:
        """The addresses where a second write with one key is refused."""
        actions = [spec for type, spec in PLATFORMS[self.house.platform].actions.items() if type in CREATES]
        names = [spec.object for spec in actions if spec.unique_key(self._directories())]
        return f"/({'|'.join(names)})/?$" if names else None

    def _directories(self) -> Directories:
        known = self.house.deps.connections.directories("w1", self.house.connection_id)
        assert known is not None
        return known

    def _stage(self) -> str:
        known = self._directories()
        return next(stage.id for stage in known.stages.values() if not stage.is_closed)

    def _any(self, kind: Kind) -> Mapping[str, str]:
        """A note has no subject."""
        kept = (one for name in PLATFORMS[self.house.platform].objects for one in self.house.stored(name).values())
        found = next(
            one
            for one in kept
            if one.record.kind is kind and one.record.state is State.LIVE and one.record.get("type") != "note"
        )
        return {"object": found.key.object, "external_id": found.key.external_id}


@pytest.fixture(scope="module", params=list(PLATFORMS))
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with a_house(request.param, **SIZES) as house:
        house.connect()
        house.work()
        yield Desk(house)


def holding(records: Sequence[str], *words: str) -> int:
    """How many of the records show all of the words."""
    return sum(all(word in record for word in words) for record in records)


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


@dataclass
class Day:
    """A bad day: people click twice, workers die, and the CRM and the network misbehave, for many actions at a time."""

    desk: Desk
    chance: Random
    asked: dict[str, tuple[str, Action]] = field(default_factory=dict)
    """By mark, with the type."""
    clicks: int = 0
    deaths: int = 0
    struck: int = 0

    def click(self, type: str) -> None:
        mark = self.desk.mark()
        for _ in range(1 + (self.chance.random() < DOUBLE_CLICKS)):
            self.asked[mark] = type, self.desk.ask(type, mark)
            self.clicks += 1

    def live(self) -> None:
        """Everything is rung for, in any order and sometimes twice, until it has ended; then what is late lands."""
        for _ in range(HOURS * 60):
            waiting = [action for _, action in self.asked.values() if not self.desk.now(action).is_final]
            if not waiting:
                break
            for action in self.chance.sample(waiting, len(waiting)):
                self.work_on(action)
            self.desk.house.sim.advance(60)
        self.struck = self._struck()
        self.desk.house.sim.no_faults()
        self.desk.house.sim.advance(3600)

    def _struck(self) -> int:
        rules = self.desk.house.sim.control("GET", "faults")["rules"]
        return sum(rule["hits"] for rule in rules)

    def work_on(self, action: Action) -> None:
        life = Life(self.chance.randrange(1, 40) if self.chance.random() < DEATHS else -1)
        try:
            execute_action(mortal(self.desk.house.deps, life), "w1", action.id)
        except Killed:
            self.deaths += 1

    def report(self) -> dict[str, Any]:
        """What became of each: how often the CRM shows what was asked, by how it ended, and why nobody could tell."""
        ended = {mark: (type, self.desk.now(action)) for mark, (type, action) in self.asked.items()}
        shown = {type: self.desk.shown(type) for type, _ in ended.values()}
        found = Counter((now.status, holding(shown[type], mark)) for mark, (type, now) in ended.items())
        uncertain = [now for _, now in ended.values() if now.status is ActionStatus.UNCERTAIN]
        return {
            "actions": len(ended),
            "clicks": self.clicks,
            "deaths": self.deaths,
            "requests with trouble": self.struck,
            **{status.value: sum(n for (each, _), n in found.items() if each is status) for status in FINAL},
            "lost": found[ActionStatus.COMPLETED, 0],
            "doubled": sum(n for (_, times), n in found.items() if times > 1),
            "why uncertain": Counter((now.error or {})["message"] for now in uncertain),
        }


def bad_day(desk: Desk, *, seed: int, times: int) -> dict[str, Any]:
    day = Day(desk, Random(seed))
    desk.house.sim.faults(*desk.trouble())
    for type in CREATES * times:
        day.click(type)
    day.live()
    return day.report()


def test_on_a_bad_day_nothing_is_lost_and_nothing_doubled(desk: Desk) -> None:
    report = bad_day(desk, seed=7, times=6)

    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / f"{desk.house.platform}.json").write_text(json.dumps(report, indent=1))
    assert (report["lost"], report["doubled"], report["failed"]) == (0, 0, 0)
    assert report["completed"] + report["uncertain"] == report["actions"] == 6 * len(CREATES)
    assert report["requests with trouble"] > 10


@pytest.mark.parametrize("type", UPDATES)
def test_on_a_bad_day_an_update_says_what_the_crm_has(desk: Desk, type: str) -> None:
    desk.house.sim.faults(*desk.trouble())
    ended = [desk.settle(desk.ask(type, desk.mark())) for _ in range(5)]
    desk.house.sim.no_faults()

    last = ended[-1]
    assert {action.status for action in ended} == {ActionStatus.COMPLETED}
    assert holding(desk.shown(type), *last.fields.values())
