"""One row as one call showed it: whose it is, what has become of it, its fingerprint, its date."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from crmbridge.domain.merging import Sighting, links_fingerprint
from crmbridge.domain.records import Link, State
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce.links import inline_links
from crmbridge.platforms.salesforce.notes import completed, is_long
from crmbridge.platforms.salesforce.objects import BATCH, OBJECTS, PLACES, ROLES, kind_of
from crmbridge.platforms.salesforce.queries import Soql, any_of, follow, run_all

_NO_CONTENT: Final = ("attributes", ROLES, PLACES, "Account")


def sightings(api: Api, object: str, rows: Iterable[dict[str, Any]], version: str) -> list[Sighting]:
    """Of live rows with all their links; of the others what has become of them."""
    whole = [_whole(api, row) for row in rows]
    if object == "ContentNote":
        return [completed(api, sighting(object, row, version)) for row in _placed(api, whole)]
    return [sighting(object, row, version) for row in whole]


def _placed(api: Api, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What notes hang on, which has to be asked for note by note, or for a list of them."""
    places: dict[str, list[dict[str, Any]]] = {row["Id"]: [] for row in rows if row.get("IsDeleted") is not True}
    ids = list(places)
    for start in range(0, len(ids), BATCH):
        where = any_of("ContentDocumentId", ids[start : start + BATCH])
        for place in run_all(api, Soql(("ContentDocumentId", "LinkedEntityId"), "ContentDocumentLink", where)):
            places[place["ContentDocumentId"]].append({"LinkedEntityId": place["LinkedEntityId"]})
    return [{**row, PLACES: {"records": places[row["Id"]]}} if row["Id"] in places else row for row in rows]


def sighting(object: str, row: Mapping[str, Any], version: str) -> Sighting:
    fate = _fate(object, row)
    if fate is not None:
        return fate
    links = inline_links(object, row)
    return Sighting(
        object=object,
        external_id=row["Id"],
        kind=kind_of(object, row),
        raw=row,
        fingerprint=fingerprint(object, row, version, links),
        remote_updated_at=_updated(row),
        links=links,
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


def _fate(object: str, row: Mapping[str, Any]) -> Sighting | None:
    """None: it lives. A merge deletes its losers, which then name the winner; a person account is its contact."""
    id, winner = row["Id"], row.get("MasterRecordId")
    if row.get("IsDeleted") is True:
        return tombstone(object, id, State.MERGED, winner) if winner else tombstone(object, id, State.DELETED)
    if object == "Lead" and row.get("IsConverted") is True and row.get("ConvertedContactId"):
        return tombstone(object, id, State.CONVERTED, row["ConvertedContactId"], "Contact")
    if object == "Account" and row.get("IsPersonAccount") is True and row.get("PersonContactId"):
        return tombstone(object, id, State.CONVERTED, row["PersonContactId"], "Contact")
    return None


def fingerprint(object: str, row: Mapping[str, Any], version: str, links: Mapping[str, tuple[Link, ...]]) -> str:
    """Over what reaches a stored field, the date included, so that of two readings the older can never come back.

    A column added to the org tomorrow is null everywhere, so what is null does not count. Of `version` only what this
    object's translation depends on: a new stage rewrites deals, not contacts. A deal's contacts stand in its roles."""
    told = {key: value for key, value in row.items() if value is not None and key not in _NO_CONTENT}
    digest = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=12)
    digest.update((version if object == "Opportunity" else version.partition(".")[0]).encode())
    if object == "ContentNote" and is_long(row):
        digest.update(b"whole")
    if object == "Opportunity":
        for target in sorted(links):
            digest.update(f"{target}{links_fingerprint(links[target])}".encode())
    return digest.hexdigest()


def _updated(row: Mapping[str, Any]) -> Any:
    try:
        return to_instant(row.get("SystemModstamp"))
    except ValueError:
        return None


def _whole(api: Api, row: dict[str, Any]) -> dict[str, Any]:
    """A nested list that does not come whole is read to its end."""
    nested = row.get(ROLES)
    if not isinstance(nested, dict) or nested.get("done") is not False:
        return row
    records = nested["records"] + follow(api, str(nested.get("nextRecordsUrl") or ""))
    return {**row, ROLES: {"totalSize": len(records), "done": True, "records": records}}
