"""Our copy of one CRM object: identity, fields, state, links, and the order that decides which reading wins.

What is made several times per record of a sync is a named tuple: a frozen dataclass takes three times as long to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

Json = Any
Value = str | bool | int | Decimal | datetime | date | tuple[str, ...] | tuple["Labelled", ...] | None

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Kind(StrEnum):
    CONTACT = "contact"
    COMPANY = "company"
    DEAL = "deal"
    TASK = "task"
    ACTIVITY = "activity"


class State(StrEnum):
    """Where a record is in its life. `hidden`: the CRM answers 404 and has not said "deleted"."""

    LIVE = "live"
    ARCHIVED = "archived"
    DELETED = "deleted"
    MERGED = "merged"
    CONVERTED = "converted"
    HIDDEN = "hidden"


class Type(StrEnum):
    """How a field's value is held: money and numbers are Decimal, an instant is aware UTC, a day is a date."""

    TEXT = "text"
    ID = "id"
    OPTION = "option"
    MONEY = "money"
    NUMBER = "number"
    FLAG = "flag"
    INSTANT = "instant"
    DAY = "day"
    MOMENT = "moment"
    """An instant or a day, as the CRM has it."""
    IDS = "ids"
    LABELLED = "labelled"


_OWNED = {"owner_id": Type.ID}

FIELDS: Final[Mapping[Kind, Mapping[str, Type]]] = {
    Kind.CONTACT: {
        "subtype": Type.OPTION, "first_name": Type.TEXT, "last_name": Type.TEXT, "email": Type.TEXT,
        "emails": Type.LABELLED, "phone": Type.TEXT, "phones": Type.LABELLED, "title": Type.TEXT,
        "lifecycle_stage": Type.OPTION, "lifecycle_raw": Type.OPTION, "lead_status": Type.OPTION,
        "lead_source": Type.OPTION, **_OWNED, "company_id": Type.ID, "company_ids": Type.IDS,
        "company_name": Type.TEXT,
    },
    Kind.COMPANY: {
        "name": Type.TEXT, "website": Type.TEXT, "domain": Type.TEXT, "industry": Type.OPTION,
        "employee_count": Type.NUMBER, "annual_revenue": Type.MONEY, **_OWNED,
    },
    Kind.DEAL: {
        "name": Type.TEXT, "stage": Type.OPTION, "stage_label": Type.TEXT, "pipeline": Type.OPTION,
        "pipeline_label": Type.TEXT, "amount": Type.MONEY, "currency": Type.OPTION, "amount_home": Type.MONEY,
        "home_currency": Type.OPTION, "close_date": Type.DAY, "created_date": Type.DAY, "probability": Type.NUMBER,
        "is_closed": Type.FLAG, "is_won": Type.FLAG, **_OWNED, "contact_roles": Type.LABELLED, "company_id": Type.ID,
    },
    Kind.TASK: {
        "subject": Type.TEXT, "body": Type.TEXT, "status": Type.OPTION, "priority": Type.OPTION, "type": Type.OPTION,
        "due_at": Type.MOMENT, "completed_at": Type.INSTANT, **_OWNED,
    },
    Kind.ACTIVITY: {
        "type": Type.OPTION, "subject": Type.TEXT, "body": Type.TEXT, "occurred_at": Type.INSTANT,
        "duration_seconds": Type.NUMBER, "direction": Type.OPTION, "outcome": Type.OPTION, **_OWNED,
    },
}  # fmt: skip
"""Every field of ours, per kind. Names out of directories (`stage_label`, `company_name`) are resolved on reading."""

LIFECYCLE_STAGES: Final = (
    "subscriber", "lead", "marketing_qualified", "sales_qualified", "opportunity", "customer", "evangelist", "other",
)  # fmt: skip
ACTIVITY_TYPES: Final = ("call", "note", "meeting", "email", "lunch", "deadline", "other")


class Labelled(NamedTuple):
    """One of several e-mails, phones or contact roles."""

    value: str
    label: str = ""
    primary: bool = False


class Link(NamedTuple):
    """One end of a relation, seen from the record that owns it (a contact's company, a deal's contact)."""

    object: str
    external_id: str
    label: str = ""
    primary: bool = False


class RecordKey(NamedTuple):
    """Which record: ids are unique only per object, objects only per connection."""

    workspace: str
    connection: str
    object: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.object}/{self.external_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One CRM object in our words.

    `fields` and `links` hold what was read: a field that was not asked for, not permitted or lives in another call is
    absent, never empty. A key in `links` (the target object) means that those links were read whole.
    `custom_fields` keeps every unmapped, non-null remote field under its remote key. `odd` names the fields whose
    value could not be understood and was kept as it came.
    """

    platform: str
    object: str
    external_id: str
    kind: Kind
    fields: Mapping[str, Value] = field(default_factory=dict)
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    state: State = State.LIVE
    successor_id: str | None = None
    successor_object: str | None = None
    remote_created_at: datetime | None = None
    remote_updated_at: datetime | None = None
    odd: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Value:
        """Read a field as an attribute: `record.email`. A field that was not read raises AttributeError."""
        if name in FIELDS[self.kind] and name in self.fields:
            return self.fields[name]
        raise AttributeError(f"{self.kind} has no {name!r}, or it was not read")

    def get(self, name: str, default: Value = None) -> Value:
        return self.fields.get(name, default)


NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


def instant_text(moment: datetime) -> str:
    """Fixed-width UTC text, so that the order of the strings is the order of the instants."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    day, time = (utc.year, utc.month, utc.day), (utc.hour, utc.minute, utc.second, utc.microsecond)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (day + time)  # noqa: UP031 - all else takes twice as long


def ord_text(remote_updated: str, read_started_at: datetime) -> str:
    """The order of a reading: when the CRM last changed it, then when we began to read it."""
    return f"{remote_updated}#{_reading_text(read_started_at)}"


_reading_text: Final = lru_cache(64)(instant_text)
"""All that a page shows was read at the same moment."""


def read_started_at(ord: str) -> datetime:
    """When the reading of that order was begun."""
    return datetime.fromisoformat(ord.partition("#")[2])


def name_of(record: Record) -> str:
    """What a person would look for."""
    if record.kind is Kind.CONTACT:
        full = f"{record.get('first_name') or ''} {record.get('last_name') or ''}".strip()
        return full or str(record.get("email") or "")
    return str(record.get("name") or record.get("subject") or "")
