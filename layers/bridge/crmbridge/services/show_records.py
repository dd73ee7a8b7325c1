"""Stored records as JSON for people: values by their types, and the names of owners, stages and companies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from crmbridge.domain.connections import Connection
from crmbridge.domain.directories import Directories
from crmbridge.domain.records import (
    FIELDS,
    Json,
    Kind,
    Labelled,
    Link,
    Record,
    RecordKey,
    Type,
    Value,
    instant_text,
    name_of,
)
from crmbridge.domain.stored import Stored
from crmbridge.services.ports import Deps


def show_records(deps: Deps, stored: Sequence[Stored], names: "Names | None" = None) -> list[dict[str, Json]]:
    """Money is text, so that no cent is lost; other numbers are numbers. A name that no directory knows is absent.
    `names`: those that are known already."""
    names = names or Names(deps)
    names.look_up_companies(stored)
    return [_shown(one, names) for one in stored]


def show_briefly(deps: Deps, stored: Sequence[Stored], names: "Names | None" = None) -> list[dict[str, Json]]:
    """What a line in a list needs: which record, what it is called, and where it is in the CRM."""
    names = names or Names(deps)
    return [_brief(one, names) for one in stored]


def _brief(stored: Stored, names: "Names") -> dict[str, Json]:
    record, key = stored.record, stored.key
    return {
        "connection": key.connection,
        "object": key.object,
        "external_id": key.external_id,
        "kind": record.kind.value,
        "platform": names.connection(key).platform,
        "name": name_of(record),
        "url": names.url(key),
        "email": _or_none(record.get("email")),
        "amount": _or_none(record.get("amount")),
        "currency": _or_none(record.get("currency")),
        "stage_label": names.of(key, record).get("stage_label"),
    }


def _or_none(value: Value) -> str | None:
    return None if value is None else str(value)


def _shown(stored: Stored, names: "Names") -> dict[str, Json]:
    record, key = stored.record, stored.key
    fields = {name: show_value(record.kind, name, value) for name, value in record.fields.items()}
    return {
        "connection": key.connection,
        "object": key.object,
        "external_id": key.external_id,
        "kind": record.kind.value,
        "platform": names.connection(key).platform,
        "state": record.state.value,
        "successor_id": record.successor_id,
        "successor_object": record.successor_object,
        "url": names.url(key),
        "fields": {**fields, **names.of(key, record)},
        "custom_fields": dict(record.custom_fields),
        "links": {target: [_link(link) for link in links] for target, links in record.links.items()},
        "odd": sorted(record.odd),
        "remote_created_at": record.remote_created_at and instant_text(record.remote_created_at),
        "remote_updated_at": record.remote_updated_at and instant_text(record.remote_updated_at),
    }


def _link(link: Link) -> dict[str, Json]:
    return {"external_id": link.external_id, "label": link.label, "primary": link.primary}


def show_value(kind: Kind, name: str, value: Value) -> Json:
    if isinstance(value, Decimal):
        return _number(value) if FIELDS[kind].get(name) is Type.NUMBER else str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_part(part) for part in value]
    return value


def _number(value: Decimal) -> Json:
    return int(value) if value == value.to_integral_value() else float(value)


def _part(part: Labelled | str) -> Json:
    return part if isinstance(part, str) else {"value": part.value, "label": part.label, "primary": part.primary}


@dataclass(slots=True)
class Names:
    """What the directories of each connection call things; each is read once per answer."""

    deps: Deps
    connections: dict[tuple[str, str], Connection] = field(default_factory=dict)
    directories: dict[tuple[str, str], Directories | None] = field(default_factory=dict)
    companies: Mapping[RecordKey, Stored] = field(default_factory=dict)

    def know(self, connection: Connection, directories: Directories | None) -> "Names":
        """Saves reading them; returns itself."""
        place = connection.workspace, connection.id
        self.connections[place], self.directories[place] = connection, directories
        return self

    def connection(self, key: RecordKey) -> Connection:
        place = key.workspace, key.connection
        if place not in self.connections:
            self.connections[place] = self.deps.connections.get(*place)
        return self.connections[place]

    def url(self, key: RecordKey) -> str | None:
        directories = self.directories_of(key)
        if directories is None:
            return None
        platform = self.deps.platform(self.connection(key).platform)
        return platform.record_url(directories.account, key.object, key.external_id)

    def of(self, key: RecordKey, record: Record) -> dict[str, str]:
        directories = self.directories_of(key)
        company = self._company(key, record)
        known = self.companies.get(company) if company else None
        named: dict[str, Value] = {"company_name": known.record.get("name") if known else None}
        if directories:
            owner = directories.owners.get(str(record.get("owner_id")))
            stage = directories.stages.get(str(record.get("stage")))
            named["owner_name"] = owner.name if owner else None
            named["stage_label"] = stage.label if stage else None
            named["pipeline_label"] = stage.pipeline_label if stage else None
        return {name: str(value) for name, value in named.items() if value}

    def look_up_companies(self, stored: Iterable[Stored]) -> None:
        wanted = {company for one in stored if (company := self._company(one.key, one.record))}
        self.companies = self.deps.records.get_many(sorted(wanted)) if wanted else {}

    def _company(self, key: RecordKey, record: Record) -> RecordKey | None:
        id = record.get("company_id")
        if not isinstance(id, str):
            return None
        specs = self.deps.platform(self.connection(key).platform).objects.values()
        names = [spec.name for spec in specs if spec.kind is Kind.COMPANY]
        return RecordKey(key.workspace, key.connection, names[0], id) if names else None

    def directories_of(self, key: RecordKey) -> Directories | None:
        place = key.workspace, key.connection
        if place not in self.directories:
            self.directories[place] = self.deps.connections.directories(*place)
        return self.directories[place]
