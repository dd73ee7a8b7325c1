"""Doors to Pipedrives: one that answers what it is told, and simulators with a mind of their own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.records import Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.spec import WriteRequest

from local.simulators import Running, running
from tests.crm_doors import asking, door

TOKEN = "5d1f00c0ffee00000000000000000000c0ffee01"
ASKED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def told(scripted: Callable[..., Any]) -> Callable[..., Any]:
    """`told(answer, ...)`: a door to a Pipedrive that answers so, and the script."""

    def api(*answers: Any) -> tuple[Api, Any]:
        session, script = scripted(*answers)
        return door(PIPEDRIVE, "https://acme.pipedrive.com", session, TOKEN, "token"), script

    return api


@pytest.fixture(scope="module")
def sim() -> Iterator[Running]:
    """One for the tests of a file, each looking at records of its own; never out of tokens."""
    with running(
        "pipedrive", contacts=1_100, companies=120, deals=300, tasks=60, activities=120, token=TOKEN,
        token_burst=1_000_000, burst=1_000_000, daily=100_000_000, search_burst=1_000_000,
    ) as running_sim:  # fmt: skip
        yield running_sim


@pytest.fixture
def open_api() -> Iterator[Callable[..., Api]]:
    """`open_api(url, token, auth)`: a door to any Pipedrive."""
    with requests.Session() as session:
        yield lambda url, token=TOKEN, auth="token": door(PIPEDRIVE, url, session, token, auth)


@pytest.fixture
def api(sim: Running, open_api: Callable[..., Api]) -> Api:
    sim.no_faults()
    return open_api(sim.url)


@pytest.fixture(scope="module")
def directories(sim: Running) -> Directories:
    """Of an account that has the key fields."""
    with requests.Session() as session:
        api = door(PIPEDRIVE, sim.url, session, TOKEN, "token")
        PIPEDRIVE.prepare(api, PIPEDRIVE.load_directories(api))
        return PIPEDRIVE.load_directories(api)


@pytest.fixture
def tallinn() -> Directories:
    """A small account in Tallinn, in euros, with the key on deals: two pipelines that share a label, priorities, and a
    custom field of several types."""
    stages = (
        Stage("1", "Qualified", "1", "Sales", 1, 40),
        Stage("2", "Contract sent", "1", "Sales", 2, 80),
        Stage("7", "Qualified", "2", "Renewals", 1, None),
    )
    priority = Field("priority", "Priority", Type.OPTION, (Option("24", "Low"), Option("26", "High")))
    deals = (
        Field(KEY, "CRM Bridge key", Type.TEXT, custom=True, raw_type="varchar"),
        Field("a" * 40, "Region", Type.OPTION, (Option("31", "North"), Option("32", "South")), custom=True,
              raw_type="enum"),
        Field("b" * 40, "Interests", Type.OPTION, (Option("41", "Tea"), Option("42", "Tin")), custom=True,
              raw_type="set"),
        Field("c" * 40, "Fee", Type.MONEY, custom=True, raw_type="monetary"),
        Field("status", "Status", Type.OPTION, (Option("open", "Open"), Option("won", "Won")), raw_type="status"),
    )  # fmt: skip
    return Directories(
        account=Account("5550001", "EUR", True, "Europe/Tallinn", "https://acme.pipedrive.com"),
        owners={"77": Owner("77", "Ana Rep", "ana@acme.test")},
        stages={stage.id: stage for stage in stages},
        fields={"activities": {"priority": priority}, "deals": {one.key: one for one in deals}},
        version="v.d.a",
    )


@pytest.fixture
def ask() -> Callable[..., WriteRequest]:
    return asking(PIPEDRIVE)
