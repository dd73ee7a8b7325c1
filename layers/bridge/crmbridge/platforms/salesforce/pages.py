"""Whole listings by id, and windows of changes by `SystemModstamp`, deleted rows included.

Every page is a query of its own that begins behind the last row (keyset): it can be asked again at any time, needs no
cursor kept open at Salesforce, and shows its rows as they are now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import MissingScope, Rejected
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce.fetching import fetch
from crmbridge.platforms.salesforce.fields import asked_fields, companies_only
from crmbridge.platforms.salesforce.objects import ARCHIVING, BATCH, CORE, NAME, OBJECTS
from crmbridge.platforms.salesforce.queries import Rows, Soql, both, instant, literal, run
from crmbridge.platforms.salesforce.sightings import sightings
from crmbridge.platforms.spec import Page, PageRequest, Window

PAGE: Final = 2_000
ONE_MORE: Final = PAGE + 1
"""Asking for one row beyond a page tells whether there is another, which a limit of a page cannot."""
FEW: Final[Mapping[str, int]] = {"ContentNote": 200}
"""Rows of a page, where each may cost a call of its own before it is stored."""
NOTHING: Final = Page((), None)


def page(api: Api, request: PageRequest) -> Page:
    if not is_visible(request.directories, request.object):
        return NOTHING
    if request.window is None:
        return _list(api, request)
    return (_roles if request.step == "roles" else _changes)(api, request, request.window)


def is_visible(directories: Directories, object: str) -> bool:
    """Whether the connected user may see the object. Raises MissingScope where that leaves little to keep in step."""
    if not directories.fields or object in directories.fields:
        return True
    if object in CORE:
        raise MissingScope(f"the connected Salesforce user may not see {object} records", platform=NAME)
    return False


def _list(api: Api, request: PageRequest) -> Page:
    """The first page has no limit, and so it says how many there are."""
    object, directories, after = request.object, request.directories, str(request.cursor.get("after", ""))
    archiving = object in ARCHIVING
    where = both(
        "IsDeleted = false" if archiving else "",
        companies_only(directories, object),
        f"Id > {literal(after)}" if after else "",
    )
    soql = Soql(asked_fields(directories, object), object, where, "Id", _limit(object, is_first=not after))
    rows = _bounded(object, run(api, soql, deleted=archiving))
    cursor = {"after": rows.records[-1]["Id"]} if rows.following else None
    return _page(api, request, rows, cursor, is_first=not after)


def _changes(api: Api, request: PageRequest, window: Window) -> Page:
    """A row that changes again while we page leaves the window, and comes in the next one.

    Person accounts are let in here: a company that has become one must go."""
    object, directories = request.object, request.directories
    where = both(
        _within(window),
        _behind(request.cursor),
    )
    limit = _limit(object, is_first=not request.cursor)
    soql = Soql(asked_fields(directories, object), object, where, "SystemModstamp, Id", limit)
    rows = _bounded(object, run(api, soql, deleted=True))
    return _page(api, request, rows, _place(rows), is_first=not request.cursor)


def _roles(api: Api, request: PageRequest, window: Window) -> Page:
    """A contact that joins or leaves a deal does not move the deal's date, only that of its role."""
    where = both(_within(window), _behind(request.cursor))
    limit = ONE_MORE if request.cursor else 0
    names = ("Id", "OpportunityId", "SystemModstamp")
    try:
        rows = run(api, Soql(names, "OpportunityContactRole", where, "SystemModstamp, Id", limit), deleted=True)
    except Rejected as error:
        if error.code == "INVALID_TYPE":
            return NOTHING  # this user sees no roles
        raise
    deals = list(dict.fromkeys(str(row["OpportunityId"]) for row in rows.records if row.get("OpportunityId")))
    seen = [
        one
        for start in range(0, len(deals), BATCH)
        for one in fetch(api, request.object, deals[start : start + BATCH], request.directories)
    ]
    return Page(seen, _place(rows))


def _page(api: Api, request: PageRequest, rows: Rows, cursor: Mapping[str, Json] | None, *, is_first: bool) -> Page:
    """A total of tasks and calls together is nobody's."""
    seen = sightings(api, request.object, rows.records, request.directories.version)
    return Page(seen, cursor, rows.total if is_first and not OBJECTS[request.object].also else None)


def _limit(object: str, *, is_first: bool) -> int:
    if object in FEW:
        return FEW[object] + 1
    return 0 if is_first else ONE_MORE


def _bounded(object: str, rows: Rows) -> Rows:
    """A page smaller than Salesforce's own holds the row that tells of another."""
    most = FEW.get(object, len(rows.records))
    more = len(rows.records) > most
    return replace(rows, records=rows.records[:most], following="behind the last" if more else rows.following)


def _within(window: Window) -> str:
    """Of whole seconds, as stamps are: rather a second twice than a second not at all."""
    start, end = window.start.replace(microsecond=0), window.end.replace(microsecond=0)
    if end < window.end:
        end += timedelta(seconds=1)
    return both(f"SystemModstamp >= {instant(start)}", f"SystemModstamp < {instant(end)}")


def _place(rows: Rows) -> Mapping[str, Json] | None:
    """Where the next page begins: many rows may share one stamp, so the id decides among them."""
    if not rows.following:
        return None
    last: dict[str, Any] = rows.records[-1]
    return {"at": instant(to_instant(last["SystemModstamp"])), "after": last["Id"]}


def _behind(cursor: Mapping[str, Json]) -> str:
    if not cursor:
        return ""
    at, after = instant(datetime.fromisoformat(cursor["at"])), literal(str(cursor["after"]))
    return f"SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {after})"
