"""Reading given records again, by id or by e-mail, until every one of them is accounted for."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import State
from crmbridge.platforms.http import Api
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.columns import asked_columns
from crmbridge.platforms.zoho.links import UNREAD
from crmbridge.platforms.zoho.queries import DELETED_COST, PER_PAGE, by_ids, listing, literal, query
from crmbridge.platforms.zoho.roles import people_of_each
from crmbridge.platforms.zoho.sightings import sightings, tombstone

BIN_PAGES: Final = 5
"""Of the list of deleted records, the newest first; what is beyond them was not deleted lately."""
PEOPLE: Final = ("Contacts", "Leads")
FOUND: Final = 200


def fetch(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """Every id asked for is answered: live, converted, deleted or hidden. Listings leave out what one may not see
    without a word; only the list of deletions proves one."""
    wanted = list(dict.fromkeys(ids))
    rows = by_ids(api, object, wanted, asked_columns(directories, object))
    people = people_of_each(api, rows, directories) if object == "Deals" else UNREAD
    seen = sightings(object, rows, directories.version, people)
    answered = {one.external_id for one in seen}
    missing = [id for id in wanted if id not in answered]
    deleted = _deleted(api, object, missing) if missing else set()
    fates = {True: State.DELETED, False: State.HIDDEN}
    return seen + [tombstone(object, id, fates[id in deleted]) for id in missing]


def _deleted(api: Api, object: str, ids: Iterable[str]) -> set[str]:
    """Those of these that were deleted, as far as Zoho says so."""
    missing, found = set(ids), set[str]()
    for page in range(1, BIN_PAGES + 1):
        params = {"type": "all", "page": str(page), "per_page": str(PER_PAGE)}
        rows = listing(api, paths.deleted(object), params, cost=DELETED_COST)
        found |= missing & {str(row.get("id")) for row in rows.records}
        if found == missing or not rows.more:
            break
    return found


def find(api: Api, object: str, email: str, directories: Directories) -> list[Sighting]:
    """Live, by a query, which does not lag like Zoho's search. Only people have e-mails."""
    if object not in PEOPLE:
        return []
    rows = by_ids(api, object, ids_with_email(api, object, email), asked_columns(directories, object))
    return [one for one in sightings(object, rows, directories.version) if _has_email(one.raw, email)]


def ids_with_email(api: Api, object: str, email: str) -> list[str]:
    wanted = literal(email.strip())
    where = f"(Email = {wanted} or Secondary_Email = {wanted})"
    text = f"select id from {object} where {where} order by id asc"  # noqa: S608 - a literal
    return [str(row["id"]) for row in query(api, text, FOUND).records if row.get("id")]


def _has_email(raw: Any, email: str) -> bool:
    held = (raw.get(key) for key in ("Email", "Secondary_Email")) if isinstance(raw, dict) else ()
    return any(str(value).strip().casefold() == email.strip().casefold() for value in held if value)
