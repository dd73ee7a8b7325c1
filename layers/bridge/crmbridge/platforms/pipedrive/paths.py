"""Where Pipedrive's API lives. Version 2 wherever it reaches: the twins of it in version 1 are out of support since
August 2026. Version 1 for what version 2 lacks: users, notes, webhooks, activity types."""

from typing import Final
from urllib.parse import quote

API_URL: Final = "https://api.pipedrive.com"
"""For API tokens; an OAuth install has a host of its own (`api_domain`)."""
AUTH_URL: Final = "https://oauth.pipedrive.com"

AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
REVOKE: Final = "/oauth/revoke"

ME: Final = "/api/v1/users/me"
USERS: Final = "/api/v1/users"
NOTES: Final = "/api/v1/notes"
WEBHOOKS: Final = "/api/v1/webhooks"
PIPELINES: Final = "/api/v2/pipelines"
STAGES: Final = "/api/v2/stages"
ITEM_SEARCH: Final = "/api/v2/itemSearch"


def objects(name: str) -> str:
    return NOTES if name == "notes" else f"/api/v2/{name}"


def record(name: str, id: str) -> str:
    return f"{objects(name)}/{quote(id, safe='')}"


def archived(name: str) -> str:
    return f"{objects(name)}/archived"


def participants(deal: str) -> str:
    """Version 2 can read them (`persons?deal_id=`), and adds none."""
    return f"/api/v1/deals/{quote(deal, safe='')}/participants"


def search(name: str) -> str:
    return f"{objects(name)}/search"


def fields(singular: str) -> str:
    """Of a `person`, a `deal`, ..."""
    return f"/api/v2/{singular}Fields"


def webhook(id: str) -> str:
    return f"{WEBHOOKS}/{quote(id, safe='')}"
