"""An app as Slack sees it: it notes what it is sent, and answers as a test wants it to."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier

from local.simulators.slack import Options

Json = dict[str, Any]
Answer = Callable[[Json], Any]


@dataclass
class Sent:
    """One request of Slack; `genuine` says what Slack's own verifier thinks of it."""

    path: str
    headers: dict[str, str]
    body: bytes
    genuine: bool

    @property
    def form(self) -> Json:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def payload(self) -> Json:
        """Of an interaction, of an event, or a command's form."""
        if self.path == "/events":
            event: Json = json.loads(self.body)
            return event
        found: Json = json.loads(self.form["payload"]) if "payload" in self.form else self.form
        return found


@dataclass
class App:
    """`answer` gets the payload and gives a body, a status, or (status, body); `delay` holds every answer back."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    answer: Answer = lambda _: 200
    delay: float = 0.0

    @property
    def last(self) -> Sent:
        return self.sent[-1]

    def settings(self) -> dict[str, Any]:
        return {f"{name}_url": f"{self.url}/{name}" for name in ("commands", "interactions", "events")}

    def reply(self, sent: Sent) -> tuple[int, bytes]:
        time.sleep(self.delay)
        wish = self.answer(sent.payload)
        status, body = wish if isinstance(wish, tuple) else (wish, b"") if isinstance(wish, int) else (200, wish)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def listening() -> Iterator[App]:
    app, verifier = App(), SignatureVerifier(Options().signing_secret)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = Sent(self.path, headers, body, verifier.is_valid_request(body, headers))
            app.sent.append(sent)
            status, answer = app.reply(sent)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()


def text(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def button(action_id: str, value: str = "1") -> Json:
    return {"type": "button", "action_id": action_id, "text": text(action_id), "value": value}


def asking(block_id: str, **element: Any) -> Json:
    """An input block."""
    whole = {"type": "plain_text_input", "action_id": "typed", **element}
    return {"type": "input", "block_id": block_id, "label": text(block_id), "element": whole}


def modal(*blocks: Json, **more: Any) -> Json:
    words = {"title": text("Task"), "submit": text("Save"), "close": text("Cancel")}
    shown = list(blocks) or [{"type": "section", "block_id": "hello", "text": text("Loading")}]
    return {"type": "modal", "callback_id": "task", **words, "blocks": shown, **more}
