"""One Pipedrive object as one call showed it: its fingerprint, its date, its links."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import State
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.pipedrive.links import Links, inline_links
from crmbridge.platforms.pipedrive.objects import OBJECTS, kind_of
from crmbridge.platforms.pipedrive.reading import NOISE, state_of

NONE: Final[Mapping[str, Links]] = {}
_VERSION_PART: Final[Mapping[str, int]] = {"deals": 1, "activities": 2}
"""Which part of a directories' version an object's translation depends on besides the first."""


def sightings(object: str, rows: Iterable[Any], version: str, people: Mapping[str, Links] = NONE) -> list[Sighting]:
    """`people`: deal -> everybody who takes part, where that was read."""
    known = (row for row in rows if isinstance(row, dict) and row.get("id") is not None)
    return [sighting(object, row, version, people.get(str(row["id"]))) for row in known]


def sighting(object: str, raw: Mapping[str, Any], version: str, people: Links | None = None) -> Sighting:
    links = inline_links(object, raw)
    return Sighting(
        object=object,
        external_id=str(raw["id"]),
        kind=kind_of(object, raw),
        raw=raw,
        fingerprint=fingerprint(object, raw, version),
        state=state_of(raw),
        remote_updated_at=_updated(raw),
        links=links if people is None else {**links, "persons": people},
    )


def tombstone(object: str, id: str, state: State) -> Sighting:
    return Sighting(object=object, external_id=id, kind=OBJECTS[object].kind, state=state)


def fingerprint(object: str, raw: Mapping[str, Any], version: str) -> str:
    """Over what reaches a stored field, empty ones left out: a field that is added to the account tomorrow is null
    everywhere. The modified date is among it, so that of two readings the older can never come back."""
    noise = NOISE.get(object, frozenset())
    told = {key: value for key, value in raw.items() if value is not None and key not in noise}
    custom = told.get("custom_fields")
    if isinstance(custom, dict):
        told["custom_fields"] = {key: value for key, value in custom.items() if value is not None}
    digest = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=12)
    parts = version.split(".")
    digest.update(parts[0].encode())
    if (part := _VERSION_PART.get(object, 0)) and part < len(parts):
        digest.update(parts[part].encode())
    return digest.hexdigest()


def _updated(raw: Mapping[str, Any]) -> datetime | None:
    try:
        return to_instant(raw.get("update_time") or raw.get("add_time"))
    except ValueError:
        return None
