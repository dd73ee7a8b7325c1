"""Whole listings, which have no cap, and windows of changes, which come out of the search index."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from crmbridge.domain.directories import Directories
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Json, Link
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.associations import add_links, linked_objects, whole_links
from crmbridge.platforms.hubspot.objects import modified_property
from crmbridge.platforms.hubspot.properties import asked_properties, fits_search, fits_url, listed
from crmbridge.platforms.hubspot.sightings import sighting
from crmbridge.platforms.hubspot.values import EPOCH
from crmbridge.platforms.spec import Page, PageRequest, Window

LIST_PAGE: Final = 100
SEARCH_PAGE: Final = 200
LISTS_PER_ROUND: Final = 10
"""Listed pages whose unfinished links share one association call (which takes 1,000 records)."""
TOTAL_AFTER: Final = 20
"""Pages after which one more call, to ask how many there are, is within a twentieth."""

Envelopes = list[dict[str, Any]]
Links = dict[str, tuple[Link, ...]]


def page(api: Api, request: PageRequest) -> Page:
    return _list(api, request) if request.window is None else _search(api, request, request.window)


def _list(api: Api, request: PageRequest) -> Page:
    """One listed page; as many as ten where links are unfinished, so that finishing them costs a tenth of a call."""
    object, directories = request.object, request.directories
    targets = linked_objects(directories, object)
    envelopes: Envelopes = []
    links: dict[str, Links] = {}
    unfinished: dict[str, dict[str, Links]] = {}
    after, pages = str(request.cursor.get("after", "")), int(request.cursor.get("pages", 0))
    for _ in range(LISTS_PER_ROUND):
        found, after = _listed(api, object, directories, after)
        envelopes, pages = envelopes + found, pages + 1
        for envelope in found:
            id = str(envelope["id"])
            links[id], owed = whole_links(object, targets, envelope)
            for target in owed:
                unfinished.setdefault(target, {})[id] = links[id]
        if not (after and unfinished):
            break
    for target, of in unfinished.items():
        add_links(api, object, target, of)
    seen = [sighting(object, one, directories.version, links[str(one["id"])]) for one in envelopes]
    total = _total(api, object) if pages >= TOTAL_AFTER and not request.cursor.get("counted") else None
    return Page(seen, _next(after, pages), total)


def _next(after: str, pages: int) -> Mapping[str, Json] | None:
    return {"after": after, "pages": pages, "counted": pages >= TOTAL_AFTER} if after else None


def _listed(api: Api, object: str, directories: Directories, after: str) -> tuple[Envelopes, str]:
    """Up to 100 records in order of their ids, and the cursor that continues them.

    The query is written by hand: an encoded comma is three characters, and the room for names is short."""
    names = asked_properties(directories, object)
    query = f"limit={LIST_PAGE}&archived=false"
    if after:
        query += f"&after={quote(after, safe='')}"
    if targets := linked_objects(directories, object):
        query += f"&associations={','.join(targets)}"
    in_url = fits_url(names)
    if in_url:
        query += f"&properties={listed(names)}"
    answer = api.get(f"{paths.objects(object)}?{query}")
    found: Envelopes = answer.get("results") or []
    if not in_url:
        found = _with_properties(api, object, found, names)
    return found, str(((answer.get("paging") or {}).get("next") or {}).get("after") or "")


def _with_properties(api: Api, object: str, found: Envelopes, names: Sequence[str]) -> Envelopes:
    """The same records with the properties that no URL can ask for. One that vanished meanwhile is left out."""
    read = {str(one["id"]): one for one in read_batch(api, object, [str(one["id"]) for one in found], names)}
    return [
        {**read[str(one["id"])], "associations": one.get("associations")} for one in found if str(one["id"]) in read
    ]


def read_batch(api: Api, object: str, ids: Sequence[str], names: Sequence[str], *, archived: bool = False) -> Envelopes:
    """Those of these records that HubSpot has, 100 a call, in its own order and perhaps under another id (merged)."""
    found: Envelopes = []
    path = paths.batch_read(object) + ("?archived=true" if archived else "")
    for start in range(0, len(ids), LIST_PAGE):
        inputs = [{"id": id} for id in ids[start : start + LIST_PAGE]]
        found += api.post(path, {"inputs": inputs, "properties": list(names)}).get("results") or []
    return found


def _search(api: Api, request: PageRequest, window: Window) -> Page:
    """The next 200 changes by id. Keyset, not offset: an offset ends at 10,000 and forgets rows that share a date."""
    names = asked_properties(request.directories, request.object)
    in_search = fits_search(names)
    after = str(request.cursor.get("after", "0"))
    asked = names if in_search else (modified_property(request.object),)
    answer = api.post(paths.search(request.object), _query(request.object, window, after, asked), pool="search")
    found: Envelopes = answer.get("results") or []
    more = bool(found) and bool((answer.get("paging") or {}).get("next"))
    cursor = {"after": str(found[-1]["id"])} if more else None
    if not in_search:
        found = read_batch(api, request.object, [str(one["id"]) for one in found], names)
    total = answer.get("total") if after == "0" else None
    return Page(complete(api, request.object, found, request.directories), cursor, total, indexed=True)


def _query(object: str, window: Window, after: str, names: Sequence[str]) -> Json:
    modified = modified_property(object)
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": _milliseconds(window.start)},
        {"propertyName": modified, "operator": "LT", "value": _milliseconds(window.end)},
        {"propertyName": "hs_object_id", "operator": "GT", "value": after},
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(names),
        "limit": SEARCH_PAGE,
        "after": "0",
    }


def _milliseconds(moment: datetime) -> str:
    return str((moment - EPOCH) // timedelta(milliseconds=1))


def complete(api: Api, object: str, envelopes: Envelopes, directories: Directories) -> list[Sighting]:
    """Sightings with all their links, which neither search nor batch read tells."""
    links: dict[str, Links] = {str(envelope["id"]): {} for envelope in envelopes}
    for target in linked_objects(directories, object) if links else ():
        add_links(api, object, target, links)
    return [sighting(object, one, directories.version, links[str(one["id"])]) for one in envelopes]


def _total(api: Api, object: str) -> int | None:
    """For progress: a listing does not say how many there are, a search does."""
    total = api.post(paths.search(object), {"limit": 1, "properties": [], "filterGroups": []}, pool="search").get(
        "total"
    )
    return total if isinstance(total, int) else None
