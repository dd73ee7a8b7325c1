"""Pipedrive, as one value: what it is called, how it is connected, read, listened to and written."""

from datetime import timedelta
from typing import Final

from crmbridge.domain.budgets import Pool
from crmbridge.platforms.pipedrive.asking import QUERY
from crmbridge.platforms.pipedrive.connecting import OAUTH, WAYS, headers, identify, prepare, record_url
from crmbridge.platforms.pipedrive.directories import load_directories
from crmbridge.platforms.pipedrive.errors import explain, hear_burst, hear_daily, hear_search
from crmbridge.platforms.pipedrive.fetching import fetch, find
from crmbridge.platforms.pipedrive.listening import CHANNELS
from crmbridge.platforms.pipedrive.objects import NAME, OBJECTS
from crmbridge.platforms.pipedrive.pages import page
from crmbridge.platforms.pipedrive.paths import API_URL, AUTH_URL
from crmbridge.platforms.pipedrive.reading import read
from crmbridge.platforms.pipedrive.webhook import WEBHOOK
from crmbridge.platforms.pipedrive.writing import ACTIONS
from crmbridge.platforms.spec import Platform

LOGO: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%23017737'/%3E"
    "%3Cg fill='none' stroke='%23fff' stroke-width='3'%3E"
    "%3Ccircle cx='18' cy='13' r='5.5'/%3E%3Cpath d='M12.5 8v18'/%3E%3C/g%3E%3C/svg%3E"
)
"""Our own drawing: a pipe with a bend."""

POOLS: Final = (
    Pool("burst", calls=80, seconds=2.0, hear=hear_burst),
    Pool("search", calls=8, seconds=2.0, hear=hear_search),
    Pool("daily", calls=30_000, seconds=86_400.0, hear=hear_daily, every=True, weighed=True, told=True),
)
"""An OAuth app has 80 calls in 2 s on the smallest plan, an API token 20; the headers correct that. Searches are 10 on
every plan, of which we take 8. The tokens of a day belong to the whole company, one seat of the smallest plan has
30,000, and the headers, where they come, tell what there is and what is left."""

NAMES_AGE: Final = timedelta(hours=4)
"""Loading them takes 82 tokens: with every run, 96 times a day, that would be a quarter of the smallest account's.
Webhooks tell of stages, pipelines and users, so that a change of those is not waited for."""

PIPEDRIVE: Final = Platform(
    name=NAME,
    title="Pipedrive",
    description="Persons, organizations, deals, activities and notes of a Pipedrive company, kept in step both ways.",
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
    actions=ACTIONS,
    prepare=prepare,
    find=find,
    query=QUERY,
    incremental_lag_seconds=10,
    names_age=NAMES_AGE,
    told_fields=r"[0-9a-f]{40}",
    channels=CHANNELS,
    ways=WAYS,
    headers=headers,
)

__all__ = ["PIPEDRIVE"]
