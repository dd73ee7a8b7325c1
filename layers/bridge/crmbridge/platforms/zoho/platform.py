"""Zoho CRM, as one value: what it is called, how it is connected, read, listened to and written."""

from typing import Final

from crmbridge.domain.budgets import Pool, Slots
from crmbridge.platforms.spec import Platform
from crmbridge.platforms.zoho.asking import QUERY
from crmbridge.platforms.zoho.connecting import OAUTH, WAYS, headers, identify, prepare, record_url
from crmbridge.platforms.zoho.directories import load_directories
from crmbridge.platforms.zoho.errors import CREDITS, explain, hear_credits
from crmbridge.platforms.zoho.fetching import fetch, find
from crmbridge.platforms.zoho.listening import CHANNELS
from crmbridge.platforms.zoho.objects import NAME, OBJECTS
from crmbridge.platforms.zoho.packing import ACTIONS
from crmbridge.platforms.zoho.pages import page
from crmbridge.platforms.zoho.paths import API_URL, AUTH_URL
from crmbridge.platforms.zoho.reading import read
from crmbridge.platforms.zoho.webhook import WEBHOOK

LOGO: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%23226db4'/%3E"
    "%3Cg fill='none' stroke='%23fff' stroke-width='2.5'%3E"
    "%3Crect x='6' y='10' width='9' height='9' rx='2'/%3E%3Crect x='17' y='13' width='9' height='9' rx='2'/%3E"
    "%3C/g%3E%3C/svg%3E"
)
"""Our own drawing: two tiles."""

POOLS: Final = (Pool(CREDITS, calls=50_000, seconds=86_400.0, hear=hear_credits, every=True, weighed=True, told=True),)
"""The smallest paid edition has 50,000 credits in any 24 hours, and more per user; the free one 5,000. They belong to
the org, so that the header, which comes when half of them are spent, replaces what we counted."""

SLOTS: Final = (Slots("concurrency", count=5),)
"""Requests at the same time, in the free edition; others have ten to twenty-five, and ten for queries."""

ZOHO: Final = Platform(
    name=NAME,
    title="Zoho CRM",
    description="Contacts, leads, accounts, deals, tasks and activities of a Zoho CRM org, kept in step both ways.",
    logo=LOGO,
    auth=("oauth", *WAYS),
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
    actions=ACTIONS,
    prepare=prepare,
    find=find,
    query=QUERY,
    slots=SLOTS,
    channels=CHANNELS,
    ways=WAYS,
    headers=headers,
)

__all__ = ["ZOHO"]
