"""Reading given records again, by id or by e-mail, until every one of them is accounted for."""

from collections.abc import Sequence
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import RecordGone
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Json, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import LIST_COST, Row, rows
from crmbridge.platforms.pipedrive.objects import ALSO_READ
from crmbridge.platforms.pipedrive.participants import people_of
from crmbridge.platforms.pipedrive.sightings import sightings, tombstone

IDS: Final = 100
"""At most so many in `ids`."""
ONE_COST: Final = 1
NOTE_COST: Final = 2
SEARCH_COST: Final = 20
FEW: Final = 3
"""Up to so many are read one by one: a token each, where a list takes ten."""


def fetch(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """Every id asked for is answered: live, archived, deleted or hidden.

    One list of up to 100, and one more of deals among those that are deleted; what neither shows is read one by one.
    Lists leave out what is deleted, single reads say so for about 30 days. Who swallowed a merged record only its
    webhook tells."""
    wanted = list(dict.fromkeys(ids))
    seen = _listed(api, object, wanted, directories)
    answered = {one.external_id for one in seen}
    return seen + [_single(api, object, id, directories) for id in wanted if id not in answered]


def _listed(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """What lists show of them; notes have none that takes ids."""
    if object == "notes":
        return []
    seen: list[Sighting] = []
    for step in ("list", "deleted") if object == "deals" else ("list",):
        missing = [id for id in ids if id not in {one.external_id for one in seen}]
        for start in range(0, len(missing) if len(missing) > FEW else 0, IDS):
            found = list_ids(api, object, missing[start : start + IDS], step)
            seen += _seen(api, object, found, directories)
    return seen


def _seen(api: Api, object: str, found: Sequence[Row], directories: Directories) -> list[Sighting]:
    people = people_of(api, found, directories) if object == "deals" else {}
    return sightings(object, found, directories.version, people)


def list_ids(api: Api, object: str, ids: Sequence[str], step: str = "list") -> list[Row]:
    """Ids that are no numbers would have the whole list refused, and can be nobody's."""
    numbers = [id for id in ids if id.isascii() and id.isdecimal()]
    if not numbers:
        return []
    params = {"ids": ",".join(numbers), "limit": str(IDS), **ALSO_READ.get(object, {})}
    if step == "deleted":
        params["status"] = "deleted"
    return rows(api.get(paths.objects(object), params, cost=LIST_COST[step]))


def _single(api: Api, object: str, id: str, directories: Directories) -> Sighting:
    """A 404 is no deletion: the record may not be shown to us, or no longer be known."""
    raw = read_one(api, object, id)
    if raw is None:
        return tombstone(object, id, State.HIDDEN)
    return _seen(api, object, [{**raw, "id": id} if raw.get("id") is None else raw], directories)[0]


def read_one(api: Api, object: str, id: str) -> Row | None:
    """Deleted ones too, as long as Pipedrive has them; None where it has none, or shows none."""
    try:
        cost = NOTE_COST if object == "notes" else ONE_COST
        answer = api.get(paths.record(object, id), ALSO_READ.get(object), cost=cost)
    except RecordGone:
        return None
    return data_of(answer) or None


def data_of(answer: Json) -> Row:
    """The one record that an answer holds; empty where it holds none."""
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def find(api: Api, object: str, email: str, directories: Directories) -> list[Sighting]:
    """Live. Only people have e-mails; the search lags behind writes, so that what it names is read again."""
    if object != "persons":
        return []
    found = list_ids(api, object, search_email(api, email)[:IDS])
    return [one for one in sightings(object, found, directories.version) if _has_email(one.raw, email)]


def search_email(api: Api, email: str) -> list[str]:
    params = {"term": email.strip(), "fields": "email", "exact_match": "true", "limit": str(IDS)}
    answer = api.get(paths.search("persons"), params, pool="search", cost=SEARCH_COST)
    items = data_of(answer).get("items")
    hits = [hit.get("item") for hit in items if isinstance(hit, dict)] if isinstance(items, list) else []
    return [str(item["id"]) for item in hits if isinstance(item, dict) and item.get("id") is not None]


def _has_email(raw: Any, email: str) -> bool:
    wanted = email.strip().casefold()
    told = raw.get("emails") if isinstance(raw, dict) else None
    entries = told if isinstance(told, list) else []
    return any(isinstance(entry, dict) and str(entry.get("value")).strip().casefold() == wanted for entry in entries)
