"""Groups about contacts, companies and tasks: whom they bring, and what they follow across links."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection, Settings
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.errors import Invalid
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services import find_linked
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.evaluate_records import evaluate_message, evaluate_records
from crmbridge.services.ports import Deps
from crmbridge.services.preview_group import preview_group
from crmbridge.services.read_members import explain_member

OLGA, ANN, BEN = "olga@example.test", "ann@example.test", "ben@example.test"
DIRECTORIES = Directories(Account("48"), owners={"7": Owner("7", "Olga", OLGA)})
LEADS = {"field": "lifecycle_stage", "operator": "eq", "value": "lead"}
SOFTWARE = {"field": "company_industry", "operator": "eq", "value": "Software"}
URGENT = {"field": "task_priority", "operator": "eq", "value": "high"}
LARGE = {"field": "deal_amount", "operator": "gte", "value": 50}

Put = Callable[..., RecordKey]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    return make_connection()


@pytest.fixture
def make_group(deps: Deps, admin: Caller) -> Callable[..., Group]:
    def make(kind: str, rules: Any, **more: Any) -> Group:
        return create_group(deps, admin, {"name": "g", "channel": "C", "kind": kind, "rules": rules, **more})

    return make


@pytest.fixture
def ann(put_record: Put) -> RecordKey:
    """A lead of company k1."""
    return put_record("contacts", "a", Kind.CONTACT, email=ANN, lifecycle_stage="lead", owner_id="7",
                      links={"companies": ("k1",)})  # fmt: skip


@pytest.fixture
def put_task(put_record: Put) -> Put:
    def put(id: str = "t1", priority: str = "high", **links: tuple[str, ...]) -> RecordKey:
        return put_record("tasks", id, Kind.TASK, priority=priority, owner_id="7", links=links)

    return put


@pytest.fixture
def put_company(put_record: Put) -> Put:
    def put(industry: str = "Software") -> RecordKey:
        return put_record("companies", "k1", Kind.COMPANY, industry=industry, owner_id="7")

    return put


@pytest.fixture
def put_deal(put_record: Put) -> Put:
    def put(id: str = "d1", amount: int = 60, **links: tuple[str, ...]) -> RecordKey:
        return put_record("deals", id, Kind.DEAL, amount=Decimal(amount), is_closed=False, owner_id="7", links=links)

    return put


@pytest.fixture
def who_is_in(deps: Deps) -> Callable[[Group], list[str]]:
    return lambda group: [support.person for support in deps.memberships.group_supports("w1", group.id)]


@pytest.mark.parametrize(("members", "people"), [("contacts", [ANN]), ("owner", [OLGA]), ("both", [ANN, OLGA])])
def test_a_contact_brings_itself_or_its_owner(
    deps: Deps, make_group: Any, ann: RecordKey, who_is_in: Any, members: str, people: list[str]
) -> None:
    group = make_group("contact", LEADS, members=members)

    evaluate_records(deps, [ann])

    assert who_is_in(group) == people


def test_a_contact_that_is_a_lead_no_more_leaves(
    deps: Deps, make_group: Any, ann: RecordKey, put_record: Put, who_is_in: Any
) -> None:
    group = make_group("contact", LEADS)
    evaluate_records(deps, [ann])

    put_record("contacts", "a", Kind.CONTACT, email=ANN, lifecycle_stage="customer")
    evaluate_records(deps, [ann])

    assert who_is_in(group) == []


def test_a_company_brings_the_contacts_that_link_to_it(
    deps: Deps, make_group: Any, ann: RecordKey, put_company: Put, put_record: Put, who_is_in: Any
) -> None:
    group = make_group("company", SOFTWARE)
    evaluate_records(deps, [put_company()])

    ben = put_record("contacts", "b", Kind.CONTACT, email=BEN, links={"companies": ("k1",)})
    evaluate_records(deps, [ben])

    assert who_is_in(group) == [ANN, BEN]


def test_a_task_brings_the_contacts_it_is_about(
    deps: Deps, make_group: Any, ann: RecordKey, put_task: Put, who_is_in: Any
) -> None:
    group = make_group("task", URGENT)

    evaluate_records(deps, [put_task(contacts=("a",))])

    assert who_is_in(group) == [ANN]


def test_a_deal_follows_its_tasks_which_own_the_link(
    deps: Deps, make_group: Any, put_deal: Put, put_task: Put, who_is_in: Any
) -> None:
    group = make_group("deal", URGENT, members="owner")
    evaluate_records(deps, [put_deal()])
    before = who_is_in(group)

    evaluate_records(deps, [put_task(deals=("d1",))])
    between = who_is_in(group)
    evaluate_records(deps, [put_task(priority="low", deals=("d1",))])

    assert (before, between, who_is_in(group)) == ([], [OLGA], [])


def test_a_contact_follows_its_deals_and_its_company(
    deps: Deps, make_group: Any, ann: RecordKey, put_company: Put, put_deal: Put, who_is_in: Any
) -> None:
    group = make_group("contact", {"operator": "AND", "rules": [SOFTWARE, LARGE]})
    evaluate_records(deps, [put_company(), put_deal(contacts=("a",))])
    before = who_is_in(group)

    evaluate_records(deps, [put_deal(amount=40, contacts=("a",))])

    assert (before, who_is_in(group)) == ([ANN], [])


def test_a_task_that_is_gone_counts_no_more(
    deps: Deps, make_group: Any, put_deal: Put, put_task: Put, put_record: Put, who_is_in: Any
) -> None:
    group = make_group("deal", URGENT, members="owner")
    put_task(deals=("d1",))
    evaluate_records(deps, [put_deal()])

    gone = put_record("tasks", "t1", Kind.TASK, state=State.DELETED)
    evaluate_records(deps, [gone])

    assert who_is_in(group) == []


def test_what_shares_an_object_with_tasks_is_none(
    deps: Deps, make_group: Any, make_connection: Any, put_record: Put, who_is_in: Any
) -> None:
    deps.connections.delete(deps.connections.get("w1", "c1"))
    make_connection(platform="pipedrive")
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    group = make_group("task", {"field": "task_subject", "operator": "eq", "value": "Call"}, members="owner")

    call = put_record("activities", "1", Kind.ACTIVITY, subject="Call", owner_id="7")
    task = put_record("activities", "2", Kind.TASK, subject="Call", owner_id="7")
    evaluate_records(deps, [call, task])

    assert [support.record for support in deps.memberships.group_supports("w1", group.id)] == [task]


def test_where_tasks_are_not_kept_nothing_is_known_of_them(
    deps: Deps, make_group: Any, put_deal: Put, put_task: Put, who_is_in: Any
) -> None:
    group = make_group(
        "deal", {"operator": "NOT", "rules": [{"field": URGENT["field"], "operator": "is_empty"}]}, members="owner"
    )
    put_task(deals=("d1",))
    evaluate_records(deps, [put_deal()])
    kept = deps.connections.get("w1", "c1")
    deps.connections.save(replace(kept, settings=Settings(kinds=("deal",))))

    evaluate_records(deps, [put_deal(amount=70)])

    assert who_is_in(group) == [OLGA]


def test_too_many_contacts_are_not_looked_at(
    deps: Deps, make_group: Any, put_company: Put, put_record: Put, who_is_in: Any
) -> None:
    group = make_group("company", SOFTWARE)
    for number in range(find_linked.MOST + 1):
        put_record("contacts", f"c{number}", Kind.CONTACT, email=f"c{number}@x.test", links={"companies": ("k1",)})

    evaluate_records(deps, [put_company()])

    assert who_is_in(group) == []


def test_a_company_that_decides_about_thousands_shares_the_work_out(
    deps: Deps, make_group: Any, put_company: Put, put_record: Put, who_is_in: Any
) -> None:
    group = make_group("contact", SOFTWARE)
    for number in range(310):
        put_record("contacts", f"c{number:03}", Kind.CONTACT, email=f"c{number:03}@x.test",
                   links={"companies": ("k1",)})  # fmt: skip
    deps.queues.groups.take()  # type: ignore[attr-defined]

    evaluate_records(deps, [put_company()])
    first = len(who_is_in(group))
    (rest,) = deps.queues.groups.take()  # type: ignore[attr-defined]
    evaluate_message(deps, rest.body, deps.now())

    assert (first, len(who_is_in(group))) == (300, 310)


def test_a_preview_is_about_the_kind_of_the_group(deps: Deps, admin: Caller, ann: RecordKey) -> None:
    seen = preview_group(deps, admin, {"rules": LEADS, "kind": "contact"})

    assert ([one.person for one in seen.join.people], seen.looked_at) == ([ANN], 1)


def test_why_names_the_task_that_keeps_somebody_in(deps: Deps, admin: Caller, make_group: Any, put_record: Put) -> None:
    group = make_group("task", URGENT, members="owner")
    evaluate_records(deps, [put_record("tasks", "t1", Kind.TASK, subject="Call Ann", priority="high", owner_id="7")])

    (reason,) = explain_member(deps, admin, group.id, OLGA).reasons

    assert (reason.record.name, reason.through, reason.rules["actual"]) == ("Call Ann", "owner 7", "high")
    assert (reason.since is not None, reason.change) == (True, {"origin": "backfill"})


def test_a_preview_offers_to_take_tasks_without_a_priority(deps: Deps, admin: Caller, put_record: Put) -> None:
    put_record("tasks", "t1", Kind.TASK, priority=None, owner_id="7")

    seen = preview_group(deps, admin, {"rules": URGENT, "kind": "task", "members": "owner"})

    (unanswered,) = seen.unanswered
    assert (unanswered.unknown, unanswered.empty, seen.unknown.count) == (1, 1, 1)
    again = {"rules": unanswered.instead, "kind": "task", "members": "owner"}
    assert preview_group(deps, admin, again).join.count == 1


def test_the_kind_of_a_group_cannot_be_changed(deps: Deps, admin: Caller, make_group: Any) -> None:
    group = make_group("contact", LEADS)

    with pytest.raises(Invalid) as caught:
        update_group(deps, admin, group.id, {"kind": "deal"})

    assert [problem.field for problem in caught.value.problems] == ["kind"]


@pytest.mark.parametrize("setting", [{"kind": "activity"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc"}])
def test_unknown_kinds_and_zones_are_refused(deps: Deps, admin: Caller, setting: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        create_group(deps, admin, {"name": "g", "channel": "C", "rules": LARGE, **setting})

    assert [problem.field for problem in caught.value.problems] == list(setting)
