"""v1's ways: offset paging, and numbers that may come as text."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from local.simulators.pipedrive.call import Call
from local.simulators.pipedrive.errors import bad_request, respond


def offset_page(call: Call, rows: Sequence[Any], most: int = 500, default: int = 100) -> Response:
    start, limit = call.number("start") or 0, call.limit(most, default)
    more = len(rows) > start + limit
    paging: dict[str, Any] = {"start": start, "limit": limit, "more_items_in_collection": more}
    if more:
        paging["next_start"] = start + limit
    shown = list(rows[start : start + limit])
    return respond({"success": True, "data": shown, "additional_data": {"pagination": paging}})


def v1_number(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value in {None, ""}:
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise bad_request(f"{name} must be an integer")
    return int(value)
