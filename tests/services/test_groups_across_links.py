"""Groups whose rules ask about a deal's company or contacts follow those, too."""

from collections.abc import Callable
from typing import Any

import pytest
from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.errors import Invalid
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services.edit_groups import create_group
from crmbridge.services.evaluate_records import evaluate_records
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps
from crmbridge.services.preview_group import preview_group

SOFTWARE = {"field": "company_industry", "operator": "eq", "value": "Software"}
LEADS = {"field": "contact_lifecycle", "operator": "eq", "value": "lead", "match": "all"}
OLGA = "olga@example.test"

Put = Callable[..., RecordKey]
Settings = dict[str, Any]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), owners={"7": Owner("7", "Olga", OLGA)}))
    return make_connection()


@pytest.fixture
def put_deal(put_record: Put) -> Put:
    def put(**links: tuple[str, ...]) -> RecordKey:
        return put_record("deals", "d1", Kind.DEAL, links=links, owner_id="7", is_closed=False)

    return put


@pytest.fixture
def make_group(deps: Deps, admin: Caller) -> Callable[[Settings], Group]:
    def make(rules: Settings) -> Group:
        return create_group(deps, admin, {"name": "Across", "channel": "C1", "rules": rules, "members": "owner"})

    return make


@pytest.fixture
def who_is_in(deps: Deps) -> Callable[[Group], list[str]]:
    return lambda group: [support.person for support in deps.memberships.group_supports("w1", group.id)]


def test_a_company_that_changes_moves_the_people_of_its_deals(
    deps: Deps, make_group: Any, put_record: Put, put_deal: Put, who_is_in: Any
) -> None:
    group = make_group(SOFTWARE)
    company = put_record("companies", "k1", Kind.COMPANY, industry="Software")
    evaluate_records(deps, [put_deal(companies=("k1",))])
    before = who_is_in(group)

    put_record("companies", "k1", Kind.COMPANY, industry="Steel")
    evaluate_records(deps, [company])

    assert (before, who_is_in(group)) == ([OLGA], [])


def test_a_contact_that_changes_counts_also_where_owners_are_taken(
    deps: Deps, make_group: Any, put_record: Put, put_deal: Put, who_is_in: Any
) -> None:
    group = make_group(LEADS)
    put_record("contacts", "c1", Kind.CONTACT, lifecycle_stage="lead")
    contact = put_record("contacts", "c2", Kind.CONTACT, lifecycle_stage="customer")
    evaluate_records(deps, [put_deal(contacts=("c1", "c2"))])
    before = who_is_in(group)

    put_record("contacts", "c2", Kind.CONTACT, lifecycle_stage="lead")
    evaluate_records(deps, [contact])

    assert (before, who_is_in(group)) == ([], [OLGA])


def test_a_company_that_was_never_stored_lets_nobody_go(
    deps: Deps, make_group: Any, put_record: Put, put_deal: Put, who_is_in: Any
) -> None:
    group = make_group({"operator": "NOT", "rules": [SOFTWARE]})
    put_record("companies", "k1", Kind.COMPANY, industry="Steel")
    evaluate_records(deps, [put_deal(companies=("k1",))])

    evaluate_records(deps, [put_deal(companies=("k1", "k2"))])

    assert who_is_in(group) == [OLGA]


def test_a_company_that_is_gone_is_linked_no_more(
    deps: Deps, make_group: Any, put_record: Put, put_deal: Put, who_is_in: Any
) -> None:
    group = make_group(SOFTWARE)
    company = put_record("companies", "k1", Kind.COMPANY, industry="Software")
    evaluate_records(deps, [put_deal(companies=("k1",))])

    put_record("companies", "k1", Kind.COMPANY, state=State.DELETED)
    evaluate_records(deps, [company])

    assert who_is_in(group) == []


def test_a_preview_looks_across_links(deps: Deps, admin: Caller, put_record: Put, put_deal: Put) -> None:
    put_record("companies", "k1", Kind.COMPANY, industry="Software")
    put_deal(companies=("k1",))

    assert preview_group(deps, admin, {"rules": SOFTWARE, "members": "owner"}).join.count == 1


def test_a_changed_company_is_passed_on(deps: Deps) -> None:
    key = RecordKey("w1", "c1", "companies", "k1")
    moved = RecordMoved(key, Kind.COMPANY, State.LIVE, State.LIVE, Cause(Origin.WEBHOOK), parts=("core",))

    assert fan_out(deps, [moved]) == 1


def test_a_deals_calls_cannot_be_asked_for(make_group: Any) -> None:
    with pytest.raises(Invalid) as caught:
        make_group({"field": "activity_type", "operator": "eq", "value": "call"})

    expected = ("rules.field", "deal, contact, company or task fields")
    assert [(problem.field, problem.fix) for problem in caught.value.problems] == [expected]
