"""Where a simulated CRM's deliveries arrive."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from crmbridge.domain.changes import Delivery, Response
from crmbridge.domain.errors import NotFound
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import receive_delivery


@dataclass
class Ear:
    """Where the CRM's deliveries arrive: each is taken in at once, and applied when the house gets to it."""

    url: str = ""
    deps: Deps | None = None
    answers: list[Response] = field(default_factory=list)
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
        self.answers.append(reply)
        return reply.status, reply.body


@contextmanager
def an_ear() -> Iterator[Ear]:
    """One that is up, on an address of its own."""
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
