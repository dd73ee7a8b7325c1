"""What is read off the wire, byte by byte: every way in which an answer can tell its end, or fail to."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from socket import socket, socketpair

import pytest
from crmbridge.storage.posting import post

OK = b"HTTP/1.1 200 OK\r\n"
Answered = Callable[[bytes], HTTPConnection]


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    ours, theirs = socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def answered(ends: tuple[socket, socket]) -> Answered:
    """`answered(bytes)`: a connection whose other end has said that, and nothing more."""

    def connection(said: bytes) -> HTTPConnection:
        ends[1].sendall(said)
        ends[1].shutdown(1)
        made = HTTPConnection("aws.example")
        made.sock = ends[0]
        return made

    return connection


def test_what_is_sent_is_one_request(answered: Answered, ends: tuple[socket, socket]) -> None:
    post(answered(OK + b"Content-Length: 0\r\n\r\n"), {"host": "aws.example"}, b"{}")

    assert ends[1].recv(1000) == b"POST / HTTP/1.1\r\nhost: aws.example\r\ncontent-length: 2\r\n\r\n{}"


def test_a_body_ends_where_it_was_said_to(answered: Answered) -> None:
    connection = answered(b"HTTP/1.1 400 Bad Request\r\nCONTENT-LENGTH:  2\r\n\r\n{}more")

    assert post(connection, {}, b"") == (400, b"{}")
    assert connection.sock is not None


def test_a_body_may_come_in_chunks(answered: Answered) -> None:
    said = OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nDigest: x\r\n\r\n"

    assert post(answered(said), {}, b"") == (200, b"abc0123456789")


@pytest.mark.parametrize("header", [b"Server: x", b"Connection: Close\r\nContent-Length: 2"])
def test_a_connection_that_ends_with_its_answer_is_not_kept(answered: Answered, header: bytes) -> None:
    connection = answered(OK + header + b"\r\n\r\n{}")

    assert post(connection, {}, b"") == (200, b"{}")
    assert connection.sock is None


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 fine\r\n\r\n",
        OK + b"Content-Le",
        OK + b"Content-Length: 10\r\n\r\n{}",
        OK + b"Content-Length: many\r\n\r\n{}",
        OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_no_part_of_an_answer_passes_for_the_whole(answered: Answered, said: bytes) -> None:
    with pytest.raises((OSError, HTTPException)):
        post(answered(said), {}, b"")
