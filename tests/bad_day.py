"""A bad day: people click twice, workers die, and the CRM and the network misbehave, for many actions at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from crmbridge.domain.actions import FINAL, Action, ActionStatus
from crmbridge.domain.errors import Clash
from crmbridge.services.execute_action import execute_action
from crmbridge.services.execute_together import execute_together
from crmbridge.services.request_action import record_key
from crmbridge.services.undo_action import undo_action

from tests.crm_house import ADA
from tests.desk import CREATES, HOURS, UPDATES, Desk, holding
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
"""Lands half an hour later, when it has long been sent again: an update, or a create where the CRM knows our key."""
WRITES = ("POST", "PATCH", "PUT")
DOUBLE_CLICKS = 0.05
DEATHS = 0.15
PACKS = 0.3
WATCHED_HOURS = 3
UNDO_EVERY = 5


def trouble(desk: Desk) -> list[dict[str, Any]]:
    rules = [{**rule, "method": method, "times": None} for rule in TROUBLE.values() for method in WRITES]
    late = [{**AFTER_ALL, "method": method, "times": None} for method in ("PATCH", "PUT")]
    return [*rules, *late, {**AFTER_ALL, "method": "POST", "path": desk.keyed(), "times": None}]


@dataclass
class Day:
    desk: Desk
    chance: Random
    asked: dict[str, tuple[str, Action]] = field(default_factory=dict)
    """By mark, with the type."""
    undone: list[Action] = field(default_factory=list)
    clicks: int = 0
    deaths: int = 0
    struck: int = 0

    def live(self, clicks: Sequence[Sequence[str]]) -> None:
        """Minute by minute the types are clicked, and everything is rung for, in any order, alone or together, until
        it has ended. Then what is late lands, and those that are watched are looked at."""
        self.desk.house.sim.faults(*trouble(self.desk))
        for minute in range(HOURS * 60):
            for type in clicks[minute] if minute < len(clicks) else ():
                self._click(type)
            waiting = self._waiting()
            if not waiting and minute >= len(clicks):
                break
            self._work(waiting)
            self.desk.house.sim.advance(60)
        self.struck = self._struck()
        self.desk.house.sim.no_faults()
        self._watch()

    def _click(self, type: str) -> None:
        mark = self.desk.mark()
        for _ in range(1 + (self.chance.random() < DOUBLE_CLICKS)):
            self.asked[mark] = type, self.desk.ask(type, mark)
            self.clicks += 1
        if type in UPDATES and len(self.asked) % UNDO_EVERY == 0:
            self._undo(type)

    def _undo(self, type: str) -> None:
        """The last of its type that is done, if it is still as it was."""
        done = [now for kind, action in self.asked.values() if kind == type and (now := self.desk.now(action)).receipt]
        for action in done[-1:]:
            try:
                self.undone.append(undo_action(self.desk.house.deps, ADA, action.id))
            except Clash:
                continue

    def _waiting(self) -> list[Action]:
        """What people have asked for, and what has been asked for since to mend it."""
        clicked = [self.desk.now(action) for action in (*(action for _, action in self.asked.values()), *self.undone)]
        due = self.desk.house.deps.actions.due(self.desk.house.deps.now())
        return list({one.id: one for one in (*clicked, *due) if not one.is_final or one.is_watched}.values())

    def _work(self, waiting: Sequence[Action]) -> None:
        together: dict[str, list[str]] = defaultdict(list)
        for action in self.chance.sample(waiting, len(waiting)):
            alone = action.target or self.chance.random() > PACKS
            together[action.id if alone else action.type].append(action.id)
        for ids in together.values():
            self._work_on(ids)

    def _work_on(self, ids: Sequence[str]) -> None:
        life = Life(self.chance.randrange(1, 40) if self.chance.random() < DEATHS else -1)
        deps = mortal(self.desk.house.deps, life)
        try:
            if len(ids) == 1:
                execute_action(deps, "w1", ids[0])
            else:
                execute_together(deps, "w1", ids)
        except Killed:
            self.deaths += 1

    def _watch(self) -> None:
        for _ in range(WATCHED_HOURS * 4):
            self.desk.house.sim.advance(900)
            for action in self._waiting():
                self._work_on([action.id])

    def _struck(self) -> int:
        rules = self.desk.house.sim.control("GET", "faults")["rules"]
        return sum(rule["hits"] for rule in rules)

    def report(self) -> dict[str, Any]:
        """What became of each, and why nobody could tell."""
        ended = [self.desk.now(action) for _, action in self.asked.values()]
        unsure = [now for now in ended if any(step[0] == ActionStatus.UNCERTAIN for step in now.history)]
        return {
            "actions": len(ended),
            "clicks": self.clicks,
            "deaths": self.deaths,
            "requests with trouble": self.struck,
            **{status.value: sum(now.status is status for now in ended) for status in FINAL},
            "once uncertain": len(unsure),
            "why uncertain": Counter((now.error or {}).get("message", "found later") for now in unsure),
        }

    def counted(self) -> dict[str, Any]:
        """Creates: how often the CRM shows what was asked for."""
        ended = {mark: (type, self.desk.now(action)) for mark, (type, action) in self.asked.items()}
        shown = {type: self.desk.shown(type) for type, _ in ended.values()}
        found = Counter((now.status, holding(shown[type], mark)) for mark, (type, now) in ended.items())
        return {
            "lost": found[ActionStatus.COMPLETED, 0],
            "doubled": sum(n for (_, times), n in found.items() if times > 1),
            "done though not completed": sum(
                n for (status, times), n in found.items() if times and status is not ActionStatus.COMPLETED
            ),
        }

    def compared(self) -> dict[str, Any]:
        """Updates: whether each record has what the last one wrote that was done."""
        last = {type: self._last(action) for type, action in self.asked.values()}
        stale = [type for type, action in last.items() if not self._is_held(type, action)]
        mended = sum("landed late" in step[2] for action in self._all() for step in action.history[:1])
        return {"undone": len(self.undone), "mended": mended, "stale": stale}

    def _all(self) -> Iterable[Action]:
        keys = {key for _, action in self.asked.values() if (key := record_key(action))}
        return [action for key in keys for action in self.desk.house.deps.actions.of_record(key, limit=1_000)]

    def _last(self, action: Action) -> Action:
        key = record_key(action)
        assert key
        asked = self.desk.house.deps.actions.of_record(key, limit=1_000)
        done = [one for one in asked if one.status is ActionStatus.COMPLETED and one.type == action.type]
        return max(done, key=lambda one: one.sequence)

    def _is_held(self, type: str, action: Action) -> bool:
        assert action.target
        return holding(self.desk.shown(type), action.target.external_id, *map(str, action.fields.values())) > 0


def bad_day(desk: Desk, *, seed: int, times: int) -> dict[str, Any]:
    """Creates, all in the first minute."""
    day = Day(desk, Random(seed))
    day.live([CREATES * times])
    return day.report() | day.counted()


def bad_day_of_updates(desk: Desk, *, seed: int, times: int) -> dict[str, Any]:
    """The same few records are changed again and again, every few minutes, and taken back now and then."""
    day = Day(desk, Random(seed))
    day.live([UPDATES if minute % 3 == 0 else [] for minute in range(3 * times)])
    return day.report() | day.compared()
