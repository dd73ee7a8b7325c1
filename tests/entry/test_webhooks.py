"""The door for deliveries: what is proven and queued is the bytes and the URL exactly as the CRM signed them."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Claims, Delivery, Response
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import BadSignature, Busy, NotFound
from crmbridge.entry.webhooks import answer
from crmbridge.platforms.spec import WebhookSpec
from crmbridge.storage.queues import MemoryQueue

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
STATUS = {"accepted": 202, "ignored": 200, "refused": 401}


class Crm:
    """A CRM whose deliveries are proven by a header; keeps what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[Delivery] = []

    @property
    def spec(self) -> WebhookSpec:
        return WebhookSpec(
            claims=lambda delivery: Claims(frozenset({"portal"})),
            verify=self.verify,
            parse=lambda delivery: [],
            reply=lambda outcome: Response(STATUS[outcome], outcome, {"x-crm": "yes"}),
            headers=("x-proof",),
        )

    def verify(self, delivery: Delivery, secret: object) -> None:
        self.verified.append(delivery)
        if delivery.headers.get("x-proof") != "right":
            raise BadSignature("no")


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def deps(crm: Crm, queue: MemoryQueue) -> Any:
    def webhook(name: str) -> WebhookSpec:
        if name != "somecrm":
            raise NotFound("no such platform")
        return crm.spec

    return SimpleNamespace(
        now=lambda: NOW,
        new_id=lambda: "id-1",
        webhook=webhook,
        vault=SimpleNamespace(app=lambda name: AppCredentials("id", "secret")),
        queues=SimpleNamespace(deliveries=queue),
        public_url="https://crm-bridge.example/base",
    )


@pytest.fixture
def delivery(asking: Any) -> Callable[..., dict[str, Any]]:
    def event(body: str, *, platform: str = "somecrm", proof: str = "right", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = asking(
            "POST", f"/v1/webhooks/{platform}", body, headers={"X-Proof": proof, "Host": "evil.example"}, role=""
        )
        return made | {"pathParameters": {"platform": platform}} | more

    return event


def test_a_proven_delivery_is_queued_and_answered_as_its_crm_likes(
    deps: Any, queue: MemoryQueue, delivery: Any
) -> None:
    answered = answer(deps, delivery("[]"))

    assert (answered["statusCode"], answered["body"], answered["headers"]) == (202, "accepted", {"x-crm": "yes"})
    assert [message.body["platform"] for message in queue.sent] == ["somecrm"]


def test_an_unproven_delivery_is_refused_and_not_queued(deps: Any, queue: MemoryQueue, delivery: Any) -> None:
    answered = answer(deps, delivery("[]", proof="wrong"))

    assert (answered["statusCode"], queue.sent) == (401, [])


def test_what_is_proven_are_the_bytes_as_they_came(deps: Any, crm: Crm, delivery: Any) -> None:
    answer(deps, delivery('[ {"a" : "é"} ]\n'))
    answer(deps, delivery("/wAB", isBase64Encoded=True))

    assert [each.body for each in crm.verified] == ['[ {"a" : "é"} ]\n'.encode(), b"\xff\x00\x01"]


def test_the_url_is_built_on_our_own_address(deps: Any, crm: Crm, delivery: Any) -> None:
    answer(deps, delivery("[]", rawQueryString="a=1&b=%20"))
    answer(deps, delivery("[]", rawPath="/stage/v1/webhooks/somecrm"))

    assert [each.url for each in crm.verified] == [
        "https://crm-bridge.example/base/v1/webhooks/somecrm?a=1&b=%20",
        "https://crm-bridge.example/base/v1/webhooks/somecrm",
    ]


def test_headers_are_lower_cased(deps: Any, crm: Crm, delivery: Any) -> None:
    answer(deps, delivery("[]"))

    assert crm.verified[0].headers["x-proof"] == "right"


def test_an_unknown_platform_is_not_found(deps: Any, delivery: Any) -> None:
    answered = answer(deps, delivery("[]", platform="nocrm"))

    assert answered["statusCode"] == 404
    assert orjson.loads(answered["body"])["request_id"] == "req-1"


class FullQueue:
    def send(self, *messages: object) -> None:
        raise Busy("the queue is away")


def test_a_delivery_that_cannot_be_queued_is_asked_for_again(deps: Any, delivery: Any) -> None:
    deps.queues.deliveries = FullQueue()

    assert answer(deps, delivery("[]"))["statusCode"] == 503


@pytest.mark.parametrize(
    "change", [{"body": None}, {"headers": {}}, {"pathParameters": None}, {"rawQueryString": None}]
)
def test_a_strange_request_is_refused_without_a_crash(deps: Any, delivery: Any, change: dict[str, Any]) -> None:
    assert answer(deps, delivery("[]") | change)["statusCode"] < 500
