"""Signed requests to the app: interactions, which a person waits for, and events, which are tried again."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import requests

from local.simulators.deliveries import Event, Post
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"
RETRY_GAPS = (1.0, 60.0, 300.0)
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass(frozen=True, slots=True)
class Heard:
    """How the app answered a person; `error` is what Slack shows her."""

    status: int | None
    body: bytes
    milliseconds: float
    error: str | None

    def json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(slots=True)
class Courier:
    """Signs as Slack does; remembers why an event was not taken, for the header of its next attempt."""

    place: "Workplace"
    _reasons: dict[str, str] = field(default_factory=dict)

    def signed(self, url: str, body: bytes, kind: str, extra: Mapping[str, str] | None = None) -> Post:
        """The time is the real one unless the settings say otherwise: receivers hold it against their own clock."""
        real = self.place.settings.clock == "real"
        return self.sealed(url, body, kind, int(time.time() if real else self.place.clock.now()), extra)

    def sealed(
        self, url: str, body: bytes, kind: str, stamp: int, extra: Mapping[str, str] | None = None, secret: str = ""
    ) -> Post:
        key = (secret or self.place.options.signing_secret).encode()
        digest = hmac.new(key, b"v0:" + str(stamp).encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": kind, "User-Agent": AGENT, "X-Slack-Request-Timestamp": str(stamp),
                   "X-Slack-Signature": f"v0={digest}", **(extra or {})}  # fmt: skip
        return Post(url, body, headers)

    def ask(self, url: str, form: Mapping[str, Any]) -> Heard:
        """A person's doing, which must be acknowledged within three seconds. Blocks: run it in a thread."""
        return self.send(self.signed(url, urlencode(form).encode(), FORM))

    def send(self, post: Post) -> Heard:
        began, timeout = time.monotonic(), self.place.settings.acknowledge_seconds
        status, body, error = None, b"", None
        try:
            answer = requests.post(
                post.url, data=post.body, headers=post.headers, timeout=timeout, allow_redirects=False
            )
            status, body = answer.status_code, answer.content
        except requests.Timeout:
            error = "operation_timeout"
        except requests.RequestException:
            error = "connection_failed"
        took = time.monotonic() - began
        if error is None and took > timeout:
            error = "operation_timeout"
        if error is None and status != 200:
            error = "dispatch_failed"
        return Heard(status, body, round(took * 1000, 3), error)

    def seal(self, events: list[Event], attempt: int) -> Post:
        """One event; a further attempt says so."""
        body = orjson.dumps(events[0])
        again = {} if attempt == 0 else {
            "X-Slack-Retry-Num": str(attempt),
            "X-Slack-Retry-Reason": self._reasons.get(events[0]["event_id"], "http_error"),
        }  # fmt: skip
        return self.signed(self.place.settings.events_url, body, "application/json", again)

    def heard(self, events: list[Event], _: int, status: int | None, taken: bool) -> bool:
        self._reasons[events[0]["event_id"]] = "http_timeout" if status is None else "http_error"
        return taken

    def forged(self, spec: Mapping[str, Any]) -> Post:
        """What must be refused (or survived): `kind`, `to` (`events`, `commands`, `interactions`) and a raw `body`."""
        kind, target = str(spec.get("kind", "bad_signature")), str(spec.get("to", "events"))
        url = {"events": self.place.settings.events_url, "commands": self.place.settings.commands_url,
               "interactions": self.place.settings.interactions_url}[target]  # fmt: skip
        media = "application/json" if target == "events" else FORM
        default = b'{"type":"event_callback"}' if target == "events" else b"payload=%7B%7D"
        body, now = str(spec["body"]).encode() if "body" in spec else default, int(time.time())
        if kind == "unsigned":
            return Post(url, body, {"Content-Type": media})
        stamps = {"bad_signature": now, "valid": now, "old": now - 600, "future": now + 600}
        if kind not in stamps:
            raise BadCommand(f"forge: no such kind: {kind}; there are unsigned, {', '.join(stamps)}")
        return self.sealed(url, body, media, stamps[kind], secret="another" if kind == "bad_signature" else "")
