"""Where HubSpot's API lives: one table, so that a new version of it is one edit.

Objects, associations, owners, properties and pipelines still answer under the classic v3 and v4; OAuth and the
uninstall call use the dated family, because `/oauth/v1` goes away in February 2027.
"""

from typing import Final
from urllib.parse import quote

API_URL: Final = "https://api.hubapi.com"
AUTH_URL: Final = "https://app.hubspot.com"

AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/2026-03/token"  # noqa: S105 - a path
PRIVATE_TOKEN: Final = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - a path
UNINSTALL: Final = "/appinstalls/2026-03/external-install"
ACCOUNT: Final = "/account-info/v3/details"
OWNERS: Final = "/crm/v3/owners"
PIPELINES: Final = "/crm/v3/pipelines/deals"

OBJECTS: Final = "/crm/v3/objects"
PROPERTIES: Final = "/crm/v3/properties"
ASSOCIATIONS: Final = "/crm/v4/associations"
OBJECT_ASSOCIATIONS: Final = "/crm/v4/objects"


def objects(name: str) -> str:
    return f"{OBJECTS}/{name}"


def record(name: str, id: str) -> str:
    return f"{OBJECTS}/{name}/{quote(id, safe='')}"


def search(name: str) -> str:
    return f"{OBJECTS}/{name}/search"


def batch_read(name: str) -> str:
    return f"{OBJECTS}/{name}/batch/read"


def batch_create(name: str) -> str:
    return f"{OBJECTS}/{name}/batch/create"


def properties(name: str) -> str:
    return f"{PROPERTIES}/{name}"


def batch_associations(name: str, target: str) -> str:
    """All links of up to 1,000 records to one target object."""
    return f"{ASSOCIATIONS}/{name}/{target}/batch/read"


def associations(name: str, id: str, target: str) -> str:
    return f"{OBJECT_ASSOCIATIONS}/{name}/{quote(id, safe='')}/associations/{target}"
