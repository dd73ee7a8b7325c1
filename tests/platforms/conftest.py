"""A CRM that answers what it is told, doors without limits, and HubSpot simulators."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Stage
from crmbridge.domain.records import Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.platforms.spec import WriteRequest
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from local.simulators import Running, running
from tests.crm_doors import asking, door

TOKEN = "pat-na1-simulator"
ASKED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Scripted(BaseAdapter):
    """Answers with the next of `answers`: (status, headers, body), a JSON value, or an exception to raise."""

    answers: list[Any]
    sent: list[requests.PreparedRequest] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer if isinstance(answer, tuple) else (200, {}, orjson.dumps(answer))
        response = requests.Response()
        response.status_code, response.url = status, str(request.url)
        response.headers.update(headers)
        response.raw = HTTPResponse(BytesIO(body), preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""

    def bodies(self) -> list[Any]:
        return [orjson.loads(request.body) if request.body else None for request in self.sent]


@pytest.fixture
def scripted() -> Callable[..., tuple[requests.Session, Scripted]]:
    """`scripted(answer, ...)`: a session whose every request meets the next answer, and the script."""

    def session(*answers: Any) -> tuple[requests.Session, Scripted]:
        script, session = Scripted(list(answers)), requests.Session()
        session.mount("https://", script)
        return session, script

    return session


@pytest.fixture
def told(scripted: Callable[..., tuple[requests.Session, Scripted]]) -> Callable[..., tuple[Api, Scripted]]:
    """`told(answer, ...)`: a door to a HubSpot that answers so."""

    def api(*answers: Any) -> tuple[Api, Scripted]:
        session, script = scripted(*answers)
        return door(HUBSPOT, "https://api.hubapi.com", session, TOKEN), script

    return api


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    """One for the tests of a file: without limits, each test looking at records of its own."""
    with running(
        "hubspot", contacts=330, companies=40, deals=60, tasks=20, private_burst=1_000_000, search_per_second=1_000_000
    ) as running_sim:
        yield running_sim


@pytest.fixture
def api(sim: Running) -> Iterator[Api]:
    sim.no_faults()
    with requests.Session() as session:
        yield door(HUBSPOT, sim.url, session, TOKEN)


@pytest.fixture
def open_api() -> Iterator[Callable[[str], Api]]:
    """`open_api(url)`: a door to another HubSpot."""
    with requests.Session() as session:
        yield lambda url: door(HUBSPOT, url, session, TOKEN)


@pytest.fixture(scope="module")
def directories(sim: Running) -> Directories:
    with requests.Session() as session:
        return HUBSPOT.load_directories(door(HUBSPOT, sim.url, session, TOKEN))


@pytest.fixture
def berlin() -> Directories:
    """A small account in Berlin, in euros: two pipelines that share a label, a text, an option and the key."""
    stages = (
        Stage("qualified", "Qualified", "sales", "Sales", 0, 40),
        Stage("won", "Won", "sales", "Sales", 1, 100, is_closed=True, is_won=True),
        Stage("901", "Qualified", "renewals", "Renewals", 0, 60),
        Stage("902", "Renewed", "renewals", "Renewals", 1, 100, is_closed=True, is_won=True),
    )
    return Directories(
        account=Account("48120077", "EUR", False, "Europe/Berlin", "https://app-eu1.hubspot.com"),
        stages={stage.id: stage for stage in stages},
        version="v",
    )


@pytest.fixture
def keyed(berlin: Directories) -> Directories:
    """The same account with the key property on everything that is created."""
    key = Field("crm_bridge_key", "CRM Bridge key", Type.TEXT, custom=True, unique=True)
    names = ("contacts", "companies", "deals", "tasks", "calls", "notes", "meetings")
    return replace(berlin, fields={name: {"crm_bridge_key": key} for name in names})


@pytest.fixture
def ask() -> Callable[..., WriteRequest]:
    return asking(HUBSPOT)


@dataclass
class Endpoint:
    """What a webhook endpoint got: (raw body, lower-cased headers) of every POST."""

    url: str = ""
    posts: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    received = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/v1/webhooks/hubspot"
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()
