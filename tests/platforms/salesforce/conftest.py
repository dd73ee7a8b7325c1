"""Doors to a Salesforce that answers what it is told, and to the simulator."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, ReadContext, Stage
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Record, Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.spec import PageRequest, Window, WriteRequest

from local.simulators import Running, running
from tests.crm_doors import asking, door

SESSION = "00D5g0000000001!simulator"


@pytest.fixture
def told(scripted: Callable[..., tuple[requests.Session, Any]]) -> Callable[..., tuple[Api, Any]]:
    """`told(answer, ...)`: a door to a Salesforce that answers so."""

    def api(*answers: Any) -> tuple[Api, Any]:
        session, script = scripted(*answers)
        return door(SALESFORCE, "https://acme.my.salesforce.com", session, SESSION), script

    return api


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    """One for the tests of a file, each looking at records of its own."""
    with running(
        "salesforce", contacts=330, leads=40, companies=40, deals=60, tasks=40, activities=20, person_accounts=4
    ) as sim:
        yield sim


@pytest.fixture
def api(cloud: Running) -> Iterator[Api]:
    cloud.no_faults()
    with requests.Session() as session:
        yield door(SALESFORCE, cloud.url, session, SESSION)


@pytest.fixture
def open_api() -> Iterator[Callable[..., Api]]:
    """`open_api(url, token)`: a door to another Salesforce."""
    with requests.Session() as session:
        yield lambda url, token=SESSION: door(SALESFORCE, url, session, token)


@pytest.fixture(scope="module")
def directories(cloud: Running) -> Directories:
    with requests.Session() as session:
        return SALESFORCE.load_directories(door(SALESFORCE, cloud.url, session, SESSION))


@pytest.fixture
def unkeyed(open_api: Callable[..., Api]) -> Iterator[tuple[Running, Api, Directories]]:
    """An org whose admin has not installed the key field."""
    with running("salesforce", contacts=12, leads=4, companies=4, deals=4, tasks=4, external_id_field="") as sim:
        api = open_api(sim.url)
        yield sim, api, SALESFORCE.load_directories(api)


@pytest.fixture
def org() -> Directories:
    """A small org in Berlin, in euros, with a stage that was renamed, and the key field."""
    stages = (
        Stage("Prospecting", "Prospecting", "", "", 0, 10),
        Stage("Proposal", "Angebot", "", "", 1, 60),
        Stage("Closed Won", "Gewonnen", "", "", 2, 100, is_closed=True, is_won=True),
    )
    key = Field("CrmBridgeKey__c", "Key", Type.TEXT, custom=True, unique=True)
    level = Field("Level__c", "Level", Type.OPTION, (Option("1", "Primary"), Option("2", "Secondary")), custom=True)
    objects = ("Account", "Contact", "Lead", "Opportunity", "Task", "Event")  # of notes nobody makes fields
    return Directories(
        account=Account("00D5g0000000001EAA", "EUR", False, "Europe/Berlin", "https://acme.my.salesforce.com"),
        stages={stage.id: stage for stage in stages},
        fields={name: {"CrmBridgeKey__c": key, "Level__c": level} for name in objects},
        version="v",
    )


@pytest.fixture
def ask() -> Callable[..., WriteRequest]:
    return asking(SALESFORCE)


@pytest.fixture
def everything() -> Callable[..., tuple[list[Sighting], int]]:
    """`everything(api, directories, object, window, step)`: all pages, and how many calls they cost."""

    def read(
        api: Api, directories: Directories, object: str, window: Window | None = None, step: str = "list"
    ) -> tuple[list[Sighting], int]:
        cursor: Mapping[str, Any] | None = {}
        seen: list[Sighting] = []
        before = api.calls
        while cursor is not None:
            page = SALESFORCE.page(
                api, PageRequest(object=object, directories=directories, step=step, cursor=cursor, window=window)
            )
            seen, cursor = seen + list(page.seen), page.next
        return seen, api.calls - before

    return read


@pytest.fixture
def make(cloud: Running) -> Callable[..., list[str]]:
    """`make("Contact", 2, LastName="Twin {n}")`: ids of records that a person made."""

    def made(object: str, count: int = 1, **fields: Any) -> list[str]:
        ids: list[str] = cloud.mutate({"op": "create", "object": object, "count": count, "fields": fields})[0]["ids"]
        return ids

    return made


@pytest.fixture
def fetched() -> Callable[..., Record]:
    """`fetched(api, directories, object, id)`: the record as it is now, in our words."""

    def read(api: Api, directories: Directories, object: str, id: str) -> Record:
        seen = next(one for one in SALESFORCE.fetch(api, object, [id], directories) if one.external_id == id)
        context = ReadContext.of(directories, object)
        return SALESFORCE.read(seen.kind, seen.raw, context, object=seen.object, links=seen.links)

    return read
