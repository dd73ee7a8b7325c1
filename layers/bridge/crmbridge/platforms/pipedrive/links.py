"""Links: inline in every answer. What a field says of them is all there is to know, but for the people of a deal."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crmbridge.domain.records import Link
from crmbridge.platforms.pipedrive.objects import COUNT, LINK_FIELDS, OBJECTS
from crmbridge.platforms.pipedrive.values import to_id

Links = tuple[Link, ...]

NOBODY: Final[Links] = ()


def inline_links(object: str, raw: Mapping[str, Any]) -> dict[str, Links]:
    """Per target the links of one record, where its field is told at all and can be understood.

    Of a deal that says that more people take part than its own person, these are not told. An activity tells its
    participants."""
    spec = OBJECTS.get(object)
    found: dict[str, Links] = {}
    for target in spec.links if spec else ():
        links = participants(raw) if object == "activities" and target == "persons" else None
        links = _single(target, raw) if links is None else links
        if object == "deals" and target == "persons" and _are_more(raw, links):
            continue
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


def _are_more(raw: Mapping[str, Any], links: Links | None) -> bool:
    count = raw.get(COUNT)
    return isinstance(count, int) and count > len(links or ())


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
    return ordered(Link("persons", id, "", is_primary) for id, is_primary in primary.items())


def ordered(links: Iterable[Link]) -> Links:
    """The first person first."""
    return tuple(sorted(links, key=lambda link: (not link.primary, len(link.external_id), link.external_id)))
