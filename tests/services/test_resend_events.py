"""What the chat app never took is listed for admins, and sent again under the same id."""

from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import ChatError, Forbidden, NotFound
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps
from crmbridge.services.resend_events import list_failed_events, resend_event, resend_events


@pytest.fixture(autouse=True)
def failed(deps: Deps, clock: Any, chat: Any) -> list[str]:
    """Two events that were given up, and a chat app that is well again."""
    ids = ["a1.completed.0", "a2.failed.0"]
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    for id in ids:
        notify_chat(deps, "w1", id, "action.completed", {"action": id})
        deps.outbound.give_up("w1", id, clock(), "the chat app's endpoint answered 500")
    chat.refusal = None
    deps.queues.chat.take()  # type: ignore[attr-defined] # the memory twin's
    return ids


def test_failed_events_are_listed_with_what_went_wrong(deps: Deps, admin: Caller, failed: list[str]) -> None:
    page = list_failed_events(deps, admin)

    assert [(event.id, event.error) for event in page.items] == [
        (id, "the chat app's endpoint answered 500") for id in failed
    ]


def test_one_is_sent_again_under_its_id(deps: Deps, admin: Caller, chat: Any, failed: list[str]) -> None:
    resend_event(deps, admin, failed[0])
    for message in deps.queues.chat.take():  # type: ignore[attr-defined] # the memory twin's
        deliver_outbound(deps, "w1", message.body["outbound"])

    assert [id for id, _ in chat.heard] == [failed[0]]
    assert [event.id for event in list_failed_events(deps, admin).items] == failed[1:]


def test_all_of_them_are_sent_again_once(deps: Deps, admin: Caller) -> None:
    counts = [resend_events(deps, admin) for _ in range(2)]

    rung = [message.body["outbound"] for message in deps.queues.chat.take()]  # type: ignore[attr-defined]
    assert counts == [2, 0]
    assert sorted(rung) == ["a1.completed.0", "a2.failed.0"]


def test_an_event_sent_again_is_tried_for_another_day(
    deps: Deps, admin: Caller, clock: Any, chat: Any, failed: list[str]
) -> None:
    clock.advance(5 * 86400)
    resend_event(deps, admin, failed[0])
    chat.refusal = ChatError("the chat app's endpoint answered 500", status=500)

    deliver_outbound(deps, "w1", failed[0])

    event = deps.outbound.get("w1", failed[0])
    assert event is not None
    assert event.next_attempt_at is not None


@pytest.mark.parametrize("id", ["unknown", ""])
def test_an_unknown_event_is_not_found(deps: Deps, admin: Caller, id: str) -> None:
    with pytest.raises(NotFound, match="no failed event"):
        resend_event(deps, admin, id)


def test_another_workspaces_events_are_not_there(deps: Deps, failed: list[str]) -> None:
    stranger = Caller("w2", "U9", "admin")

    assert list_failed_events(deps, stranger).items == []
    with pytest.raises(NotFound):
        resend_event(deps, stranger, failed[0])


def test_members_neither_see_nor_send_them(deps: Deps, member: Caller, failed: list[str]) -> None:
    for refused in (
        lambda: list_failed_events(deps, member),
        lambda: resend_event(deps, member, failed[0]),
        lambda: resend_events(deps, member),
    ):
        with pytest.raises(Forbidden):
            refused()
