"""Addresses of one connection, over HTTP: made by an admin, shown once, delivered to, and followed by the next one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from crmbridge.domain.connections import AppCredentials
from crmbridge.entry import connections
from crmbridge.entry.http import HttpDoor
from crmbridge.entry.webhooks import answer
from crmbridge.platforms.registry import platform
from crmbridge.services.ports import Deps
from crmbridge.storage.vault import MemoryVault

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

ORG = "00D5g0000000001EAA"
SOAP = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>%s</OrganizationId>'
    "</notifications></e:Body></e:Envelope>"
)


@dataclass
class House:
    deps: Deps
    asking: Any

    def make(self, connection: str = "c1", **caller: Any) -> tuple[int, Any]:
        event = self.asking("POST", f"/v1/connections/{connection}/address", **caller)
        made = HttpDoor(connections.router)(self.deps, event, None)
        return made["statusCode"], orjson.loads(made["body"])

    def deliver(self, url: str, org: str = ORG) -> int:
        """As the customer's CRM does, to the address that it was given."""
        address = urlsplit(url)
        place, token = address.path.split("/")[-2:]
        event = self.asking("POST", address.path, SOAP % org, headers={"content-type": "text/xml", "soapaction": '""'})
        event["rawQueryString"] = address.query
        event["pathParameters"] = {"platform": "salesforce", "connection": place, "token": token}
        return int(answer(self.deps, event)["statusCode"])

    def heard(self) -> list[Any]:
        return [message.body["to"] for message in self.deps.queues.deliveries.take()]  # type: ignore[attr-defined]


@pytest.fixture
def house(asking: Any) -> House:
    """A Salesforce org of the workspace acme, which somebody must tell where to deliver; and one of HubSpot's."""
    vault = MemoryVault({"salesforce": AppCredentials("id", "secret"), "hubspot": AppCredentials("id", "secret")})
    deps = make_deps(LittleCrm(Clock()), platform=platform, vault=vault)
    make_connection(deps, workspace="acme", platform="salesforce", account=ORG)
    make_connection(deps, workspace="acme", id="c2", platform="hubspot")
    make_connection(deps, workspace="other", id="c3", platform="salesforce", account=ORG)
    return House(deps, asking)


@pytest.fixture
def url(house: House) -> Callable[[], str]:
    """Makes an address."""
    return lambda: next(word for word in house.make()[1]["steps"].split() if word.startswith("https://"))


def test_an_address_is_shown_with_what_to_do_with_it(house: House) -> None:
    status, made = house.make()

    assert status == 201
    assert made["url"].startswith("https://bridge.test/v1/webhooks/salesforce/c1.acme/")
    assert made["url"] in made["steps"]


def test_what_comes_to_it_is_let_in_for_its_connection(house: House, url: Callable[[], str]) -> None:
    status = house.deliver(url())

    assert status == 200
    assert house.heard() == [["acme", "c1"]]


def test_what_is_of_another_account_or_comes_elsewhere_is_not(house: House, url: Callable[[], str]) -> None:
    good = url()

    assert house.deliver(good, org="00D5g0000000002EAA") in (401, 403)
    assert house.deliver(good.replace("c1.acme", "c3.other")) == 404
    assert house.deliver(good.replace("/c1.acme/", "/c1.acme/x")) == 404
    assert house.heard() == []


def test_the_address_before_stays_good_and_those_before_it_do_not(house: House, url: Callable[[], str]) -> None:
    oldest, older, newest = url(), url(), url()

    assert [house.deliver(each) for each in (oldest, older, newest)] == [404, 200, 200]


@pytest.mark.parametrize(
    ("connection", "caller", "status"),
    [("c1", {"role": "member"}, 403), ("c1", {"role": ""}, 401), ("c2", {}, 422), ("c3", {}, 404), ("none", {}, 404)],
)
def test_nobody_else_makes_one_nor_where_none_is_needed(
    house: House, connection: str, caller: dict[str, str], status: int
) -> None:
    assert house.make(connection, **caller)[0] == status
