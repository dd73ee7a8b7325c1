"""Syncs and webhooks at work, crashing and overlapping as they please: once it is quiet, we have what the CRM has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import BridgeError, Clash, NotFound
from crmbridge.domain.messages import Message
from crmbridge.domain.records import State
from crmbridge.domain.runs import RunType, Status
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.schedule_work import schedule_work
from crmbridge.services.start_run import start_run
from crmbridge.services.sync_task import sync_task
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.records import RecordStore
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import Clock
from tests.little_crm import LittleCrm, expect_same, make_connection, make_deps


class Killed(BaseException):
    """The worker's process is gone: nothing of it runs any more."""


class MortalItems(MemoryItems):
    """A table at which workers die: before or after the write that `fuse` counts down to."""

    fuse: list[int] = []  # noqa: RUF012 - one fuse for all tables of one history

    def write_all(self, writes: Sequence[Any]) -> tuple[int, ...]:
        refused: tuple[int, ...] = self._perhaps_die(lambda: MemoryItems.write_all(self, writes))
        return refused

    def update(self, *place: Any, **change: Any) -> Any:
        return self._perhaps_die(lambda: MemoryItems.update(self, *place, **change))

    def _perhaps_die(self, write: Callable[[], Any]) -> Any:
        if not self.fuse:
            return write()
        self.fuse[0] -= 1
        if self.fuse[0] == 0:
            self.fuse.clear()
            raise Killed
        done = write()
        if self.fuse[0] == 1:
            self.fuse.clear()
            raise Killed
        return done


@dataclass
class World:
    """One history: a seeded chance decides what happens next, also while an answer is on the wire."""

    chance: Random
    removes: bool = True
    crm: LittleCrm = field(default_factory=lambda: LittleCrm(Clock()))
    bells: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        MortalItems.fuse.clear()
        journal = JournalStore(MortalItems("journal"), self.crm.clock)
        self.deps: Deps = make_deps(self.crm, records=RecordStore(MortalItems("records")), journal=journal)
        self.connection: Connection = make_connection(self.deps)
        self.crm.on_the_wire = self.meanwhile

    def happen(self) -> None:
        self.chance.choice([self.change, self.change, self.tell, self.begin, self.work, self.work, self.tick])()

    def meanwhile(self) -> None:
        if self.depth < 2 and self.chance.random() < 0.3:
            self.depth += 1
            self.happen()
            self.depth -= 1

    def change(self) -> None:
        object = self.chance.choice(["contacts", "contacts", "deals"])
        live = self.crm.live(object)
        if len(live) < 2:
            self.crm.create(object)
            return
        one, other = self.chance.sample(live, 2)
        dead = [(kind, id) for (kind, id), row in self.crm.rows.items() if row.state is State.ARCHIVED]
        contacts = frozenset(id for id in self.crm.live("contacts") if self.chance.random() < 0.5)
        moves: list[Callable[[], Any]] = [
            lambda: self.crm.create(object),
            lambda: self.crm.update(object, one, self.chance.choice("ab"), late=self.chance.choice([0, 0, 30])),
            lambda: self.crm.merge("contacts", one, other) if object == "contacts" else None,
        ]
        if self.removes:
            moves += [
                lambda: self.crm.delete(object, one, erased=self.chance.random() < 0.3),
                lambda: self.crm.restore(*self.chance.choice(dead)) if dead else None,
                lambda: self.crm.link(one, contacts) if object == "deals" else None,
            ]
        self.chance.choice(moves)()

    def tell(self) -> None:
        """Some webhooks come twice, some late, some never."""
        if self.crm.told:
            events = self.chance.sample(self.crm.told, min(3, len(self.crm.told)))
            receive_delivery(self.deps, "little", None, self.crm.delivery(*events))
            self.crm.told = [event for event in self.crm.told if self.chance.random() < 0.7 or event not in events]

    def begin(self) -> None:
        type = self.chance.choice(list(RunType))
        self.survive(lambda: start_run(self.deps, self.connection, type, "u1"))

    def tick(self) -> None:
        self.crm.index_lag = self.chance.choice([0, 30, 60])
        self.crm.clock.advance(self.chance.choice([1, 20, 90, 400]))
        self.survive(lambda: schedule_work(self.deps, self.crm.clock()))

    def work(self) -> None:
        self.collect()
        if self.bells:
            self.ring(*self.bells[self.chance.randrange(len(self.bells))])

    def ring(self, queue: str, body: Mapping[str, Any]) -> None:
        """A message leaves its queue only when its work was done."""
        if self.chance.random() < 0.2:
            MortalItems.fuse[:] = [self.chance.randrange(1, 12)]
        if self.survive(lambda: self.do(queue, body)) and (queue, body) in self.bells:
            self.bells.remove((queue, body))

    def do(self, queue: str, body: Mapping[str, Any]) -> None:
        if queue == "pages":
            pause = timedelta(seconds=self.chance.choice([1, 60]))
            sync_task(self.deps, body["workspace"], body["task"], deadline=self.crm.clock() + pause)
        else:
            apply_delivery(self.deps, body)

    def survive(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except (Killed, Clash, NotFound):
            return False
        except BridgeError:
            return False
        finally:
            MortalItems.fuse.clear()
        return True

    def collect(self) -> None:
        for name, queue in (("pages", self.deps.queues.pages), ("deliveries", self.deps.queues.deliveries)):
            messages: list[Message] = queue.take()  # type: ignore[attr-defined] # the memory twin's
            self.bells += [(name, message.body) for message in messages]

    def settle(self, last: RunType = RunType.FULL) -> None:
        """Everything that is under way comes to its end; then one last run in peace."""
        self.crm.on_the_wire, self.chance = (lambda: None), Peace()
        self.drain()
        self.crm.clock.advance(700)
        run = start_run(self.deps, self.connection, last, "u1")
        self.drain()
        assert self.deps.journal.run("w1", run.id).status is Status.SUCCESS

    def drain(self) -> None:
        for _ in range(40):
            self.collect()
            while self.bells:
                self.do(*self.bells.pop(0))
                self.collect()
            self.crm.clock.advance(61)
            for task in self.deps.journal.due_tasks(self.crm.clock()):
                self.bells.append(("pages", {"workspace": task.workspace, "task": task.id}))
            active = self.deps.connections.get("w1", "c1").active_run
            if active is None and not self.bells:
                return
            if active and not self.bells:
                self.survive(lambda: start_run(self.deps, self.connection, RunType.INCREMENTAL, "u1"))
        raise AssertionError("it does not come to rest")


class Peace(Random):
    """Nothing unexpected, and plenty of time."""

    def random(self) -> float:
        return 1.0

    def choice(self, seq: Any) -> Any:
        return seq[-1]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 60))
def test_once_it_is_quiet_we_have_what_the_crm_has(seed: int, steps: int) -> None:
    world = World(Random(seed))

    for _ in range(steps):
        world.happen()
    world.settle()

    expect_same(world.deps, world.crm, world.connection)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 60))
def test_an_incremental_run_proves_that_no_hint_of_a_change_was_missed(seed: int, steps: int) -> None:
    """Deletions, restores and links, which move no date, wait for the full run."""
    world = World(Random(seed), removes=False)

    for _ in range(steps):
        world.happen()
    world.settle(RunType.INCREMENTAL)

    expect_same(world.deps, world.crm, world.connection)


pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
