"""Events to the chat app: signed so that it can tell, to its own address and nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
from crmbridge.chat.signed_events import SignedEvents, sign
from crmbridge.domain.errors import ChatError, Misconfigured
from crmbridge.domain.workspaces import Endpoint
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMER = "whsec_Zm9ybWVyLXNlY3JldC1vZi0yNC1ieXRl"
EVENT = {"type": "channel.members.wanted", "data": {"group": "g1"}}


@dataclass(slots=True)
class ChatApp:
    """A chat app that answers as told and remembers what it heard."""

    url: str = ""
    answer: tuple[int, dict[str, str]] = (204, {})
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


def listener(app: ChatApp) -> type[BaseHTTPRequestHandler]:
    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            app.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(app.answer[0])
            for name, value in app.answer[1].items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on the terminal."""

    return Listener


@pytest.fixture
def app() -> Iterator[ChatApp]:
    app = ChatApp()
    with ThreadingHTTPServer(("127.0.0.1", 0), listener(app)) as server:
        app.url = f"http://127.0.0.1:{server.server_port}/events"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield app
        server.shutdown()


@pytest.fixture
def post(app: ChatApp) -> Iterator[Callable[[], None]]:
    with requests.Session() as session:
        door = SignedEvents(session, lambda: datetime.now(UTC))
        yield lambda: door.post(Endpoint(app.url), [SECRET, FORMER], "evt_1", EVENT)


def test_the_chat_app_can_verify_an_event_with_the_standard_library(app: ChatApp, post: Callable[[], None]) -> None:
    post()

    _, headers, body = app.heard[0]
    assert Webhook(SECRET).verify(body, headers) == EVENT
    assert Webhook(FORMER).verify(body, headers) == EVENT


def test_every_try_carries_the_same_id(app: ChatApp, post: Callable[[], None]) -> None:
    post()
    post()

    assert [headers["webhook-id"] for _, headers, _ in app.heard] == ["evt_1", "evt_1"]


def test_a_redirect_is_not_followed(app: ChatApp, post: Callable[[], None]) -> None:
    app.answer = (307, {"Location": app.url + "/elsewhere"})

    with pytest.raises(ChatError, match="redirects are not followed"):
        post()

    assert [path for path, _, _ in app.heard] == ["/events"]


def test_a_refusal_says_when_to_come_again(app: ChatApp, post: Callable[[], None]) -> None:
    app.answer = (503, {"Retry-After": "17"})

    with pytest.raises(ChatError) as caught:
        post()

    assert (caught.value.status, caught.value.retry_after) == (503, 17.0)


def test_nobody_listening_is_a_chat_error() -> None:
    with requests.Session() as session, pytest.raises(ChatError, match="did not answer"):
        SignedEvents(session, lambda: datetime.now(UTC)).post(Endpoint("http://127.0.0.1:1/"), [SECRET], "evt", EVENT)


def test_a_signature_is_the_one_of_the_standard() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)

    headers = sign([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}')

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a"])
def test_a_secret_that_is_none_is_our_own_mistake(secret: str) -> None:
    with pytest.raises(Misconfigured, match="whsec_"):
        sign([secret], "evt", datetime.now(UTC), b"{}")


def test_an_unusable_address_is_never_asked() -> None:
    with requests.Session() as session, pytest.raises(ChatError, match="must be https"):
        SignedEvents(session, lambda: datetime.now(UTC)).post(Endpoint("http://example.com/"), SECRET, "evt", EVENT)
