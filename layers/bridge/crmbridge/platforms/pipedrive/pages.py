"""Listings and windows of changes: 500 records a call, because a call costs the same whatever it holds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import LIST_COST, PAGE, Row, has_more, next_cursor, rows
from crmbridge.platforms.pipedrive.objects import ALSO_READ
from crmbridge.platforms.pipedrive.participants import people_of
from crmbridge.platforms.pipedrive.sightings import sightings
from crmbridge.platforms.spec import Page, PageRequest, Window

NOTES_COST: Final = 20
SORTED: Final = {"sort_by": "id", "sort_direction": "asc"}
"""Safe while others edit; a walk by date may skip or repeat."""


def page(api: Api, request: PageRequest) -> Page:
    return _notes(api, request) if request.object == "notes" else _list(api, request)


def _list(api: Api, request: PageRequest) -> Page:
    """The next 500 by id. The cursor is Pipedrive's own and opaque; how long it lives is not documented: one that is
    refused is given up, once, for a new walk from the beginning."""
    at = request.cursor
    cursor = str(at.get("cursor", ""))
    try:
        answer = _ask(api, request, cursor)
    except Rejected as error:
        if not cursor or at.get("again") or error.status != 400:
            raise
        return Page([], {"again": True})
    following = next_cursor(answer)
    ahead: dict[str, Json] | None = {**({"again": True} if at.get("again") else {}), "cursor": following}
    found = rows(answer)
    people = people_of(api, found, request.directories) if request.object == "deals" else {}
    seen = sightings(request.object, found, request.directories.version, people)
    return Page(seen, ahead if following else None)


def _ask(api: Api, request: PageRequest, cursor: str) -> Json:
    params = {"limit": str(PAGE), **SORTED, **ALSO_READ.get(request.object, {}), **window_params(request.window)}
    if cursor:
        params["cursor"] = cursor
    if request.step == "deleted":
        params["status"] = "deleted"
    path = paths.archived(request.object) if request.step == "archived" else paths.objects(request.object)
    return api.get(path, params, cost=LIST_COST[request.step])


def window_params(window: Window | None) -> dict[str, str]:
    """Whole seconds, the only form that is taken, and no fewer than asked for: from the second the window begins in to
    the end of the one it ends in."""
    if window is None:
        return {}
    end = window.end if window.end.microsecond == 0 else window.end + timedelta(seconds=1)
    return {"updated_since": second(window.start), "updated_until": second(end)}


def second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notes(api: Api, request: PageRequest) -> Page:
    """Version 1 pages by offset, which forgets rows when others are deleted meanwhile. So by date: the next page begins
    with the second in which the last one ended, and only a page full of one second is continued by offset."""
    window, at = request.window, request.cursor
    since = str(at.get("since") or (second(window.start) if window else ""))
    start = int(at.get("start", 0))
    params = {"limit": str(PAGE), "start": str(start), "sort": "update_time ASC, id ASC"}
    answer = api.get(paths.NOTES, params | ({"updated_since": since} if since else {}), cost=NOTES_COST)
    found = rows(answer)
    seen = sightings("notes", found, request.directories.version)
    return Page(seen, _after(found, since, start) if has_more(answer) and found else None)


def _after(found: list[Row], since: str, start: int) -> Mapping[str, Json]:
    try:
        last = second(to_instant(found[-1].get("update_time") or found[-1].get("add_time")))
    except ValueError:
        last = since
    return {"since": last} if last > since else {"since": since, "start": start + len(found)}
