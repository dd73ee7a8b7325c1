"""One HubSpot object into a record of ours: a table per object, then the fields that are derived from several.

Texts stay as they came, HTML bodies included: what a person sees is the chat app's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import FIELDS, Json, Kind, Link, Record, State, Type
from crmbridge.platforms.conversions import Convert, to_lower, to_text
from crmbridge.platforms.draft import BY_TYPE, NO_CONTEXT, Converters, Reading, variant_of
from crmbridge.platforms.hubspot.associations import inline_links
from crmbridge.platforms.hubspot.deriving import DERIVE
from crmbridge.platforms.hubspot.objects import (
    NAME,
    NAMES,
    OBJECT_OF_KIND,
    OBJECTS,
    created_property,
    modified_property,
)
from crmbridge.platforms.hubspot.values import one_of, to_day, to_instant, to_percent, to_seconds
from crmbridge.platforms.hubspot.words import DIRECTIONS, PRIORITIES, STATUSES

_CONVERTERS: Final = Converters({
    (Kind.DEAL, "probability"): to_percent,
    (Kind.TASK, "status"): one_of(STATUSES),
    (Kind.TASK, "priority"): one_of(PRIORITIES),
    (Kind.TASK, "type"): to_lower,
    (Kind.ACTIVITY, "duration_seconds"): to_seconds,
    (Kind.ACTIVITY, "direction"): one_of(DIRECTIONS),
}, {**BY_TYPE, Type.INSTANT: to_instant, Type.MOMENT: to_instant}, to_day)  # fmt: skip
_BY_PREFIX: Final = (("hs_call_", "calls"), ("hs_meeting_", "meetings"), ("hs_email_", "emails"))


@dataclass(frozen=True, slots=True)
class Table:
    """What becomes of the properties of one object. `texts` and `others` are (remote property, field of ours), the
    others with what understands them; `known` are all properties that are no custom field."""

    texts: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str, Convert], ...]
    known: frozenset[str]


def read(
    kind: Kind | str,
    raw: Json,
    context: ReadContext | None = None,
    *,
    object: str | None = None,
    links: Mapping[str, tuple[Link, ...]] | None = None,
) -> Record:
    """Pure; never raises on odd values. `raw` is the envelope that list, search and batch reads share."""
    kind, context = Kind(kind), context or NO_CONTEXT
    envelope: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    properties = envelope.get("properties")
    if not isinstance(properties, dict):
        properties = {}
    object = _object(kind, object, properties)
    reading = Reading(kind, object, properties, context, inline_links(object, envelope) if links is None else links)
    _fill(reading, _table(kind, object, *variant_of(context)))
    for derive in DERIVE.get(object, ()):
        derive(reading)
    created, updated = created_property(object), modified_property(object)
    return Record(
        platform=NAME,
        object=object,
        external_id=_external_id(envelope, properties),
        kind=kind,
        fields=reading.fields,
        custom_fields=reading.custom,
        links=reading.links,
        state=State.ARCHIVED if envelope.get("archived") is True else State.LIVE,
        remote_created_at=_instant(reading, "remote_created_at", created, envelope.get("createdAt")),
        remote_updated_at=_instant(reading, "remote_updated_at", updated, envelope.get("updatedAt")),
        odd=frozenset(reading.odd),
    )


def _fill(reading: Reading, table: Table) -> None:
    """Every property lands in a field of ours, or under its own name: the unmapped, and what no field can hold."""
    properties, known = reading.raw, table.known
    reading.custom |= {key: value for key, value in properties.items() if value is not None and key not in known}
    for key, name in table.texts:
        value = properties.get(key)
        if type(value) is str:
            reading.fields[name] = value or None
        elif key in properties:
            reading.fill(name, key, value, to_text)
    for key, name, convert in table.others:
        if key in properties:
            reading.fill(name, key, properties[key], convert)


@lru_cache(maxsize=1024)
def _table(kind: Kind, object: str, time_zone: str, mapping: tuple[tuple[str, str], ...]) -> Table:
    default = OBJECTS[object].remote if object in OBJECTS and OBJECTS[object].kind is kind else {}
    mapped = {name: remote for name, remote in {**default, **dict(mapping)}.items() if name in FIELDS[kind]}
    converts = [(remote, name, _CONVERTERS.of(kind, name, time_zone)) for name, remote in mapped.items()]
    return Table(
        tuple((remote, name) for remote, name, convert in converts if convert is to_text),
        tuple(each for each in converts if each[2] is not to_text),
        frozenset((*mapped.values(), "hs_object_id", created_property(object), modified_property(object))),
    )


def _instant(reading: Reading, name: str, key: str, envelope: Any) -> datetime | None:
    """The envelope's own date, else the property's, which mostly is the same; one that cannot be read is kept."""
    own: datetime | None = reading.value(name, key, to_instant)
    told = own if envelope == reading.raw.get(key) else reading.understood(name, name, envelope, to_instant)
    return told or own


def _object(kind: Kind, object: str | None, properties: Mapping[str, Any]) -> str:
    """By name, by type id, by kind; an activity without a name betrays itself by what its properties are called."""
    if object:
        return NAMES.get(object, object)
    if kind in OBJECT_OF_KIND:
        return OBJECT_OF_KIND[kind]
    found = (name for prefix, name in _BY_PREFIX if any(str(key).startswith(prefix) for key in properties))
    return next(found, "notes")


def _external_id(envelope: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    id = envelope.get("id") or properties.get("hs_object_id")
    return str(id) if isinstance(id, str | int) else ""
