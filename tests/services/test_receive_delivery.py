"""The door for deliveries: proven, queued as one message, answered."""

from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import NotFound
from crmbridge.domain.messages import Message
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.ports import Deps
from crmbridge.services.receive_delivery import MAX_BODY, receive_delivery
from crmbridge.storage.vault import MemoryVault

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_deps

EVENT = {"what": "updated", "object": "contacts", "id": "1", "account": "48"}


@pytest.fixture
def crm() -> LittleCrm:
    return LittleCrm(Clock())


@pytest.fixture
def deps(crm: LittleCrm) -> Deps:
    return make_deps(crm)


def queued(deps: Deps) -> list[Message]:
    messages: list[Message] = deps.queues.deliveries.take()  # type: ignore[attr-defined] # the memory twin's
    return messages


def test_a_delivery_of_many_events_is_one_message_with_its_raw_bytes(deps: Deps, crm: LittleCrm) -> None:
    delivery = crm.delivery(*[EVENT] * 100)

    reply = receive_delivery(deps, "little", None, delivery)

    (message,) = queued(deps)
    assert reply.status == 200
    assert b64decode(message.body["body"]) == delivery.body
    assert message.group == "little#48"


def test_only_the_headers_that_prove_a_delivery_travel_with_it(deps: Deps, crm: LittleCrm) -> None:
    receive_delivery(deps, "little", None, crm.delivery(EVENT))

    assert queued(deps)[0].body["headers"] == {"x-proof": "good"}


@pytest.mark.parametrize(
    ("body", "proof", "status"),
    [
        (orjson.dumps([EVENT]), "forged", 401),
        (b"\xff{not json", "good", 401),
        (b"null", "good", 401),
        (b"x" * (MAX_BODY + 1), "good", 401),
        (b"[]", "good", 200),
    ],
    ids=["forged", "not JSON", "not events", "oversized", "empty"],
)
def test_what_cannot_be_used_is_answered_and_not_queued(
    deps: Deps, crm: LittleCrm, body: bytes, proof: str, status: int
) -> None:
    delivery = replace(crm.delivery(), body=body, headers={"x-proof": proof})

    reply = receive_delivery(deps, "little", None, delivery)

    assert reply.status == status
    assert queued(deps) == []


def test_nothing_is_answered_before_it_is_queued(deps: Deps, crm: LittleCrm) -> None:
    class Full:
        def send(self, *messages: Message) -> None:
            raise ConnectionError("the queue is away")

    broken = replace(deps, queues=replace(deps.queues, deliveries=Full()))

    with pytest.raises(ConnectionError):
        receive_delivery(broken, "little", None, crm.delivery(EVENT))


def test_an_address_per_connection_is_unknown_where_there_is_one_for_all(deps: Deps, crm: LittleCrm) -> None:
    delivery: Delivery = crm.delivery(EVENT)

    with pytest.raises(NotFound, match="nothing"):
        receive_delivery(deps, "little", ("c1.w1", "token"), delivery)


@pytest.mark.parametrize(
    ("app", "signed_with", "status"),
    [
        ({}, "client-secret", 401),
        ({"webhook_signatures": "v3 v1"}, "client-secret", 200),
        ({"webhook_signatures": "v3 v1"}, "another", 401),
        ({"webhook_signatures": "v3 v1", "webhook_secret": "new old"}, "old", 200),
        ({"webhook_signatures": "v3 v1", "webhook_secret": "new old"}, "new", 200),
        ({"webhook_signatures": "v3 v1", "webhook_secret": "new old"}, "new old", 401),
    ],
)
def test_hubspots_first_signatures_and_several_secrets_are_an_operators_choice(
    deps: Deps, crm: LittleCrm, app: Any, signed_with: str, status: int
) -> None:
    vault = MemoryVault({"hubspot": AppCredentials("client", "client-secret", **app)})
    house = replace(deps, vault=vault, platform=lambda _: HUBSPOT)
    body = b'[{"eventId":1,"portalId":48,"subscriptionType":"contact.creation","objectId":7}]'
    signature = sha256(signed_with.encode() + body).hexdigest()
    headers = {"x-hubspot-signature": signature, "x-hubspot-signature-version": "v1"}

    reply = receive_delivery(house, "hubspot", None, replace(crm.delivery(), body=body, headers=headers))

    assert reply.status == status
    assert len(queued(deps)) == (status == 200)
