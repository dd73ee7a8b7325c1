"""One Pipedrive object into a record of ours: a table per object, then the fields that are derived from several.

Texts stay as they came, HTML bodies included: what a person sees is the chat app's business.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import Json, Kind, Link, Record, State, Type
from crmbridge.platforms.conversions import to_instant, to_percent
from crmbridge.platforms.draft import BY_TYPE, NO_CONTEXT, Converters, Reading, Table, variant_of
from crmbridge.platforms.pipedrive.deriving import DERIVE
from crmbridge.platforms.pipedrive.links import inline_links, participants
from crmbridge.platforms.pipedrive.objects import COUNT, LINK_FIELDS, NAME, NAMES, OBJECT_OF_KIND, OBJECTS
from crmbridge.platforms.pipedrive.values import to_currency, to_flag, to_id

_CONVERTERS: Final = Converters({
    (Kind.DEAL, "stage"): to_id,
    (Kind.DEAL, "pipeline"): to_id,
    (Kind.DEAL, "currency"): to_currency,
    (Kind.DEAL, "probability"): to_percent,
    (Kind.COMPANY, "industry"): to_id,
}, {**BY_TYPE, Type.ID: to_id, Type.FLAG: to_flag, Type.MOMENT: to_instant})  # fmt: skip
DERIVED: Final[Mapping[str, frozenset[str]]] = {
    "persons": frozenset({"name", "emails", "phones"}),
    "deals": frozenset({"status", "expected_close_date"}),
    "activities": frozenset({
        "type", "done", "priority", "due_date", "due_time", "duration", "marked_as_done_time", "participants",
    }),
}  # fmt: skip
"""Remote fields whose values `deriving` puts where they belong."""
FLAGS: Final = ("is_deleted", "is_archived", "active_flag")
META: Final = ("id", "add_time", "update_time", "custom_fields", *FLAGS)
NOISE: Final[Mapping[str, frozenset[str]]] = {
    "notes": frozenset({"deal", "person", "organization", "project", "user"}),
    "deals": frozenset({COUNT}),
}
"""What version 1 repeats of linked records: their names, which are theirs to tell. What links tell better."""


def read(
    kind: Kind | str,
    raw: Json,
    context: ReadContext | None = None,
    *,
    object: str | None = None,
    links: Mapping[str, tuple[Link, ...]] | None = None,
) -> Record:
    """Pure; never raises on odd values. `raw` is what lists, single reads and writes answer with."""
    kind, context = Kind(kind), context or NO_CONTEXT
    raw = raw if isinstance(raw, dict) else {}
    object = _object(kind, object, raw)
    reading = Reading(kind, object, raw, context, inline_links(object, raw) if links is None else links)
    _fill(reading, _table(kind, object, *variant_of(context)))
    for derive in DERIVE.get((object, kind), ()):
        derive(reading)
    _keep_unread(reading)
    return Record(
        platform=NAME,
        object=object,
        external_id=_external_id(raw),
        kind=kind,
        fields=reading.fields,
        custom_fields=reading.custom,
        links=reading.links,
        state=state_of(raw),
        remote_created_at=reading.instant("remote_created_at", "add_time"),
        remote_updated_at=reading.instant("remote_updated_at", "update_time"),
        odd=frozenset(reading.odd),
    )


def state_of(raw: Mapping[str, Any]) -> State:
    """`active_flag` is the word of version 1, where only notes are read; an archived deal is out of everybody's way,
    and may still be open."""
    if raw.get("is_deleted") is True or raw.get("active_flag") is False or raw.get("status") == "deleted":
        return State.DELETED
    return State.ARCHIVED if raw.get("is_archived") is True else State.LIVE


def _keep_unread(reading: Reading) -> None:
    """Ids, flags and links that were not what they should be, and so told nothing."""
    raw, spec = reading.raw, OBJECTS.get(reading.object)
    unread = [key for key in FLAGS if not isinstance(raw.get(key), bool)]
    unread += [LINK_FIELDS[target] for target in spec.links if target not in reading.links] if spec else []
    unread += ["id"] if not _external_id(raw) else []
    unread += ["participants"] if reading.object == "activities" and participants(raw) is None else []
    reading.custom.update((key, raw[key]) for key in unread if raw.get(key) is not None)


def _fill(reading: Reading, table: Table) -> None:
    """Every remote field lands in a field of ours, or under its own name: the unmapped, and what no field can hold."""
    for key, value in reading.raw.items():
        _fill_one(reading, table, key, value)
    custom = reading.raw.get("custom_fields")
    for key, value in custom.items() if isinstance(custom, dict) else ():
        _fill_one(reading, table, key, value)
    if custom is not None and not isinstance(custom, dict):
        reading.custom["custom_fields"] = custom


def _fill_one(reading: Reading, table: Table, key: str, value: Any) -> None:
    targets = table.get(key)
    if targets is None:
        if value is not None:
            reading.custom[key] = value
        return
    for name, convert in targets:
        reading.fill(name, key, value, convert)


@lru_cache(maxsize=1024)
def _table(kind: Kind, object: str, time_zone: str, mapping: tuple[tuple[str, str], ...]) -> Table:
    spec = OBJECTS.get(object)
    if spec and kind not in spec.kinds:
        spec = None
    links = [LINK_FIELDS[target] for target in spec.links] if spec else []
    table = _CONVERTERS.table(kind, time_zone, {**(spec.remote if spec else {}), **dict(mapping)})
    passed_over = dict.fromkeys((*META, *NOISE.get(object, ()), *links), ())
    return passed_over | table | dict.fromkeys(DERIVED.get(object, ()) if spec else (), ())


def _object(kind: Kind, object: str | None, raw: Mapping[str, Any]) -> str:
    """By name, by kind; an activity that has a content and no subject is a note."""
    if object:
        return NAMES.get(object, object)
    is_note = kind is Kind.ACTIVITY and "content" in raw and "subject" not in raw
    return "notes" if is_note else OBJECT_OF_KIND[kind]


def _external_id(raw: Mapping[str, Any]) -> str:
    try:
        return to_id(raw.get("id"))
    except ValueError:
        return ""
