"""Slack's requests: proven over the raw bytes, answered at once, queued once."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Delivery
from crmbridge.domain.errors import BadSignature, MalformedPayload, NotFound
from crmbridge.services.ports import Deps
from crmbridge.services.slack.install_app import start_install
from crmbridge.services.slack.receive_request import receive_request

Post = Callable[..., Any]
EVENT = {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev1",
         "event": {"type": "app_home_opened", "user": "UADA", "tab": "home"}}  # fmt: skip


def sent(deps: Deps) -> list[Any]:
    return list(deps.queues.chat.sent)  # type: ignore[attr-defined]  # the memory twin


def test_the_address_is_verified(post: Post) -> None:
    answer = post("events", {"type": "url_verification", "challenge": "abc"})

    assert orjson.loads(answer.body) == {"challenge": "abc"}


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": "v0=00"},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=é"},
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "9" * 4000},
    ],
)
def test_what_is_not_proven_is_refused(post: Post, deps: Deps, headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        post("events", EVENT, **headers)

    assert sent(deps) == []


def test_what_is_older_than_five_minutes_is_refused(post: Post, deps: Deps, clock: Any) -> None:
    began = deps.now()
    clock.advance(301)
    late = Delivery("POST", "", {}, b"{}", deps.now())

    with pytest.raises(BadSignature):
        receive_request(deps, "events", late)
    with pytest.raises(BadSignature, match="older"):
        post("events", EVENT, **signed(EVENT, int(began.timestamp())))


def signed(given: Any, stamp: int) -> dict[str, str]:
    from slack_sdk.signature import SignatureVerifier

    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(stamp), body=orjson.dumps(given)) or ""
    return {"x-slack-request-timestamp": str(stamp), "x-slack-signature": signature}


@pytest.mark.parametrize("body", [b"", b"%ff=%fe", b"[]", b"payload=%", b"payload=[]", b"a" * 100])
@pytest.mark.parametrize("what", ["commands", "interactions", "events"])
def test_proven_junk_is_answered_and_never_a_crash(deps: Deps, what: str, body: bytes) -> None:
    from slack_sdk.signature import SignatureVerifier

    stamp = str(int(deps.now().timestamp()))
    signature = SignatureVerifier("8f742231b10e8888abcd99yyyzzz85a5").generate_signature(timestamp=stamp, body=body)
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature or ""}

    try:
        answer = receive_request(deps, what, Delivery("POST", "", headers, body, deps.now()))
    except MalformedPayload:
        return
    assert answer.status == 200
    assert sent(deps) == []


def test_a_deployment_without_slack_says_so(make_deps: Callable[..., Deps], admin: Any) -> None:
    bare = make_deps()
    stranger = Delivery("POST", "", {"x-slack-signature": "v0=00"}, b"{}", bare.now())

    with pytest.raises(NotFound, match="not set up here"):
        receive_request(bare, "events", stranger)
    with pytest.raises(NotFound, match="not set up here"):
        start_install(bare, admin)


def test_there_are_no_other_doors(post: Post) -> None:
    with pytest.raises(NotFound):
        post("options", {})


def test_an_event_sent_again_is_one_message(post: Post, deps: Deps) -> None:
    post("events", EVENT)
    post("events", EVENT, **{"x-slack-retry-num": "1"})

    (message,) = sent(deps)
    assert message.body["slack"]["kind"] == "event"


@pytest.mark.usefixtures("installation")
def test_an_event_sent_again_much_later_is_not_served_again(
    post: Post, deps: Deps, clock: Any, slack: Any, serve: Callable[[], None]
) -> None:
    post("events", EVENT)
    serve()
    clock.advance(320)
    post("events", EVENT)
    serve()

    assert len(sent(deps)) == 2
    assert len(slack.called("views.publish")) == 1


def test_events_that_nobody_hears_are_acknowledged(post: Post, deps: Deps) -> None:
    answer = post("events", {**EVENT, "event": {"type": "reaction_added"}})

    assert (answer.status, sent(deps)) == (200, [])


def test_a_command_without_sense_explains_itself(command: Callable[[str], Any], deps: Deps) -> None:
    answers = [command(text) for text in ("", "help", "dance", "find")]

    assert all("/crm find" in answer["text"] for answer in answers)
    assert {answer["response_type"] for answer in answers} == {"ephemeral"}
    assert sent(deps) == []


def test_a_command_without_sense_says_what_it_misses(command: Callable[[str], Any]) -> None:
    said = [command(text)["text"].partition("\n")[0] for text in ("fnd <!channel>", "<!here>", "find  ''")]

    assert said == [
        "*/crm fnd*: there is no such command.",
        "*/crm &lt;!here&gt;*: there is no such command.",
        "*/crm find*: a name or an e-mail address is missing.",
    ]


@pytest.mark.parametrize(
    "junk",
    [
        {"container": "x"}, {"view": "x"}, {"view": {"blocks": "x"}}, {"view": {"blocks": [1]}}, {"actions": {"a": 1}},
        {"view": {"state": [1]}, "message": "x"}, {"view": {"state": {"values": {"a": "b"}}}},
        {"view": {"private_metadata": {"a": 1}, "state": "x"}},
    ],
)  # fmt: skip
def test_what_no_interaction_looks_like_is_refused(post: Post, junk: Any) -> None:
    with pytest.raises(MalformedPayload):
        post("interactions", {"payload": orjson.dumps({"type": "view_submission", **junk}).decode()})


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("text", ["task", "task " + "é" * 3900])
def test_a_task_of_no_words_and_one_of_very_many_open_their_form(
    command: Callable[[str], Any], slack: Any, text: str
) -> None:
    assert command(text) is None

    (opened,) = slack.called("views.open")
    assert len(opened["view"]["private_metadata"]) <= 3000


@pytest.mark.usefixtures("installation")
def test_a_form_is_opened_while_its_trigger_lives_and_filled_by_the_queue(
    command: Callable[[str], Any], slack: Any, deps: Deps
) -> None:
    assert command("task Call Ada") is None

    (opened,) = slack.called("views.open")
    assert (opened["trigger_id"], opened["view"]["title"]["text"]) == ("1.2.3", "New task")
    assert [message.body["slack"]["kind"] for message in sent(deps)] == ["fill"]


@pytest.mark.usefixtures("installation")
def test_who_was_too_slow_is_told(command: Callable[[str], Any], slack: Any, serve: Callable[[], None]) -> None:
    slack.refuses["views.open"] = "expired_trigger_id"

    command("task Call Ada")
    serve()

    (said,) = slack.called("respond")
    assert "press again" in said["text"]


def test_a_team_that_is_not_connected_is_told_so_and_gets_nothing_done(
    command: Callable[[str], Any], slack: Any, serve: Callable[[], None]
) -> None:
    command("find Ada")
    serve()

    ((method, said),) = slack.calls
    assert (method, "is not connected" in said["text"]) == ("respond", True)
