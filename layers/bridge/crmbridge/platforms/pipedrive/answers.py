"""What Pipedrive's lists answer with, and what they cost."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Json

Row = Mapping[str, Any]

PAGE: Final = 500
LIST_COST: Final[Mapping[str, int]] = {"list": 10, "deleted": 10, "archived": 20}


def rows(answer: Json) -> list[Row]:
    """An empty list may come as `{"success": false, "data": []}`, or as null."""
    found = answer.get("data") if isinstance(answer, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def next_cursor(answer: Json) -> str:
    """The one thing that ends a walk; an empty page does not."""
    more = answer.get("additional_data") if isinstance(answer, dict) else None
    return str((more.get("next_cursor") if isinstance(more, dict) else None) or "")


def has_more(answer: Json) -> bool:
    """Under `pagination`; some lists of version 1 put the same keys one level higher."""
    more = answer.get("additional_data") if isinstance(answer, dict) else None
    place = more.get("pagination", more) if isinstance(more, dict) else None
    return isinstance(place, dict) and place.get("more_items_in_collection") is True
