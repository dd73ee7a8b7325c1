"""One customer's Salesforce org: its facts, object types, rows, people, locks and rules."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import Clock
from local.simulators.salesforce.catalogue import selling
from local.simulators.salesforce.catalogue_rest import currency_type, everything_else, person_account_fields
from local.simulators.salesforce.errors import Refused
from local.simulators.salesforce.fields import flag, picklist, read_only, text
from local.simulators.salesforce.ids import Ids, with_checksum
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.options import Settings
from local.simulators.salesforce.store import Row, Store

KEYED = ("Account", "Contact", "Lead", "Opportunity", "Task", "Event")
VALUED = ("Account", "Contact", "Lead", "Opportunity")
CURRENCIES = "EUR|USD|GBP|CHF"


@dataclass(frozen=True, slots=True)
class Facts:
    number: int
    name: str
    domain: str
    currency: str
    time_zone: str
    locale: str
    sandbox: bool
    multi_currency: bool
    person_accounts: bool

    @property
    def id(self) -> str:
        """As `00D5g0000000001EAA`; the key of a connection to this org."""
        return with_checksum(f"00D{self.instance}{self.number:09d}")

    @property
    def instance(self) -> str:
        """The same everywhere: like a sandbox and the org it was copied from, orgs hold records of equal ids."""
        return "5g0"


@dataclass(frozen=True, slots=True)
class ValidationRule:
    object: str
    field: str
    forbidden: Any
    message: str


@dataclass(slots=True)
class OutboundMessage:
    """A workflow action that the customer set up: which object, which fields, where to."""

    action_id: str
    object: str
    fields: tuple[str, ...]
    url: str


@dataclass(slots=True, eq=False)
class Org:
    """`on_change` is told of committed creations and updates; `locks` count the writes that are still refused; `home`
    is the prefix of its own address, once it has moved."""

    facts: Facts
    clock: Clock
    settings: Settings
    kinds: dict[str, Kind] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    outbound: list[OutboundMessage] = field(default_factory=list)
    rules: list[ValidationRule] = field(default_factory=list)
    locks: dict[str, int] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    on_change: Callable[["Org", str, str], None] = lambda *_: None
    user_id: str = ""
    home: str = ""
    _ids: dict[str, Ids] = field(default_factory=dict)
    _prefixes: dict[str, str] = field(default_factory=dict)
    _folded: dict[str, Kind] = field(default_factory=dict)
    _told: list[tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        kinds = [*selling(), *everything_else(), *([currency_type()] if self.facts.multi_currency else [])]
        for each in kinds:
            self.kinds[each.name] = each
            self.stores[each.name] = Store(each, self.clock.now_ms)
            self._folded[each.name.casefold()] = each
            self._prefixes.setdefault(each.prefix, each.name)
        if self.facts.multi_currency:
            for name in VALUED:
                self.kinds[name].add(picklist("CurrencyIsoCode", CURRENCIES, restricted=True))
        if self.facts.person_accounts:
            for extra in person_account_fields():
                self.kinds["Account"].add(extra)
            self.kinds["Contact"].add(read_only(flag("IsPersonAccount")))

    def install_key(self, name: str) -> None:
        """The unique external id that an admin adds so that writes can be repeated safely."""
        for each in KEYED:
            self.kinds[each].add(text(name, 64, unique=True, external_id=True))

    def kind(self, name: str) -> Kind:
        found = self._folded.get(name.casefold())
        if found is None:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    def known(self, name: str) -> Kind | None:
        return self._folded.get(name.casefold())

    def next_id(self, kind: Kind) -> str:
        return self._ids.setdefault(kind.prefix, Ids(kind.prefix, self.facts.instance)).next()

    def object_of(self, row_id: str) -> str | None:
        """Which type an id belongs to, by its first three characters."""
        return self._prefixes.get(row_id[:3])

    def find(self, row_id: str | None) -> Row | None:
        name = self.object_of(row_id) if row_id else None
        return self.stores[name].rows.get(row_id) if name and row_id else None

    def stage(self, name: str | None) -> Row | None:
        stages = self.stores["OpportunityStage"].rows.values()
        return next((each for each in stages if each["ApiName"] == name), None)

    def now_ms(self) -> int:
        """Salesforce's stamps are whole seconds."""
        return self.clock.now_ms() // 1000 * 1000

    def told(self, name: str, row_id: str) -> None:
        if self._told is None:
            self.on_change(self, name, row_id)
        else:
            self._told.append((name, row_id))

    @contextmanager
    def transaction(self) -> Iterator[Callable[[], None]]:
        """All or nothing: the caller gets a way to undo what was done inside, and nobody is told of what was undone."""
        undo: list[Callable[[], None]] = []
        outer = self._undo_into(undo)
        told, self._told = self._told, []

        def roll_back() -> None:
            for step in reversed(undo):
                step()
            undo.clear()
            if self._told is not None:
                self._told.clear()

        try:
            yield roll_back
        finally:
            news, self._told = self._told, told
            self._undo_into(outer)
            if outer is not None:
                outer.extend(undo)
            for name, row_id in news:
                self.told(name, row_id)

    def _undo_into(self, undo: list[Callable[[], None]] | None) -> list[Callable[[], None]] | None:
        before: list[Callable[[], None]] | None = None
        for store in self.stores.values():
            before, store.undo = store.undo, undo
        return before

    def refers(self, objects: tuple[str, ...], row_id: str) -> bool:
        """Whether such an id may stand in a field that refers to these objects."""
        rows = (self.stores[name].seen(row_id) for name in objects if name in self.stores)
        return any(row is not None and not row.get("IsDeleted") for row in rows)
