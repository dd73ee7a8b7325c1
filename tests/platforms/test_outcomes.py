"""What a failed write leaves behind: nothing at all, what the CRM says it did not take on, or doubt."""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
import requests
from crmbridge.domain.errors import PlatformError, Unavailable
from crmbridge.platforms.http import Api, Call, never_left
from crmbridge.platforms.registry import PLATFORMS
from urllib3.exceptions import MaxRetryError
from urllib3.exceptions import SSLError as HandshakeFailed

CREATE = Call(method="POST", path="/x", body={}, writes=True)


@pytest.fixture
def hangs_up() -> Iterator[str]:
    """A server that takes a connection, hears a little, and is gone."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        taken, _ = server.accept()
        taken.recv(10)
        taken.close()

    Thread(target=answer, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/x"
    server.close()


def failure(url: str) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as caught:
        requests.post(url, json={}, timeout=5)
    return caught.value


def test_where_nobody_listens_nothing_has_left(hangs_up: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert never_left(failure(f"http://127.0.0.1:{port}/x"))
    assert not never_left(failure(hangs_up))


def test_where_there_is_no_such_host_nothing_has_left() -> None:
    assert never_left(failure("http://nowhere.invalid/x"))


@pytest.mark.parametrize(
    ("told", "nothing"),
    [(ssl.SSLCertVerificationError("a stranger"), True), (ssl.SSLError("bad record mac"), False)],
    ids=["before the request", "anywhere"],
)
def test_a_stranger_is_told_nothing_and_a_broken_line_may_hide_anything(told: ssl.SSLError, nothing: bool) -> None:
    reason = MaxRetryError(None, "/x", HandshakeFailed(told))  # type: ignore[arg-type]  # of a pool it keeps the name

    assert never_left(requests.exceptions.SSLError(reason)) is nothing


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectionError("reset"), requests.Timeout()])
def test_after_sending_silence_leaves_the_outcome_unknown(error: Exception, told: Callable[..., Any]) -> None:
    api, _ = told(error)

    with pytest.raises(Unavailable) as caught:
        api.call(CREATE)
    assert (caught.value.outcome_unknown, caught.value.declined) == (True, False)


def explained(platform: str, told: Callable[..., Any], status: int, *, call: Call = CREATE) -> PlatformError:
    api, _ = told((status, {}, b"<html>"))
    door: Api = replace(api, explain=PLATFORMS[platform].explain)
    with pytest.raises(PlatformError) as caught:
        door.call(call)
    return caught.value


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, {"outcome_unknown": True, "declined": False}),
        (502, {"outcome_unknown": True, "declined": False}),
        (504, {"outcome_unknown": True, "declined": False}),
        (503, {"outcome_unknown": True, "declined": True}),
    ],
)
def test_only_a_503_says_that_the_write_was_not_taken_on(
    platform: str, told: Callable[..., Any], status: int, said: Mapping[str, bool]
) -> None:
    error = explained(platform, told, status)

    assert {name: getattr(error, name) for name in said} == said


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_read_that_fails_leaves_no_doubt(platform: str, told: Callable[..., Any]) -> None:
    error = explained(platform, told, 503, call=Call(method="GET", path="/x"))

    assert not getattr(error, "outcome_unknown", False)
    assert not getattr(error, "declined", False)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_a_refusal_means_that_nothing_was_written(platform: str, told: Callable[..., Any], status: int) -> None:
    error = explained(platform, told, status)

    assert not getattr(error, "outcome_unknown", False)
