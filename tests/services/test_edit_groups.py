"""Who may make and change smart groups, what is refused, and that every change is evaluated."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Clash, Forbidden, Invalid, NotFound
from crmbridge.domain.groups import Group, Held, Members, Support
from crmbridge.domain.installations import Installation
from crmbridge.domain.records import NEVER, RecordKey
from crmbridge.services.edit_groups import create_group, delete_group, sync_group, update_group
from crmbridge.services.ports import Deps
from crmbridge.services.read_members import explain_member, list_groups, read_group, read_members

RULES = {"operator": "AND", "rules": [{"field": "deal_amount", "operator": "gte", "value": 50000}]}
OTHER_RULES = {"operator": "AND", "rules": [{"field": "deal_amount", "operator": "gte", "value": 1}]}
BODY: Mapping[str, Any] = {"name": " Big deals ", "channel": "C1", "rules": RULES}

INSTALLATION = Installation(
    workspace="w1", team="T0", team_name="Acme", bot="UBOT", installer="UADA", installed_by="u1", installed_at=NEVER
)
Rung = Callable[[], list[Mapping[str, Any]]]


@pytest.fixture(autouse=True)
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection()


@pytest.fixture
def rung(deps: Deps) -> Rung:
    """What has been queued for evaluation since the last look."""
    return lambda: [message.body for message in deps.queues.groups.take()]  # type: ignore[attr-defined]


@pytest.fixture
def group(deps: Deps, admin: Caller, rung: Rung) -> Group:
    made = create_group(deps, admin, BODY)
    rung()
    return made


def test_a_group_is_kept_as_it_was_asked_for(deps: Deps, admin: Caller) -> None:
    made = create_group(deps, admin, {**BODY, "members": "both", "include_closed": True, "connections": ["c1"]})

    assert read_group(deps, admin, made.id) == made
    assert (made.name, made.members, made.include_closed, made.connections) == (
        "Big deals",
        Members.BOTH,
        True,
        ("c1",),
    )


def test_a_new_group_is_evaluated_in_full(deps: Deps, member: Caller, rung: Rung) -> None:
    create_group(deps, member, BODY)

    scans = [body["scan"] for body in rung()]
    assert {(scan["connection"], scan["object"]) for scan in scans} == {("c1", "deals")}
    assert sorted(scan["shard"] for scan in scans) == list(range(16))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"channel": 5}, "channel"),
        ({"members": "everybody"}, "members"),
        ({"members": {}}, "members"),
        ({"include_closed": "yes"}, "include_closed"),
        ({"connections": "c1"}, "connections"),
        ({"connections": ["c1", "nope"]}, "connections[1]"),
        ({"connections": [7]}, "connections[0]"),
        ({"rules": []}, "rules"),
        ({"rules": {"operator": "AND", "rules": [{"field": "deal_x"}]}}, "rules.rules[0].field"),
        ({"owns_channel": 1}, "owns_channel"),
        ({"hold_people": 0}, "hold_people"),
        ({"hold_people": True}, "hold_people"),
        ({"hold_percent": 101}, "hold_percent"),
        ({"epoch": 7}, "epoch"),
    ],
)
def test_what_is_wrong_is_named(deps: Deps, admin: Caller, rung: Rung, body: Mapping[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        create_group(deps, admin, {**BODY, **body})

    assert field in [problem.field for problem in caught.value.problems]
    assert (list_groups(deps, admin).items, rung()) == ((), [])


def test_everything_that_is_missing_is_named(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        create_group(deps, admin, {})

    assert [problem.field for problem in caught.value.problems] == ["name", "channel", "rules"]


def test_the_number_of_groups_is_capped(deps: Deps, admin: Caller, group: Group) -> None:
    with pytest.raises(Clash, match="1 smart groups"):
        create_group(replace(deps, max_groups=1), admin, BODY)


def test_groups_are_listed_page_by_page(deps: Deps, admin: Caller) -> None:
    made = [create_group(deps, admin, BODY).id for _ in range(3)]

    first = list_groups(deps, admin, limit=2)
    second = list_groups(deps, admin, limit=2, cursor=first.cursor)

    assert [[group.id for group in page.items] for page in (first, second)] == [made[:2], made[2:]]
    assert second.cursor is None


def test_a_cursor_of_nowhere_is_refused(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        list_groups(deps, admin, cursor="nowhere")

    assert [problem.field for problem in caught.value.problems] == ["cursor"]


def test_new_rules_begin_a_new_epoch_and_are_evaluated(deps: Deps, admin: Caller, group: Group, rung: Rung) -> None:
    changed = update_group(deps, admin, group.id, {"rules": OTHER_RULES})

    assert (changed.rules, changed.epoch) == (OTHER_RULES, 2)
    assert len(rung()) == 16


def test_a_new_name_changes_nobody(deps: Deps, admin: Caller, group: Group, rung: Rung) -> None:
    changed = update_group(deps, admin, group.id, {"name": "Other", "paused": True})

    assert (changed.name, changed.paused, changed.epoch, rung()) == ("Other", True, 1, [])


def test_the_same_rules_again_are_evaluated_again(deps: Deps, admin: Caller, group: Group, rung: Rung) -> None:
    changed = update_group(deps, admin, group.id, {"rules": RULES})

    assert (changed.epoch, len(rung())) == (1, 16)


def test_connections_left_out_are_evaluated_too(
    deps: Deps, admin: Caller, group: Group, rung: Rung, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="c2", account="49")

    update_group(deps, admin, group.id, {"connections": ["c2"]})

    assert {body["scan"]["connection"] for body in rung()} == {"c1", "c2"}


def test_a_group_keeps_its_channel(deps: Deps, admin: Caller, group: Group) -> None:
    with pytest.raises(Invalid, match="cannot be changed"):
        update_group(deps, admin, group.id, {"channel": "C2"})


def test_who_made_a_group_may_change_it(deps: Deps, member: Caller) -> None:
    made = create_group(deps, member, BODY)

    assert update_group(deps, member, made.id, {"name": "Mine"}).name == "Mine"


@pytest.mark.parametrize("change", [lambda d, c, id: update_group(d, c, id, {}), delete_group])
def test_other_members_may_only_look(
    deps: Deps, member: Caller, group: Group, change: Callable[[Deps, Caller, str], object]
) -> None:
    with pytest.raises(Forbidden):
        change(deps, member, group.id)

    assert list_groups(deps, member).items == (group,)


def test_only_admins_give_channels_of_slack_to_groups(deps: Deps, admin: Caller, member: Caller) -> None:
    body = {**BODY, "channel": "C0PRIVATE"}
    create_group(deps, member, body)
    deps.installations.save(INSTALLATION)

    with pytest.raises(Forbidden, match="only an admin"):
        create_group(deps, member, body)
    assert create_group(deps, admin, body).channel == "C0PRIVATE"
    assert create_group(deps, member, BODY).channel == BODY["channel"]


def test_who_may_only_read_makes_no_group(deps: Deps) -> None:
    with pytest.raises(Forbidden):
        create_group(deps, Caller("w1", "u3", "viewer"), BODY)


@pytest.mark.parametrize(
    "do",
    [
        read_group,
        delete_group,
        sync_group,
        read_members,
        lambda d, c, id: update_group(d, c, id, {}),
        lambda d, c, id: explain_member(d, c, id, "ann@example.test"),
    ],
    ids=["read", "delete", "sync", "members", "update", "why"],
)
def test_another_workspaces_group_looks_like_none(
    deps: Deps, group: Group, do: Callable[[Deps, Caller, str], object]
) -> None:
    with pytest.raises(NotFound):
        do(deps, Caller("w2", "u1", "admin"), group.id)


def test_a_foreign_connection_looks_like_none(
    deps: Deps, admin: Caller, make_connection: Callable[..., Connection]
) -> None:
    make_connection(id="theirs", workspace="w2")

    with pytest.raises(Invalid, match="no such connection"):
        create_group(deps, admin, {**BODY, "connections": ["theirs"]})


def test_a_deleted_group_lets_its_records_be_settled_anew(deps: Deps, admin: Caller, group: Group, rung: Rung) -> None:
    deal = RecordKey("w1", "c1", "deals", "d1")
    support = Support(group.id, "ann@example.test", deal, 1, {})
    deps.memberships.settle(deal, Held(), groups_version=1, wanted=[support])

    delete_group(deps, admin, group.id)

    assert rung() == [{"workspace": "w1", "settle": [["c1", "deals", "d1"]]}]
    assert list_groups(deps, admin).items == ()
