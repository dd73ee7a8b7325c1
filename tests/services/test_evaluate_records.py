"""Who is supported in which group after records, contacts, owners and rules have changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner, Stage
from crmbridge.domain.errors import Stale
from crmbridge.domain.groups import Group, Held, Support
from crmbridge.domain.records import Kind, Labelled, RecordKey, State
from crmbridge.domain.stored import Stored
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.evaluate_records import evaluate_message, evaluate_records
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import SHARDS

NEGOTIATION = {
    "operator": "AND",
    "rules": [
        {"field": "deal_stage", "operator": "eq", "value": "Negotiation"},
        {"field": "deal_amount", "operator": "gte", "value": 50000},
    ],
}
DIRECTORIES = Directories(
    account=Account("48"),
    owners={
        "7": Owner("7", "Olga", "Olga@Example.test"),
        "8": Owner("8", "A queue", "queue@example.test", type="queue"),
        "9": Owner("9", "Gone", "gone@example.test", active=False),
    },
    stages={
        "s3": Stage("s3", "Negotiation", "default", "Sales"),
        "s9": Stage("s9", "Closed won", "default", "Sales", is_closed=True, is_won=True),
    },
)

PLENTY = timedelta(minutes=2)

MakeGroup = Callable[..., Group]
Put = Callable[..., RecordKey]
WhoIsIn = Callable[[Group], set[str]]


@pytest.fixture(autouse=True)
def connection(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    return make_connection()


@pytest.fixture
def make_group(deps: Deps, admin: Caller) -> MakeGroup:
    def make(**settings: Any) -> Group:
        return create_group(deps, admin, {"name": "Big", "channel": "C1", "rules": NEGOTIATION, **settings})

    return make


@pytest.fixture
def put_contact(put_record: Put) -> Put:
    def put(id: str, email: str | None, **more: Any) -> RecordKey:
        return put_record("contacts", id, Kind.CONTACT, email=email, **more)

    return put


@pytest.fixture
def put_deal(put_record: Put) -> Put:
    def put(id: str, contacts: tuple[str, ...] | None = ("c1",), **fields: Any) -> RecordKey:
        known = {"stage": "s3", "amount": Decimal(60000), "owner_id": "7", "is_closed": False}
        links = {} if contacts is None else {"contacts": contacts}
        return put_record("deals", id, Kind.DEAL, links=links, **{**known, **fields})

    return put


@pytest.fixture
def who_is_in(deps: Deps) -> WhoIsIn:
    """Everybody with a support, whatever has been delivered."""

    def found(group: Group) -> set[str]:
        members = deps.memberships.members("w1", group.id, limit=100, cursor=None).items
        return {one.person for one in members if deps.memberships.supports("w1", group.id, one.person)}

    return found


def test_a_matching_deal_brings_its_contacts(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    put_contact("c1", "Ann@Example.test ")

    evaluate_records(deps, [put_deal("d1")])

    assert who_is_in(group) == {"ann@example.test"}


def test_the_support_says_why(deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put) -> None:
    group = make_group()
    put_contact("c1", "ann@example.test")

    evaluate_records(deps, [put_deal("d1")])

    (support,) = deps.memberships.supports("w1", group.id, "ann@example.test")
    assert support.record.external_id == "d1"
    assert support.proof["through"] == "contacts/c1"
    assert [clause["actual"] for clause in support.proof["clauses"]] == ["Negotiation", "60000"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal(1)},
        {"amount": None},
        {"stage": "s9"},
        {"is_closed": True},
        {"is_closed": None, "is_won": True},
        {"state": State.DELETED},
        {"state": State.HIDDEN},
        {"contacts": ()},
    ],
    ids=["small", "emptied", "won stage", "closed", "won", "deleted", "hidden", "unlinked"],
)
def test_a_deal_that_no_longer_counts_lets_its_people_go(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn, change: Mapping[str, Any]
) -> None:
    group = make_group()
    put_contact("c1", "ann@example.test")
    evaluate_records(deps, [put_deal("d1")])

    evaluate_records(deps, [put_deal("d1", **change)])

    assert who_is_in(group) == set()


def test_nobody_leaves_because_a_field_could_not_be_read(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, put_record: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    put_contact("c1", "ann@example.test")
    evaluate_records(deps, [put_deal("d1")])

    evaluate_records(deps, [put_record("deals", "d1", Kind.DEAL, stage="s3")])

    assert who_is_in(group) == {"ann@example.test"}


def test_a_group_that_includes_closed_deals_takes_them(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group(include_closed=True)
    put_contact("c1", "ann@example.test")

    evaluate_records(deps, [put_deal("d1", is_closed=True)])

    assert who_is_in(group) == {"ann@example.test"}


def test_a_person_stays_while_any_deal_keeps_them(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    put_contact("c1", "ann@example.test")
    evaluate_records(deps, [put_deal("d1"), put_deal("d2")])

    evaluate_records(deps, [put_deal("d1", amount=Decimal(1))])

    assert who_is_in(group) == {"ann@example.test"}


def test_a_contact_that_changed_its_email_moves_the_membership(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    put_contact("c1", "ann@example.test")
    evaluate_records(deps, [put_deal("d1")])

    evaluate_records(deps, [put_contact("c1", "ann@new.test")])

    assert who_is_in(group) == {"ann@new.test"}


def test_a_contact_stored_after_its_deal_joins(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    evaluate_records(deps, [put_deal("d1")])

    evaluate_records(deps, [put_contact("c1", "ann@example.test")])

    assert who_is_in(group) == {"ann@example.test"}


@pytest.mark.parametrize(
    ("owner", "people"), [("7", {"olga@example.test"}), ("8", set()), ("9", set()), (None, set()), ("404", set())]
)
def test_an_owner_is_a_person_who_is_active(
    deps: Deps, make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn, owner: str | None, people: set[str]
) -> None:
    group = make_group(members="owner")

    evaluate_records(deps, [put_deal("d1", owner_id=owner)])

    assert who_is_in(group) == people


def test_both_brings_contacts_and_owner(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group(members="both")
    put_contact("c1", "ann@example.test")

    evaluate_records(deps, [put_deal("d1")])

    assert who_is_in(group) == {"ann@example.test", "olga@example.test"}


def test_a_contact_is_known_by_the_email_that_the_chat_app_knows(
    deps: Deps, make_group: MakeGroup, put_record: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    deps.workspaces.map_people("w1", {"ann@home.test": "U1"})
    put_record("contacts", "c1", Kind.CONTACT, email="ann@work.test", emails=(Labelled("Ann@home.test"),))

    evaluate_records(deps, [put_deal("d1")])

    assert who_is_in(group) == {"ann@home.test"}


def test_a_contact_whose_emails_are_several_users_brings_nobody(
    deps: Deps, make_group: MakeGroup, put_record: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group()
    deps.workspaces.map_people("w1", {"ann@home.test": "U1", "ann@work.test": "U2"})
    put_record("contacts", "c1", Kind.CONTACT, email="ann@work.test", emails=(Labelled("ann@home.test"),))

    evaluate_records(deps, [put_deal("d1")])

    assert who_is_in(group) == set()


def test_a_group_draws_only_from_its_connections(
    deps: Deps, make_connection: Callable[..., Connection], make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    make_connection(id="c2", account="49")
    group = make_group(members="owner", connections=["c2"])

    evaluate_records(deps, [put_deal("d1")])

    assert who_is_in(group) == set()


def test_stricter_rules_let_go_once_the_scans_they_queue_have_run(
    deps: Deps, admin: Caller, make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group(members="owner")
    evaluate_records(deps, [put_deal("d1")])
    stricter = {"field": "amount", "operator": "gt", "value": 70000}

    update_group(deps, admin, group.id, {"rules": stricter})
    for message in deps.queues.groups.take():  # type: ignore[attr-defined] # the memory twin's
        evaluate_message(deps, message.body, deps.now() + PLENTY)

    assert who_is_in(group) == set()


def test_a_scan_without_time_goes_on_in_the_next_message(
    deps: Deps, make_group: MakeGroup, put_contact: Put, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    for number in range(2000):
        put_deal(f"d{number}", contacts=())
    put_contact("c1", "ada@example.test")
    put_deal("d9999")
    group = make_group()

    messages = 0
    while sent := deps.queues.groups.take():  # type: ignore[attr-defined] # the memory twin's
        for message in sent:
            evaluate_message(deps, message.body, deps.now())
            messages += 1

    assert messages > 2 * SHARDS - 4
    assert who_is_in(group) == {"ada@example.test"}


def test_an_unchanged_deal_writes_nothing(deps: Deps, make_group: MakeGroup, put_deal: Put) -> None:
    make_group(members="owner")
    deal = put_deal("d1")
    evaluate_records(deps, [deal])
    before = deps.memberships.held([deal])

    evaluate_message(deps, {"workspace": "w1", "records": [["c1", "deals", "d1"]]}, deps.now() + PLENTY)

    assert deps.memberships.held([deal]) == before


def test_a_workspace_without_groups_reads_no_records(deps: Deps, put_deal: Put) -> None:
    deal = put_deal("d1")

    evaluate_records(replace(deps, records=Unreadable()), [deal])  # type: ignore[arg-type] # it is never asked

    assert deps.memberships.held([deal]) == {}


class Unreadable:
    """Records that must not be touched."""


def test_what_a_vanished_connection_brought_is_let_go(
    deps: Deps, connection: Connection, make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group(members="owner")
    deal = put_deal("d1")
    evaluate_records(deps, [deal])
    deps.connections.delete(connection)

    evaluate_records(deps, [deal])

    assert who_is_in(group) == set()


class Hurried:
    """Records that change while somebody looks at them: `meanwhile` runs once, after the first reading."""

    def __init__(self, deps: Deps, meanwhile: Callable[[], object]) -> None:
        self._records = deps.records
        self._meanwhile = [meanwhile]

    def get_many(self, keys: Any) -> Mapping[RecordKey, Stored]:
        found = self._records.get_many(keys)
        if self._meanwhile:
            self._meanwhile.pop()()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)


@pytest.mark.parametrize("amount", [Decimal(1), Decimal(99999)])
def test_what_changes_while_it_is_looked_at_is_looked_at_again(
    deps: Deps, make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn, amount: Decimal
) -> None:
    group = make_group(members="owner")
    deal = put_deal("d1")
    hurried = replace(deps, records=Hurried(deps, lambda: put_deal("d1", amount=amount)))

    evaluate_records(hurried, [deal])

    assert who_is_in(group) == ({"olga@example.test"} if amount > 50000 else set())


def test_of_two_workers_the_one_that_looked_last_wins(
    deps: Deps, make_group: MakeGroup, put_deal: Put, who_is_in: WhoIsIn
) -> None:
    group = make_group(members="owner")
    deal = put_deal("d1")

    def other_worker() -> None:
        put_deal("d1", amount=Decimal(1))
        evaluate_records(deps, [deal])

    slow = replace(deps, records=Hurried(deps, other_worker))
    evaluate_records(slow, [deal])

    assert who_is_in(group) == set()


class Contested:
    """Memberships that somebody else always settles first."""

    def held(self, keys: Any) -> Mapping[RecordKey, Held]:
        return {}

    def settle(self, key: RecordKey, held: Held, *, groups_version: int, wanted: list[Support]) -> None:
        raise Stale("somebody was quicker")


def test_a_record_that_is_always_contested_comes_back(deps: Deps, make_group: MakeGroup, put_deal: Put) -> None:
    make_group(members="owner")

    with pytest.raises(Stale, match="keep changing"):
        evaluate_records(replace(deps, memberships=Contested()), [put_deal("d1")])  # type: ignore[arg-type]
