"""Everything that changes a company's records, by the API or by a person in Pipedrive; each change is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import bad_request, forbidden, gone, invalid, not_found
from local.simulators.pipedrive.events import Author, News, Teller, changed, typed
from local.simulators.pipedrive.kinds import ACTIVITIES, DEALS, NOTES, PERSONS, Kind
from local.simulators.pipedrive.rules import NEVER_NULL, Write, finish
from local.simulators.pipedrive.store import Record, Values
from local.simulators.pipedrive.times import moment
from local.simulators.pipedrive.values import checked, checked_custom

LISTS = ("emails", "phones", "label_ids", "participants", "attendees", "im")


@dataclass(slots=True)
class Desk:
    """Writes in somebody's name; `at_ms` dates a change back, as a late commit does."""

    company: Company
    teller: Teller
    author: Author
    at_ms: int | None = None

    def create(self, kind: Kind, wishes: Mapping[str, Any]) -> Record:
        now, store = self._moment(), self.company.stores[kind.name]
        asked, custom = self._checked(kind, wishes)
        values: Values = {each.code: None for each in kind.fields} | asked
        values |= {"is_deleted": False, "add_time": asked.get("add_time") or now, "update_time": now}
        owner = {"owner_id": self.author.user} if kind is not NOTES else {}
        write = Write(self.company, None, values, asked, now, self.author.user)
        write.default(**owner, **({"visible_to": 3} if kind.field("visible_to") else {}))
        finish(write, kind.name)
        record = Record(store.next_id(), values, {key: value for key, value in custom.items() if value is not None})
        values["id"] = record.id
        store.remember(record, self._lag(), self.company.clock.now_ms(), new=True)
        store.add(record)
        self._tell("create", kind, record, self._wire(kind, record), None)
        return record

    def update(self, kind: Kind, record: Record, wishes: Mapping[str, Any], **more: str) -> Record:
        """Nothing is stamped or told when nothing changes."""
        asked, custom = self._checked(kind, wishes)
        values = record.values | asked
        now = self._moment()
        finish(Write(self.company, record.values, values, asked, now, self.author.user), kind.name)
        customs = {key: value for key, value in (record.custom | custom).items() if value is not None}
        if (values != record.values or customs != record.custom or more) and not values["is_deleted"]:
            values["update_time"] = now
            self._replace(kind, record, values, customs, more)
        elif values["is_deleted"]:
            self.delete(kind, record)
        return record

    def delete(self, kind: Kind, record: Record, **more: str) -> None:
        before = self._wire(kind, record)
        self._remember(kind, record)
        self.company.stores[kind.name].remove(record, self._now())
        record.values["update_time"] = self._moment()
        self._tell("delete", kind, record, None, before, more)

    def restore(self, kind: Kind, record: Record) -> None:
        self._remember(kind, record)
        self.company.stores[kind.name].restore(record)
        record.values["update_time"] = self._moment()
        self._tell("change", kind, record, self._wire(kind, record), {"is_deleted": True})

    def merge(self, kind: Kind, loser: Record, survivor: Record) -> Record:
        """The loser goes without a trace in the API; what hung on it hangs on the survivor."""
        if loser is survivor:
            raise bad_request("Cannot merge an item with itself")
        store = self.company.stores[kind.name]
        before = self._wire(kind, loser)
        store.drop(loser.id)
        store.merged[loser.id] = survivor.id
        self._tell("delete", kind, loser, None, before, {"merged_to_id": str(survivor.id)})
        values = {name: _united(name, survivor.values[name], loser.values[name]) for name in survivor.values}
        values["update_time"] = self._moment()
        from_loser = {"merged_from_id": str(loser.id)}
        self._replace(kind, survivor, values, loser.custom | survivor.custom, from_loser)
        self._move_links(kind, loser.id, survivor.id)
        return survivor

    def record(self, kind: Kind, number: object) -> Record:
        """The live record with this id, or the refusal."""
        found = self.any_record(kind, number)
        if found.is_deleted:
            raise gone(kind.singular)
        return found

    def any_record(self, kind: Kind, number: object) -> Record:
        """Also one that was deleted in the last 30 days."""
        self.company.forget_old()
        text = str(number)
        found = self.company.stores[kind.name].records.get(int(text)) if text.isdecimal() else None
        if found is None:
            raise not_found(kind.singular)
        return found

    def participants_changed(self, deal: Record) -> None:
        """Nobody says whether the deal itself counts as changed then; by default it does not."""
        if self.company.settings.participants_touch_deal:
            self._replace(DEALS, deal, deal.values | {"update_time": self._moment()}, deal.custom, {})

    def _replace(self, kind: Kind, record: Record, values: Values, custom: Values, more: Mapping[str, str]) -> None:
        before = self._wire(kind, record)
        self._remember(kind, record)
        record.values, record.custom = values, custom
        after = self._wire(kind, record)
        self._tell("change", kind, record, after, changed(before, after), more)

    def _checked(self, kind: Kind, wishes: Mapping[str, Any]) -> tuple[Values, Values]:
        values: Values = {}
        for code, value in wishes.items():
            if code != "custom_fields":
                values |= self._checked_field(kind, code, value)
        custom = wishes.get("custom_fields") or {}
        known = self.company.customs.get(kind.name)
        if custom and known is None:
            raise invalid("unrecognized key 'custom_fields'")
        if not isinstance(custom, Mapping):
            raise invalid("custom_fields: expected object")
        unknown = [key for key in custom if key not in (known or {})]
        if unknown:
            raise invalid(f"custom_fields: unrecognized key {unknown[0]!r}")
        return values, {key: checked_custom(self.company, (known or {})[key], value) for key, value in custom.items()}

    def _checked_field(self, kind: Kind, code: str, value: Any) -> Values:
        field = kind.field(code)
        if kind is ACTIVITIES and code == "person_id":
            if self.company.settings.activity_person_id == "ignore":
                return {}
            raise invalid("person_id: is read-only; use participants")
        if field is None or "w" not in field.flags or ("f" in field.flags and not self.company.has("f")):
            raise invalid(f"unrecognized key {code!r}")
        if not self.company.has(field.flags):
            raise forbidden(f"{code} can only be used after contact sync has been set up")
        if value is None and code in NEVER_NULL:
            raise invalid(f"{code}: must not be null")
        return {code: [] if value is None and code in LISTS else self._value(kind, code, field.type, value)}

    def _value(self, kind: Kind, code: str, type_name: str, value: Any) -> Any:
        return value if type_name == "flag" else checked(self.company, kind.name, code, type_name, value)

    def _move_links(self, kind: Kind, loser: int, survivor: int) -> None:
        company = self.company
        column = {"persons": "person_id", "organizations": "org_id", "deals": "deal_id"}[kind.name]
        holders = [other for other in company.stores.values() if other.kind.field(column) and other.kind is not kind]
        for store in holders:
            for record in [each for each in store.records.values() if each.values.get(column) == loser]:
                self._move_link(store.kind, record, column, survivor)
        for table in company.participants.values():
            if kind is PERSONS and loser in table:
                table.setdefault(survivor, table.pop(loser))
        followers = company.followers.pop((kind.name, loser), {})
        if followers:
            company.followers[kind.name, survivor] = followers | company.followers.get((kind.name, survivor), {})
        if kind is DEALS and loser in company.participants:
            company.participants[survivor] = company.participants.pop(loser) | company.participants.get(survivor, {})

    def _move_link(self, kind: Kind, record: Record, column: str, survivor: int) -> None:
        values = record.values | {column: survivor}
        if kind is ACTIVITIES and column == "person_id":
            old = record.values["person_id"]
            values["participants"] = [
                each | {"person_id": survivor} if each["person_id"] == old else each for each in values["participants"]
            ]
        if not self.company.settings.merge_touches_links or record.is_deleted:
            record.values = values
            return
        values["update_time"] = self._moment()
        self._replace(kind, record, values, record.custom, {})

    def _wire(self, kind: Kind, record: Record) -> Values:
        """As webhooks show it."""
        body = self.company.wire(kind, record)
        if "custom_fields" in body and self.company.settings.typed_custom_fields:
            body["custom_fields"] = typed(self.company.customs[kind.name], body["custom_fields"])
        return body

    def _tell(self, action: str, kind: Kind, record: Record, data: Values | None, previous: Values | None,
              more: Mapping[str, str] | None = None) -> None:  # fmt: skip
        news = News(action, kind.singular, record.id, data, previous, more or {})
        self.teller.tell(self.company, news, self.author)

    def _remember(self, kind: Kind, record: Record) -> None:
        self.company.stores[kind.name].remember(record, self._lag(), self.company.clock.now_ms())

    def _now(self) -> int:
        return self.at_ms if self.at_ms is not None else self.company.clock.now_ms()

    def _moment(self) -> str:
        return moment(self._now())

    def _lag(self) -> int:
        return int(self.company.settings.index_lag_seconds * 1000)


def _united(name: str, kept: Any, lost: Any) -> Any:
    """The survivor's value, or the loser's where it has none; lists of addresses are joined."""
    if name in {"emails", "phones", "im"} and kept is not None:
        held = {each["value"].casefold() for each in kept}
        more = [each | {"primary": not kept and each["primary"]} for each in lost or []]
        return kept + [each for each in more if each["value"].casefold() not in held]
    if name == "label_ids":
        return [*kept, *(each for each in lost if each not in kept)]
    return lost if kept is None else kept
