"""Who takes part in a deal beside its own person: a call for every deal whose count says that there are more."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import MissingScope
from crmbridge.domain.records import Json, Link, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import LIST_COST, PAGE, Row, next_cursor, rows
from crmbridge.platforms.pipedrive.links import Links, ordered
from crmbridge.platforms.pipedrive.objects import ALSO_READ, COUNT
from crmbridge.platforms.pipedrive.reading import state_of

OWN_PERSON: Final = "own_person"
"""A fact of the account: whether a deal's own person is `counted` among its participants, or stands `apart`."""
APART: Final = "apart"
SAMPLE: Final = 100


def people_of(api: Api, deals: Iterable[Row], directories: Directories) -> dict[str, Links]:
    """Deal -> everybody who takes part, for deals with more people than their own; of nobody where the token may not
    see people."""
    found: dict[str, Links] = {}
    for deal in deals:
        if not has_more(deal, directories) or state_of(deal) is State.DELETED:
            continue
        try:
            found[str(deal.get("id"))] = _people(api, deal)
        except MissingScope:
            return {}
    return found


def has_more(deal: Row, directories: Directories) -> bool:
    count = deal.get(COUNT)
    if isinstance(count, bool) or not isinstance(count, int):
        return False
    counted = deal.get("person_id") is not None and directories.facts.get(OWN_PERSON) != APART
    return count > counted


def _people(api: Api, deal: Row) -> Links:
    own, cursor = deal.get("person_id"), ""
    people = {} if own is None else {str(own): True}
    while True:
        params = {"deal_id": str(deal.get("id")), "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = api.get(paths.objects("persons"), params, cost=LIST_COST["list"])
        for person in rows(answer):
            people.setdefault(str(person.get("id")), False)
        if not (cursor := next_cursor(answer)):
            return ordered(Link("persons", id, "", is_own) for id, is_own in people.items())


def own_person_fact(api: Api) -> Mapping[str, str]:
    """Pipedrive does not document whether it counts a deal's own person: most deals have no other, and tell."""
    params = {"limit": str(SAMPLE), "sort_by": "id", "sort_direction": "desc", **ALSO_READ["deals"]}
    try:
        answer: Json = api.get(paths.objects("deals"), params, cost=LIST_COST["list"])
    except MissingScope:
        return {}
    counts: list[Any] = [deal.get(COUNT) for deal in rows(answer) if deal.get("person_id") is not None]
    return {OWN_PERSON: APART} if counts.count(0) > len(counts) / 2 else {}
