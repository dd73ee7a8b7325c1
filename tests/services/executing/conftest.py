"""A CRM that can do a write unseen, late or never, workers that die at any step, and actions for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import Action
from crmbridge.domain.connections import Account, Caller, Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import (
    PlatformError,
    Unavailable,
)
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Record
from crmbridge.platforms.spec import ActionSpec, ObjectSpec, Platform, WriteRequest, Written
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import request_action
from crmbridge.services.ring_waiting import ring_waiting

from tests.mortality import each_death

CREATES = {
    "create_task": {"subject": "Call Ann"},
    "create_deal": {"name": "Acme"},
    "log_call": {"subject": "Called Ann"},
    "log_meeting": {"subject": "Met Ann"},
    "create_note": {"body": "Ann is on leave"},
    "create_contact": {"email": "ann@example.test", "last_name": "Lee"},
    "create_company": {"name": "Acme"},
}
THERE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "d1": ("deals", {"amount": "50000"}),
    "t1": ("tasks", {"status": "not_started"}),
    "a1": ("calls", {"body": "Rang"}),
    "p1": ("contacts", {"title": "CTO"}),
    "o1": ("companies", {"name": "Acme"}),
}
UPDATES = {
    "update_deal": ("d1", {"amount": "75000"}),
    "update_task": ("t1", {"status": "completed"}),
    "update_activity": ("a1", {"body": "Rang twice"}),
    "update_contact": ("p1", {"title": "CEO"}),
    "update_company": ("o1", {"name": "Acme Ltd"}),
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    **{type: {"type": type, "connection": "c1", "fields": fields} for type, fields in CREATES.items()},
    **{
        type: {
            "type": type,
            "connection": "c1",
            "target": {"object": THERE[id][0], "external_id": id},
            "fields": fields,
        }
        for type, (id, fields) in UPDATES.items()
    },
}
KINDS = {
    "tasks": Kind.TASK, "calls": Kind.ACTIVITY, "meetings": Kind.ACTIVITY, "notes": Kind.ACTIVITY,
    "contacts": Kind.CONTACT, "leads": Kind.CONTACT, "companies": Kind.COMPANY, "deals": Kind.DEAL,
}  # fmt: skip
OBJECTS = {
    "create_task": "tasks", "create_deal": "deals", "log_call": "calls", "log_meeting": "meetings",
    "create_note": "notes", "create_contact": "contacts", "create_company": "companies",
    **{type: THERE[id][0] for type, (id, _) in UPDATES.items()},
}  # fmt: skip
NO_ANSWER = Unavailable("Fake did not answer", platform="fake", outcome_unknown=True)


@dataclass
class Crm:
    """Keeps what is written. `answers` are what the next requests meet: an error before anything happens, or one of
    lost (done, and nobody hears), late (done when `land` is called), never (not done, and nobody hears)."""

    unique: bool = True
    traceable: bool = True
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[PlatformError | str] = field(default_factory=list)
    hidden: list[PlatformError] = field(default_factory=list)
    """What the next look-ups meet."""
    flying: list[WriteRequest] = field(default_factory=list)
    sent: list[WriteRequest] = field(default_factory=list)
    on_send: Callable[[], None] = lambda: None
    away: int = 0
    """So many of the next listings of copies meet no CRM."""
    unread: int = 0
    """So many of the next readings meet no CRM."""

    def send(self, api: Any, request: WriteRequest) -> Written:
        self.sent.append(request)
        self.on_send()
        answer = self.answers.pop(0) if self.answers else "done"
        if isinstance(answer, PlatformError):
            raise answer
        if answer == "late":
            self.flying.append(request)
        if answer in ("late", "never"):
            raise NO_ANSWER
        written = self.commit(request)
        if answer == "lost":
            raise NO_ANSWER
        return written

    def land(self) -> None:
        """What was late is done now, unless the CRM refuses its key."""
        for request in self.flying:
            if not (self.unique and self.found(request.key)):
                self.commit(request)
        self.flying.clear()

    def commit(self, request: WriteRequest) -> Written:
        if request.external_id:
            self.objects[request.external_id] |= {"fields": dict(request.fields), "key": request.key}
            return Written(request.object, request.external_id)
        if self.unique and (found := self.found(request.key)):
            return Written(request.object, found)
        id = f"n{len(self.made()) + 1}"
        self.objects[id] = {"object": request.object, "fields": dict(request.fields), "key": request.key}
        return Written(request.object, id)

    def found(self, key: str) -> str | None:
        return next((id for id, one in self.objects.items() if one["key"] == key), None)

    def look_up(self, api: Any, request: WriteRequest) -> Written | None:
        if self.hidden:
            raise self.hidden.pop(0)
        found = self.found(request.key)
        return Written(request.object, found) if found else None

    def copies(self, api: Any, request: WriteRequest) -> list[Written]:
        if self.away:
            self.away -= 1
            raise NO_ANSWER
        return [Written(one["object"], id) for id, one in self.objects.items() if one["key"] == request.key]

    def fetch(self, api: Any, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
        """CRMs normalise: this one shouts subjects."""
        if self.unread:
            self.unread -= 1
            raise NO_ANSWER
        return [
            Sighting(object=object, external_id=id, kind=KINDS[object], raw=one["fields"], fingerprint=repr(one))
            for id in ids
            if (one := self.objects.get(id))
        ]

    def made(self) -> list[str]:
        return [id for id in self.objects if id.startswith("n")]


def read(kind: Kind | str, raw: Any, context: Any = None, *, object: str | None = None, links: Any = None) -> Record:
    fields = {name: value.upper() if name == "subject" else value for name, value in raw.items()}
    if "amount" in fields:
        fields["amount"] = Decimal(fields["amount"])
    return Record(platform="fake", object=object or "", external_id="", kind=Kind(kind), fields=fields)


@pytest.fixture
def crm() -> Crm:
    return Crm(
        objects={id: {"object": object, "fields": dict(fields), "key": ""} for id, (object, fields) in THERE.items()}
    )


@pytest.fixture
def platform(crm: Crm, deps: Deps) -> Platform:
    """HubSpot in everything but what it does."""
    actions = {
        type: ActionSpec(
            object=object,
            send=crm.send,
            look_up=crm.look_up,
            copies=crm.copies,
            unique_key=lambda _: crm.unique,
            is_traceable=lambda _: crm.traceable,
        )
        for type, object in OBJECTS.items()
    }
    objects = {
        object: ObjectSpec(object, kind, remote={"subject": "hs_subject"} if object == "tasks" else {})
        for object, kind in KINDS.items()
    }
    return replace(
        deps.platform("hubspot"),
        title="Fake",
        actions=actions,
        objects=objects,
        read=read,
        fetch=crm.fetch,
        record_url=lambda account, object, id: f"https://fake.test/{account.id}/{object}/{id}",
    )


@pytest.fixture
def house(deps: Deps, platform: Platform, make_connection: Callable[..., Connection], put_record: Any) -> Deps:
    deps.connections.save_directories("w1", "c1", Directories(Account("48")))
    make_connection()
    for id, (object, fields) in THERE.items():
        known = {name: Decimal(value) if name == "amount" else value for name, value in fields.items()}
        put_record(object, id, KINDS[object], **known)
    return replace(deps, platform=lambda _: platform)


@pytest.fixture
def ask(house: Deps, member: Caller) -> Callable[..., Action]:
    def asked(type: str = "create_task", key: str = "k1", **more: Any) -> Action:
        return request_action(house, member, {**BODIES[type], **more}, key)[0]

    return asked


@pytest.fixture
def settle(house: Deps, clock: Any) -> Callable[..., Action]:
    """Ring for what is due, minute after minute, until the action has ended; returns it."""

    def run(action: Action, deps: Deps | None = None, minutes: int = 60) -> Action:
        for _ in range(minutes):
            execute_action(deps or house, "w1", action.id)
            if house.actions.get("w1", action.id).is_final:
                break
            clock.advance(60)
        return house.actions.get("w1", action.id)

    return run


@pytest.fixture
def watch(house: Deps, clock: Any) -> Callable[..., Action]:
    """Ring for whatever is due, for some hours after an action has ended; returns it."""

    def ring(action: Action, hours: int = 6) -> Action:
        until = clock() + timedelta(hours=hours)
        while (at := house.actions.get("w1", action.id).next_attempt_at) is not None and at < until:
            clock.advance(max(0.0, (at - clock()).total_seconds()))
            ring_waiting(house, house.actions.due(clock()))
            for message in house.queues.actions.take():  # type: ignore[attr-defined]  # the memory twin's
                execute_action(house, "w1", message.body["action"])
        return house.actions.get("w1", action.id)

    return ring


@pytest.fixture
def told(house: Deps) -> Callable[[], list[tuple[str, Mapping[str, Any]]]]:
    """The events that wait for the chat app, as (type, data)."""

    def events() -> list[tuple[str, Mapping[str, Any]]]:
        sent = house.queues.chat.sent  # type: ignore[attr-defined] # the memory twin's
        ids = dict.fromkeys(message.body["outbound"] for message in sent if "outbound" in message.body)
        rows = [house.outbound.get("w1", id) for id in ids]
        return [(row.event["type"], row.event["data"]) for row in rows if row]

    return events


@pytest.fixture
def deaths() -> Callable[[Deps, Callable[[str], Action]], Iterator[Action]]:
    """`deaths(deps, ask)`: one action of `ask(key)` for every step at which its worker can die; the last survives."""
    return each_death
