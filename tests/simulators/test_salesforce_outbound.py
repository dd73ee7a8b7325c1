"""Outbound messages: what arrives, when it counts as taken, and what a receiver may be surprised with."""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
NAMES = {"o": "http://soap.sforce.com/2005/09/outbound", "sf": "urn:sobject.enterprise.soap.sforce.com"}
ACK = (
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse'
    b' xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body>'
    b"</soapenv:Envelope>"
)
CREATE = {"op": "create", "object": "Contact", "fields": {"LastName": "Out{n}", "Email": "out{n}@out.test"}}


@pytest.fixture
def told(cloud: Running, endpoint: Any) -> Running:
    endpoint.body = ACK
    cloud.settings(webhook_url=endpoint.url, webhook_secret_path="/s3cret", webhook_fields="LastName Email Title")
    return cloud


def flushed(sim: Running) -> dict[str, Any]:
    report: dict[str, Any] = sim.webhooks(flush=True)
    assert report["flushed"]
    return report


def parsed(body: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(body).findall(".//o:Notification", NAMES)


def test_a_change_arrives_as_a_notification_of_its_org(told: Running, endpoint: Any) -> None:
    made = told.mutate(CREATE)[0]["ids"]
    flushed(told)

    body, headers = endpoint.posts[0]
    root = ElementTree.fromstring(body)
    notification = parsed(body)[0]
    assert headers["content-type"].startswith("text/xml")
    assert "soapaction" in headers
    assert root.findtext(".//o:OrganizationId", namespaces=NAMES) == "00D5g0000000001EAA"
    assert re.fullmatch(r"04l\w{15}", notification.findtext("o:Id", namespaces=NAMES) or "")
    assert notification.findtext("o:sObject/sf:Id", namespaces=NAMES) == made[0]
    assert notification.findtext("o:sObject/sf:Email", namespaces=NAMES) == "out0@out.test"
    assert notification.find("o:sObject/sf:Title", NAMES) is None


def test_up_to_a_hundred_changes_share_a_message_and_objects_never_do(told: Running, endpoint: Any) -> None:
    told.webhooks(pause=True)
    told.mutate({**CREATE, "count": 120}, {"op": "create", "object": "Account", "fields": {"Name": "x"}})
    told.webhooks(resume=True)
    flushed(told)

    kinds = [
        {next(iter(each.find("o:sObject", NAMES).attrib.values())) for each in parsed(body)}  # type: ignore[union-attr]
        for body, _ in endpoint.posts
    ]
    assert sorted(len(parsed(body)) for body, _ in endpoint.posts) == [1, 20, 100]
    assert all(len(kind) == 1 for kind in kinds)


@pytest.mark.parametrize("answer", [b"", b"<Ack>false</Ack>"])
def test_a_message_counts_as_taken_only_with_a_true_ack(told: Running, endpoint: Any, answer: bytes) -> None:
    endpoint.body = answer
    told.mutate(CREATE)
    refused = flushed(told)
    endpoint.body = ACK
    told.webhooks(retry_now=True)

    taken = flushed(told)

    ids = {parsed(body)[0].findtext("o:Id", namespaces=NAMES) for body, _ in endpoint.posts}
    assert (refused["retrying"], taken["delivered"]) == (1, 1)
    assert len(endpoint.posts) == 2
    assert len(ids) == 1, "a retry repeats the notification's id"


def test_a_message_shows_the_record_as_it_is_when_sent(told: Running, endpoint: Any) -> None:
    told.webhooks(pause=True)
    row_id = told.mutate(CREATE)[0]["ids"][0]
    told.mutate({"op": "update", "object": "Contact", "id": row_id, "fields": {"Title": "New"}})
    told.webhooks(resume=True)
    flushed(told)

    titles = [each.findtext("o:sObject/sf:Title", namespaces=NAMES) for each in parsed(endpoint.posts[0][0])]
    assert titles == ["New", "New"]


def test_a_deletion_is_not_told_and_leaves_an_earlier_notification_empty(told: Running, endpoint: Any) -> None:
    told.webhooks(pause=True)
    row_id = told.mutate(CREATE)[0]["ids"][0]
    told.mutate({"op": "delete", "object": "Contact", "id": row_id})
    told.webhooks(resume=True)
    flushed(told)

    notifications = parsed(endpoint.posts[0][0])
    assert len(notifications) == 1
    assert notifications[0].findall("o:sObject/*", NAMES) == []


def test_what_was_rolled_back_is_not_told(told: Running, endpoint: Any, rest: Rest) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": "x"}, {"attributes": {"type": "Contact"}}]

    rest(told, "POST", "/composite/sobjects", json={"allOrNone": True, "records": records})
    flushed(told)

    assert endpoint.posts == []


def test_an_org_can_have_messages_of_its_own(told: Running, endpoint: Any) -> None:
    order = {
        "op": "outbound_message",
        "org": "2",
        "object": "Lead",
        "url": f"{endpoint.url}/own",
        "fields": ["Company"],
    }
    told.mutate(order)

    told.mutate({"op": "create", "org": "2", "object": "Lead", "fields": {"LastName": "x", "Company": "Own"}})
    told.mutate({**CREATE, "org": "2"})
    flushed(told)

    assert len(endpoint.posts) == 1
    assert b"<sf:Company>Own</sf:Company>" in endpoint.posts[0][0]
    assert b"00D5g0000000002" in endpoint.posts[0][0]


def test_duplicates_keep_the_notifications_id(told: Running, endpoint: Any) -> None:
    told.webhooks(duplicate_probability=1.0)
    told.mutate(CREATE)
    flushed(told)

    ids = [each.findtext("o:Id", namespaces=NAMES) for body, _ in endpoint.posts for each in parsed(body)]
    assert len(ids) == 2
    assert len(set(ids)) == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [("wrong_org", b"00D000000000000EAA"), ("entities", b"<!ENTITY"), ("empty", b"</notifications>"),
     ("junk", b"not closed"), ("json", b"{")],
)  # fmt: skip
def test_forgeries_are_sent_on_request(told: Running, endpoint: Any, kind: str, words: bytes) -> None:
    told.webhooks(forge={"kind": kind})

    assert words in endpoint.posts[0][0]
