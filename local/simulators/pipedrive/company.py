"""One customer's Pipedrive: its facts, users, pipelines, fields, records, participants, followers and webhooks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from local.simulators.clock import Clock
from local.simulators.pipedrive.fields import Custom
from local.simulators.pipedrive.kinds import KINDS, WITH_CUSTOM_FIELDS, Kind
from local.simulators.pipedrive.options import Settings
from local.simulators.pipedrive.store import Record, Store, Values
from local.simulators.pipedrive.times import DAY, in_v1, moment

if TYPE_CHECKING:
    from local.simulators.pipedrive.events import Subscription

KEPT_DAYS = 30
ACTIVITY_TYPES = (("call", "Call"), ("meeting", "Meeting"), ("task", "Task"), ("deadline", "Deadline"),
                  ("email", "Email"), ("lunch", "Lunch"))  # fmt: skip
CURRENCIES = (("EUR", "Euro", 2, "€"), ("USD", "US Dollar", 2, "$"), ("GBP", "British Pound", 2, "£"),
              ("SEK", "Swedish Krona", 2, "kr"), ("JPY", "Japanese Yen", 0, "¥"))  # fmt: skip


@dataclass(slots=True)
class User:
    id: int
    name: str
    email: str
    is_admin: bool = False
    active: bool = True
    deleted: bool = False


@dataclass(slots=True)
class Pipeline:
    id: int
    name: str
    order: int
    since: str
    changed: str
    deleted: bool = False
    probabilities: bool = True

    def wire(self) -> Values:
        return {
            "id": self.id,
            "name": self.name,
            "order_nr": self.order,
            "is_deleted": self.deleted,
            "is_deal_probability_enabled": self.probabilities,
            "add_time": self.since,
            "update_time": self.changed,
        }


@dataclass(slots=True)
class Stage:
    id: int
    name: str
    pipeline: int
    order: int
    probability: int
    since: str
    changed: str
    deleted: bool = False
    rotten: int | None = None

    def wire(self) -> Values:
        return {
            "id": self.id,
            "order_nr": self.order,
            "name": self.name,
            "is_deleted": self.deleted,
            "deal_probability": self.probability,
            "pipeline_id": self.pipeline,
            "is_deal_rot_enabled": self.rotten is not None,
            "days_to_rotten": self.rotten,
            "add_time": self.since,
            "update_time": self.changed,
        }


@dataclass(slots=True)
class ActivityType:
    id: int
    key: str
    name: str
    active: bool = True
    custom: bool = False


@dataclass(slots=True, eq=False)
class Company:
    """`participants` and `followers` are by deal, and by kind and record."""

    id: int
    name: str
    domain: str
    currency: str
    time_zone: str
    country: str
    clock: Clock
    settings: Settings
    contact_sync: bool = False
    firm_fields: bool = True
    closed: bool = False
    users: dict[int, User] = field(default_factory=dict)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    stages: dict[int, Stage] = field(default_factory=dict)
    types: list[ActivityType] = field(default_factory=list)
    customs: dict[str, dict[str, Custom]] = field(default_factory=dict)
    options: dict[str, dict[str, dict[int, str]]] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    participants: dict[int, dict[int, tuple[int, str]]] = field(default_factory=dict)
    followers: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)
    call_logs: dict[str, Values] = field(default_factory=dict)
    webhooks: dict[int, "Subscription"] = field(default_factory=dict)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.stores = {kind.name: Store(kind) for kind in KINDS}
        self.customs = {kind.name: {} for kind in WITH_CUSTOM_FIELDS}
        self.types = [ActivityType(place + 1, *each) for place, each in enumerate(ACTIVITY_TYPES)]

    @property
    def host(self) -> str:
        return f"{self.domain}.pipedrive.com"

    @property
    def admin(self) -> User:
        return next(user for user in self.users.values() if user.is_admin and user.active)

    def number(self) -> int:
        """For what has no table of its own: field options, participants, stages, pipelines."""
        self.numbers += 1
        return self.numbers

    def shown(self, kind: Kind) -> list[str]:
        """The codes of what a record of this kind shows unasked."""
        return [each.code for each in kind.fields if "o" not in each.flags and self.has(each.flags)]

    def has(self, flags: str) -> bool:
        return (self.contact_sync or "s" not in flags) and (self.firm_fields or "f" not in flags)

    def wirer(self, kind: Kind, only: Iterable[str] | None = None) -> Callable[[Record], Values]:
        """A function that turns records of a kind into what v2 answers; `only` picks custom fields."""
        codes = self.shown(kind)
        if kind.name not in self.customs:
            return lambda record: {code: record.values.get(code) for code in codes}
        known = self.customs[kind.name]
        keys = list(known) if only is None else [key for key in only if key in known]

        def wire(record: Record) -> Values:
            body = {code: record.values.get(code) for code in codes}
            body["custom_fields"] = {key: record.custom.get(key) for key in keys}
            return body

        return wire

    def wire(self, kind: Kind, record: Record) -> Values:
        return self.wirer(kind)(record)

    def title(self, name: str, number: int | None) -> str | None:
        record = self.stores[name].records.get(number) if number is not None else None
        return record.values[record_title(name)] if record else None

    def forget_old(self) -> None:
        """What was deleted more than 30 days ago is gone."""
        limit = self.clock.now_ms() - KEPT_DAYS * DAY
        for store in self.stores.values():
            for number in [each.id for each in store.deleted() if each.deleted_ms < limit]:
                store.erase(number)

    def stages_of(self, pipeline: int) -> list[Stage]:
        found = [each for each in self.stages.values() if each.pipeline == pipeline and not each.deleted]
        return sorted(found, key=lambda each: each.order)

    def _offset(self) -> str:
        shown = f"{datetime.fromtimestamp(self.clock.now(), ZoneInfo(self.time_zone)):%z}"
        return f"{shown[:3]}:{shown[3:]}"

    def user_wire(self, user: User, you: int) -> Values:
        apps = ("sales", "global", "account_settings") if user.is_admin else ("sales",)
        return {
            "id": user.id,
            "name": user.name,
            "default_currency": self.currency,
            "locale": "en_GB",
            "lang": 1,
            "email": user.email,
            "phone": None,
            "activated": True,
            "last_login": in_v1(moment(self.clock.now_ms() - DAY)),
            "created": "2023-04-03 08:15:00",
            "modified": "2026-01-12 10:00:00",
            "has_created_company": user.is_admin,
            "access": [{"app": app, "admin": user.is_admin, "permission_set_id": f"set-{app}"} for app in apps],
            "active_flag": user.active,
            "timezone_name": self.time_zone,
            "timezone_offset": self._offset(),
            "role_id": 1,
            "icon_url": None,
            "is_you": user.id == you,
            "is_deleted": user.deleted,
            "is_admin": int(user.is_admin),
        }


def record_title(name: str) -> str:
    return {"deals": "title", "activities": "subject", "notes": "content"}.get(name, "name")
