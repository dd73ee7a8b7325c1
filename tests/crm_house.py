"""Any of the CRMs as its simulator plays it, connected to services in memory, with one clock for both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from crmbridge.domain.actions import Action
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import PlatformError
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.domain.runs import Run, RunType
from crmbridge.domain.stored import Stored
from crmbridge.platforms.http import Api
from crmbridge.platforms.registry import PLATFORMS, platform
from crmbridge.platforms.spec import Platform
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.execute_action import execute_action
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.keep_channel import make_address
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action
from crmbridge.services.start_connect import start_connect
from crmbridge.services.start_run import DIRECTORIES, start_run
from crmbridge.services.sync_task import sync_task

from local.simulators import Running, running
from tests.crm_dialects import DIALECTS, Dialect, differences
from tests.crm_ear import Ear, an_ear
from tests.memory_deps import memory_deps

ADA = Caller("w1", "u1", "admin", "ada@example.test")
SHARDS = 16
SECRET = "simulator-client-secret"
PATIENCE = 6 * 60
"""Minutes until an action that has not ended never will."""


class Silence:
    """No chat app."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def post(self, *event: Any) -> None:
        self.told.append(event)


@dataclass
class Naming:
    """What loading the names has cost: owners, stages and schemas are no part of any minimum."""

    calls: int = 0

    def platform(self, name: str) -> Platform:
        crm = platform(name)

        def load(api: Api) -> Directories:
            before = api.calls
            try:
                return crm.load_directories(api)
            finally:
                self.calls += api.calls - before

        return replace(crm, load_directories=load)


