"""One CRM with a small account, and what people ask of it, so that it can be counted afterwards."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from crmbridge.domain.actions import ACTION_TYPES, Action
from crmbridge.domain.records import Kind
from crmbridge.platforms.registry import PLATFORMS

from tests.crm_house import House

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
        fields = WANTED[type](mark)
        about: dict[str, Any] = {}
        if type == "create_note":
            about["links"] = [self.house.some(Kind.CONTACT)]
        if type in UPDATES:
            about["target"] = self.house.some(ACTION_TYPES[type].kind)
        return self.house.ask(type, mark, fields=fields, **about)

    def now(self, action: Action) -> Action:
        return self.house.now(action)

    def settle(self, action: Action) -> Action:
        return self.house.settle(action)

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
        names = [spec.object for spec in actions if spec.unique_key(self.house.names)]
        return f"/({'|'.join(names)})/?$" if names else "^$"


def holding(records: Sequence[str], *words: str) -> int:
    """How many of the records show all of the words."""
    return sum(all(word in record for word in words) for record in records)
