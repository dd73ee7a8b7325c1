"""HubSpot, as one value: what it is called, how it is connected, read, listened to and written."""

from typing import Final

from crmbridge.domain.budgets import Pool
from crmbridge.platforms.hubspot.asking import QUERY
from crmbridge.platforms.hubspot.connecting import OAUTH, identify, page_url, prepare, record_url
from crmbridge.platforms.hubspot.directories import load_directories
from crmbridge.platforms.hubspot.errors import explain, hear_burst, hear_daily, hear_search
from crmbridge.platforms.hubspot.fetching import fetch, find
from crmbridge.platforms.hubspot.objects import LINKED_ONLY, NAME, OBJECTS
from crmbridge.platforms.hubspot.packing import ACTIONS
from crmbridge.platforms.hubspot.pages import page
from crmbridge.platforms.hubspot.paths import API_URL, AUTH_URL
from crmbridge.platforms.hubspot.reading import read
from crmbridge.platforms.hubspot.webhook import WEBHOOK
from crmbridge.platforms.spec import Platform, token_way

LOGO: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%23ff7a59'/%3E"
    "%3Cg fill='none' stroke='%23fff' stroke-width='2.5'%3E"
    "%3Ccircle cx='19' cy='19' r='5'/%3E%3Cpath d='M19 14V7M15 16 8 9'/%3E%3C/g%3E%3C/svg%3E"
)
"""Our own drawing: a hub and two spokes."""

POOLS: Final = (
    Pool("burst", calls=110, seconds=10.0, hear=hear_burst),
    Pool("search", calls=4, seconds=1.0, hear=hear_search),
    Pool("daily", calls=1_500_000, seconds=86_400.0, hear=hear_daily, every=True, told=True, assumed=True),
)
"""An OAuth app has 110 calls in 10 s per account; the headers correct that for a private app's 100 or 190. Searches are
5 a second for the whole account, which its other tools share: we take 4. An OAuth app has no daily limit that is
published, and cannot reach the number here; a private app's is told by the headers, or by the refusal itself."""

HUBSPOT: Final = Platform(
    name=NAME,
    title="HubSpot",
    description="Contacts, companies, deals, tasks and activities of a HubSpot account, kept in step both ways.",
    logo=LOGO,
    auth=("oauth", "token"),
    api_url=API_URL,
    auth_url=AUTH_URL,
    oauth=OAUTH,
    objects=OBJECTS,
    webhook=WEBHOOK,
    pools=POOLS,
    explain=explain,
    read=read,
    identify=identify,
    load_directories=load_directories,
    page=page,
    fetch=fetch,
    record_url=record_url,
    page_url=page_url,
    actions=ACTIONS,
    prepare=prepare,
    linked_only=LINKED_ONLY,
    find=find,
    query=QUERY,
    ways={"token": token_way("Private app token", "From Settings > Integrations > Private Apps, with the same scopes")},
)

__all__ = ["HUBSPOT"]