@dataclass
class House:
    platform: str
    sim: Running
    deps: Deps
    ear: Ear
    naming: Naming
    connection_id: str = ""
    dead_letters: int = 0
    """Deliveries that were given up after a row of attempts; the runs must make up for them."""

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.platform]

    @property
    def connection(self) -> Connection:
        return self.deps.connections.get("w1", self.connection_id)

    @property
    def names(self) -> Directories:
        """What the account's names were when they were loaded last."""
        known = self.deps.connections.directories("w1", self.connection_id)
        assert known is not None
        return known

    @property
    def base_url(self) -> str:
        """Where the account's API lives, as we were told last."""
        return self.deps.vault.read(self.connection).tokens.base_url

    def connect(self) -> Connection:
        """Through the real dance, for the first time or again; a full run waits to be worked on."""
        asked = start_connect(self.deps, ADA, self.platform, reconnect=self.connection_id or None)
        pressed = f"{asked}&_sim_approve={self.dialect.account}"
        answer = self.deps.http.get(pressed, allow_redirects=False, timeout=30)
        assert answer.status_code in (302, 303), answer.text[:300]
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        self.connection_id = finish_connect(self.deps, self.platform, query).connection.id
        self._listen()
        return self.connection

    def _listen(self) -> None:
        """Where a customer or an operator says where deliveries go, that is done here."""
        channels = PLATFORMS[self.platform].channels
        if channels is None:
            self.sim.settings(webhook_url=f"{self.ear.url}/v1/webhooks/{self.platform}")
        elif channels.setup:
            steps = make_address(self.deps, ADA, self.connection_id).steps
            self.sim.settings(webhook_url=next(word for word in steps.split() if word.startswith(self.ear.url)))

    def sync(self, type: RunType) -> tuple[Run, int]:
        """A whole run, and how many calls its pages took at the CRM: without names and tokens."""
        run = start_run(self.deps, self.connection, type, "test")
        return self.finish(run.id)

    def finish(self, run: str) -> tuple[Run, int]:
        for bell in self._bells():
            self._ring(bell)
        self.sim.forget_requests()
        self.naming.calls = 0
        self.work()
        return self.deps.journal.run("w1", run), self.calls()

    def work(self) -> None:
        """Ring every doorbell until none is left."""
        while bells := self._bells():
            for bell in bells:
                self._ring(bell)

    def hear(self) -> None:
        """Have the CRM send what it still has to tell, and apply it, waiting where a limit says so."""
        self.sim.webhooks(flush=True)
        self.apply(waits=True)

    def apply(self, *, waits: bool = False) -> None:
        while messages := self.deps.queues.deliveries.take():  # type: ignore[attr-defined]  # the memory twin's own
            for message in messages:
                if waits and message.body.get("attempts"):
                    self.deps.sleep(message.delay_seconds)
                try:
                    apply_delivery(self.deps, message.body)
                except PlatformError:
                    self.dead_letters += 1

    def ask(self, type: str, key: str, **body: Any) -> Action:
        """An action that waits for its worker: `fields`, `target`, `links` and `chat` as a chat app gives them."""
        if type == "create_deal":  # not every CRM has a stage to begin with
            body["fields"] = {"stage": self.open_stage(), **body["fields"]}
        return request_action(self.deps, ADA, {"type": type, "connection": self.connection_id, **body}, key)[0]

    def act(self, type: str, key: str, **body: Any) -> Action:
        """Asked, and worked on once."""
        asked = self.ask(type, key, **body)
        execute_action(self.deps, "w1", asked.id)
        return self.now(asked)

    def settle(self, action: Action) -> Action:
        """Rung for minute after minute until it has ended."""
        for _ in range(PATIENCE):
            execute_action(self.deps, "w1", action.id)
            if self.now(action).is_final:
                break
            self.sim.advance(60)
        return self.now(action)

    def land(self, seconds: float) -> None:
        """Let what is late be done: by a thread of the simulator's, a moment after its clock says so."""
        self.sim.advance(seconds)
        while not all(one["committed"] for one in self.sim.requests()["requests"] if one["fault"] == "commit_late"):
            sleep(0.01)

    def now(self, action: Action) -> Action:
        return self.deps.actions.get("w1", action.id)

    def open_stage(self) -> str:
        return next(stage.id for stage in self.names.stages.values() if not stage.is_closed)

    def some(self, kind: Kind) -> Mapping[str, str]:
        """Any live record of the kind, as a target or a link names it; no note, which has no subject."""
        kept = (one for name in PLATFORMS[self.platform].objects for one in self.stored(name).values())
        living = (one for one in kept if one.record.kind is kind and one.record.state is State.LIVE)
        found = next(one.key for one in living if one.record.get("type") != "note")
        return {"object": found.object, "external_id": found.external_id}

    def calls(self) -> int:
        routes: Mapping[str, int] = self.sim.requests(summary=1)["by_route"]
        return sum(number for route, number in routes.items() if "oauth" not in route) - self.naming.calls

    def minimum(self) -> int:
        """What a full run must cost by the CRM's reference, as the account is now, without `calls_beside`."""
        truth = self.sim.state(object=self.dialect.deal, associations=1, limit=100_000)
        deals = self.dialect.enriched(self.sim, self.dialect.deal, truth)["live"]
        return self.dialect.minimum({kind: len(self.live(kind)) for kind in self.dialect.objects}, deals)

    def calls_beside(self, run: Run) -> dict[str, int]:
        """What each object cost that is not a contact, company or deal."""
        known = {*self.dialect.objects.values(), DIRECTORIES}
        tasks = [task for task in self.deps.journal.tasks("w1", run.id) if task.object not in known]
        return {task.object: sum(one.calls for one in task.counts.values()) for task in tasks}

    def live(self, kind: str) -> list[str]:
        return self.live_ids(self.dialect.objects[kind])

    def live_ids(self, object: str) -> list[str]:
        """In the CRM, not here."""
        return [str(id) for id in self.sim.state(object=object, ids_only=1, limit=100_000)["live"]]

    def differences(self) -> list[str]:
        """Everything in which the stored records are not the CRM's."""
        found: list[str] = []
        for kind, object in self.dialect.objects.items():
            truth = self.sim.state(object=object, associations=1, limit=100_000)
            whole = self.dialect.enriched(self.sim, object, truth)
            found += differences(self.dialect, kind, whole, self.stored(object))
        return found

    def get(self, object: str, id: str) -> Stored:
        found = self.deps.records.get(RecordKey("w1", self.connection_id, object, id))
        assert found is not None
        return found

    def stored(self, object: str) -> dict[str, Stored]:
        scans = (self.deps.records.scan("w1", self.connection_id, object, shard) for shard in range(SHARDS))
        return {one.key.external_id: one for scan in scans for one in scan}

    def _bells(self) -> list[Any]:
        taken: list[Any] = self.deps.queues.pages.take()  # type: ignore[attr-defined]  # the memory twin's own
        return taken

    def _ring(self, bell: Any) -> None:
        sync_task(self.deps, "w1", bell.body["task"], deadline=self.deps.now() + timedelta(minutes=5))


def make_deps(sim: Running, session: requests.Session, public_url: str) -> Deps:
    """Services in memory that live by the simulator's clock."""
    clock, apps = sim.simulator.clock, {sim.simulator.name: _app(sim)}

    def now() -> datetime:
        return datetime.fromtimestamp(clock.now(), UTC)

    return memory_deps(now, sim.advance, apps=apps, chat=Silence(), http=session, public_url=public_url)


def _app(sim: Running) -> AppCredentials:
    dialect = DIALECTS[sim.simulator.name]
    hosts = [sim.url + path for path in dialect.login_paths]
    api_url = sim.url if dialect.one_host else ""
    return AppCredentials(dialect.client_id, SECRET, auth_url=hosts[0], api_url=api_url, hosts=" ".join(hosts[1:]))


@contextmanager
def a_house(crm: str, **options: Any) -> Iterator[House]:
    """A simulator that is up, and us; not connected yet."""
    with running(crm, **options) as sim, requests.Session() as session, an_ear() as ear:
        naming = Naming()
        ear.deps = replace(make_deps(sim, session, ear.url), platform=naming.platform)
        yield House(crm, sim, ear.deps, ear, naming)
