"""Any of the CRMs as its simulator plays it, connected to services in memory, with one clock for both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import AppCredentials, Caller, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import NotFound, PlatformError
from crmbridge.domain.runs import Run, RunType
from crmbridge.domain.stored import Stored
from crmbridge.platforms.http import Api
from crmbridge.platforms.registry import PLATFORMS, platform
from crmbridge.platforms.spec import Platform
from crmbridge.services.apply_delivery import apply_delivery
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.keep_channel import make_address
from crmbridge.services.ports import Deps, Queues
from crmbridge.services.receive_delivery import receive_delivery
from crmbridge.services.start_connect import start_connect
from crmbridge.services.start_run import DIRECTORIES, start_run
from crmbridge.services.sync_task import sync_task
from crmbridge.storage.actions import ActionStore
from crmbridge.storage.control import ConnectionStore, GroupStore, WorkspaceStore
from crmbridge.storage.guards import GuardStore
from crmbridge.storage.installations import InstallationStore
from crmbridge.storage.journal import JournalStore
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.outbound import OutboundStore
from crmbridge.storage.queues import MemoryQueue
from crmbridge.storage.records import RecordStore
from crmbridge.storage.sidepanels import SidepanelStore
from crmbridge.storage.templates import TemplateStore
from crmbridge.storage.vault import MemoryVault

from local.simulators import Running, running
from tests.crm_dialects import DIALECTS, Dialect, differences

ADA = Caller("w1", "u1", "admin", "ada@example.test")
SHARDS = 16
SECRET = "simulator-client-secret"


@dataclass
class Ear:
    """Where the CRM's deliveries arrive: each is taken in at once, and applied when the house gets to it."""

    url: str = ""
    deps: Deps | None = None
    answers: list[int] = field(default_factory=list)
    is_deaf: bool = False

    def hear(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        if self.deps is None or self.is_deaf:
            return 503, ""
        platform, _, rest = urlsplit(path).path.removeprefix("/v1/webhooks/").partition("/")
        place, _, token = rest.rpartition("/")
        lowered = {name.lower(): value for name, value in headers.items()}
        arrived = datetime.now(UTC)  # what is signed is stamped by the wall clock, however far the simulator's is moved
        delivery = Delivery(method, self.url + path, lowered, body, arrived)
        try:
            reply = receive_delivery(self.deps, platform, (place, token) if place else None, delivery)
        except NotFound:
            return 404, ""
        self.answers.append(reply.status)
        return reply.status, reply.body


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

    def calls(self) -> int:
        routes: Mapping[str, int] = self.sim.requests(summary=1)["by_route"]
        return sum(number for route, number in routes.items() if "oauth" not in route) - self.naming.calls

    def calls_beside(self, run: Run) -> dict[str, int]:
        """What each object cost that is not a contact, company or deal."""
        known = {*self.dialect.objects.values(), DIRECTORIES}
        tasks = [task for task in self.deps.journal.tasks("w1", run.id) if task.object not in known]
        return {task.object: sum(one.calls for one in task.counts.values()) for task in tasks}

    def live(self, kind: str) -> list[str]:
        truth = self.sim.state(object=self.dialect.objects[kind], ids_only=1, limit=100_000)
        return [str(id) for id in truth["live"]]

    def differences(self) -> list[str]:
        """Everything in which the stored records are not the CRM's."""
        found: list[str] = []
        for kind, object in self.dialect.objects.items():
            truth = self.sim.state(object=object, associations=1, limit=100_000)
            whole = self.dialect.enriched(self.sim, object, truth)
            found += differences(self.dialect, kind, whole, self.stored(object))
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
    numbers, control, clock = count(1), MemoryItems("control"), sim.simulator.clock

    def now() -> datetime:
        return datetime.fromtimestamp(clock.now(), UTC)

    return Deps(
        now=now,
        new_id=lambda: f"{next(numbers):026}",
        sleep=sim.advance,
        records=RecordStore(MemoryItems("records")),
        connections=ConnectionStore(control),
        vault=MemoryVault({sim.simulator.name: _app(sim)}),
        guards=GuardStore(MemoryItems("guards"), now, sim.advance),
        journal=JournalStore(MemoryItems("journal"), now),
        actions=ActionStore(MemoryItems("actions")),
        groups=GroupStore(control),
        memberships=MembershipStore(MemoryItems("memberships")),
        workspaces=WorkspaceStore(control),
        outbound=OutboundStore(control),
        sidepanels=SidepanelStore(control),
        templates=TemplateStore(control),
        installations=InstallationStore(control),
        queues=Queues(*(MemoryQueue(now) for _ in range(5))),
        chat=Silence(),
        http=session,
        public_url=public_url,
    )


def _app(sim: Running) -> AppCredentials:
    dialect = DIALECTS[sim.simulator.name]
    hosts = [sim.url + path for path in dialect.login_paths]
    api_url = sim.url if dialect.one_host else ""
    return AppCredentials(dialect.client_id, SECRET, auth_url=hosts[0], api_url=api_url, hosts=" ".join(hosts[1:]))


@contextmanager
def a_house(crm: str, **options: Any) -> Iterator[House]:
    """A simulator that is up, and us; not connected yet."""
    with running(crm, **options) as sim, requests.Session() as session, _ear() as ear:
        naming = Naming()
        ear.deps = replace(make_deps(sim, session, ear.url), platform=naming.platform)
        yield House(crm, sim, ear.deps, ear, naming)


@contextmanager
def _ear() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = ear.hear("POST", self.path, dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
