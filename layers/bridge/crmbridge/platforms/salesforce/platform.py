"""Salesforce, as one value: what it is called, how it is connected, read, listened to and written."""

from typing import Final

from crmbridge.domain.budgets import Pool
from crmbridge.platforms.salesforce.asking import QUERY
from crmbridge.platforms.salesforce.connecting import OAUTH, identify, page_url, prepare, record_url
from crmbridge.platforms.salesforce.directories import load_directories
from crmbridge.platforms.salesforce.errors import DAILY, explain, hear_daily
from crmbridge.platforms.salesforce.fetching import fetch, find
from crmbridge.platforms.salesforce.objects import NAME, OBJECTS
from crmbridge.platforms.salesforce.packing import ACTIONS
from crmbridge.platforms.salesforce.pages import page
from crmbridge.platforms.salesforce.paths import LOGIN_URL
from crmbridge.platforms.salesforce.reading import read
from crmbridge.platforms.salesforce.ways import WAYS
from crmbridge.platforms.salesforce.webhook import WEBHOOK
from crmbridge.platforms.spec import ChannelSpec, Platform

LOGO: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%230d9dda'/%3E"
    "%3Cg fill='%23fff'%3E%3Ccircle cx='12' cy='15' r='5'/%3E%3Ccircle cx='19' cy='14' r='6'/%3E"
    "%3Ccircle cx='22' cy='19' r='4'/%3E%3Ccircle cx='14' cy='20' r='4'/%3E%3C/g%3E%3C/svg%3E"
)
"""Our own drawing: a cloud."""

POOLS: Final = (Pool(DAILY, calls=15_000, seconds=86_400.0, hear=hear_daily, every=True, told=True),)
"""An org's requests of a rolling day, which other tools share. We begin with what the smallest org has; every answer
says what this one has, and how much of it is used. There is no limit by the second."""

CHANNELS: Final = ChannelSpec(
    setup=(
        "In Salesforce, under Setup > Outbound Messages, make one for each of Lead, Contact, Account, Opportunity, "
        "Task and Event, with the fields Id and SystemModstamp (of Task also TaskSubtype) and the endpoint URL "
        '{url}?key={password} - leave "Send Session ID" off. Let a record-triggered flow send it whenever such a '
        "record is created or updated."
    )
)

SALESFORCE: Final = Platform(
    name=NAME,
    title="Salesforce",
    description="Leads, contacts, accounts, opportunities, tasks and activities of a Salesforce org, kept in step.",
    logo=LOGO,
    auth=("oauth", *WAYS),
    api_url=LOGIN_URL,
    auth_url=LOGIN_URL,
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
    find=find,
    query=QUERY,
    incremental_lag_seconds=90,
    overlap_seconds=600,
    channels=CHANNELS,
    ways=WAYS,
)

__all__ = ["SALESFORCE"]
