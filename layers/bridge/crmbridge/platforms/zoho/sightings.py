"""One Zoho record as one call showed it: what has become of it, its fingerprint, its date, its links."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.merging import Sighting, links_fingerprint
from crmbridge.domain.records import State
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.zoho.links import UNREAD, Links, People, inline_links
from crmbridge.platforms.zoho.objects import OBJECTS
from crmbridge.platforms.zoho.values import to_id

_NAMES: Final = frozenset({"id", "name", "email", "module"})
_SUCCESSORS: Final = (("Converted_Contact", "contact", "Contacts"), ("Converted_Account", "account", "Accounts"))
"""(field, its key in `$converted_detail`, module), the better first."""


def sightings(object: str, rows: Iterable[Mapping[str, Any]], version: str, people: People = UNREAD) -> list[Sighting]:
    return [sighting(object, row, version, people) for row in rows if row.get("id") is not None]


def sighting(object: str, raw: Mapping[str, Any], version: str, people: People = UNREAD) -> Sighting:
    """Of a deal whose people were not read only the contact that the deal itself names is linked."""
    id = str(raw["id"])
    if object == "Leads" and is_converted(raw):
        return tombstone(object, id, State.CONVERTED, *_successor(raw))
    links, contacts = inline_links(object, raw), people.of.get(id)
    if contacts is not None:
        links = {**links, "Contacts": contacts}
    return Sighting(
        object=object,
        external_id=id,
        kind=OBJECTS[object].kind,
        raw=raw,
        fingerprint=fingerprint(object, raw, version, contacts if people.always else None),
        remote_updated_at=_updated(raw),
        links=links,
        in_part=frozenset({"Contacts"} if object == "Deals" and contacts is None else ()),
    )


def tombstone(
    object: str, id: str, state: State, successor: str | None = None, successor_object: str | None = None
) -> Sighting:
    return Sighting(
        object=object,
        external_id=id,
        kind=OBJECTS[object].kind,
        state=state,
        successor_id=successor,
        successor_object=successor_object,
    )


def is_converted(raw: Mapping[str, Any]) -> bool:
    return raw.get("Converted__s") is True or raw.get("$converted") is True


def _successor(raw: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The contact that a lead has become; where only a company was made of it, that."""
    detail = raw.get("$converted_detail")
    details = detail if isinstance(detail, dict) else {}
    for key, word, object in _SUCCESSORS:
        for told in (raw.get(key), details.get(word)):
            try:
                return to_id(told), object
            except ValueError:
                continue
    return None, None


def fingerprint(object: str, raw: Mapping[str, Any], version: str, contacts: Links | None = None) -> str:
    """Over what reaches a stored field, empty ones left out: a field that is added to the account tomorrow is null
    everywhere. Of a lookup only the id: renaming a user must not rewrite a thousand records. With a deal's contacts,
    where their roles are among its fields. The modified date is among it, so that of two readings the older can never
    come back."""
    told = {key: _slim(value) for key, value in raw.items() if value is not None and not key.startswith("$")}
    digest = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=12)
    digest.update((version if object == "Deals" else version.partition(".")[0]).encode())
    if contacts is not None:
        digest.update(links_fingerprint(contacts).encode())
    return digest.hexdigest()


def _slim(value: Any) -> Any:
    if isinstance(value, dict) and "id" in value and value.keys() <= _NAMES:
        return value["id"]
    return value


def _updated(raw: Mapping[str, Any]) -> datetime | None:
    try:
        return to_instant(raw.get("Modified_Time"))
    except ValueError:
        return None
