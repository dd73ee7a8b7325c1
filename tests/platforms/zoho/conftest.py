"""Doors to Zohos: one that answers what it is told, and simulators with a mind of their own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.records import Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import WriteRequest
from crmbridge.platforms.zoho import ZOHO

from local.simulators import Running, running
from tests.crm_doors import asking, door

TOKEN = "1000.simulator"
ASKED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def told(scripted: Callable[..., Any]) -> Callable[..., Any]:
    """`told(answer, ...)`: a door to a Zoho that answers so, and the script."""

    def api(*answers: Any) -> tuple[Api, Any]:
        session, script = scripted(*answers)
        return door(ZOHO, "https://www.zohoapis.eu", session, TOKEN), script

    return api


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    """One for the tests of a file, each looking at records of its own; never out of credits."""
    with running(
        "zoho", contacts=2_100, companies=60, deals=90, leads=40, tasks=30, activities=60, daily_credits=100_000_000,
        concurrency=1_000,
    ) as running_sim:  # fmt: skip
        yield running_sim


@pytest.fixture
def open_api() -> Iterator[Callable[..., Api]]:
    """`open_api(url, token)`: a door to any Zoho."""
    with requests.Session() as session:
        yield lambda url, token=TOKEN: door(ZOHO, url, session, token)


@pytest.fixture
def api(sim: Running, open_api: Callable[..., Api]) -> Api:
    sim.no_faults()
    return open_api(sim.url)


@pytest.fixture(scope="module")
def directories(sim: Running) -> Directories:
    with requests.Session() as session:
        return ZOHO.load_directories(door(ZOHO, sim.url, session, TOKEN))


@pytest.fixture
def hamburg() -> Directories:
    """A small org in Hamburg, in euros, with the key on contacts: two pipelines that share their last stage, a stage
    that was renamed, and picklists."""
    stages = (
        Stage("Qualification", "Qualification", "Standard", "Standard", 1, 10),
        Stage("Identify Decision Makers", "Identify Decision Makers", "Standard", "Standard", 2, 60),
        Stage("Closed Won", "Closed Won", "", "", 3, 100, is_closed=True, is_won=True),
    )
    stage = Field("Stage", "Stage", Type.OPTION, (Option("Id. Decision Makers", "Identify Decision Makers"),))
    deals = (
        stage,
        Field("Region", "Region", Type.OPTION, (Option("N", "North"), Option("S", "South")), custom=True,
              raw_type="picklist"),
        Field("Interests", "Interests", Type.OPTION, (Option("Tea", "Tea"), Option("Tin", "Tin")), custom=True,
              raw_type="multiselectpicklist"),
        Field("Partner", "Partner", Type.ID, custom=True, raw_type="lookup"),
    )  # fmt: skip
    calls = (Field("Call_Result", "Call Result", Type.OPTION, (Option("Interested", "Interested"),)),)
    tasks = (Field("Priority", "Priority", Type.OPTION, tuple(Option(word, word) for word in ("High", "Low"))),)
    key = Field("CRM_Bridge_Key", "CRM Bridge Key", Type.TEXT, custom=True, unique=True, raw_type="text")
    return Directories(
        account=Account("4150868000000000001", "EUR", False, "Europe/Berlin", "https://crm.zoho.eu/crm/org1"),
        owners={"77": Owner("77", "Ana Rep", "ana@acme.test")},
        stages={stage.id: stage for stage in stages},
        fields={
            "Deals": {one.key: one for one in deals},
            "Calls": {one.key: one for one in calls},
            "Tasks": {one.key: one for one in tasks},
            "Contacts": {key.key: key},
            "Leads": {key.key: key},
        },
        version="v.d",
    )


@pytest.fixture
def ask() -> Callable[..., WriteRequest]:
    return asking(ZOHO)
