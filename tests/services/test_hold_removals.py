"""A glitch that would empty a channel is held, said, and undone; somebody decides, or it mends itself."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden
from crmbridge.domain.groups import Group, Held, Override, Support
from crmbridge.domain.records import RecordKey
from crmbridge.domain.removals import SETTLING
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.decide_removals import approve_removals, read_held_removals, reject_removals
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.override_members import override_member
from crmbridge.services.ports import Deps

DEAL = RecordKey("w1", "c1", "deals", "d1")
PEOPLE = [f"p{number:02}@example.test" for number in range(12)]

Want = Callable[[Iterable[str]], None]
Channel = Callable[..., set[str]]


@pytest.fixture
def group(deps: Deps) -> Group:
    made = Group(id="g1", workspace="w1", name="Big", channel="C1", rules={}, created_by="u1", created_at=deps.now())
    deps.groups.add(made, 10)
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    deps.workspaces.map_people("w1", {person: f"U-{person}" for person in PEOPLE})
    return made


@pytest.fixture
def want(deps: Deps, group: Group) -> Want:
    """Make a record bring exactly these people."""

    def settle(people: Iterable[str]) -> None:
        held = deps.memberships.held([DEAL]).get(DEAL, Held())
        supports = [Support("g1", person, DEAL, 1, {}) for person in people]
        deps.memberships.settle(DEAL, held, groups_version=1, wanted=supports)

    return settle


@pytest.fixture
def channel(deps: Deps, chat: Any) -> Channel:
    """Who is in the channel, after everybody (or these people) were delivered."""

    def follow(people: Iterable[str] = PEOPLE) -> set[str]:
        deliver_members(deps, "w1", "g1", list(people))
        inside: dict[str, str] = {}
        for _, event in chat.heard:
            inside |= {line["email"]: line["wanted"] for line in event["data"].get("members", ())}
        return {person for person, wanted in inside.items() if wanted == "in"}

    return follow


@pytest.fixture
def full(want: Want, channel: Channel) -> None:
    want(PEOPLE)
    channel()


def due_events(deps: Deps) -> list[Any]:
    rows = (deps.outbound.get(*place) for place in deps.outbound.due(deps.now()))
    return [row.event for row in rows if row]


@pytest.mark.usefixtures("full")
def test_a_glitch_that_would_empty_the_channel_is_held(deps: Deps, admin: Caller, want: Want, channel: Channel) -> None:
    want([])

    assert channel() == set(PEOPLE)
    held = read_held_removals(deps, admin, "g1")
    assert held
    assert (held.people, held.since) == (12, deps.now())


@pytest.mark.usefixtures("full")
def test_the_chat_app_hears_once_that_removals_are_held(deps: Deps, want: Want, channel: Channel) -> None:
    want([])
    channel()
    channel()

    (event,) = due_events(deps)
    assert event["type"] == "group.removals_held"
    assert (event["data"]["group"], event["data"]["people"], event["data"]["of"]) == ("g1", 12, 12)


@pytest.mark.usefixtures("full")
def test_the_chat_app_hears_no_second_time_when_more_are_held(deps: Deps, want: Want, channel: Channel) -> None:
    want(PEOPLE[7:])
    channel()
    want([])
    channel()

    (event,) = due_events(deps)
    assert event["data"]["people"] == 7


@pytest.mark.usefixtures("full")
def test_the_chat_app_is_rung_for_at_once_when_removals_are_held(deps: Deps, want: Want, channel: Channel) -> None:
    want([])
    channel()

    (message,) = deps.queues.chat.take()  # type: ignore[attr-defined]
    assert [("w1", message.body["outbound"])] == list(deps.outbound.due(deps.now()))


@pytest.mark.usefixtures("full")
def test_a_glitch_in_small_pieces_is_held_before_it_is_over(
    deps: Deps, admin: Caller, want: Want, channel: Channel
) -> None:
    for number in range(1, 13):
        want(PEOPLE[number:])
        left = channel(PEOPLE[number - 1 : number])

    assert left == set(PEOPLE[6:])
    assert read_held_removals(deps, admin, "g1")


@pytest.mark.usefixtures("full")
def test_a_glitch_that_is_mended_leaves_no_trace(deps: Deps, admin: Caller, want: Want, channel: Channel) -> None:
    want([])
    channel()
    want(PEOPLE)

    assert channel() == set(PEOPLE)
    assert read_held_removals(deps, admin, "g1") is None
    want(PEOPLE[1:])
    assert channel() == set(PEOPLE[1:])


@pytest.mark.usefixtures("full")
def test_some_may_always_leave(want: Want, channel: Channel) -> None:
    want(PEOPLE[3:])

    assert channel() == set(PEOPLE[3:])


def test_all_three_of_a_small_channel_may_leave(want: Want, channel: Channel) -> None:
    want(PEOPLE[:3])
    channel()
    want([])

    assert channel() == set()


@pytest.mark.usefixtures("full")
def test_slowly_everybody_may_leave(clock: Any, want: Want, channel: Channel) -> None:
    for number in range(3, 13, 3):
        want(PEOPLE[number:])
        left = channel()
        clock.advance(SETTLING.total_seconds())

    assert left == set()


@pytest.mark.usefixtures("full")
def test_more_people_than_the_limit_are_held_whatever_their_share(
    deps: Deps, group: Group, want: Want, channel: Channel
) -> None:
    deps.groups.save(replace(group, hold_people=1))
    want(PEOPLE[2:])

    assert channel() == set(PEOPLE)


@pytest.mark.usefixtures("full")
def test_while_some_are_held_others_join(deps: Deps, want: Want, channel: Channel) -> None:
    new = "new@example.test"
    deps.workspaces.map_people("w1", {new: "U-new"})
    want([new])

    assert channel([*PEOPLE, new]) == {*PEOPLE, new}


@pytest.mark.usefixtures("full")
def test_who_is_excluded_by_hand_leaves_at_once(deps: Deps, admin: Caller, want: Want, channel: Channel) -> None:
    want([])
    channel()
    override_member(deps, admin, "g1", PEOPLE[0], Override.EXCLUDED)

    assert channel() == set(PEOPLE[1:])


@pytest.mark.usefixtures("full")
def test_chat_users_lost_by_accident_are_held_too(deps: Deps, channel: Channel) -> None:
    deps.workspaces.map_people("w1", dict.fromkeys(PEOPLE))

    assert channel() == set(PEOPLE)


@pytest.mark.usefixtures("full")
def test_whose_place_another_chat_user_takes_is_not_held(deps: Deps, chat: Any, channel: Channel) -> None:
    deps.workspaces.map_people("w1", {person: f"new {person}" for person in PEOPLE})
    channel()

    told = [(line["user"], line["wanted"]) for _, event in chat.heard for line in event["data"]["members"]]
    assert {user for user, wanted in told if wanted == "out"} == {user for user, _ in told[: len(PEOPLE)]}
    assert {user for user, wanted in told[-len(PEOPLE) :] if wanted == "in"} == {f"new {person}" for person in PEOPLE}


@pytest.mark.usefixtures("full")
def test_approved_everybody_who_waited_leaves(deps: Deps, admin: Caller, want: Want, channel: Channel) -> None:
    want([])
    channel()

    rung = approve_removals(deps, admin, "g1")

    (_, message) = deps.queues.chat.take()  # type: ignore[attr-defined]
    assert (rung, message.body["persons"]) == (12, PEOPLE)
    assert channel() == set()
    assert read_held_removals(deps, admin, "g1") is None


@pytest.mark.usefixtures("group")
def test_who_waits_to_join_is_not_counted_among_those_who_leave(
    deps: Deps, admin: Caller, want: Want, channel: Channel
) -> None:
    deps.workspaces.map_people("w1", dict.fromkeys(PEOPLE))
    want(PEOPLE)
    channel()

    assert approve_removals(deps, admin, "g1") == 0


@pytest.mark.usefixtures("full")
def test_an_approval_is_not_for_what_comes_later(
    deps: Deps, clock: Any, admin: Caller, want: Want, channel: Channel
) -> None:
    want(PEOPLE[7:])
    channel()
    approve_removals(deps, admin, "g1")
    clock.advance(60)
    want([])

    assert channel() == set(PEOPLE[7:])


@pytest.mark.usefixtures("full")
def test_rejected_everybody_who_waited_stays_in_somebodys_name(
    deps: Deps, admin: Caller, want: Want, channel: Channel
) -> None:
    want([])
    channel()

    kept = reject_removals(deps, admin, "g1")

    assert (kept.kept, kept.waiting) == (12, False)
    assert channel() == set(PEOPLE)
    ann = deps.memberships.member("w1", "g1", PEOPLE[0])
    assert (ann.wanted, ann.override, ann.override_by) == ("in", Override.PINNED, "u1")
    assert read_held_removals(deps, admin, "g1") is None


@pytest.mark.parametrize(("leaving", "is_held"), [(20, False), (21, True)])
def test_as_many_as_the_limit_may_leave(
    deps: Deps, want: Want, channel: Channel, leaving: int, *, is_held: bool
) -> None:
    crowd = [f"p{number:02}@x.test" for number in range(100)]
    deps.workspaces.map_people("w1", {person: f"U{person}" for person in crowd})
    want(crowd)
    channel(crowd)

    want(crowd[leaving:])

    assert channel(crowd) == set(crowd if is_held else crowd[leaving:])


@pytest.mark.usefixtures("full")
def test_with_nothing_held_there_is_nothing_to_decide(deps: Deps, admin: Caller) -> None:
    assert approve_removals(deps, admin, "g1") == 0
    assert reject_removals(deps, admin, "g1").kept == 0


@pytest.mark.parametrize("decide", [approve_removals, reject_removals])
@pytest.mark.usefixtures("group")
def test_other_members_decide_nothing(
    deps: Deps, member: Caller, decide: Callable[[Deps, Caller, str], object]
) -> None:
    with pytest.raises(Forbidden):
        decide(deps, member, "g1")


@pytest.mark.usefixtures("full")
def test_a_paused_group_holds_nothing_until_it_goes_on(
    deps: Deps, group: Group, admin: Caller, want: Want, channel: Channel
) -> None:
    paused = deps.groups.save(replace(group, paused=True))
    want([])
    channel()
    nothing = read_held_removals(deps, admin, "g1")
    deps.groups.save(replace(paused, paused=False))

    assert channel() == set(PEOPLE)
    assert nothing is None
    assert read_held_removals(deps, admin, "g1")
