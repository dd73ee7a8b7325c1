"""Links: inline in every answer, as lookups, which are all there is to know, but for the people of a deal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crmbridge.domain.records import Link
from crmbridge.platforms.zoho.objects import AROUND, OBJECTS, SE_MODULE
from crmbridge.platforms.zoho.values import to_id

Links = tuple[Link, ...]

NOBODY: Final[Links] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Deal -> its contacts, of the deals of which they were read. `always`: every reading of this org reads them, so
    that a deal's fields may hold what they tell."""

    of: Mapping[str, Links] = field(default_factory=dict)
    always: bool = False


UNREAD: Final = People()
_LOOKUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Contacts": {"Accounts": "Account_Name"},
    "Deals": {"Contacts": "Contact_Name", "Accounts": "Account_Name"},
}
_WHATS: Final = ("Leads", "Accounts", "Deals")
_PEOPLE: Final[Mapping[str, str]] = {"contact": "Contacts", "lead": "Leads"}


def inline_links(object: str, raw: Mapping[str, Any]) -> dict[str, Links]:
    """Per target the links of one record, where its lookup is told at all and can be understood.

    Of a deal's contacts it is the one that the deal itself names; see `roles`."""
    if object in AROUND:
        return _around(raw)
    if object == "Notes":
        return _parent(raw) if "Parent_Id" in raw else {}
    found = {target: _single(target, raw, key) for target, key in _LOOKUPS.get(object, {}).items()}
    return {target: links for target, links in found.items() if links is not None}


def _single(target: str, raw: Mapping[str, Any], key: str) -> Links | None:
    if key not in raw:
        return None
    if raw[key] is None:
        return NOBODY
    try:
        return (Link(target, to_id(raw[key]), "", primary=True),)
    except ValueError:
        return None


def _around(raw: Mapping[str, Any]) -> dict[str, Links]:
    """`Who_Id` is a contact; what `What_Id` is, `$se_module` says. A meeting tells its participants."""
    found: dict[str, Links] = {}
    if (who := _single("Contacts", raw, "Who_Id")) is not None:
        found["Contacts"] = who
    if "What_Id" in raw:
        found |= _what(raw["What_Id"], module_of(raw, "What_Id"), _WHATS)
    return _with_participants(found, raw.get("Participants"))


def _parent(raw: Mapping[str, Any]) -> dict[str, Links]:
    return _what(raw["Parent_Id"], module_of(raw, "Parent_Id"), OBJECTS["Notes"].links)


def _what(lookup: Any, module: str, targets: tuple[str, ...]) -> dict[str, Links]:
    """A module that is known settles all targets: the record hangs on one of it, and on none of the others."""
    nobody = dict.fromkeys(targets, NOBODY)
    if lookup is None:
        return nobody
    try:
        id = to_id(lookup)
    except ValueError:
        return {}
    if not module:
        return {}
    return nobody | ({module: (Link(module, id, "", primary=True),)} if module in targets else {})


def module_of(raw: Mapping[str, Any], key: str) -> str:
    """The module that a lookup points into; empty where it is not told."""
    lookup = raw.get(key)
    place = lookup.get("module") if isinstance(lookup, dict) else None
    told = place.get("api_name") if isinstance(place, dict) else place
    return next((text for text in (told, raw.get(SE_MODULE)) if isinstance(text, str)), "")


def _with_participants(found: dict[str, Links], told: Any) -> dict[str, Links]:
    for entry in told if isinstance(told, list) else ():
        target = _PEOPLE.get(str(entry.get("type"))) if isinstance(entry, dict) else None
        id = entry.get("participant") if target else None
        if target in found and isinstance(id, str) and id and id not in {link.external_id for link in found[target]}:
            found[target] = (*found[target], Link(target, id))
    return found
