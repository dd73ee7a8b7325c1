"""Where Salesforce's API lives, under the `instance_url` of each org."""

from typing import Final
from urllib.parse import quote

LOGIN_URL: Final = "https://login.salesforce.com"
SANDBOX_URL: Final = "https://test.salesforce.com"
MY_DOMAIN: Final = r"[a-z0-9][a-z0-9-]*(--[a-z0-9]+\.sandbox)?\.my\.salesforce\.com"
"""The customer's own login host, matched in full."""

AUTHORIZE: Final = "/services/oauth2/authorize"
TOKEN: Final = "/services/oauth2/token"  # noqa: S105 - a path
REVOKE: Final = "/services/oauth2/revoke"
USER: Final = "/services/oauth2/userinfo"

VERSION: Final = "v62.0"
"""Winter '25. Versions live for about three years at least; raise it after reading what has changed."""
DATA: Final = f"/services/data/{VERSION}"
QUERY: Final = f"{DATA}/query"
QUERY_ALL: Final = f"{DATA}/queryAll"
COMPOSITE: Final = f"{DATA}/composite"
COLLECTION: Final = f"{DATA}/composite/sobjects"
BATCH: Final = f"{DATA}/composite/batch"


def objects(name: str) -> str:
    return f"{DATA}/sobjects/{name}"


def record(name: str, id: str) -> str:
    return f"{objects(name)}/{quote(id, safe='')}"


def blob(name: str, id: str, field: str) -> str:
    return f"{record(name, id)}/{field}"


def by_key(name: str, field: str, key: str) -> str:
    return f"{objects(name)}/{field}/{quote(key, safe='')}?fields=Id"
