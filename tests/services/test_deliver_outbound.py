"""Events to the chat app: told under one id, again for a day, then listed as failed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import ChatError
from crmbridge.domain.outbound import OutboundEvent
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.manage_endpoint import read_signing_secret, rotate_signing_secret
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps


@pytest.fixture(autouse=True)
def event(deps: Deps) -> str:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    notify_chat(deps, "w1", "a1.completed.0", "action.completed", {"action": "a1"}, chat="ch1")
    return "a1.completed.0"


def failed_events(deps: Deps) -> Sequence[OutboundEvent]:
    return deps.outbound.failed("w1", limit=10, cursor=None).items


def test_a_notice_rings_for_its_row(deps: Deps) -> None:
    (message,) = deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's

    assert message.body == {"workspace": "w1", "outbound": "a1.completed.0"}


def test_notices_of_one_chat_stay_in_order(deps: Deps) -> None:
    chats = ["ch1", "a chat, named Zoë " * 20, "ch1", ""]
    for number, chat in enumerate(chats):
        notify_chat(deps, "w1", f"e{number}", "action.completed", {}, chat=chat)

    groups = [message.group for message in deps.queues.chat.take()][1:]  # type: ignore[attr-defined]
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
    assert all(group.isascii() and " " not in group and len(group) <= 128 for group in groups)


def test_while_a_secret_is_rotated_both_sign(deps: Deps, chat: Any, admin: Caller, event: str) -> None:
    old = read_signing_secret(deps, admin)
    new = rotate_signing_secret(deps, admin)

    deliver_outbound(deps, "w1", event)

    assert [list(secrets) for secrets in chat.signed_by] == [[new, old]]


def test_an_event_is_told_once(deps: Deps, chat: Any, event: str) -> None:
    deliver_outbound(deps, "w1", event)
    deliver_outbound(deps, "w1", event)

    ((id, told),) = chat.heard
    assert id == event
    assert (told["type"], told["data"]) == ("action.completed", {"action": "a1"})


def test_noticing_something_twice_tells_of_it_once(deps: Deps, chat: Any, event: str) -> None:
    notify_chat(deps, "w1", event, "action.completed", {"action": "a1", "again": True})
    deliver_outbound(deps, "w1", event)

    assert [told["data"] for _, told in chat.heard] == [{"action": "a1"}]


def test_a_refused_event_waits_and_is_told_under_the_same_id(deps: Deps, clock: Any, chat: Any, event: str) -> None:
    chat.refusal = ChatError("the chat app's endpoint answered 500", status=500)
    deliver_outbound(deps, "w1", event)
    chat.refusal = None
    too_early = deps.outbound.due(clock())
    deliver_outbound(deps, "w1", event)
    nothing_yet = list(chat.heard)

    clock.advance(60)
    deliver_outbound(deps, "w1", event)

    assert (too_early, nothing_yet) == ([], [])
    assert [id for id, _ in chat.heard] == [event]


def test_after_a_day_an_event_is_listed_as_failed(deps: Deps, clock: Any, chat: Any, event: str) -> None:
    chat.refusal = ChatError("the chat app's endpoint answered 500", status=500)
    began, tries = clock(), 0
    while not failed_events(deps) and tries < 200:
        tries += bool(deps.outbound.due(clock()))
        deliver_outbound(deps, "w1", event)
        clock.advance(60)

    (failed,) = failed_events(deps)
    assert timedelta(hours=22) < clock() - began < timedelta(hours=25)
    assert 20 < tries < 60
    assert failed.error == "the chat app's endpoint answered 500"


def test_without_an_endpoint_the_reason_is_said(deps: Deps, chat: Any, event: str) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events", enabled=False))

    deliver_outbound(deps, "w1", event)

    row = deps.outbound.get("w1", event)
    assert row is not None
    assert "an admin sets it" in row.error
    assert chat.heard == []
