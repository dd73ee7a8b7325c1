"""Notifications: several records each, in either of two vocabularies, proven by a token inside the body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.platforms.zoho import ZOHO

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
EVENT = {
    "server_time": 1777622400123, "module": "Deals", "operation": "update", "ids": ["11", "12"], "channel_id": "7001",
    "token": "s3cret", "query_params": {}, "resource_uri": "https://www.zohoapis.eu/crm/v8/Deals",
    "affected_fields": [{"11": ["Stage", "Amount"]}],
    "affected_values": [{"record_id": "11", "values": {"Stage": "Closed Won", "Amount": 12000}}],
}  # fmt: skip


def delivered(**changes: Any) -> Delivery:
    return Delivery("POST", "https://bridge.example.test/x", {}, orjson.dumps({**EVENT, **changes}), NOW)


def test_an_event_of_several_records_is_a_change_of_each() -> None:
    one, two = ZOHO.webhook.parse(delivered())

    assert (one.what, one.object, one.external_id, two.external_id) == ("updated", "Deals", "11", "12")
    assert one.fields == {"Stage": "Closed Won", "Amount": 12000}
    assert two.fields == {}
    assert one.occurred_at == datetime(2026, 5, 1, 8, 0, 0, 123000, UTC)
    assert one.account is None


@pytest.mark.parametrize(
    ("operation", "what"),
    [("insert", "created"), ("create", "created"), ("update", "updated"), ("edit", "updated"), ("delete", "deleted")],
)
def test_both_vocabularies_are_understood(operation: str, what: str) -> None:
    assert {change.what for change in ZOHO.webhook.parse(delivered(operation=operation))} == {what}


@pytest.mark.parametrize(
    "changes",
    [{"module": "Spaceships"}, {"operation": "launch"}, {"ids": []}, {"ids": "11"}, {"ids": [None]}, {"module": 7}],
)
def test_what_we_do_not_know_survives_as_unknown(changes: Mapping[str, Any]) -> None:
    assert {change.what for change in ZOHO.webhook.parse(delivered(**changes))} == {"unknown"}


@pytest.mark.parametrize("stamp", ["soon", -1, 10**18, True, None, 1.5])
def test_a_stamp_that_is_none_is_no_date(stamp: Any) -> None:
    assert ZOHO.webhook.parse(delivered(server_time=stamp))[0].occurred_at is None


@pytest.mark.parametrize("channel", ["7001", 7001], ids=["text", "number"])
def test_a_channel_may_be_a_number_or_a_text(channel: Any) -> None:
    delivery = delivered(channel_id=channel)

    assert ZOHO.webhook.claims(delivery).channel == "7001"
    ZOHO.webhook.verify(delivery, WebhookSecret(("older", "s3cret"), channels=frozenset(["7001"])))


def test_before_a_channel_is_known_the_token_alone_proves_it() -> None:
    ZOHO.webhook.verify(delivered(), WebhookSecret(("s3cret",)))


@pytest.mark.parametrize("token", ["other", "", None, 5, ["s3cret"], "s3cret "])
def test_without_the_token_nothing_is_proven(token: Any) -> None:
    with pytest.raises(BadSignature):
        ZOHO.webhook.verify(delivered(token=token), WebhookSecret(("s3cret", "")))


def test_another_channel_proves_nothing() -> None:
    with pytest.raises(BadSignature):
        ZOHO.webhook.verify(delivered(), WebhookSecret(("s3cret",), channels=frozenset(["7002"])))


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"text"', b"<html>", b"\xff"])
def test_a_body_that_is_no_event_is_malformed_and_claims_nothing(body: bytes) -> None:
    delivery = Delivery("POST", "https://x.test", {}, body, NOW)

    assert ZOHO.webhook.claims(delivery).channel is None
    with pytest.raises(MalformedPayload):
        ZOHO.webhook.parse(delivery)
    with pytest.raises(BadSignature):
        ZOHO.webhook.verify(delivery, "s3cret")
