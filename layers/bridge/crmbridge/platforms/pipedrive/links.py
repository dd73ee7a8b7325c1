"""Links: inline in every answer, so that none costs a call. What a field says of them is all there is to know."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Link
from crmbridge.platforms.pipedrive.objects import LINK_FIELDS, OBJECTS
from crmbridge.platforms.pipedrive.values import to_id

Links = tuple[Link, ...]

NOBODY: Final[Links] = ()


def inline_links(object: str, raw: Mapping[str, Any]) -> dict[str, Links]:
    """Per target the links of one record, where its field is told at all and can be understood.

    A deal's person is the one in the deal; its further participants would take a call for every deal, and are left to
    Pipedrive. An activity tells its participants."""
    spec = OBJECTS.get(object)
    found: dict[str, Links] = {}
    for target in spec.links if spec else ():
        links = participants(raw) if object == "activities" and target == "persons" else None
        links = _single(target, raw) if links is None else links
        if links is not None:
            found[target] = links
    return found


def _single(target: str, raw: Mapping[str, Any]) -> Links | None:
    field = LINK_FIELDS[target]
    if field not in raw:
        return None
    if raw[field] is None:
        return NOBODY
    try:
        return (Link(target, to_id(raw[field]), "", primary=True),)
    except ValueError:
        return None


def participants(raw: Mapping[str, Any]) -> Links | None:
    """Of an activity; None where they are not told, or not so that they can be understood."""
    told = raw.get("participants")
    if not isinstance(told, list):
        return None
    primary: dict[str, bool] = {}
    try:
        for entry in told:
            id = to_id(entry["person_id"])
            primary[id] = primary.get(id, False) or entry.get("primary") is True
        if raw.get("person_id") is not None:
            primary[to_id(raw["person_id"])] = True
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    links = (Link("persons", id, "", is_primary) for id, is_primary in primary.items())
    return tuple(sorted(links, key=lambda link: (not link.primary, len(link.external_id), link.external_id)))
