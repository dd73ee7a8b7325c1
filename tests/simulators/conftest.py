"""Simulators in this process, and the official client pointed at them."""

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from hubspot import HubSpot  # type: ignore[import-untyped]  # the vendor publishes no types
from slack_sdk import WebClient

from local.simulators import Running, running
from tests.simulators.slack_app import App, listening

TOKEN = "pat-na1-simulator"
SESSION = "00D5g0000000001!simulator"


@pytest.fixture(scope="module")
def shared_hub() -> Iterator[Running]:
    """For tests that only read, or that write records nobody else looks at."""
    with running(
        "hubspot", contacts=230, companies=40, deals=60, private_burst=100_000, search_per_second=1_000
    ) as sim:
        yield sim


@pytest.fixture
def hub() -> Iterator[Running]:
    """A small one of one's own, with the true limits."""
    with running("hubspot", contacts=30, companies=10, deals=10, tasks=6, activities=8) as sim:
        yield sim


@pytest.fixture
def chat() -> Iterator[Running]:
    with running("chat") as sim:
        yield sim


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[Running]:
    """A Salesforce for tests that only read, or that write records nobody else looks at."""
    with running("salesforce", contacts=230, companies=40, deals=60) as sim:
        yield sim


@pytest.fixture
def cloud() -> Iterator[Running]:
    """A small Salesforce of one's own."""
    with running("salesforce", contacts=30, leads=10, companies=10, deals=10, tasks=6, activities=9) as sim:
        yield sim


@pytest.fixture
def rest(ask: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    """`rest(sim, "GET", "/sobjects/...")` with a Salesforce session."""

    def asked(sim: Running, method: str, path: str, **arguments: Any) -> requests.Response:
        token = arguments.pop("token", SESSION)
        return ask(sim, method, f"/services/data/v62.0{path}", token=token, **arguments)

    return asked


@pytest.fixture
def soql(rest: Callable[..., requests.Response]) -> Callable[..., Any]:
    """`soql(sim, "SELECT ...")` answers with the body, be it rows or errors."""

    def asked(sim: Running, query: str, how: str = "query", **headers: str) -> Any:
        return rest(sim, "GET", f"/{how}", params={"q": query}, headers=headers).json()

    return asked


@pytest.fixture
def official(shared_hub: Running) -> Any:
    client = HubSpot(access_token=TOKEN)
    client.config["host"] = shared_hub.url
    return client


@pytest.fixture
def ask() -> Callable[..., requests.Response]:
    """`ask(sim, "GET", "/crm/...")` with the private-app token."""

    def asked(sim: Running, method: str, path: str, *, token: str = TOKEN, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        return requests.request(
            method, sim.url + path, headers=headers, timeout=arguments.pop("timeout", 10), **arguments
        )

    return asked


PIPEDRIVE_TOKEN = "5d1f00c0ffee00000000000000000000c0ffee01"


@pytest.fixture
def drive() -> Iterator[Running]:
    """A Pipedrive of one's own, with the limits of its plan."""
    with running("pipedrive", contacts=60, companies=20, deals=30, tasks=10, activities=24) as sim:
        yield sim


@pytest.fixture(scope="module")
def wide_drive() -> Iterator[Running]:
    """A Pipedrive with room for many calls, for tests that only read, or write what nobody else looks at."""
    with running("pipedrive", contacts=60, companies=20, deals=30, tasks=10, activities=24, token_burst=10_000,
                 search_burst=10_000) as sim:  # fmt: skip
        yield sim


@pytest.fixture
def pipe() -> Callable[..., requests.Response]:
    """`pipe(sim, "GET", "/api/v2/...", limit=5)` with the first admin's API token; `json=` is a body."""

    def asked(
        sim: Running, method: str, path: str, *, token: str | None = PIPEDRIVE_TOKEN, **rest: Any
    ) -> requests.Response:
        body, headers, timeout = rest.pop("json", None), rest.pop("headers", {}), rest.pop("timeout", 10)
        sent = ({"x-api-token": token} if token else {}) | headers
        return requests.request(method, sim.url + path, headers=sent, params=rest, json=body, timeout=timeout)

    return asked


@pytest.fixture
def app() -> Iterator[App]:
    """What Slack talks to."""
    with listening() as here:
        yield here


@pytest.fixture
def slack(app: App) -> Iterator[Running]:
    """With more patience than Slack has: nothing here is about the machine's speed."""
    with running("slack", **app.settings()) as sim:
        sim.settings(trigger_seconds=60, acknowledge_seconds=30)
        sim.webhooks(timeout_seconds=30)
        yield sim


@pytest.fixture
def bot(slack: Running) -> WebClient:
    """Slack's own client, as the bot of the first team."""
    return WebClient("xoxb-simulator", base_url=f"{slack.url}/api/")


@dataclass
class Received:
    """What an endpoint got; it answers with the first of `answers`, and 200 when there is none left, and `body`."""

    url: str
    body: bytes = b""
    posts: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def endpoint() -> Iterator[Received]:
    received = Received("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(received.answers.pop(0) if received.answers else 200)
            self.send_header("Content-Length", str(len(received.body)))
            self.end_headers()
            self.wfile.write(received.body)

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/hubspot"
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()
