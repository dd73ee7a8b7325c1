"""Who would be in a group: foreseen without anything being stored, and honest about what was not seen."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.errors import Forbidden, Invalid, NotFound
from crmbridge.domain.groups import Group, Override
from crmbridge.domain.records import Kind, Labelled, RecordKey
from crmbridge.services import preview_group as previews
from crmbridge.services.edit_groups import create_group
from crmbridge.services.evaluate_records import evaluate_records
from crmbridge.services.override_members import override_member
from crmbridge.services.ports import Deps
from crmbridge.services.preview_group import People, preview_group

ANN, BEN, CLEO = "ann@example.test", "ben@example.test", "cleo@example.test"


def at_least(amount: int) -> Mapping[str, Any]:
    return {"operator": "AND", "rules": [{"field": "deal_amount", "operator": "gte", "value": amount}]}


PutDeal = Callable[..., RecordKey]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", Directories(Account("48")))
    deps.workspaces.map_people("w1", {ANN: "U1", BEN: "U2"})
    return make_connection()


@pytest.fixture
def put_deal(put_record: Callable[..., RecordKey]) -> PutDeal:
    """A deal with one contact, known by their e-mail; without one, with nobody."""

    def put(id: str, amount: int | None, email: str | None = None, **more: Any) -> RecordKey:
        contacts = (f"of-{id}",) if email else ()
        if email:
            put_record("contacts", f"of-{id}", Kind.CONTACT, email=email)
        known = {"name": f"Deal {id}", "amount": None if amount is None else Decimal(amount), **more}
        return put_record("deals", id, Kind.DEAL, links={"contacts": contacts}, **known)

    return put


@pytest.fixture
def group(deps: Deps, admin: Caller, put_deal: PutDeal) -> Group:
    """Ann and Ben are in: Ann by 60, Ben by 90."""
    made = create_group(deps, admin, {"name": "Big", "channel": "C1", "rules": at_least(50)})
    evaluate_records(deps, [put_deal("d1", 60, ANN), put_deal("d2", 90, BEN)])
    return made


def names(found: People) -> list[str]:
    return [one.person for one in found.people]


def test_who_would_join_a_new_group_is_named_with_the_reason(deps: Deps, member: Caller, put_deal: PutDeal) -> None:
    put_deal("d1", 60, ANN)
    put_deal("d2", 10, BEN)

    seen = preview_group(deps, member, {"rules": at_least(50)})

    (ann,) = seen.join.people
    assert (ann.person, ann.user, ann.record and ann.record.name) == (ANN, "U1", "Deal d1")
    assert ann.clauses == [{"field": "deal_amount", "operator": "gte", "value": 50, "actual": "60"}]
    assert (seen.looked_at, seen.complete, seen.matching, seen.join.count) == (2, True, 1, 1)


def test_other_rules_show_who_would_leave_stay_and_join(
    deps: Deps, admin: Caller, group: Group, put_deal: PutDeal
) -> None:
    put_deal("d3", 80, CLEO)

    seen = preview_group(deps, admin, {"group": group.id, "rules": at_least(70)})

    assert (names(seen.join), names(seen.stay), names(seen.leave)) == ([CLEO], [BEN], [ANN])
    assert seen.leave.people[0].reason == "the record does not match"


def test_nothing_is_stored(deps: Deps, admin: Caller, group: Group) -> None:
    preview_group(deps, admin, {"group": group.id, "rules": at_least(70)})

    assert deps.groups.get("w1", group.id) == group
    assert len(deps.memberships.supports("w1", group.id, ANN)) == 1


def test_a_closed_deal_lets_go_and_says_so(deps: Deps, admin: Caller, group: Group, put_deal: PutDeal) -> None:
    put_deal("d1", 60, ANN, is_closed=True)

    seen = preview_group(deps, admin, {"group": group.id})

    assert [(one.person, one.reason) for one in seen.leave.people] == [(ANN, "the deal is closed")]


def test_unknown_answers_are_counted_and_or_is_empty_is_offered(deps: Deps, admin: Caller, put_deal: PutDeal) -> None:
    put_deal("d1", None, ANN)

    seen = preview_group(deps, admin, {"rules": at_least(50)})

    (unanswered,) = seen.unanswered
    assert names(seen.unknown) == [ANN]
    assert (unanswered.field, unanswered.unknown, unanswered.empty) == ("deal_amount", 1, 1)
    offered = preview_group(deps, admin, {"rules": unanswered.instead})
    assert names(offered.join) == [ANN]


def test_records_without_contacts_support_nobody_and_are_listed(deps: Deps, admin: Caller, put_deal: PutDeal) -> None:
    put_deal("d1", 60)

    seen = preview_group(deps, admin, {"rules": at_least(50)})

    assert (seen.matching, seen.join.count, seen.bring_nobody_count) == (1, 0, 1)
    assert [one.name for one in seen.bring_nobody] == ["Deal d1"]


OWNERS = {
    "7": Owner("7", "Olga", "olga@example.test"),
    "8": Owner("8", "Out", "out@example.test", active=False),
    "9": Owner("9", "Inbound", "in@example.test", type="queue"),
}


@pytest.mark.parametrize(
    ("owner", "left_out"),
    [("7", []), ("8", ["inactive in the CRM"]), ("9", ["a queue, not a person"]), ("0", ["the CRM does not tell"])],
)
def test_an_owner_who_brings_nobody_is_listed_with_the_reason(
    deps: Deps, admin: Caller, put_deal: PutDeal, owner: str, left_out: list[str]
) -> None:
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), owners=OWNERS))
    put_deal("d1", 60, ANN, owner_id=owner)

    seen = preview_group(deps, admin, {"rules": at_least(50), "members": "both"})

    assert names(seen.join) == ([ANN] if left_out else [ANN, "olga@example.test"])
    assert [one.who for one in seen.left_out] == [f"owner {owner}"] * len(left_out)
    assert all(one.reason.startswith(why) for one, why in zip(seen.left_out, left_out, strict=True))


def test_a_contact_who_may_be_several_chat_users_is_flagged(deps: Deps, admin: Caller, put_record: Any) -> None:
    put_record("contacts", "1", Kind.CONTACT, email=ANN, emails=(Labelled(BEN),))
    put_record("deals", "d1", Kind.DEAL, links={"contacts": ("1",)}, amount=Decimal(60))

    seen = preview_group(deps, admin, {"rules": at_least(50)})

    (flagged,) = seen.left_out
    assert (flagged.who, flagged.reason) == ("contacts/1", "its e-mails belong to several chat users")
    assert seen.join.count == 0


def test_no_rule_moves_whom_somebody_pinned_or_excluded(
    deps: Deps, admin: Caller, group: Group, put_deal: PutDeal
) -> None:
    override_member(deps, admin, group.id, ANN, Override.PINNED)
    override_member(deps, admin, group.id, CLEO, Override.EXCLUDED)
    put_deal("d3", 80, CLEO)

    seen = preview_group(deps, admin, {"group": group.id, "rules": at_least(70)})

    assert (names(seen.join), names(seen.stay), names(seen.leave), seen.overridden) == ([], [BEN], [], 2)


def test_who_has_no_chat_user_is_listed(deps: Deps, admin: Caller, put_deal: PutDeal) -> None:
    put_deal("d1", 60, CLEO)

    seen = preview_group(deps, admin, {"rules": at_least(50)})

    assert (names(seen.join), seen.without_user, seen.without_user_count) == ([CLEO], [CLEO], 1)


def test_a_look_that_was_cut_says_so_and_lets_nobody_go_unseen(
    deps: Deps, admin: Caller, group: Group, clock: Any, put_deal: PutDeal
) -> None:
    for number in range(120):
        put_deal(f"x{number}", 1)
    slow = Slow(deps.records, clock)

    seen = preview_group(replace(deps, records=slow), admin, {"group": group.id, "rules": at_least(1000)})

    assert (seen.complete, seen.looked_at) == (False, 100)
    assert seen.leave.count + seen.not_known == 2


class Slow:
    """A store that takes its time."""

    def __init__(self, records: Any, clock: Any) -> None:
        self._records, self._clock = records, clock

    def get_many(self, keys: Any) -> Any:
        self._clock.advance(previews.MAX_TIME.total_seconds())
        return self._records.get_many(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)


def test_wrong_rules_are_named(deps: Deps, admin: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        preview_group(deps, admin, {"rules": {"field": "deal_x", "operator": "eq", "value": 1}})

    assert [problem.field for problem in caught.value.problems] == ["rules.field"]


def test_a_foreign_group_looks_like_none(deps: Deps, group: Group) -> None:
    with pytest.raises(NotFound):
        preview_group(deps, Caller("w2", "u1", "admin"), {"group": group.id})


def test_who_may_only_read_previews_nothing(deps: Deps) -> None:
    with pytest.raises(Forbidden):
        preview_group(deps, Caller("w1", "u3", "viewer"), {"rules": at_least(50)})
