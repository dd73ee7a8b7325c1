"""Whom somebody pins or excludes: their word wins over the rules, is known as theirs, and can be taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.domain.groups import Group, Held, Override, Support
from crmbridge.domain.records import RecordKey
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.edit_groups import update_group
from crmbridge.services.override_members import lift_override, override_member
from crmbridge.services.ports import Deps
from crmbridge.services.read_members import explain_member, read_history

ANN = "ann@example.test"
DEAL = RecordKey("w1", "c1", "deals", "d1")
PINNED, EXCLUDED = Override.PINNED, Override.EXCLUDED

Deliver = Callable[[], list[tuple[str, str]]]


@pytest.fixture(autouse=True)
def group(deps: Deps) -> Group:
    group = Group(id="g1", workspace="w1", name="Big", channel="C1", rules={}, created_by="u9", created_at=deps.now())
    deps.groups.add(group, 10)
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    deps.workspaces.map_people("w1", {ANN: "U1"})
    return group


@pytest.fixture
def support(deps: Deps) -> Callable[..., None]:
    def settle(*people: str) -> None:
        held = deps.memberships.held([DEAL]).get(DEAL, Held())
        wanted = [Support("g1", person, DEAL, 1, {}) for person in people]
        deps.memberships.settle(DEAL, held, groups_version=1, wanted=wanted)

    return settle


@pytest.fixture
def deliver(deps: Deps, chat: Any) -> Deliver:
    """What the chat app hears of Ann now: in or out, and why."""

    def run() -> list[tuple[str, str]]:
        before = len(chat.heard)
        deliver_members(deps, "w1", "g1", [ANN])
        lines = [line for _, event in chat.heard[before:] for line in event["data"]["members"]]
        return [(line["wanted"], line["reason"]) for line in lines]

    return run


def test_who_is_pinned_joins_without_any_record(deps: Deps, admin: Caller, deliver: Deliver) -> None:
    said = override_member(deps, admin, "g1", " Ann@Example.test", PINNED)

    assert (said.person, said.override, said.override_by) == (ANN, PINNED, "u1")
    assert deps.memberships.due(deps.now()) == [("w1", "g1", ANN)]
    assert deliver() == [("in", "pinned by u1")]


def test_who_is_pinned_stays_when_no_record_matches(
    deps: Deps, admin: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    support(ANN)
    deliver()
    override_member(deps, admin, "g1", ANN, PINNED)
    support()

    assert deliver() == []


def test_who_is_excluded_leaves_although_a_record_matches(
    deps: Deps, admin: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    support(ANN)
    deliver()
    override_member(deps, admin, "g1", ANN, EXCLUDED)

    assert deliver() == [("out", "excluded by u1")]


def test_who_is_excluded_is_out_by_all_of_their_emails(
    deps: Deps, chat: Any, admin: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    deps.workspaces.map_people("w1", {"ann@home.test": "U1", "ben@home.test": "U2"})
    support(ANN, "ann@home.test", "ben@home.test")
    deliver()
    override_member(deps, admin, "g1", "ann@home.test", EXCLUDED)

    assert deliver() == [("out", "excluded by u1")]
    assert deps.memberships.overrides("w1", "g1") == {ANN: EXCLUDED, "ann@home.test": EXCLUDED}
    lift_override(deps, admin, "g1", ANN, EXCLUDED)
    assert deliver() == [("in", "a record matches")]


def test_who_is_excluded_and_was_never_ours_is_not_touched(deps: Deps, admin: Caller, deliver: Deliver) -> None:
    override_member(deps, admin, "g1", ANN, EXCLUDED)

    assert deliver() == []


def test_lifted_the_rules_decide_again(
    deps: Deps, admin: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    support(ANN)
    override_member(deps, admin, "g1", ANN, EXCLUDED)
    deliver()

    lift_override(deps, admin, "g1", ANN, EXCLUDED)

    assert deliver() == [("in", "a record matches")]


def test_lifting_another_override_changes_nothing(deps: Deps, admin: Caller, deliver: Deliver) -> None:
    override_member(deps, admin, "g1", ANN, PINNED)
    deliver()

    lift_override(deps, admin, "g1", ANN, EXCLUDED)

    assert deliver() == []
    assert deps.memberships.overrides("w1", "g1") == {ANN: PINNED}


def test_a_decision_does_not_forget_who_said_it(deps: Deps, admin: Caller, deliver: Deliver) -> None:
    override_member(deps, admin, "g1", ANN, PINNED)
    deliver()

    told = explain_member(deps, admin, "g1", ANN).member
    assert (told.wanted, told.override, told.override_by, told.override_at) == ("in", PINNED, "u1", deps.now())


def test_history_says_who_moved_whom_and_why(
    deps: Deps, admin: Caller, member: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    support(ANN)
    deliver()
    override_member(deps, admin, "g1", ANN, EXCLUDED)
    deliver()

    lines = read_history(deps, member, "g1", " Ann@Example.test").items

    assert [(line.wanted, line.reason, line.user) for line in lines] == [
        ("out", "excluded by u1", "U1"),
        ("in", "a record matches", "U1"),
    ]


def test_the_history_of_another_workspaces_group_looks_like_none(deps: Deps) -> None:
    with pytest.raises(NotFound):
        read_history(deps, Caller("w2", "u1", "admin"), "g1", None)


def test_who_made_the_group_may_pin(deps: Deps) -> None:
    assert override_member(deps, Caller("w1", "u9", "member"), "g1", ANN, PINNED).override_by == "u9"


def test_other_members_may_not(deps: Deps, member: Caller) -> None:
    with pytest.raises(Forbidden):
        override_member(deps, member, "g1", ANN, PINNED)


def test_another_workspaces_group_looks_like_none(deps: Deps) -> None:
    with pytest.raises(NotFound):
        override_member(deps, Caller("w2", "u1", "admin"), "g1", ANN, PINNED)


@pytest.mark.parametrize("person", ["ann", "@x.test", "ann@", "a b@x.test", "a" * 320 + "@x.test"])
def test_only_an_email_names_a_person(deps: Deps, admin: Caller, person: str) -> None:
    with pytest.raises(Invalid):
        override_member(deps, admin, "g1", person, PINNED)


def test_a_group_that_goes_on_tells_at_once_what_it_kept(
    deps: Deps, admin: Caller, support: Callable[..., None], deliver: Deliver
) -> None:
    update_group(deps, admin, "g1", {"paused": True})
    support(ANN)
    kept = deliver()

    update_group(deps, admin, "g1", {"paused": False})

    (rung,) = deps.queues.chat.take()  # type: ignore[attr-defined]
    assert (kept, rung.body["persons"]) == ([], [ANN])
    assert deliver() == [("in", "a record matches")]
