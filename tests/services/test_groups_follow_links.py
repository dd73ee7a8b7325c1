"""Groups of every kind follow what the store's stream shows, however records are linked, relinked and lost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories, Owner
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.entry.streams import moves
from crmbridge.services.edit_groups import create_group
from crmbridge.services.evaluate_records import evaluate_message, settle_records
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps
from crmbridge.storage.items import Item, Key, Write
from crmbridge.storage.memberships import MembershipStore
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.records import RecordStore

OBJECTS = {"contacts": Kind.CONTACT, "companies": Kind.COMPANY, "deals": Kind.DEAL, "tasks": Kind.TASK}
OWNS = {
    "contacts": ("companies",), "companies": (), "deals": ("contacts", "companies"),
    "tasks": ("contacts", "companies", "deals"),
}  # fmt: skip
ASKED = {
    Kind.CONTACT: "contact_title", Kind.COMPANY: "company_website", Kind.DEAL: "deal_name", Kind.TASK: "task_subject",
}  # fmt: skip
"""A text of each kind; what it says is one of WORDS."""
WORDS = ("a", "b", None)
IDS = ("1", "2")


class Streamed(MemoryItems):
    """A table that keeps the images of everything that is written, as a stream shows them."""

    def __init__(self) -> None:
        super().__init__("records")
        self.shown: list[dict[str, Any]] = []

    def write_all(self, writes: Sequence[Write]) -> tuple[int, ...]:
        before = self.get_many([write.key for write in writes])
        refused = super().write_all(writes)
        after = self.get_many([write.key for write in writes])
        self.shown += [] if refused else [shown(before.get(write.key), after.get(write.key)) for write in writes]
        return refused

    def update(self, key: Key, **how: Any) -> Item | None:
        before, after = self.get(*key), super().update(key, **how)
        self.shown += [shown(before, after)] if after else []
        return after


def shown(old: Item | None, new: Item | None) -> dict[str, Any]:
    images = {"OldImage": old, "NewImage": new}
    return {"dynamodb": {side: {name: {"S": each} for name, each in item.items()} for side, item in images.items()
                         if item}}  # fmt: skip


@pytest.fixture
def table() -> Streamed:
    return Streamed()


@pytest.fixture
def deps(make_deps: Callable[..., Deps], table: Streamed) -> Deps:
    return make_deps(records=RecordStore(table))


@pytest.fixture
def crm(
    deps: Deps, make_connection: Callable[..., Connection], put_record: Callable[..., RecordKey]
) -> Callable[[Random, str, str], None]:
    """Something changes about one record."""
    owners = {"7": Owner("7", "Olga", "olga@example.test"), "8": Owner("8", "Otto", "otto@example.test")}
    deps.connections.save_directories("w1", "c1", Directories(Account("48"), owners=owners))
    make_connection()

    def change(chance: Random, object: str, id: str) -> None:
        name = ASKED[OBJECTS[object]].partition("_")[2]
        fields: dict[str, Any] = {name: chance.choice(WORDS), "owner_id": chance.choice(["7", "8", None])}
        if object == "contacts":
            fields["email"] = f"{chance.choice('xyz')}@example.test"
        links = {target: tuple(chance.sample(IDS, chance.randint(0, 2))) for target in OWNS[object]}
        state = State.DELETED if chance.random() < 0.15 else State.LIVE
        put_record(object, id, OBJECTS[object], links=links if state is State.LIVE else None, state=state, **fields)

    return change


@pytest.mark.parametrize("seed", range(30))
def test_the_stream_leads_to_what_a_look_at_everything_finds(
    deps: Deps, admin: Caller, crm: Callable[[Random, str, str], None], table: Streamed, seed: int
) -> None:
    chance = Random(seed)
    places = [(object, id) for object in OBJECTS for id in IDS]
    for place in places:
        crm(chance, *place)
    groups = [some_group(deps, admin, chance) for _ in range(6)]
    work(deps)
    for _ in range(25):
        table.shown.clear()
        for place in chance.sample(places, chance.randint(1, 3)):
            crm(chance, *place)

        fan_out(deps, moves({"Records": table.shown}))
        work(deps)

        assert supports(deps, groups) == supports(from_scratch(deps, places), groups)


def some_group(deps: Deps, admin: Caller, chance: Random) -> Group:
    clauses = [some_clause(chance) for _ in range(chance.randint(1, 3))]
    rules = {"operator": chance.choice(["AND", "OR"]), "rules": clauses}
    rules = {"operator": "NOT", "rules": [rules]} if chance.random() < 0.3 else rules
    kind, members = chance.choice(list(OBJECTS.values())), chance.choice(["contacts", "owner", "both"])
    body = {"name": "g", "channel": "C", "rules": unmatched(rules, kind), "kind": kind.value, "members": members}
    return create_group(deps, admin, body)


def some_clause(chance: Random) -> dict[str, Any]:
    field, operator = chance.choice(list(ASKED.values())), chance.choice(["eq", "ne", "is_empty", "is_not_empty"])
    value = "" if operator.endswith("empty") else chance.choice("ab")
    return {"field": field, "operator": operator, "value": value, "match": chance.choice(["any", "all"])}


def unmatched(rules: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Only fields of linked records may say how many of them."""
    if "rules" in rules:
        return {**rules, "rules": [unmatched(rule, kind) for rule in rules["rules"]]}
    own = rules["field"] == ASKED[kind]
    return {name: value for name, value in rules.items() if not (own and name == "match")}


def work(deps: Deps) -> None:
    while messages := deps.queues.groups.take():  # type: ignore[attr-defined] # the memory twin's
        for message in messages:
            evaluate_message(deps, message.body, deps.now() + timedelta(minutes=2))


def from_scratch(deps: Deps, places: Iterable[tuple[str, str]]) -> Deps:
    fresh = replace(deps, memberships=MembershipStore(MemoryItems("memberships")))
    settle_records(fresh, [RecordKey("w1", "c1", object, id) for object, id in places])
    return fresh


def supports(deps: Deps, groups: Iterable[Group]) -> set[tuple[str, str, RecordKey]]:
    found = (support for group in groups for support in deps.memberships.group_supports("w1", group.id))
    return {(support.group, support.person, support.record) for support in found}
