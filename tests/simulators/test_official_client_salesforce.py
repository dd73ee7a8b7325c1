"""The Python client that Salesforce's customers use must be content with the simulator."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from local.simulators import Running, running

APP: dict[str, Any] = {"consumer_key": "3MVG9simulatorConsumerKey", "consumer_secret": "simulator-client-secret"}
PERSON: dict[str, Any] = {"username": "admin@falkenau.test", "password": "simulator-password"}


class Redirected(HTTPAdapter):
    """The client insists on https; this sends it to the simulator all the same."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._place = urlsplit(url)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.url = urlunsplit((self._place.scheme, self._place.netloc, asked.path, asked.query, ""))
        return super().send(request, *args, **more)


@pytest.fixture(scope="module")
def org() -> Iterator[Running]:
    with running("salesforce", contacts=2_300, companies=40, deals=60) as sim:
        yield sim


@pytest.fixture(scope="module")
def session(org: Running) -> Iterator[requests.Session]:
    with requests.Session() as redirected:
        redirected.mount("https://", Redirected(org.url))
        yield redirected


@pytest.fixture(scope="module")
def client(session: requests.Session) -> Any:
    return Salesforce(**PERSON, security_token="", session=session, version="62.0")


@pytest.mark.parametrize("given", [{**PERSON, **APP}, {**APP, "domain": "falkenau.my"}])
def test_it_logs_in_with_a_password_or_the_credentials_of_an_app(
    session: requests.Session, given: dict[str, Any]
) -> None:
    client = Salesforce(**given, session=session)

    assert client.query("SELECT Id FROM Organization")["totalSize"] == 1


def test_a_query_is_walked_to_its_last_page(client: Any, org: Running) -> None:
    live = org.state(object="Contact", ids_only=1)["live"]

    found = client.query_all("SELECT Id, Account.Name FROM Contact ORDER BY Id")

    assert found["done"] is True
    assert [row["Id"] for row in found["records"]][:100] == live[:100]
    assert len(found["records"]) >= 2_300


def test_a_contact_is_created_changed_read_and_deleted(client: Any) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)

    made = client.Contact.create({"LastName": "Client", "Email": "client@example.test"})
    changed = client.Contact.update(made["id"], {"Title": "Boss"})
    read = client.Contact.get(made["id"])
    client.Contact.delete(made["id"])
    gone = client.Contact.deleted(began, datetime.now(UTC) + timedelta(minutes=1))["deletedRecords"]

    assert made["success"]
    assert (changed, read["Title"], read["LastName"]) == (204, "Boss", "Client")
    assert made["id"] in {row["id"] for row in gone}


def test_an_external_id_makes_a_record_once(client: Any) -> None:
    place = "CrmBridgeKey__c/client-1"

    statuses = [client.Contact.upsert(place, {"LastName": name}) for name in ("First", "Second")]

    assert statuses in ([201, 200], [201, 204])
    assert client.Contact.get_by_custom_id("CrmBridgeKey__c", "client-1")["LastName"] == "Second"


def test_it_understands_what_is_described_and_limited(client: Any) -> None:
    fields = {field["name"] for field in client.Contact.describe()["fields"]}
    objects = {one["name"] for one in client.describe()["sobjects"]}

    assert {"LastName", "AccountId", "CrmBridgeKey__c"} <= fields
    assert {"Account", "Contact", "Lead", "Opportunity", "Task", "Event"} <= objects
    assert client.limits()["DailyApiRequests"]["Remaining"] > 0


def test_a_bulk_query_brings_every_row(client: Any, org: Running) -> None:
    accounts = org.state(object="Account", ids_only=1)["live"]

    parts = list(client.bulk2.Account.query("SELECT Id, Name FROM Account", wait=0))

    assert {line.split(",")[0].strip('"') for part in parts for line in part.splitlines()[1:]} >= set(accounts)


def test_refusals_are_raised_as_what_they_are(client: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column"):
        client.query("SELECT Nope FROM Contact")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        client.Contact.create({"Nope": 1})
    with pytest.raises(SalesforceResourceNotFound):
        client.Contact.get("003000000000000AAA")


def test_a_signed_assertion_logs_in(session: requests.Session, org: Running) -> None:
    key = generate_private_key(public_exponent=65_537, key_size=2_048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    org.settings(certificate=public.decode())
    person: dict[str, Any] = {"username": PERSON["username"], "consumer_key": APP["consumer_key"]}

    signed = Salesforce(**person, privatekey=private.decode(), session=session, version="62.0")

    assert signed.query("SELECT COUNT() FROM Account")["totalSize"] >= 40
    refused = pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved")
    with pytest.warns(UserWarning, match="approve"), refused:
        Salesforce(**{**person, "username": "nobody@x.test"}, privatekey=private.decode(), session=session)
