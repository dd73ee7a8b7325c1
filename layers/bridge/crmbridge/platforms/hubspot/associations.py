"""Links: inline with a listing where they come whole, otherwise for up to 1,000 records in one call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import MissingScope, Unavailable
from crmbridge.domain.records import Link
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.objects import LINKED_ONLY, NAME, OBJECTS, PRIMARY_TYPES, SINGULAR

BATCH: Final = 1_000
NONE_FOUND: Final = "crm.associations.NO_ASSOCIATIONS_FOUND"

Links = tuple[Link, ...]

_INLINE_TYPES: Final = {
    (object, target): (
        f"{SINGULAR[object]}_to_{SINGULAR[target]}",
        f"{SINGULAR[object]}_to_{SINGULAR[target]}_unlabeled",
        (object, target) in PRIMARY_TYPES,
    )
    for object in OBJECTS
    for target in (*OBJECTS, *LINKED_ONLY)
}


def inline_links(object: str, envelope: Mapping[str, Any]) -> dict[str, Links]:
    """Per target the links of one envelope that are told whole; nothing where nothing is told."""
    associations = envelope.get("associations")
    if not isinstance(associations, dict) or object not in OBJECTS:
        return {}
    found = {
        target: _inline(object, target, associations.get(target))
        for target in associations
        if (object, target) in _INLINE_TYPES
    }
    return {target: links for target, links in found.items() if links is not None}


def linked_objects(directories: Directories, object: str) -> tuple[str, ...]:
    """Whose links an object owns, without those that the token may not see: their links stay unread, not empty."""
    known = directories.fields or OBJECTS
    return tuple(target for target in OBJECTS[object].links if target in known)


def whole_links(object: str, targets: Iterable[str], envelope: Mapping[str, Any]) -> tuple[dict[str, Links], list[str]]:
    """Of a record listed with these targets asked for: the links read whole, and the targets that need a call."""
    associations = envelope.get("associations") or {}
    whole: dict[str, Links] = {}
    owed: list[str] = []
    for target in targets:
        links = _inline(object, target, associations[target]) if target in associations else ()
        if links is None:
            owed.append(target)
        else:
            whole[target] = links
    return whole, owed


def _inline(object: str, target: str, page: Any) -> Links | None:
    """None when there is more than the page holds, or a label: inline only its internal name is told.

    The same id comes once per association type; `contact_to_company` beside `..._unlabeled` marks the primary one."""
    entries = page.get("results") if isinstance(page, dict) and not page.get("paging") else None
    if not isinstance(entries, list):
        return None
    plain, unlabelled, tells_primary = _INLINE_TYPES[object, target]
    primary: dict[str, bool] = {}
    for entry in entries:
        type = entry.get("type") if isinstance(entry, dict) else None
        if type not in (plain, unlabelled):
            return None
        id = str(entry.get("id"))
        primary[id] = primary.get(id, False) or (tells_primary and type == plain)
    return _ordered([Link(target, id, "", is_primary) for id, is_primary in primary.items()])


def add_links(api: Api, object: str, target: str, links: Mapping[str, dict[str, Links]]) -> None:
    """Read the links of these records (id -> links per target) to one more target, if the token may."""
    try:
        found = read_links(api, object, target, list(links))
    except MissingScope:
        return
    for id, ends in found.items():
        links[id][target] = ends


def read_links(api: Api, object: str, target: str, ids: Sequence[str]) -> dict[str, Links]:
    """All links of these records to one target object; an id is missing only where HubSpot could not tell."""
    found: dict[str, dict[str, Link]] = {id: {} for id in ids}
    inputs = [{"id": id} for id in ids]
    while inputs:
        body = {"inputs": inputs[:BATCH]}
        answer = api.post(paths.batch_associations(object, target), body)
        more = _gather(found, target, answer)
        _forget_failed(found, answer)
        inputs = inputs[BATCH:] + more
    return {id: _ordered(list(links.values())) for id, links in found.items()}


def _gather(found: dict[str, dict[str, Link]], target: str, answer: Any) -> list[dict[str, str]]:
    """File what one answer holds; returns the inputs that continue it. The answer has its own order, and leaves out
    whoever has no links."""
    more = []
    for result in answer.get("results") or ():
        id = str(result["from"]["id"])
        if id not in found:
            continue
        found[id].update((link.external_id, link) for link in _links(target, result.get("to") or ()))
        after = ((result.get("paging") or {}).get("next") or {}).get("after")
        if after:
            more.append({"id": id, "after": after})
    return more


def _links(target: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[Link]:
    """`toObjectId` is a number in most answers and a string in newer ones."""
    for entry in entries:
        labels = [type["label"] for type in entry.get("associationTypes") or () if type.get("label")]
        label = ", ".join(sorted({label for label in labels if label != "Primary"}))
        yield Link(target, str(entry["toObjectId"]), label, "Primary" in labels)


def _forget_failed(found: dict[str, dict[str, Link]], answer: Any) -> None:
    """A failure of one input must not read as "has no links": that would empty a channel."""
    for error in answer.get("errors") or ():
        if error.get("subCategory") == NONE_FOUND:
            continue
        context = error.get("context") or {}
        failed = [str(id) for key in ("fromObjectId", "ids", "id") for id in context.get(key) or ()]
        if not failed:
            raise Unavailable(f"HubSpot could not tell all links: {error.get('message', '')[:200]}", platform=NAME)
        for id in failed:
            found.pop(id, None)


def _ordered(links: list[Link]) -> Links:
    if len(links) < 2:
        return tuple(links)
    return tuple(sorted(links, key=lambda link: (not link.primary, len(link.external_id), link.external_id)))
