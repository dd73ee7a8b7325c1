"""What was touched since a write was asked for: lists, which do not lag as the search does."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import LIST_COST, PAGE, Row, has_more, next_cursor, rows
from crmbridge.platforms.pipedrive.objects import ALSO_READ, LINK_FIELDS
from crmbridge.platforms.pipedrive.pages import NOTES_COST, second
from crmbridge.platforms.spec import WriteRequest

SKEW: Final = timedelta(minutes=5)
"""How far Pipedrive's clock may be behind ours."""


def recent(api: Api, request: WriteRequest) -> Iterator[Row]:
    """The newest first."""
    params = {"limit": str(PAGE), "updated_since": second(request.asked_at - SKEW), **_parent(request)}
    if request.object == "notes":
        yield from _recent_notes(api, params)
        return
    params |= {"sort_by": "id", "sort_direction": "desc", **ALSO_READ.get(request.object, {})}
    cursor = ""
    while True:
        page = params | ({"cursor": cursor} if cursor else {})
        answer = api.get(paths.objects(request.object), page, cost=LIST_COST["list"])
        yield from rows(answer)
        if not (cursor := next_cursor(answer)):
            return


def _recent_notes(api: Api, params: Mapping[str, str]) -> Iterator[Row]:
    start = 0
    while True:
        answer = api.get(paths.NOTES, {**params, "start": str(start), "sort": "id DESC"}, cost=NOTES_COST)
        found = rows(answer)
        yield from found
        start += len(found)
        if not found or not has_more(answer):
            return


def _parent(request: WriteRequest) -> dict[str, str]:
    """The one filter that narrows most: what it hangs on, else who owns it. A filter by person knows the first one,
    and a person may not have joined its deal yet."""
    for target in ("deals", "persons", "organizations"):
        ends = [link for link in request.links if link.object == target]
        if ends and not (request.object == "persons" and target in ("persons", "deals")):
            first = next((end for end in ends if end.primary), ends[0])
            return {LINK_FIELDS[target]: first.external_id}
    owner = request.fields.get("owner_id")
    return {"user_id" if request.object == "notes" else "owner_id": str(owner)} if owner else {}
