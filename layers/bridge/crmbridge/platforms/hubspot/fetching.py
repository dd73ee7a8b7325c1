"""Reading given records again, by id or by e-mail, until every one of them is accounted for."""

from collections.abc import Mapping, Sequence
from typing import Any

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import RecordGone
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import State
from crmbridge.platforms.http import Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.pages import complete, read_batch
from crmbridge.platforms.hubspot.properties import asked_properties
from crmbridge.platforms.hubspot.sightings import sighting, tombstone


def fetch(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """Every id asked for is answered: live, archived, merged (with its successor, which comes along), or hidden.

    The steps cost 1 call per 100 ids for those that live, the same again for those that do not, and 1 each for the
    few that are neither: merged, erased for good, or not shown to us."""
    wanted = list(dict.fromkeys(ids))
    names = asked_properties(directories, object)
    live = complete(api, object, _unique(read_batch(api, object, wanted, names)), directories)
    answered = {one.external_id for one in live}
    seen = live + [tombstone(object, id, State.MERGED, into) for id, into in _merged(wanted, live).items()]
    answered |= {one.external_id for one in seen}
    missing = [id for id in wanted if id not in answered]
    archived = _archived(api, object, missing, names, directories) if missing else []
    answered |= {one.external_id for one in archived}
    lost = [id for id in missing if id not in answered]
    return seen + archived + _followed(api, object, lost, answered, directories)


def _merged(wanted: Sequence[str], live: Sequence[Sighting]) -> Mapping[str, str]:
    """Asked-for ids that some returned survivor names as swallowed."""
    present = {one.external_id for one in live}
    successors = {loser: one.external_id for one in live for loser in one.losers}
    return {id: successors[id] for id in wanted if id in successors and id not in present}


def _archived(
    api: Api, object: str, ids: Sequence[str], names: Sequence[str], directories: Directories
) -> list[Sighting]:
    """From the recycle bin, where links are not told."""
    found = read_batch(api, object, ids, names, archived=True)
    return [sighting(object, {**one, "archived": True}, directories.version, {}) for one in _unique(found)]


def _followed(
    api: Api, object: str, ids: Sequence[str], answered: set[str], directories: Directories
) -> list[Sighting]:
    """One by one: only a single read follows a merged record to its successor. A 404 is no deletion: hidden."""
    found = {id: _found_as(api, object, id) for id in ids}
    new = [into for into in dict.fromkeys(found.values()) if into and into not in answered]
    names = asked_properties(directories, object)
    seen = complete(api, object, _unique(read_batch(api, object, new, names)), directories) if new else []
    back = {one.external_id for one in seen}
    for id, into in found.items():
        if into and into != id:
            seen.append(tombstone(object, id, State.MERGED, into))
        elif id not in back:
            seen.append(tombstone(object, id, State.HIDDEN))
    return seen


def _found_as(api: Api, object: str, id: str) -> str | None:
    """The id that a single read answers with: its own (it was not there yet a moment ago), or its successor's."""
    try:
        return str(api.get(paths.record(object, id))["id"])
    except RecordGone:
        return None


def _unique(envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two asked-for ids may answer with one and the same survivor."""
    return list({str(one["id"]): one for one in envelopes}.values())


def find(api: Api, object: str, email: str, directories: Directories) -> list[Sighting]:
    """Live, by the unique e-mail and not through the search index, which lags. Only contacts have one."""
    if object != "contacts":
        return []
    names = asked_properties(directories, object)
    body = {"idProperty": "email", "inputs": [{"id": email.strip().lower()}], "properties": list(names)}
    found = api.post(paths.batch_read(object), body).get("results") or []
    return complete(api, object, _unique(found), directories)
