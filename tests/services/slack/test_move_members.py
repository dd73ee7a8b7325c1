"""Smart groups whose channel is in Slack: brought in and put out, until it is as wanted, and nobody else touched."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from crmbridge.domain.groups import Group, Held, Member, Support
from crmbridge.domain.records import RecordKey
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.ports import Deps

pytestmark = pytest.mark.usefixtures("installation")

ADA, MAX = "ada@example.test", "max@example.test"
CHANNEL = "C0DEALS"
Want = Callable[..., None]


@pytest.fixture
def group(deps: Deps) -> Callable[..., Group]:
    def make(**fields: Any) -> Group:
        made = Group(id="g1", workspace="w1", name="Deals", channel=CHANNEL, rules={}, created_at=deps.now(), **fields)
        deps.groups.add(made, 10)
        return made

    return make


@pytest.fixture
def want(deps: Deps) -> Want:
    """These people, and no others, are wanted; then the worker tries."""

    def settle(*people: str, tried: tuple[str, ...] = (ADA, MAX)) -> None:
        for person in (ADA, MAX):
            deal = RecordKey("w1", "c1", "deals", person)
            held = deps.memberships.held([deal]).get(deal, Held())
            wanted = [Support("g1", person, deal, 1)] if person in people else []
            deps.memberships.settle(deal, held, groups_version=1, wanted=wanted)
        deliver_members(deps, "w1", "g1", tried)

    return settle


def member(deps: Deps, person: str) -> Member:
    return deps.memberships.member("w1", "g1", person)


def is_told(deps: Deps, person: str) -> bool:
    return member(deps, person).delivered == member(deps, person).sequence


def test_people_are_found_by_their_e_mail_and_brought(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    group()

    want(ADA, MAX)

    assert slack.members[CHANNEL] == {"UBOT", "UADA", "UMAX"}
    assert deps.workspaces.people("w1", [ADA]) == {ADA: "UADA"}
    assert is_told(deps, ADA)


def test_whom_we_brought_leaves_when_no_longer_wanted(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    group()
    want(ADA, MAX)

    want(MAX)

    assert slack.members[CHANNEL] == {"UBOT", "UMAX"}
    assert is_told(deps, ADA)


def test_without_a_token_everybody_waits_as_a_row(group: Any, want: Want, slack: Any, deps: Deps, clock: Any) -> None:
    group()
    deps.vault.forget_bot_token("w1")

    want(ADA)

    clock.advance(7200)
    assert ("w1", "g1", ADA) in list(deps.memberships.due(deps.now()))
    deps.vault.keep_bot_token("w1", "xoxb-2")
    deliver_members(deps, "w1", "g1", [ADA])
    assert "UADA" in slack.members[CHANNEL]


def test_who_was_there_before_is_never_put_out(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    slack.members[CHANNEL].add("UADA")
    group()
    want(ADA)

    want()

    assert "UADA" in slack.members[CHANNEL]
    assert slack.called("conversations.kick") == []
    assert is_told(deps, ADA)


def test_a_group_that_owns_its_channel_puts_out_whom_it_did_not_bring(group: Any, want: Want, slack: Any) -> None:
    slack.members[CHANNEL].add("UADA")
    group(owns_channel=True)
    want(ADA)

    want()

    assert slack.members[CHANNEL] == {"UBOT"}


def test_the_app_enters_a_channel_that_it_is_not_in(group: Any, want: Want, slack: Any) -> None:
    slack.members[CHANNEL].clear()
    group()

    want(ADA)

    assert slack.members[CHANNEL] == {"UBOT", "UADA"}


def test_a_lost_answer_does_not_make_them_strangers(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    def lost(given: dict[str, Any]) -> Any:
        slack.members[CHANNEL] |= set(given["users"].split(","))
        return (500, {})

    slack.refuses["conversations.invite"] = lost
    group()
    want(ADA)
    assert not is_told(deps, ADA)
    slack.refuses.clear()
    want(ADA)

    want()

    assert slack.members[CHANNEL] == {"UBOT"}
    assert is_told(deps, ADA)


@pytest.mark.parametrize(
    ("method", "refusal"),
    [
        ("conversations.members", {"error": "missing_scope", "needed": "channels:read"}),
        ("conversations.invite", "restricted_action"),
        ("conversations.invite", "is_archived"),
        ("conversations.join", "method_not_supported_for_channel_type"),
    ],
)
def test_a_refusal_is_told_once_a_day_and_tried_again(
    group: Any, want: Want, slack: Any, deps: Deps, method: str, refusal: Any
) -> None:
    if method == "conversations.join":
        slack.members[CHANNEL].clear()
    slack.refuses[method] = refusal
    group()
    want(ADA)
    want(ADA)
    waits = [deps.outbound.get("w1", id) for _, id in deps.outbound.due(deps.now())]
    slack.refuses.clear()

    want(ADA)

    assert [event.event["type"] for event in waits if event] == ["group.members_refused"]
    assert "UADA" in slack.members[CHANNEL]
    assert is_told(deps, ADA)


def test_one_who_cannot_come_keeps_nobody_else_out(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    def refuse(given: dict[str, Any]) -> Any:
        return "cant_invite" if "UADA" in given["users"] else None

    slack.refuses["conversations.invite"] = refuse
    group()

    want(ADA, MAX)

    assert slack.members[CHANNEL] == {"UBOT", "UMAX"}
    assert (is_told(deps, ADA), is_told(deps, MAX)) == (False, True)


def test_a_rate_limit_waits_as_a_row_for_as_long_as_slack_says(
    group: Any, want: Want, slack: Any, deps: Deps, clock: Any
) -> None:
    slack.refuses["conversations.invite"] = (429, {}, {"retry-after": "600"})
    group()
    want(ADA)
    slack.refuses.clear()
    clock.advance(599)
    assert [*deps.memberships.due(deps.now())] == []
    clock.advance(600)

    for _, id, person in deps.memberships.due(deps.now()):
        deliver_members(deps, "w1", id, [person])

    assert "UADA" in slack.members[CHANNEL]
    assert [*deps.outbound.due(deps.now())] == []


def test_who_could_not_be_looked_up_yet_is_asked_for_again_soon(
    group: Any, want: Want, slack: Any, deps: Deps, clock: Any
) -> None:
    slack.refuses["users.lookupByEmail"] = (429, {}, {"retry-after": "30"})
    group()
    want(ADA, MAX)
    slack.refuses.clear()
    clock.advance(120)

    due = [person for _, _, person in deps.memberships.due(deps.now())]
    deliver_members(deps, "w1", "g1", due)

    assert len(slack.called("conversations.invite")) == 1
    assert slack.members[CHANNEL] == {"UBOT", "UADA", "UMAX"}


def test_people_whom_slack_does_not_know_wait(group: Any, want: Want, slack: Any, deps: Deps) -> None:
    slack.users.clear()
    group()

    want(ADA)

    assert slack.called("conversations.invite") == []
    assert member(deps, ADA).wanted == "in"


@pytest.mark.parametrize("seed", range(25))
def test_whatever_fails_on_the_way_the_channel_ends_as_it_is_wanted(
    group: Any, want: Want, slack: Any, deps: Deps, seed: int
) -> None:
    """And who was there before stays, whatever was wanted of them meanwhile."""
    dice = Random(seed)
    strangers = set(dice.sample(["UADA", "USTRANGER"], dice.randint(0, 2)))
    slack.members[CHANNEL] |= strangers
    group(hold_people=100, hold_percent=100)
    for _ in range(8):
        slack.refuses = {method: dice.choice(TROUBLE)(slack) for method in dice.sample(METHODS, 2)}
        want(*dice.sample([ADA, MAX], dice.randint(0, 2)), tried=tuple(dice.sample([ADA, MAX], dice.randint(1, 2))))
    slack.refuses = {}
    wanted = dice.sample([ADA, MAX], dice.randint(0, 2))

    want(*wanted)

    assert slack.members[CHANNEL] == {"UBOT", *strangers, *({ADA: "UADA", MAX: "UMAX"}[one] for one in wanted)}
    assert is_told(deps, ADA)
    assert is_told(deps, MAX)


METHODS = ["conversations.members", "conversations.invite", "conversations.kick", "users.lookupByEmail"]


def unanswered(slack: Any) -> Any:
    """Slack does what it was asked, and the answer is lost."""

    def lost(given: dict[str, Any]) -> Any:
        if "users" in given:
            slack.members[CHANNEL] |= set(given["users"].split(","))
        elif "user" in given:
            slack.members[CHANNEL].discard(given["user"])
        return (500, {})

    return lost


TROUBLE: list[Callable[[Any], Any]] = [
    lambda slack: None,
    lambda slack: (429, {}, {"retry-after": "1"}),
    lambda slack: "restricted_action",
    lambda slack: (503, {}),
    unanswered,
]


def test_a_channel_of_another_chat_app_goes_to_its_endpoint(deps: Deps, want: Want, slack: Any, chat: Any) -> None:
    from crmbridge.domain.workspaces import Endpoint

    deps.groups.add(
        Group(id="g1", workspace="w1", name="Deals", channel="deals-1", rules={}, created_at=deps.now()), 10
    )
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/"))
    deps.workspaces.map_people("w1", {ADA: "ada"})

    want(ADA)

    assert [event["type"] for _, event in chat.heard] == ["channel.members.wanted"]
    assert slack.calls == []
