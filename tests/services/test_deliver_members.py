"""What the chat app is told of a group's members: the wanted state, once it is known, until it is acknowledged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.errors import ChatError
from crmbridge.domain.groups import Group, Held, Support
from crmbridge.domain.records import RecordKey
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.ports import Deps

ANN, BEN = "ann@example.test", "ben@example.test"
DEAL = RecordKey("w1", "c1", "deals", "d1")

Support_ = Callable[..., None]
Deliver = Callable[..., list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def group(deps: Deps) -> Group:
    group = Group(id="g1", workspace="w1", name="Big", channel="C1", rules={}, created_at=deps.now())
    deps.groups.add(group, 10)
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    deps.workspaces.map_people("w1", {ANN: "U1", BEN: "U2"})
    return group


@pytest.fixture
def support(deps: Deps) -> Support_:
    """Make the record support exactly these people."""

    def settle(*people: str, record: RecordKey = DEAL) -> None:
        held = deps.memberships.held([record]).get(record, Held())
        wanted = [Support("g1", person, record, 1, {}) for person in people]
        deps.memberships.settle(record, held, groups_version=1, wanted=wanted)

    return settle


@pytest.fixture
def deliver(deps: Deps, chat: Any) -> Deliver:
    """Deliver, and return the lines that the chat app heard in this call."""

    def run(*people: str) -> list[dict[str, Any]]:
        before = len(chat.heard)
        deliver_members(deps, "w1", "g1", people)
        return [line for _, event in chat.heard[before:] for line in event["data"]["members"]]

    return run


def said(lines: Sequence[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(line["user"], line["wanted"], line["sequence"]) for line in lines]


def test_who_joins_is_told_in_one_event(deps: Deps, chat: Any, support: Support_) -> None:
    support(ANN, BEN)

    deliver_members(deps, "w1", "g1", [ANN, BEN])

    ((_, event),) = chat.heard
    assert event["type"] == "channel.members.wanted"
    assert (event["data"]["group"], event["data"]["channel"]) == ("g1", "C1")
    assert event["data"]["members"] == [
        {"user": "U1", "email": ANN, "wanted": "in", "sequence": 1, "reason": "a record matches"},
        {"user": "U2", "email": BEN, "wanted": "in", "sequence": 1, "reason": "a record matches"},
    ]


def test_who_leaves_is_told_with_the_next_sequence(support: Support_, deliver: Deliver) -> None:
    support(ANN)
    deliver(ANN)
    support()

    assert said(deliver(ANN)) == [("U1", "out", 2)]


def test_what_is_acknowledged_is_not_told_again(support: Support_, deliver: Deliver) -> None:
    support(ANN)
    deliver(ANN)

    assert deliver(ANN) == []


def test_one_support_of_two_keeps_a_member(support: Support_, deliver: Deliver) -> None:
    support(ANN)
    support(ANN, record=DEAL._replace(external_id="d2"))
    deliver(ANN)
    support()

    assert deliver(ANN) == []


def test_a_chat_app_that_refuses_is_told_later_with_the_same_id(
    deps: Deps, clock: Any, chat: Any, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    chat.refusal = ChatError("the chat app's endpoint answered 503", status=503, retry_after=40)
    ids: list[str] = []
    chat.post = remembering(ids, chat.post)
    deliver(ANN)
    due_at_once = deps.memberships.due(clock())

    clock.advance(75)
    chat.refusal = None
    due_later = deps.memberships.due(clock())
    deliver(ANN)

    assert (due_at_once, due_later) == ([], [("w1", "g1", ANN)])
    assert len(ids) == 2
    assert len(set(ids)) == 1


def remembering(ids: list[str], post: Callable[..., None]) -> Callable[..., None]:
    def posted(endpoint: Endpoint, secret: str, id: str, event: dict[str, Any]) -> None:
        ids.append(id)
        post(endpoint, secret, id, event)

    return posted


def test_tries_come_further_and_further_apart_but_never_stop(
    deps: Deps, clock: Any, chat: Any, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    chat.refusal = ChatError("no answer")

    waits = list(waiting_times(deps, clock, lambda: deliver(ANN)))

    assert waits[0] < timedelta(minutes=1)
    assert timedelta(minutes=40) < waits[-1] < timedelta(minutes=80)


def waiting_times(deps: Deps, clock: Any, attempt: Callable[[], object]) -> Iterator[timedelta]:
    for _ in range(12):
        attempt()
        began = clock()
        while not deps.memberships.due(clock()):
            clock.advance(5)
        yield clock() - began


def test_without_an_endpoint_members_wait_until_there_is_one(
    deps: Deps, clock: Any, support: Support_, deliver: Deliver
) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events", enabled=False))
    support(ANN)
    nothing = deliver(ANN)
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))

    assert nothing == []
    assert said(deliver(ANN)) == [("U1", "in", 1)]


def test_a_paused_group_keeps_its_news(deps: Deps, group: Group, support: Support_, deliver: Deliver) -> None:
    paused = deps.groups.save(replace(group, paused=True))
    support(ANN)
    nothing = deliver(ANN)
    deps.groups.save(replace(paused, paused=False))

    assert nothing == []
    assert said(deliver(ANN)) == [("U1", "in", 1)]


def test_who_is_not_mapped_joins_when_they_are(deps: Deps, support: Support_, deliver: Deliver) -> None:
    support("new@example.test")
    nothing = deliver("new@example.test")
    listed = deps.memberships.member("w1", "g1", "new@example.test")
    deps.workspaces.map_people("w1", {"new@example.test": "U9"})

    assert nothing == []
    assert (listed.wanted, listed.user) == ("in", None)
    assert said(deliver("new@example.test")) == [("U9", "in", 1)]


def test_nobody_is_told_that_a_stranger_left(support: Support_, deliver: Deliver, deps: Deps, clock: Any) -> None:
    support("new@example.test")
    deliver("new@example.test")
    support()

    assert deliver("new@example.test") == []
    clock.advance(7200)
    assert deps.memberships.due(clock()) == []


def test_a_person_who_is_another_chat_user_now_is_swapped(deps: Deps, support: Support_, deliver: Deliver) -> None:
    support(ANN)
    deliver(ANN)
    deps.workspaces.map_people("w1", {ANN: "U7"})

    assert said(deliver(ANN)) == [("U1", "out", 2), ("U7", "in", 3)]


def test_a_swap_interrupted_by_a_refusal_still_puts_the_old_user_out(
    deps: Deps, chat: Any, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    deliver(ANN)
    deps.workspaces.map_people("w1", {ANN: "U7"})
    chat.refusal = ChatError("no answer")
    deliver(ANN)
    chat.refusal = None

    assert said(deliver(ANN)) == [("U1", "out", 2), ("U7", "in", 3)]


def test_who_loses_their_chat_user_leaves_and_waits(deps: Deps, support: Support_, deliver: Deliver) -> None:
    support(ANN)
    deliver(ANN)
    deps.workspaces.map_people("w1", {ANN: None})

    assert said(deliver(ANN)) == [("U1", "out", 2)]
    assert deps.memberships.member("w1", "g1", ANN).wanted == "in"


def test_a_chat_user_with_two_emails_stays_while_either_is_wanted(
    deps: Deps, support: Support_, deliver: Deliver
) -> None:
    deps.workspaces.map_people("w1", {"ann@home.test": "U1"})
    support(ANN, "ann@home.test")
    deliver(ANN, "ann@home.test")
    support("ann@home.test")
    still = deliver(ANN)
    support()

    assert still == []
    assert said(deliver("ann@home.test")) == [("U1", "out", 2)]


def test_a_deleted_group_says_nothing_and_waits_for_nothing(
    deps: Deps, clock: Any, group: Group, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    deliver(ANN)
    deps.groups.delete(group)
    support()

    assert deliver(ANN) == []
    clock.advance(7200)
    assert deps.memberships.due(clock()) == []


def test_who_is_touched_while_they_are_told_is_still_due(
    deps: Deps, clock: Any, chat: Any, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    post = chat.post

    def meanwhile(*args: Any) -> None:
        support()
        post(*args)

    chat.post = meanwhile
    deliver(ANN)
    chat.post = post

    assert ("w1", "g1", ANN) in deps.memberships.due(clock() + timedelta(minutes=5))
    assert said(deliver(ANN)) == [("U1", "out", 2)]


def test_the_chat_app_is_told_whether_the_group_owns_its_channel(
    deps: Deps, chat: Any, group: Group, support: Support_, deliver: Deliver
) -> None:
    support(ANN)
    deliver(ANN)
    deps.groups.save(replace(group, owns_channel=True))
    support()
    deliver(ANN)

    assert [event["data"]["owns_channel"] for _, event in chat.heard] == [False, True]
