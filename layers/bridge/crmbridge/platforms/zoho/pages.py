"""Whole listings and windows of changes by COQL, 2,000 records a call; what it will not query by plain listings.

Pages go by id (keyset): it can be asked again at any time, and neither the 100,000 rows that a cursor reaches nor a
thousand changes of one second lose anything."""

from collections.abc import Mapping
from typing import Final

from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json, State
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Page, PageRequest, Window
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.columns import asked_columns
from crmbridge.platforms.zoho.links import UNREAD
from crmbridge.platforms.zoho.queries import (
    DELETED_COST,
    PER_PAGE,
    Row,
    Rows,
    by_ids,
    joined,
    listing,
    literal,
    second,
    select,
    shown,
)
from crmbridge.platforms.zoho.roles import people_of_each, people_of_stretch
from crmbridge.platforms.zoho.sightings import sightings, tombstone

LIST_ROWS: Final = 2_000
WINDOW_ROWS: Final = 1_000
"""A credit less than 2,000, and as many changes as fit between two runs."""
NOT_QUERYABLE: Final = frozenset({"INVALID_QUERY", "SYNTAX_ERROR"})
"""COQL knows not every column of every edition."""
PAGED_OUT: Final = "DISCRETE_PAGINATION_LIMIT_EXCEEDED"


NOTHING: Final = Page((), None)
CORE: Final = frozenset({"Accounts", "Contacts", "Deals"})
"""What is worth an error when the connected user may not see it; the others are not used everywhere."""
UNSEEN: Final = frozenset({"INVALID_MODULE", "NO_PERMISSION", "FEATURE_NOT_SUPPORTED"})


def page(api: Api, request: PageRequest) -> Page:
    """Nothing of a module that this org has not, or this user may not see; an error if it is one of the main ones."""
    try:
        return _page_of(api, request)
    except Rejected as error:
        if request.object in CORE or error.code not in UNSEEN:
            raise
        return NOTHING


def _page_of(api: Api, request: PageRequest) -> Page:
    if request.window and request.step == "deleted":
        return _deleted(api, request, request.window)
    if request.window and request.step == "converted":
        return _listed(api, request, converted="true")
    if request.cursor.get("by") == "listing":
        return _listed(api, request)
    try:
        return _queried(api, request)
    except Rejected as error:
        if error.code not in NOT_QUERYABLE:
            raise
        return _listed(api, request)


def _queried(api: Api, request: PageRequest) -> Page:
    after, object = str(request.cursor.get("after", "0")), request.object
    where = (*_within(request.window), f"id > {literal(after)}")
    limit = WINDOW_ROWS if request.window else LIST_ROWS
    rows = select(api, object, asked_columns(request.directories, object), where, limit)
    last = rows.token or (str(rows.records[-1]["id"]) if rows.records else "")
    return _page(api, request, rows.records, {"after": last} if rows.more and last else None)


def _within(window: Window | None) -> tuple[str, ...]:
    """From the second the window begins in to the one it ends in."""
    if window is None:
        return ()
    start, end = literal(second(window.start)), literal(second(window.end))
    return (f"Modified_Time >= {start}", f"Modified_Time < {end}")


def _listed(api: Api, request: PageRequest, converted: str = "false") -> Page:
    """The next 200. A cursor of Zoho's is good for a day and for the very same request; one that it no longer takes is
    given up, once, for a new walk from the beginning."""
    batches, object, at = asked_columns(request.directories, request.object), request.object, request.cursor
    token = str(at.get("token", ""))
    params = {
        "fields": ",".join(batches[0]), "per_page": str(PER_PAGE), "sort_by": "id", "sort_order": "asc",
        **shown(object, converted), **({"page_token": token} if token else {}),
    }  # fmt: skip
    since = request.window.start if request.window else None
    try:
        found = listing(api, paths.records(object), params, since)
    except Rejected:
        if not token or at.get("again"):
            raise
        return Page((), {"by": "listing", "again": True})
    whole = _with_other_columns(api, request, found)
    more: dict[str, Json] = {"by": "listing", "token": found.token, **({"again": True} if at.get("again") else {})}
    return _page(api, request, whole, more if found.more and found.token else None)


def _with_other_columns(api: Api, request: PageRequest, found: Rows) -> list[Row]:
    others = asked_columns(request.directories, request.object)[1:]
    ids = [str(row["id"]) for row in found.records]
    parts = [by_ids(api, request.object, ids, (columns,)) for columns in others] if ids else []
    return joined(found.records, parts) if others else found.records


def _page(api: Api, request: PageRequest, rows: list[Row], ahead: Mapping[str, Json] | None) -> Page:
    """With the people of deals: of a whole listing by stretches, of changes one by one."""
    people = UNREAD
    if request.object == "Deals":
        read = people_of_each if request.window else people_of_stretch
        people = read(api, rows, request.directories)
    return Page(sightings(request.object, rows, request.directories.version, people), ahead)


def _deleted(api: Api, request: PageRequest, window: Window) -> Page:
    """Of the recycle bin and beyond it; the losers of a merge are among them. What is beyond the pages that Zoho shows
    is left to the sweep of the next full run."""
    number = int(request.cursor.get("page", 1))
    params = {"type": "all", "page": str(number), "per_page": str(PER_PAGE)}
    try:
        found = listing(api, paths.deleted(request.object), params, window.start, DELETED_COST)
    except Rejected as error:
        if number == 1 or error.code != PAGED_OUT:
            raise
        return Page((), None)
    seen = [tombstone(request.object, str(row["id"]), State.DELETED) for row in found.records if row.get("id")]
    return Page(seen, {"page": number + 1} if found.more and found.records else None)
