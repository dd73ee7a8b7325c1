"""Why somebody is in a group: what was seen when it was decided, told in the shape of the rules."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.errors import Invalid, NotFound
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey, instant_text
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.evaluate_records import evaluate_records
from crmbridge.services.ports import Deps
from crmbridge.services.read_members import explain_member, read_members

ANN = "ann@example.test"
DEAL = RecordKey("w1", "c1", "deals", "d1")
LARGE = {"field": "deal_amount", "operator": "gte", "value": 50000}

PutDeal = Callable[..., RecordKey]


@pytest.fixture
def group(deps: Deps, admin: Caller, make_connection: Callable[..., Connection]) -> Group:
    make_connection()
    deps.connections.save_directories("w1", "c1", Directories(Account("48")))
    return create_group(deps, admin, {"name": "Big", "channel": "C1", "rules": {"operator": "AND", "rules": [LARGE]}})


@pytest.fixture
def put_deal(deps: Deps, group: Group, put_record: Callable[..., RecordKey]) -> PutDeal:
    """The deal with its contact, Ann, looked at by the groups."""

    def put(amount: int, id: str = "d1") -> RecordKey:
        put_record("contacts", "7", Kind.CONTACT, email=ANN)
        key = put_record("deals", id, Kind.DEAL, links={"contacts": ("7",)}, name="Renewal", amount=Decimal(amount))
        evaluate_records(deps, [key])
        return key

    return put


def test_why_names_the_record_and_what_it_said(deps: Deps, member: Caller, group: Group, put_deal: PutDeal) -> None:
    put_deal(60000)

    (reason,) = explain_member(deps, member, group.id, " Ann@Example.test").reasons

    assert (reason.record.id, reason.record.name, reason.through) == ("d1", "Renewal", "contacts/7")
    assert clauses(reason.rules) == [{**LARGE, "holds": True, "actual": "60000"}]


def clauses(rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(rules["rules"])


def test_why_says_since_when_and_by_which_change(
    deps: Deps, clock: Any, member: Caller, group: Group, put_deal: PutDeal
) -> None:
    put_deal(60000)
    joined = instant_text(clock())
    put_deal(90000)

    (reason,) = explain_member(deps, member, group.id, ANN).reasons

    assert clauses(reason.rules)[0]["actual"] == "90000"
    assert (reason.since, reason.change) == (joined, {"origin": "backfill"})


def test_who_comes_back_is_in_since_then(
    deps: Deps, clock: Any, member: Caller, group: Group, put_deal: PutDeal
) -> None:
    put_deal(60000)
    put_deal(10)
    put_deal(70000)

    (reason,) = explain_member(deps, member, group.id, ANN).reasons

    assert reason.since == instant_text(clock())


def test_a_reason_of_earlier_rules_says_so(deps: Deps, admin: Caller, group: Group, put_deal: PutDeal) -> None:
    put_deal(60000)
    update_group(deps, admin, group.id, {"rules": {**LARGE, "value": 70000}})

    (reason,) = explain_member(deps, admin, group.id, ANN).reasons

    assert reason.rules_changed_since
    assert clauses(reason.rules)[0]["value"] == 50000


def test_why_says_when_somebody_left_and_for_what_reason(
    deps: Deps, clock: Any, member: Caller, group: Group, put_deal: PutDeal
) -> None:
    put_deal(60000)
    deliver_members(deps, "w1", group.id, [ANN])
    put_deal(10)
    deliver_members(deps, "w1", group.id, [ANN])

    why = explain_member(deps, member, group.id, ANN)

    assert why.moved
    assert (why.moved.wanted, why.moved.reason, why.moved.at) == ("out", "no record matches any more", clock())
    assert why.reasons == []


def test_who_is_in_is_listed_and_what_is_not_decided_yet_says_so(
    deps: Deps, member: Caller, group: Group, put_deal: PutDeal
) -> None:
    put_deal(60000)

    before = read_members(deps, member, group.id).items
    deliver_members(deps, "w1", group.id, [ANN])
    after = read_members(deps, member, group.id).items

    assert [(one.person, one.wanted, one.is_undecided) for one in before] == [(ANN, "out", True)]
    assert [(one.person, one.wanted, one.is_undecided) for one in after] == [(ANN, "in", False)]


def test_who_of_a_matching_record_brings_nobody_is_listed_with_the_reason(
    deps: Deps, admin: Caller, group: Group, put_record: Callable[..., RecordKey]
) -> None:
    queue = Owner("9", "Enterprise", "team@example.test", "queue")
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), owners={"9": queue}))
    update_group(deps, admin, group.id, {"members": "both"})
    put_record("contacts", "8", Kind.CONTACT)
    linked = {"contacts": ("8",)}
    key = put_record("deals", "d1", Kind.DEAL, links=linked, name="Renewal", amount=Decimal(60000), owner_id="9")
    evaluate_records(deps, [key])

    found = read_members(deps, admin, group.id)

    reasons = [("contacts/8", "has no e-mail"), ("owner 9", "a queue, not a person")]
    assert [(one.who, one.reason) for one in found.left_out] == reasons
    assert {one.record.name for one in found.left_out} == {"Renewal"}
    assert found.items == []


def test_members_and_those_left_out_go_on_together(
    deps: Deps, member: Caller, group: Group, put_deal: PutDeal, put_record: Callable[..., RecordKey]
) -> None:
    put_deal(60000)
    for number in range(3):
        nameless = {"contacts": (put_record("contacts", f"9{number}", Kind.CONTACT).external_id,)}
        evaluate_records(deps, [put_record("deals", f"e{number}", Kind.DEAL, links=nameless, amount=Decimal(60000))])

    first = read_members(deps, member, group.id, limit=2)
    rest = read_members(deps, member, group.id, limit=2, cursor=first.cursor)

    assert [one.person for one in (*first.items, *rest.items)] == [ANN]
    assert [one.who for one in (*first.left_out, *rest.left_out)] == ["contacts/90", "contacts/91", "contacts/92"]
    assert rest.cursor is None


@pytest.mark.parametrize("cursor", ["x", "x.", ".x", "WyJhIl0"])
def test_a_cursor_of_another_listing_is_refused(deps: Deps, member: Caller, group: Group, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        read_members(deps, member, group.id, cursor=cursor)


def test_of_a_stranger_there_is_no_why(deps: Deps, member: Caller, group: Group) -> None:
    with pytest.raises(NotFound, match="never was"):
        explain_member(deps, member, group.id, "nobody@example.test")
