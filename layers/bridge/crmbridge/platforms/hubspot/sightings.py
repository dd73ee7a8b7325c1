"""One HubSpot object as one call showed it: its fingerprint, its date, whom it swallowed."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.merging import Sighting, links_fingerprint
from crmbridge.domain.records import Link, State
from crmbridge.platforms.hubspot.objects import LINKED_ONLY, OBJECTS, modified_property
from crmbridge.platforms.hubspot.values import to_instant

_MERGED: Final = ("hs_merged_object_ids", "hs_calculated_merged_vids")
_TELLING: Final = ("contacts", "deals")
"""Objects of which a field of ours is derived from links."""


def sighting(object: str, envelope: Mapping[str, Any], version: str, links: Mapping[str, tuple[Link, ...]]) -> Sighting:
    properties, id = envelope.get("properties") or {}, str(envelope["id"])
    return Sighting(
        object=object,
        external_id=id,
        kind=OBJECTS[object].kind,
        raw=envelope,
        fingerprint=fingerprint(object, properties, version, links),
        state=State.ARCHIVED if envelope.get("archived") else State.LIVE,
        remote_updated_at=_updated(object, envelope, properties),
        links=links,
        losers=_losers(properties, id),
    )


def tombstone(object: str, id: str, state: State, successor: str | None = None) -> Sighting:
    return Sighting(object=object, external_id=id, kind=OBJECTS[object].kind, state=state, successor_id=successor)


def fingerprint(object: str, properties: Mapping[str, Any], version: str, links: Mapping[str, tuple[Link, ...]]) -> str:
    """Over what reaches a stored field: not the order of the properties, which differs between list and search, nor
    the empty ones (a property added to the account tomorrow is null everywhere), but the modified date, so that of two
    readings the older can never come back; and the links, where fields are derived from them. Of `version` only what
    this object's translation depends on: a new stage rewrites deals, not contacts."""
    told = {key: value for key, value in properties.items() if value is not None}
    digest = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=12)
    digest.update((version if object == "deals" else version.partition(".")[0]).encode())
    if object in _TELLING:
        for target in sorted(links.keys() - LINKED_ONLY.keys()):
            digest.update(f"{target}{links_fingerprint(links[target])}".encode())
    return digest.hexdigest()


def _updated(object: str, envelope: Mapping[str, Any], properties: Mapping[str, Any]) -> Any:
    try:
        return to_instant(envelope.get("updatedAt") or properties.get(modified_property(object)))
    except ValueError:
        return None


def _losers(properties: Mapping[str, Any], id: str) -> tuple[str, ...]:
    """Losers of a merge vanish without a word; the survivor names them (`id`, or `id:when`, divided by semicolons)."""
    found: dict[str, None] = {}
    for key in _MERGED:
        text = properties.get(key)
        if text:
            found.update((loser.partition(":")[0].strip(), None) for loser in str(text).split(";"))
    return tuple(loser for loser in found if loser not in ("", id))
