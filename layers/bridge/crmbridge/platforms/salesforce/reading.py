"""One row of Salesforce's into a record of ours: a table per object, then the fields that are derived from several."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import Json, Kind, Link, Record, State
from crmbridge.platforms.conversions import (
    to_lower,
    to_percent,
    word_of,
)
from crmbridge.platforms.draft import BY_TYPE, NO_CONTEXT, Converters, Reading, Table, variant_of
from crmbridge.platforms.salesforce.deriving import DERIVE
from crmbridge.platforms.salesforce.links import inline_links
from crmbridge.platforms.salesforce.objects import (
    CONTENT,
    META,
    NAME,
    OBJECT_OF_KIND,
    OBJECTS,
    PLACES,
    ROLES,
    remote_of,
)
from crmbridge.platforms.salesforce.words import DIRECTIONS, PRIORITIES, STATUSES

_CONVERTERS: Final = Converters({
    (Kind.DEAL, "probability"): to_percent,
    (Kind.TASK, "status"): word_of(STATUSES),
    (Kind.TASK, "priority"): word_of(PRIORITIES),
    (Kind.TASK, "type"): to_lower,
    (Kind.ACTIVITY, "direction"): word_of(DIRECTIONS),
}, BY_TYPE)  # fmt: skip


def read(
    kind: Kind | str,
    raw: Json,
    context: ReadContext | None = None,
    *,
    object: str | None = None,
    links: Mapping[str, tuple[Link, ...]] | None = None,
) -> Record:
    """Pure; never raises on odd values. `raw` is a row as SOQL and single reads show it."""
    kind, context = Kind(kind), context or NO_CONTEXT
    row: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    object = object or object_of(kind, row)
    reading = Reading(kind, object, row, context, inline_links(object, row) if links is None else links)
    _fill(reading, _table(kind, object, *variant_of(context)))
    for derive in DERIVE.get((object, kind), ()):
        derive(reading)
    return Record(
        platform=NAME,
        object=object,
        external_id=row["Id"] if isinstance(row.get("Id"), str) else "",
        kind=kind,
        fields=reading.fields,
        custom_fields=reading.custom,
        links=reading.links,
        state=State.DELETED if row.get("IsDeleted") is True else State.LIVE,
        remote_created_at=reading.instant("remote_created_at", "CreatedDate"),
        remote_updated_at=reading.instant("remote_updated_at", "SystemModstamp"),
        odd=frozenset(reading.odd),
    )


def object_of(kind: Kind, row: Mapping[str, Any]) -> str:
    """What the row says it is; else what the kind usually is."""
    attributes = row.get("attributes")
    named = attributes.get("type") if isinstance(attributes, dict) else None
    return named if isinstance(named, str) and named in OBJECTS else OBJECT_OF_KIND[kind]


def _fill(reading: Reading, table: Table) -> None:
    """Every value lands in a field of ours, or under its own name: the unmapped, and what no field can hold."""
    for key, value in reading.raw.items():
        targets = table.get(key)
        if targets is None:
            if value is not None and not _is_ours(reading, key, value):
                reading.custom[key] = value
            continue
        for name, convert in targets:
            reading.fill(name, key, value, convert)


def _is_ours(reading: Reading, key: str, value: Any) -> bool:
    """What we asked for beside the fields: the row's type, and the links of a deal."""
    if key == "attributes":
        return True
    if key == CONTENT:
        return reading.object == "ContentNote"
    if key == PLACES:
        return reading.object == "ContentNote" and "Contact" in reading.links
    return reading.object == "Opportunity" and (
        (key == ROLES and "Contact" in reading.links) or (key == "Account" and isinstance(value, dict))
    )


@lru_cache(maxsize=1024)
def _table(kind: Kind, object: str, time_zone: str, mapping: tuple[tuple[str, str], ...]) -> Table:
    table = _CONVERTERS.table(kind, time_zone, {**remote_of(object, kind), **dict(mapping)})
    return dict.fromkeys(META, ()) | table
