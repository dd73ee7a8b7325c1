"""One customer's Zoho CRM: its facts, users, pipelines, modules, records, locks and rules."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from local.simulators.clock import Clock
from local.simulators.zoho.catalogue import VALUED, all_modules, currency_fields
from local.simulators.zoho.centres import Centre
from local.simulators.zoho.errors import invalid_module
from local.simulators.zoho.fields import Choice, Field, text
from local.simulators.zoho.modules import Module
from local.simulators.zoho.options import Settings
from local.simulators.zoho.roles import Roles
from local.simulators.zoho.store import Row, Store

STAGES = (
    ("Qualification", "Qualification", 10, "Open"), ("Needs Analysis", "Needs Analysis", 20, "Open"),
    ("Value Proposition", "Value Proposition", 40, "Open"),
    ("Identify Decision Makers", "Id. Decision Makers", 60, "Open"),
    ("Proposal/Price Quote", "Proposal/Price Quote", 75, "Open"),
    ("Negotiation/Review", "Negotiation/Review", 90, "Open"), ("Closed Won", "Closed Won", 100, "Closed Won"),
    ("Closed Lost", "Closed Lost", 0, "Closed Lost"),
    ("Closed Lost to Competition", "Closed Lost to Competition", 0, "Closed Lost"),
)  # fmt: skip
FORECASTS = {"Open": "Pipeline", "Closed Won": "Closed", "Closed Lost": "Omitted"}
ROLES = ("Decision Maker", "Economic Buyer", "Executive Sponsor", "Influencer", "Technical Decision Maker")


@dataclass(frozen=True, slots=True)
class Facts:
    number: int
    name: str
    domain: str
    centre: Centre
    time_zone: str
    currency: str
    iso_code: str
    symbol: str
    several_currencies: bool

    @property
    def id(self) -> str:
        return f"{self.number}{1:012d}"

    @property
    def zgid(self) -> str:
        return str(self.number * 100 + 68_700_000)


@dataclass(slots=True)
class User:
    id: str
    zuid: str
    first_name: str
    last_name: str
    email: str
    role: str = "Manager"
    profile: str = "Standard"
    status: str = "active"
    modified_ms: int = 0

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def small(self) -> dict[str, str]:
        return {"name": self.name, "id": self.id}


@dataclass(slots=True)
class Stage:
    id: str
    display: str
    actual: str
    probability: int
    forecast_type: str


@dataclass(slots=True)
class Pipeline:
    id: str
    display: str
    actual: str
    stages: list[Stage]

    def stage(self, label: object) -> Stage | None:
        return next((each for each in self.stages if label in (each.display, each.actual)), None)


@lru_cache(maxsize=65_536)
def moment(milliseconds: int, zone: str) -> str:
    """`2026-05-01T12:30:00+02:00`: the account's offset, whole seconds."""
    return datetime.fromtimestamp(milliseconds // 1000, ZoneInfo(zone)).isoformat()


Listener = Callable[["Org", str, str, list[Row], dict[str, Any]], None]


@dataclass(slots=True, eq=False)
class Org:
    """`on_change` hears of committed changes; `locks` count the writes that a lock still refuses."""

    facts: Facts
    clock: Clock
    settings: Settings
    modules: dict[str, Module] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    pipelines: list[Pipeline] = field(default_factory=list)
    roles: Roles = field(init=False)
    locks: Counter[str] = field(default_factory=Counter)
    in_blueprint: set[str] = field(default_factory=set)
    ignored: Counter[str] = field(default_factory=Counter)
    on_change: Listener = lambda *_: None
    _last: int = 10_000

    def __post_init__(self) -> None:
        for module in all_modules():
            if self.facts.several_currencies and module.name in VALUED:
                module.add(*currency_fields())
            module.id, module.layout_id = self.next_id(), self.next_id()
            for each in module.fields.values():
                self._number(each)
            self.modules[module.name] = module
            self.stores[module.name] = Store(module)
        self.roles = Roles(str(self.facts.number), {self.next_id(): name for name in ROLES})
        self._add_pipelines()

    def install_key(self, name: str) -> None:
        """The unique custom field that an admin adds so that a repeated insert is noticed."""
        for each in VALUED:
            self.add_field(each, text(name, 100, custom=True, unique=True))

    def add_field(self, module: str, extra: Field) -> Field:
        self._number(extra)
        self.modules[module].add(extra)
        if extra.unique:
            self.stores[module].watch_unique(extra.name)
        return extra

    def next_id(self) -> str:
        """Ids of everything come from one sequence that is not dense."""
        self._last += 1 + self._last % 3
        return f"{self.facts.number}{self._last:012d}"

    def module(self, name: str, place: int = 0) -> Module:
        """By its exact name, as URLs have it."""
        found = self.modules.get(name)
        if found is None:
            raise invalid_module(place)
        return found

    def queried(self, name: str) -> tuple[Module, Store] | None:
        """What COQL, bulk read and the metadata know besides: the linking module, when that is so."""
        if name in self.modules:
            return self.modules[name], self.stores[name]
        linking = self.settings.roles_module
        return (self.roles.module(linking), self.roles.store) if linking and name == linking else None

    def queried_store(self, name: str) -> Store:
        return self.stores.get(name, self.roles.store)

    def described(self, name: str, place: int = 0) -> Module:
        found = self.queried(name)
        if found is None:
            raise invalid_module(place)
        return found[0]

    def queried_rows(self, name: str, rows: Iterable[Row]) -> Iterable[Row]:
        """Of the linking module only what links living records."""
        if name in self.modules:
            return rows
        return self.roles.live(rows, self.stores["Deals"], self.stores["Contacts"])

    def module_of(self, row_id: str) -> str | None:
        return next((name for name, store in self.stores.items() if row_id in store.rows), None)

    def find(self, row_id: str | None) -> Row | None:
        name = self.module_of(row_id) if row_id else None
        return self.stores[name].rows[row_id] if name and row_id else None

    def title(self, module: str, row: Row) -> str:
        return str(row.get(self.modules[module].title) or "")

    def now_ms(self) -> int:
        """Zoho's stamps are whole seconds."""
        return self.clock.now_ms() // 1000 * 1000

    def moment(self, milliseconds: int) -> str:
        return moment(milliseconds, self.facts.time_zone)

    def me(self) -> User:
        """The administrator: who connects apps unless somebody else is named."""
        return next(iter(self.users.values()))

    def pipeline(self, label: object) -> Pipeline | None:
        return next((each for each in self.pipelines if label in (each.display, each.actual, each.id)), None)

    def pipeline_of(self, row: Row) -> Pipeline:
        return self.pipeline(row.get("Pipeline")) or self.pipelines[0]

    def stages(self) -> Iterable[Stage]:
        return (stage for pipeline in self.pipelines for stage in pipeline.stages)

    def refresh_choices(self) -> None:
        """What the picklists of deals offer follows the pipelines."""
        fields = self.modules["Deals"].fields
        kept = {each.display: each for each in self.stages()}
        fields["Stage"].choices = [Choice(each.display, each.actual, each.id) for each in kept.values()]
        fields["Pipeline"].choices = [Choice(each.display, each.actual, each.id) for each in self.pipelines]

    def _add_pipelines(self) -> None:
        self.pipelines.append(Pipeline(self.next_id(), "Standard (Standard)", "Standard (Standard)", [
            Stage(self.next_id(), *each) for each in STAGES
        ]))  # fmt: skip
        if self.facts.iso_code == "EUR":
            own = [("Introduced", "Introduced", 15, "Open"), ("Terms agreed", "Terms", 70, "Open"), *STAGES[-3:-1]]
            stages = [Stage(self.next_id(), *each) for each in own]
            self.pipelines.append(Pipeline(self.next_id(), "Partners", "Partner Pipeline", stages))
        self.refresh_choices()

    def _number(self, each: Field) -> None:
        each.id = self.next_id()
        for choice in each.choices:
            choice.id = choice.id or self.next_id()
