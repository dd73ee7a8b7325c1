"""Slack's Web API: what is sent, and what its refusals mean."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests
from crmbridge.chat.slack.api import SlackApi, SlackRefused
from crmbridge.domain.errors import ChatError
from requests.adapters import BaseAdapter


@dataclass
class Slack(BaseAdapter):
    """Answers everything alike."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[requests.PreparedRequest] = field(default_factory=list)
    is_away: bool = False

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        self.asked.append(request)
        if self.is_away:
            raise requests.ConnectTimeout
        response = requests.Response()
        response.status_code, response.url, response._content = self.status, request.url or "", self.body
        response.headers.update(self.headers)
        return response

    def close(self) -> None:
        """Nothing is open."""


def api(slack: Slack) -> SlackApi:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", slack)
    return SlackApi(session, "xoxb-1")


def test_arguments_go_as_a_form_and_the_token_as_a_header() -> None:
    slack = Slack()

    api(slack).call("chat.postMessage", channel="C1", blocks=[{"type": "divider"}], thread_ts=None, force=True)

    (request,) = slack.asked
    assert request.url == "https://slack.com/api/chat.postMessage"
    assert request.headers["authorization"] == "Bearer xoxb-1"
    assert request.body == "channel=C1&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D&force=true"


def test_a_refusal_says_who_acts_and_does_not_come_back_by_itself() -> None:
    slack = Slack(body=b'{"ok": false, "error": "missing_scope", "needed": "chat:write"}')

    with pytest.raises(SlackRefused, match=r"missing_scope \(chat:write\): an admin installs the app again") as refused:
        api(slack).call("chat.postMessage")

    assert (refused.value.code, refused.value.retryable) == ("missing_scope", False)


def test_a_rate_limit_says_how_long() -> None:
    with pytest.raises(ChatError) as limited:
        api(Slack(status=429, headers={"retry-after": "12"})).call("users.info")
    with pytest.raises(ChatError) as unclear:
        api(Slack(status=429, headers={"retry-after": "soon"})).call("users.info")

    assert (limited.value.retry_after, unclear.value.retry_after) == (12.0, 30.0)
    assert limited.value.retryable


@pytest.mark.parametrize(
    "slack",
    [
        Slack(status=503),
        Slack(status=302),
        Slack(body=b"<html>"),
        Slack(body=b"[]"),
        Slack(body=b""),
        Slack(body=b'{"ok":false,"error":"internal_error"}'),
        Slack(is_away=True),
    ],
)
def test_no_answer_and_one_that_says_nothing_are_asked_again(slack: Slack) -> None:
    with pytest.raises(ChatError) as error:
        api(slack).call("users.info")

    assert not isinstance(error.value, SlackRefused)
    assert "xoxb" not in str(error.value)


@pytest.mark.parametrize(("status", "comes_back"), [(404, False), (410, False), (429, True), (500, True)])
def test_an_address_for_answers_that_has_expired_is_left_alone(status: int, comes_back: bool) -> None:
    with pytest.raises(ChatError) as error:
        api(Slack(status=status)).respond("https://hooks.slack.com/1", {"text": "a"})

    assert error.value.retryable == comes_back


def test_a_token_is_never_shown() -> None:
    assert "xoxb" not in repr(api(Slack()))


@dataclass
class Troubled(Slack):
    """In trouble for so many requests."""

    troubles: int = 1
    trouble: int = 429
    pause: str = "2"

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        is_over = len(self.asked) >= self.troubles
        self.status, self.headers = (200, {}) if is_over else (self.trouble, {"retry-after": self.pause})
        return super().send(request, *args, **more)


def test_a_short_limit_is_waited_out_as_slack_says() -> None:
    slack, waited = Troubled(troubles=2), list[float]()

    replace(api(slack), sleep=waited.append).call("chat.postMessage")

    assert (len(slack.asked), waited) == (3, [2.0, 2.0])


@pytest.mark.parametrize(("slack", "asked"), [(Troubled(pause="60"), 1), (Troubled(troubles=9), 3)])
def test_a_longer_one_is_not(slack: Troubled, asked: int) -> None:
    with pytest.raises(ChatError) as limited:
        replace(api(slack), sleep=lambda _: None).call("views.update")

    assert (limited.value.status, len(slack.asked)) == (429, asked)


def test_where_somebody_waits_for_us_nothing_is_waited_for() -> None:
    slack = Troubled()

    with pytest.raises(ChatError):
        api(slack).call("views.open")

    assert len(slack.asked) == 1


@pytest.mark.parametrize(("method", "asked"), [("views.update", 2), ("chat.postMessage", 1)])
def test_after_an_error_page_only_what_may_be_done_twice_is_asked_again(method: str, asked: int) -> None:
    slack = Troubled(trouble=503)

    with suppress(ChatError):
        replace(api(slack), sleep=lambda _: None).call(method)

    assert len(slack.asked) == asked
