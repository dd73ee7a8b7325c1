"""A bad day: people click twice, workers die, and the CRM and the network misbehave, for many actions at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from crmbridge.domain.actions import FINAL, Action, ActionStatus
from crmbridge.services.execute_action import execute_action
from crmbridge.services.execute_together import execute_together

from tests.desk import CREATES, HOURS, Desk, holding
from tests.mortality import Killed, Life, mortal

Rules = Mapping[str, Mapping[str, Any]]

TROUBLE: Rules = {
    "limited": {"kind": "rate_limit", "probability": 0.05, "retry_after": 2},
    "declined": {"kind": "status", "status": 503, "probability": 0.03, "body": "html"},
    "broken": {"kind": "status", "status": 500, "probability": 0.02},
    "lost": {"kind": "commit_then_timeout", "probability": 0.05, "body": "reset"},
    "half an answer": {"kind": "commit_then_timeout", "probability": 0.02, "body": "half"},
    "a moment late": {"kind": "commit_late", "probability": 0.02, "body": "reset", "late_ms": 3_000},
    "after our first look": {"kind": "commit_late", "probability": 0.05, "body": "reset", "late_ms": 40_000},
    "behind a gateway": {
        "kind": "commit_late", "probability": 0.03, "body": "html", "status": 504, "late_ms": 200_000,
    },
    "ten minutes late": {"kind": "commit_late", "probability": 0.05, "body": "reset", "late_ms": 600_000},
}  # fmt: skip
"""What one in so many writes meets, of any type."""
AFTER_ALL: Mapping[str, Any] = {"kind": "commit_late", "probability": 0.05, "body": "reset", "late_ms": 1_800_000}
"""Lands half an hour later, when it has long been sent again: harmless where the CRM knows our key."""
WRITES = ("POST", "PATCH", "PUT")
DOUBLE_CLICKS = 0.05
DEATHS = 0.15
PACKS = 0.3
WATCHED_HOURS = 3


def trouble(desk: Desk) -> list[dict[str, Any]]:
    rules = [{**rule, "method": method, "times": None} for rule in TROUBLE.values() for method in WRITES]
    return [*rules, {**AFTER_ALL, "method": "POST", "path": desk.keyed(), "times": None}]


@dataclass
class Day:
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
        """Everything is rung for, in any order, alone or together, sometimes twice, until it has ended; then what is
        late lands, and those that are watched are looked at."""
        for _ in range(HOURS * 60):
            waiting = [action for _, action in self.asked.values() if not self.desk.now(action).is_final]
            if not waiting:
                break
            for some in self._rung(waiting):
                self._work_on(some)
            self.desk.house.sim.advance(60)
        self.struck = self._struck()
        self.desk.house.sim.no_faults()
        self._watch()

    def _rung(self, waiting: Sequence[Action]) -> Iterable[list[Action]]:
        together: dict[str, list[Action]] = defaultdict(list)
        for action in self.chance.sample(waiting, len(waiting)):
            if self.chance.random() < PACKS:
                together[action.type].append(action)
            else:
                yield [action]
        yield from together.values()

    def _work_on(self, some: list[Action]) -> None:
        life = Life(self.chance.randrange(1, 40) if self.chance.random() < DEATHS else -1)
        deps = mortal(self.desk.house.deps, life)
        try:
            if len(some) == 1:
                execute_action(deps, "w1", some[0].id)
            else:
                execute_together(deps, "w1", [action.id for action in some])
        except Killed:
            self.deaths += 1

    def _watch(self) -> None:
        for _ in range(WATCHED_HOURS * 4):
            self.desk.house.sim.advance(900)
            for _, action in self.asked.values():
                execute_action(self.desk.house.deps, "w1", action.id)

    def _struck(self) -> int:
        rules = self.desk.house.sim.control("GET", "faults")["rules"]
        return sum(rule["hits"] for rule in rules)

    def report(self) -> dict[str, Any]:
        """What became of each: how often the CRM shows what was asked, by how it ended, and why nobody could tell."""
        ended = {mark: (type, self.desk.now(action)) for mark, (type, action) in self.asked.items()}
        shown = {type: self.desk.shown(type) for type, _ in ended.values()}
        found = Counter((now.status, holding(shown[type], mark)) for mark, (type, now) in ended.items())
        unsure = [now for _, now in ended.values() if any(step[0] == ActionStatus.UNCERTAIN for step in now.history)]
        return {
            "actions": len(ended),
            "clicks": self.clicks,
            "deaths": self.deaths,
            "requests with trouble": self.struck,
            **{status.value: sum(n for (each, _), n in found.items() if each is status) for status in FINAL},
            "lost": found[ActionStatus.COMPLETED, 0],
            "doubled": sum(n for (_, times), n in found.items() if times > 1),
            "done though not completed": sum(
                n for (status, times), n in found.items() if times and status is not ActionStatus.COMPLETED
            ),
            "once uncertain": len(unsure),
            "why uncertain": Counter((now.error or {}).get("message", "found later") for now in unsure),
        }


def bad_day(desk: Desk, *, seed: int, times: int) -> dict[str, Any]:
    day = Day(desk, Random(seed))
    desk.house.sim.faults(*trouble(desk))
    for type in CREATES * times:
        day.click(type)
    day.live()
    return day.report()
