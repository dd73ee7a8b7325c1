"""Where Zoho CRM lives: version 8, in the customer's own data centre, which the tokens name."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

API_URL: Final = "https://www.zohoapis.com"
AUTH_URL: Final = "https://accounts.zoho.com"

AUTHORIZE: Final = "/oauth/v2/auth"
TOKEN: Final = "/oauth/v2/token"  # noqa: S105 - a path
REVOKE: Final = "/oauth/v2/token/revoke"

DATA_CENTRES: Final[Mapping[str, str]] = {
    "us": AUTH_URL, "eu": "https://accounts.zoho.eu", "in": "https://accounts.zoho.in",
    "au": "https://accounts.zoho.com.au", "cn": "https://accounts.zoho.com.cn", "jp": "https://accounts.zoho.jp",
    "ca": "https://accounts.zohocloud.ca", "sa": "https://accounts.zoho.sa", "uk": "https://accounts.zoho.uk",
}  # fmt: skip
"""Where a customer's tokens are made; our client secret goes to these and to no other host."""

ORG: Final = "/crm/v8/org"
USERS: Final = "/crm/v8/users"
FIELDS: Final = "/crm/v8/settings/fields"
LAYOUTS: Final = "/crm/v8/settings/layouts"
PIPELINES: Final = "/crm/v8/settings/pipeline"
COQL: Final = "/crm/v8/coql"
MODULES: Final = "/crm/v8/settings/modules"
ROLES: Final = "/crm/v8/Contacts/roles"
WATCH: Final = "/crm/v8/actions/watch"

_API_HOST: Final = re.compile(r"(www|sandbox|developer)\.zohoapis\.([a-z.]+)$")
_PAGES: Final[Mapping[str, str]] = {"www": "crm", "sandbox": "crmsandbox", "developer": "crmplatform"}


def records(object: str) -> str:
    return f"/crm/v8/{object}"


def record(object: str, id: str) -> str:
    return f"/crm/v8/{object}/{quote(id, safe='')}"


def deleted(object: str) -> str:
    return f"/crm/v8/{object}/deleted"


def related(object: str, id: str, listed: str) -> str:
    """Records of the object `listed` that hang on one record."""
    return f"{record(object, id)}/{listed}"


def pages_of(api_url: str, org: str) -> str:
    """Where people look at this org's records; Canada's names differ."""
    found = _API_HOST.search(api_url)
    kind, domain = found.groups() if found else ("www", "com")
    company = "zohocloud" if domain == "ca" else "zoho"
    return f"https://{_PAGES[kind]}.{company}.{domain}/crm/{org}"
