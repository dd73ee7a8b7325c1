"""The people of deals: who takes part and in which role, kept as the rows of a linking module."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from local.simulators.zoho.fields import Field, many, pointer, text
from local.simulators.zoho.modules import Module, by_name
from local.simulators.zoho.store import Row, Store


def _linking_module() -> Module:
    fields = [Field("id", "bigint", read_only=True), pointer("Deal_Name", "Deals"),
              pointer("Contact_Name", "Contacts"), text("Contact_Role"),
              *many("datetime", "Created_Time Modified_Time", read_only=True)]  # fmt: skip
    return Module("Contact_Roles", "Contact Role", "Contact_Role", by_name(fields), generated="linking")


@dataclass(slots=True)
class Roles:
    """`names` are the roles an org knows, by id; a link without a role has the empty id."""

    prefix: str
    names: dict[str, str] = field(default_factory=dict)
    store: Store = field(default_factory=lambda: Store(_linking_module()))
    _links: dict[str, dict[str, str]] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        self.store.module.id = f"{self.prefix}{2:012d}"
        for place, each in enumerate(self.store.module.fields.values()):
            each.id = f"{self.prefix}8{place:011d}"

    def module(self, name: str) -> Module:
        """As it is called here; nobody knows its name for sure."""
        self.store.module.name = name
        return self.store.module

    def of(self, deal: str) -> dict[str, str]:
        """By contact: the id of its role."""
        return {contact: self._role(link) for contact, link in self._links.get(deal, {}).items()}

    def put(self, deal: str, contact: str, role: str, now_ms: int) -> None:
        links = self._links.setdefault(deal, {})
        if contact not in links:
            self._made += 1
            links[contact] = f"{self.prefix}9{self._made:011d}"
        held = self.store.rows.get(links[contact], {"Created_Time": now_ms})
        row: Row = {"id": links[contact], "Deal_Name": deal, "Contact_Name": contact, "Modified_Time": now_ms,
                    "Created_Time": held["Created_Time"]}  # fmt: skip
        self.store.put(row | ({"Contact_Role": self.names[role]} if role else {}))

    def drop(self, deal: str, contact: str) -> bool:
        link = self._links.get(deal, {}).pop(contact, None)
        if link is not None:
            self.store.remove(link)
        return link is not None

    def move_contact(self, loser: str, master: str, now_ms: int) -> None:
        """Where both take part, the master keeps the role it has."""
        for deal, people in self._links.items():
            if loser in people:
                self._move((deal, loser), (deal, master), now_ms)

    def move_deal(self, loser: str, master: str, now_ms: int) -> None:
        for contact in list(self._links.get(loser, {})):
            self._move((loser, contact), (master, contact), now_ms)

    def live(self, rows: Iterable[Row], deals: Store, contacts: Store) -> Iterable[Row]:
        """The links both of whose ends are there."""
        return (row for row in rows if row["Deal_Name"] in deals.rows and row["Contact_Name"] in contacts.rows)

    def _move(self, old: tuple[str, str], new: tuple[str, str], now_ms: int) -> None:
        role = self._role(self._links[old[0]][old[1]])
        self.drop(*old)
        if new[1] not in self._links.get(new[0], {}):
            self.put(*new, role, now_ms)

    def _role(self, link: str) -> str:
        name = self.store.rows[link].get("Contact_Role")
        return next((role for role, known in self.names.items() if known == name), "")
