"""One CRM with a small account, and what people ask of it, so that it can be counted afterwards."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from crmbridge.domain.actions import ACTION_TYPES, Action
from crmbridge.domain.directories import Directories
from crmbridge.domain.records import Kind, State
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.services.execute_action import execute_action
from crmbridge.services.request_action import request_action

from tests.crm_house import ADA, House

SIZES = {"contacts": 6, "companies": 3, "deals": 4, "tasks": 4, "activities": 8}
CREATES = [name for name, type in ACTION_TYPES.items() if type.creates]
UPDATES = [name for name, type in ACTION_TYPES.items() if not type.creates]
WANTED: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "create_task": lambda mark: {"subject": f"Call {mark}", "due_at": "2027-01-15"},
    "create_deal": lambda mark: {"name": f"Renewal {mark}", "amount": "5", "close_date": "2027-03-31"},
    "log_call": lambda mark: {"subject": f"Called {mark}", "duration_seconds": 60},
    "log_meeting": lambda mark: {"subject": f"Met {mark}", "duration_seconds": 1800},
    "create_note": lambda mark: {"body": f"{mark} wants a quote"},
    "create_contact": lambda mark: {"email": f"{mark}@new.example.com", "last_name": mark},
    "create_company": lambda mark: {"name": f"{mark} Ltd"},
    "update_task": lambda mark: {"subject": f"Call {mark}"},
    "update_deal": lambda mark: {"name": f"Renewal {mark}"},
    "update_activity": lambda mark: {"subject": f"Called {mark}"},
    "update_contact": lambda mark: {"last_name": mark},
    "update_company": lambda mark: {"name": f"{mark} Ltd"},
}
HOURS = 6


@dataclass
class Desk:
    """A `mark` is a word that the CRM is to show once."""

    house: House
    numbers: Iterator[int] = field(default_factory=count)

    def ask(self, type: str, mark: str) -> Action:
        fields = dict(WANTED[type](mark))
        body: dict[str, Any] = {"type": type, "connection": self.house.connection_id, "fields": fields}
        if type == "create_deal":
            fields["stage"] = self._stage()
        if type == "create_note":
            body["links"] = [self._any(Kind.CONTACT)]
        if type in UPDATES:
            body["target"] = self._any(ACTION_TYPES[type].kind)
        return request_action(self.house.deps, ADA, body, mark)[0]

    def now(self, action: Action) -> Action:
        return self.house.deps.actions.get("w1", action.id)

    def settle(self, action: Action) -> Action:
        """Ring for it, minute after minute, until it has ended."""
        for _ in range(HOURS * 60):
            execute_action(self.house.deps, "w1", action.id)
            if self.now(action).is_final:
                break
            self.house.sim.advance(60)
        return self.now(action)

    def shown(self, type: str) -> list[str]:
        """Every live record that the CRM shows of the kind that the type is about."""
        kind = ACTION_TYPES[type].kind
        specs = PLATFORMS[self.house.platform].objects.values()
        objects = [spec.name for spec in specs if kind in spec.kinds]
        states = (self.house.sim.state(object=name, limit=100_000)["live"] for name in objects)
        return [json.dumps(record) for live in states for record in live]

    def mark(self) -> str:
        return f"m{next(self.numbers)}x"

    def keyed(self) -> str:
        """The addresses where a second create with one key is refused, as a pattern; of nothing, where none is."""
        actions = [spec for type, spec in PLATFORMS[self.house.platform].actions.items() if type in CREATES]
        names = [spec.object for spec in actions if spec.unique_key(self._directories())]
        return f"/({'|'.join(names)})/?$" if names else "^$"

    def _directories(self) -> Directories:
        known = self.house.deps.connections.directories("w1", self.house.connection_id)
        assert known is not None
        return known

    def _stage(self) -> str:
        known = self._directories()
        return next(stage.id for stage in known.stages.values() if not stage.is_closed)

    def _any(self, kind: Kind) -> Mapping[str, str]:
        """A note has no subject."""
        kept = (one for name in PLATFORMS[self.house.platform].objects for one in self.house.stored(name).values())
        found = next(
            one
            for one in kept
            if one.record.kind is kind and one.record.state is State.LIVE and one.record.get("type") != "note"
        )
        return {"object": found.key.object, "external_id": found.key.external_id}


def holding(records: Sequence[str], *words: str) -> int:
    """How many of the records show all of the words."""
    return sum(all(word in record for word in words) for record in records)
