"""After the dust settles a channel holds exactly whom the records want: over random histories in which changes overtake
their own evaluation, messages come twice and out of order, and the chat app refuses now and then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import ChatError
from crmbridge.domain.groups import Group
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_members import deliver_members
from crmbridge.services.edit_groups import create_group, update_group
from crmbridge.services.evaluate_records import evaluate_message
from crmbridge.services.ports import Deps
from crmbridge.services.ring_people import ring_people

CONTACTS, DEALS, USERS = ("c1", "c2", "c3"), ("d1", "d2"), ("U1", "U2", "U3", None)
EMAILS = ("a@x.test", "b@x.test", "c@x.test")


def rules(amount: int) -> Mapping[str, Any]:
    return {"operator": "AND", "rules": [{"field": "deal_amount", "operator": "gte", "value": amount}]}


@dataclass
class World:
    """What is true, the house that follows it, and the chat app's channel as it was told."""

    deps: Deps
    put: Callable[..., RecordKey]
    admin: Caller
    chance: Random
    deals: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    users: dict[str, str | None] = field(default_factory=dict)
    threshold: int = 50
    group: Group | None = None
    waiting: list[Mapping[str, Any]] = field(default_factory=list)
    channel: set[str] = field(default_factory=set)
    heard: dict[str, int] = field(default_factory=dict)
    is_busy: bool = False

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Mapping[str, Any]) -> None:
        """A chat app that keeps the highest sequence, and sometimes refuses, or acknowledges too late."""
        refuses = self.is_busy and self.chance.random() < 0.3
        if refuses and self.chance.random() < 0.5:
            raise ChatError("no answer")
        for line in event["data"]["members"]:
            if line["sequence"] > self.heard.get(line["email"], 0):
                self.heard[line["email"]] = line["sequence"]
                (self.channel.add if line["wanted"] == "in" else self.channel.discard)(line["user"])
        if refuses:
            raise ChatError("the answer was lost")

    def change(self) -> None:
        changes = [self.change_deal, self.change_contact, self.map_person, self.edit_group]
        self.chance.choices(changes, weights=[4, 3, 3, 1])[0]()

    def change_deal(self) -> None:
        id, amount = self.chance.choice(DEALS), self.chance.choice([10, 60, 90, 90])
        linked = tuple(sorted(self.chance.sample(CONTACTS, self.chance.randint(0, 2))))
        self.deals[id] = (amount, linked)
        self.ring(self.put("deals", id, Kind.DEAL, amount=Decimal(amount), links={"contacts": linked}))

    def change_contact(self) -> None:
        id, email = self.chance.choice(CONTACTS), self.chance.choice(EMAILS)
        self.emails[id] = email
        self.ring(self.put("contacts", id, Kind.CONTACT, email=email))

    def map_person(self) -> None:
        email, user = self.chance.choice(EMAILS), self.chance.choice(USERS)
        self.users[email] = user
        self.deps.workspaces.map_people("w1", {email: user})
        ring_people(self.deps, "w1", [email])

    def edit_group(self) -> None:
        self.threshold = self.chance.choice([50, 80])
        assert self.group
        update_group(self.deps, self.admin, self.group.id, {"rules": rules(self.threshold)})

    def ring(self, key: RecordKey) -> None:
        self.waiting.append({"workspace": "w1", "records": [[key.connection, key.object, key.external_id]]})

    def work(self, deps: Deps) -> None:
        """One message, any message, perhaps not for the last time."""
        self.waiting += [message.body for message in deps.queues.groups.take()]  # type: ignore[attr-defined]
        if self.waiting:
            at = self.chance.randrange(len(self.waiting))
            body = self.waiting[at] if self.chance.random() < 0.2 else self.waiting.pop(at)
            evaluate_message(deps, body, deps.now() + timedelta(minutes=2))

    def deliver(self, deps: Deps) -> None:
        """What the stream would ring for, what was rung, and what is due: all of it is some of these."""
        assert self.group
        some = self.chance.sample(EMAILS, self.chance.randint(1, len(EMAILS)))
        deliver_members(deps, "w1", self.group.id, some)

    def wanted(self) -> set[str]:
        matching = [linked for amount, linked in self.deals.values() if amount >= self.threshold]
        emails = {self.emails.get(contact) for linked in matching for contact in linked}
        return {user for email in emails if email and (user := self.users.get(email))}


class Overtaken:
    """Records that may change, and be evaluated by somebody else, between two looks of one worker."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._depth = 0

    def get_many(self, keys: Sequence[RecordKey]) -> Any:
        found = self._world.deps.records.get_many(keys)
        if self._world.is_busy and self._depth < 2 and self._world.chance.random() < 0.3:
            self._depth += 1
            self._world.change()
            if self._world.chance.random() < 0.7:
                self._world.work(self._world.deps)
            self._depth -= 1
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.deps.records, name)


@pytest.fixture
def make_world(
    deps: Deps, admin: Caller, put_record: Callable[..., RecordKey], make_connection: Callable[..., Connection]
) -> Callable[[int], World]:
    def make(seed: int) -> World:
        make_connection()
        deps.connections.save_directories("w1", "c1", Directories(Account("48")))
        deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
        world = World(deps, put_record, admin, Random(seed))
        world.deps = replace(deps, chat=world)
        world.group = create_group(world.deps, admin, {"name": "g", "channel": "C", "rules": rules(world.threshold)})
        return world

    return make


@pytest.mark.parametrize("seed", range(40))
def test_the_channel_ends_with_whom_the_records_want(make_world: Callable[[int], World], clock: Any, seed: int) -> None:
    world = make_world(seed)
    overtaken = replace(world.deps, records=Overtaken(world))
    world.is_busy = True
    for _ in range(120):
        step(world, overtaken)

    world.is_busy = False
    settle(world, clock)

    assert world.channel == world.wanted()


def step(world: World, overtaken: Deps) -> None:
    what = world.chance.choice(["change", "work", "deliver"])
    if what == "change":
        world.change()
    elif what == "work":
        world.work(overtaken)
    else:
        world.deliver(world.deps)


def settle(world: World, clock: Any) -> None:
    """Every message is worked off, and the schedule rings for what is due."""
    assert world.group
    world.work(world.deps)
    while world.waiting:
        world.work(world.deps)
    deliver_members(world.deps, "w1", world.group.id, EMAILS)
    clock.advance(4 * 3600)
    due = [person for _, _, person in world.deps.memberships.due(clock())]
    deliver_members(world.deps, "w1", world.group.id, due)
