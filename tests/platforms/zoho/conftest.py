"""Doors to Zohos: one that answers what it is told, and simulators with a mind of their own."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.connections import Account
from crmbridge.domain.directories import Directories, Field, Option, Owner, Stage
from crmbridge.domain.records import Type
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import WriteRequest
from crmbridge.platforms.zoho import ZOHO

from local.simulators import Running, running

TOKEN = "1000.simulator"
ASKED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Counting:
    """A budget without limits that counts the calls and what they cost."""

    entered: Counter[str] = field(default_factory=Counter)
    spent: int = 0

    def enter(self, pool: str, cost: int = 1) -> None:
        self.entered[pool] += 1
        self.spent += cost

    def left(self) -> None:
        """Nothing is held."""

    def refused(self, pool: str, seconds: float) -> None:
        """Nobody asks."""

    def heard(self, pool: str, headers: Mapping[str, str], status: int) -> None:
        """Nobody asks."""


@dataclass
class OneToken:
    token: str

    def current(self, refused: str | None = None) -> str:
        return self.token


def _api(url: str, session: requests.Session, token: str = TOKEN) -> Api:
    def carried(token: str) -> Mapping[str, str]:
        return ZOHO.headers("oauth", token)

    return Api("zoho", url, OneToken(token), Counting(), ZOHO.explain, session, authorization=carried)


@pytest.fixture
def told(scripted: Callable[..., Any]) -> Callable[..., Any]:
    """`told(answer, ...)`: a door to a Zoho that answers so, and the script."""

    def api(*answers: Any) -> tuple[Api, Any]:
        session, script = scripted(*answers)
        return _api("https://www.zohoapis.eu", session), script

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
        yield lambda url, token=TOKEN: _api(url, session, token)


@pytest.fixture
def api(sim: Running, open_api: Callable[..., Api]) -> Api:
    sim.no_faults()
    return open_api(sim.url)


@pytest.fixture(scope="module")
def directories(sim: Running) -> Directories:
    with requests.Session() as session:
        return ZOHO.load_directories(_api(sim.url, session))


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
    """`ask("create_task", directories, subject="...")`: one write, as a service would ask for it."""

    def request(type: str, directories: Directories, /, **fields: Any) -> WriteRequest:
        parts = {
            name: fields.pop(name)
            for name in ("links", "external_id", "key", "timeout", "custom_fields", "asked_at")
            if name in fields
        }
        action = ACTION_TYPES[type]
        given = {**fields, **action.sets}
        return WriteRequest(
            type=type,
            kind=action.kind,
            fields=given,
            object=ZOHO.actions[type].made(given),
            directories=directories,
            **{"key": "key-1", "asked_at": ASKED_AT, **parts},
        )

    return request
