"""What a session reads, over a real socket: packed answers whole, broken ones as failures that it has a name for."""

import gzip
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import requests
from crmbridge.platforms.whole_answers import WholeAnswers

PACKED = gzip.compress(b'{"results": []}', mtime=0)
Serve = Callable[..., str]


class Answering(HTTPServer):
    body = b""
    length: int | None = None


class Packed(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(self.server.length or len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    with Answering(("127.0.0.1", 0), Packed) as server:

        def serving(body: bytes, length: int | None = None) -> str:
            server.body, server.length = body, length
            return f"http://127.0.0.1:{server.server_port}/"

        Thread(target=server.serve_forever, daemon=True).start()
        yield serving
        server.shutdown()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", WholeAnswers())
        yield session


def test_a_packed_answer_is_unpacked(serve: Serve, session: requests.Session) -> None:
    assert session.get(serve(PACKED), timeout=5).json() == {"results": []}


def test_an_answer_packed_in_two_goes_is_read_to_its_end(serve: Serve, session: requests.Session) -> None:
    assert session.get(serve(PACKED + PACKED), timeout=5).content == b'{"results": []}' * 2


def test_an_empty_body_that_says_it_is_packed_is_empty(serve: Serve, session: requests.Session) -> None:
    assert session.get(serve(b""), timeout=5).content == b""


@pytest.mark.parametrize(
    "body", [b"no gzip at all", PACKED[:-9], PACKED[:12] + b"\xff" * 20], ids=("other", "cut", "garbled")
)
def test_what_cannot_be_unpacked_is_a_failure_of_the_request(
    body: bytes, serve: Serve, session: requests.Session
) -> None:
    with pytest.raises(requests.exceptions.ContentDecodingError):
        session.get(serve(body), timeout=5)


def test_an_answer_that_breaks_off_is_a_failure_of_the_request(serve: Serve, session: requests.Session) -> None:
    with pytest.raises(requests.ConnectionError):
        session.get(serve(PACKED, len(PACKED) + 100), timeout=5)


def test_a_stream_is_left_to_who_asked_for_it(serve: Serve, session: requests.Session) -> None:
    with session.get(serve(PACKED), timeout=5, stream=True) as answer:
        assert next(answer.iter_content(3)) == b'{"r'
