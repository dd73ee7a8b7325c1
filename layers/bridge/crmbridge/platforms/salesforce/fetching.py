"""Reading given records again, by id or by e-mail, until every one of them is accounted for."""

from collections.abc import Sequence
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Rejected
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import State
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce.fields import asked_fields
from crmbridge.platforms.salesforce.objects import BATCH, PEOPLE, long_id
from crmbridge.platforms.salesforce.queries import Soql, any_of, both, literal, run
from crmbridge.platforms.salesforce.sightings import sightings, tombstone

LENGTH: Final = 18
UNREADABLE: Final = frozenset({"INVALID_QUERY_FILTER_OPERATOR", "MALFORMED_ID", "INVALID_ID_FIELD"})


def fetch(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """Every id asked for is answered: live, deleted, merged or converted (its successor comes along), or hidden.

    1 call per 500 ids, which the recycle bin takes part in, and 1 more where successors are new to us."""
    wanted = list(dict.fromkeys(map(long_id, ids)))
    seen = _read(api, object, wanted, directories)
    answered = {one.external_id for one in seen}
    for target in dict.fromkeys(one.successor_object or object for one in seen if one.successor_id):
        successors = [
            one.successor_id for one in seen if one.successor_id and (one.successor_object or object) == target
        ]
        new = [id for id in dict.fromkeys(successors) if target != object or id not in answered]
        seen = seen + _read(api, target, new, directories)
    return seen + [tombstone(object, id, State.HIDDEN) for id in wanted if id not in answered]


def _read(api: Api, object: str, ids: Sequence[str], directories: Directories) -> list[Sighting]:
    """Those that Salesforce shows to us, in the bin or not. An id it cannot read is nobody's."""
    if directories.fields and object not in directories.fields:
        return []
    names = asked_fields(directories, object)
    rows: list[dict[str, Any]] = []
    for start in range(0, len(ids), BATCH):
        batch = [id for id in ids[start : start + BATCH] if len(id) == LENGTH and id.isascii() and id.isalnum()]
        rows += _rows(api, names, object, batch)
    return sightings(api, object, rows, directories.version)


def _rows(api: Api, names: tuple[str, ...], object: str, ids: list[str]) -> list[dict[str, Any]]:
    """One id that Salesforce cannot read spoils a whole list: its halves are asked for, and nobody else is hidden."""
    if not ids:
        return []
    try:
        return run(api, Soql(names, object, any_of("Id", ids)), deleted=True).records
    except Rejected as error:
        if error.code not in UNREADABLE:
            raise
    if len(ids) == 1:
        return []
    half = len(ids) // 2
    return _rows(api, names, object, ids[:half]) + _rows(api, names, object, ids[half:])


def find(api: Api, object: str, email: str, directories: Directories) -> list[Sighting]:
    """Live, and by the database itself. Any number of people may share an address."""
    if object not in PEOPLE or (directories.fields and object not in directories.fields):
        return []
    open_only = "IsConverted = false" if object == "Lead" else ""
    where = both(f"Email = {literal(email.strip())}", open_only)
    rows = run(api, Soql(asked_fields(directories, object), object, where, "Id")).records
    return sightings(api, object, rows, directories.version)
