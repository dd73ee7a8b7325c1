"""One Zoho record into a record of ours: a table per module, then the fields that are derived from several.

Texts stay as they came, HTML included: what a person sees is the chat app's business.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import Json, Kind, Link, Record, Type
from crmbridge.platforms.conversions import (
    to_percent,
    to_text,
    word_of,
)
from crmbridge.platforms.draft import BY_TYPE, NO_CONTEXT, Converters, Reading, Table, variant_of
from crmbridge.platforms.zoho.deriving import DERIVE
from crmbridge.platforms.zoho.links import inline_links
from crmbridge.platforms.zoho.objects import NAME, OBJECT_OF_KIND, OBJECTS
from crmbridge.platforms.zoho.values import to_id
from crmbridge.platforms.zoho.words import DIRECTIONS, PRIORITIES, STATUSES

_CONVERTERS: Final = Converters({
    (Kind.DEAL, "probability"): to_percent,
    (Kind.TASK, "status"): word_of(STATUSES),
    (Kind.TASK, "priority"): word_of(PRIORITIES),
    (Kind.ACTIVITY, "direction"): word_of(DIRECTIONS),
}, {**BY_TYPE, Type.ID: to_id, Type.FLAG: to_text})  # fmt: skip
_META: Final = ("id", "Created_Time", "Modified_Time")
_ADDRESSES: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("Contacts", "Leads"), ("Secondary_Email", "Mobile"))
"""Remote fields whose values `deriving` puts where they belong."""
_LINKING: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Deals": (("Contact_Name", "Contacts"),),
    "Tasks": (("Who_Id", "Contacts"), ("What_Id", "Deals")),
    "Calls": (("Who_Id", "Contacts"), ("What_Id", "Deals")),
    "Events": (("Who_Id", "Contacts"), ("What_Id", "Deals")),
    "Notes": (("Parent_Id", "Deals"),),
}
"""Lookups -> a target whose links are told when the lookup was understood."""


def read(
    kind: Kind | str,
    raw: Json,
    context: ReadContext | None = None,
    *,
    object: str | None = None,
    links: Mapping[str, tuple[Link, ...]] | None = None,
) -> Record:
    """Pure; never raises on odd values. `raw` is what listings, queries and single reads answer with."""
    kind, context = Kind(kind), context or NO_CONTEXT
    raw = raw if isinstance(raw, dict) else {}
    object = object or _object(kind, raw)
    reading = Reading(kind, object, raw, context, inline_links(object, raw) if links is None else links)
    _fill(reading, _table(kind, object, *variant_of(context)))
    for derive in DERIVE.get(object, ()) if object in OBJECTS and OBJECTS[object].kind is kind else ():
        derive(reading)
    return Record(
        platform=NAME,
        object=object,
        external_id=_external_id(raw),
        kind=kind,
        fields=reading.fields,
        custom_fields=reading.custom,
        links=reading.links,
        remote_created_at=reading.instant("remote_created_at", "Created_Time"),
        remote_updated_at=reading.instant("remote_updated_at", "Modified_Time"),
        odd=frozenset(reading.odd),
    )


def _fill(reading: Reading, table: Table) -> None:
    """Every field lands in one of ours, in the links, or under its own name. What begins with a dollar is no field:
    flags of the answer itself, which move by themselves."""
    linked = _linked(reading)
    for key, value in reading.raw.items():
        targets = table.get(key)
        if targets is None:
            if value is not None and not key.startswith("$") and key not in linked:
                reading.custom[key] = value
            continue
        for name, convert in targets:
            reading.fill(name, key, value, convert)


def _linked(reading: Reading) -> frozenset[str]:
    """Lookups that became links; of one that points into a module that we do not keep, nothing else would be left."""
    found = set()
    for key, target in _LINKING.get(reading.object, ()):
        try:
            id = to_id(reading.raw.get(key))
        except ValueError:
            continue
        ends = reading.links.values() if target == "Deals" else [reading.links.get(target, ())]
        if any(link.external_id == id for links in ends for link in links):
            found.add(key)
    return frozenset(found)


@lru_cache(maxsize=1024)
def _table(kind: Kind, object: str, time_zone: str, mapping: tuple[tuple[str, str], ...]) -> Table:
    spec = OBJECTS.get(object)
    ours = _ADDRESSES.get(object, ()) if spec and spec.kind is kind else ()
    remote = {**(spec.remote if spec else {}), **dict(mapping)}
    return dict.fromkeys((*_META, *ours), ()) | _CONVERTERS.table(kind, time_zone, remote)


def _object(kind: Kind, raw: Mapping[str, Any]) -> str:
    """By the fields that only one module of a kind has."""
    if kind is Kind.ACTIVITY:
        telling = {"Note_Content": "Notes", "Event_Title": "Events", "Start_DateTime": "Events", "Parent_Id": "Notes"}
        return next((object for key, object in telling.items() if key in raw), OBJECT_OF_KIND[kind])
    if kind is Kind.CONTACT and ("Lead_Status" in raw or "Company" in raw):
        return "Leads"
    return OBJECT_OF_KIND[kind]


def _external_id(raw: Mapping[str, Any]) -> str:
    try:
        return to_id(raw.get("id"))
    except ValueError:
        return ""
