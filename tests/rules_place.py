"""A workspace with a connected CRM whose records change as the store's stream shows it, for its rules to be asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmbridge.domain.actions import Action
from crmbridge.domain.changes import Cause, Origin, RecordMoved
from crmbridge.domain.connections import Account, Connection
from crmbridge.domain.directories import Directories, Field, Stage
from crmbridge.domain.merging import UNSEEN, RecordWrite, Sighting, judge
from crmbridge.domain.records import Kind, Link, Record, RecordKey, State, Type
from crmbridge.entry.streams import record_moved
from crmbridge.services.fan_out import fan_out
from crmbridge.services.ports import Deps
from crmbridge.services.run_rules import run_rules
from crmbridge.storage.memory import MemoryItems
from crmbridge.storage.record_items import item_key
from crmbridge.storage.records import RecordStore

DIRECTORIES = Directories(
    account=Account("48", currency="EUR", time_zone="Europe/Berlin"),
    stages={
        "s1": Stage("s1", "Qualified", "p1", "Sales"),
        "s2": Stage("s2", "Negotiation", "p1", "Sales"),
    },
    fields={
        "deals": {"region": Field("region", "Region", Type.TEXT, custom=True)},
        "tasks": {"team": Field("team", "Team", Type.TEXT, custom=True)},
    },
)
BIG = {"field": "deal_amount", "operator": "gte", "value": 50000}
TASK = {"type": "create_task", "fields": {"subject": "Look at {deal_name}"}}
ON_DEALS = {"on": "change", "kind": "deal"}
WEBHOOK = Cause(Origin.WEBHOOK)


@dataclass
class Place:
    """What a record's item was and is. `shown` are the stream's records that nobody has fanned out yet."""

    deps: Deps
    table: MemoryItems
    clock: Any
    prints: int = 0
    shown: list[RecordMoved] = field(default_factory=list)

    def put(
        self,
        id: str = "1",
        *,
        kind: Kind = Kind.DEAL,
        cause: Cause = WEBHOOK,
        state: State = State.LIVE,
        links: Mapping[str, Sequence[str]] | None = None,
        custom: Mapping[str, Any] | None = None,
        connection: str = "c1",
        created: datetime | None = None,
        **fields: Any,
    ) -> RecordKey:
        """Store it, and have the stream show it. Equal fields are no news."""
        self.clock.advance(1)
        fields = {"name": "Renewal", **fields} if kind is Kind.DEAL else fields
        object = {Kind.DEAL: "deals", Kind.CONTACT: "contacts", Kind.COMPANY: "companies", Kind.TASK: "tasks"}[kind]
        key = RecordKey("w1", connection, object, id)
        owned = {target: tuple(Link(target, one) for one in ids) for target, ids in (links or {}).items()}
        print_ = repr((sorted(fields.items()), sorted((custom or {}).items())))
        seen = Sighting(object=object, external_id=id, kind=kind, fingerprint=print_, state=state, links=owned)
        verdict = judge(self.deps.records.heads([key]).get(key, UNSEEN), seen, self.clock())
        record = Record(
            platform="hubspot",
            object=object,
            external_id=id,
            kind=kind,
            fields=fields,
            custom_fields=custom or {},
            remote_created_at=created,
        )
        core = record if state is State.LIVE else None
        write = RecordWrite(key=key, kind=kind, state=state, successor_id=None, cause=cause, verdict=verdict, core=core,
                            links=owned)  # fmt: skip
        before = dict(self.table.get(*item_key(key)) or {})
        if verdict.parts:
            assert not self.deps.records.write([write])
            after = dict(self.table.get(*item_key(key)) or {})
            moved = record_moved(before, after, "event")
            assert moved
            self.shown.append(moved)
        return key

    def tell(self) -> None:
        """Fan out what the stream shows; it may show it again."""
        fan_out(self.deps, self.shown)

    def work(self) -> None:
        """Have the rules asked until nobody rings any more."""
        self.tell()
        self.shown.clear()
        while bells := self.bells():
            for bell in bells:
                run_rules(self.deps, bell)

    def bells(self) -> list[Mapping[str, Any]]:
        return [message.body for message in self.deps.queues.rules.take()]  # type: ignore[attr-defined]

    def actions(self) -> list[Action]:
        """Everything that was asked for, each once."""
        rung = [message.body for message in self.deps.queues.actions.sent]  # type: ignore[attr-defined]
        return [self.deps.actions.get("w1", id) for id in dict.fromkeys(body["action"] for body in rung)]


def make_place(make_deps: Callable[..., Deps], clock: Any) -> Place:
    """Connection c1 of workspace w1; `make_deps` takes any part of Deps by name."""
    table = MemoryItems("records")
    deps = make_deps(records=RecordStore(table))
    connection = Connection(
        id="c1", workspace="w1", platform="hubspot", account="48", display_name="Acme", auth="oauth",
        base_url="https://api.hubapi.com", created_at=clock(), created_by="u1",
    )  # fmt: skip
    deps.connections.add(connection)
    deps.connections.save_directories("w1", "c1", DIRECTORIES)
    return Place(deps, table, clock)
