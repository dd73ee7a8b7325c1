"""What Pipedrive's deliveries say, and how they prove themselves."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.platforms.pipedrive import PIPEDRIVE

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
META: Mapping[str, Any] = {
    "action": "change", "entity": "deal", "company_id": "5550001", "entity_id": "55", "id": "0b8e",
    "timestamp": "2026-05-01T10:07:00.120Z", "version": "2.0", "webhook_id": "3301",
}  # fmt: skip
SECRET = WebhookSecret(("fresh", "older"), user="crm-bridge", account="5550001")


def delivery(event: Any, authorization: str = "") -> Delivery:
    headers = {"authorization": authorization} if authorization else {}
    return Delivery("POST", "https://hooks.example.test/x", headers, orjson.dumps(event), NOW)


def event(data: Any = None, previous: Any = None, **meta: Any) -> Any:
    return {"meta": {**META, **meta}, "data": data, "previous": previous}


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def change(*args: Any, **meta: Any) -> Any:
    return PIPEDRIVE.webhook.parse(delivery(event(*args, **meta)))[0]


def test_a_change_carries_the_whole_record() -> None:
    found = change({"id": 55, "title": "Ott"}, {"title": "Old"})

    assert (found.what, found.object, found.kind, found.external_id) == ("updated", "deals", "deal", "55")
    assert (found.account, found.event_id, found.full) == ("5550001", "0b8e", True)
    assert found.fields == {"id": 55, "title": "Ott"}
    assert found.occurred_at == datetime(2026, 5, 1, 10, 7, 0, 120_000, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["1777630020", 1777630020], ids=["text", "number"])
def test_a_stamp_may_be_ten_digits(stamp: Any) -> None:
    assert change({"id": 55}, timestamp=stamp).occurred_at == datetime(2026, 5, 1, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize("stamp", [None, "soon", "9" * 20, -5, 10**18, []])
def test_a_stamp_that_is_none_is_no_date(stamp: Any) -> None:
    assert change({"id": 55}, timestamp=stamp).occurred_at is None


def test_typed_custom_fields_come_bare() -> None:
    custom = {
        "a": {"type": "varchar", "value": "x"},
        "b": {"type": "enum", "id": 3},
        "c": {"type": "set", "values": [{"id": 1}, {"id": 2}]},
        "d": {"type": "monetary", "value": 5, "currency": "EUR"},
        "e": None,
        "f": 7,
    }

    found = change({"id": 55, "custom_fields": custom})

    assert found.fields["custom_fields"] == {
        "a": "x", "b": 3, "c": [1, 2], "d": {"value": 5, "currency": "EUR"}, "e": None, "f": 7,
    }  # fmt: skip


def test_a_deletion_has_only_its_past() -> None:
    found = change(None, {"id": 7, "type": "call"}, action="delete", entity="activity", entity_id="7")

    assert (found.what, found.object, found.kind, found.full) == ("deleted", "activities", "activity", False)


def test_what_was_deleted_may_come_back() -> None:
    assert change({"id": 55, "is_deleted": False}, {"is_deleted": True}).what == "restored"


def test_each_half_of_a_merge_tells_the_whole_story() -> None:
    gone = change(None, {"id": 9}, action="delete", entity="person", entity_id="9", merged_to_id="5")
    stayed = change({"id": 5}, entity="person", entity_id="5", merged_from_id=9)

    for found in (gone, stayed):
        assert (found.what, found.external_id, found.successor, found.losers) == ("merged", "5", "5", ("9",))


@pytest.mark.parametrize(
    "meta",
    [
        {"entity": "spaceship"},
        {"action": "explode"},
        {"entity_id": None},
        {"entity": ["deal"], "action": {}},
        {"entity": "stage", "action": "explode"},
    ],
)
def test_what_we_do_not_know_survives_as_unknown(meta: Mapping[str, Any]) -> None:
    found = change({"id": 1}, **meta)

    assert found.what == "unknown"
    assert found.account == "5550001"


@pytest.mark.parametrize("entity", ["stage", "pipeline", "user"])
def test_what_records_name_is_told_as_such(entity: str) -> None:
    found = change({"id": 4}, entity=entity, entity_id="4")

    assert (found.what, found.object, found.account) == ("named", None, "5550001")


def test_an_event_of_version_1_survives_as_unknown() -> None:
    old = {"v": 1, "event": "updated.deal", "meta": {"object": "deal", "action": "updated", "id": 55}, "current": {}}

    assert [found.what for found in PIPEDRIVE.webhook.parse(delivery(old))] == ["unknown"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff"])
def test_a_body_that_is_no_event_is_malformed_and_claims_nothing(body: bytes) -> None:
    junk = Delivery("POST", "https://x.test", {}, body, NOW)

    assert not PIPEDRIVE.webhook.claims(junk).accounts
    with pytest.raises(MalformedPayload):
        PIPEDRIVE.webhook.parse(junk)


@pytest.mark.parametrize("password", ["fresh", "older"])
def test_every_password_of_a_rotation_is_good(password: str) -> None:
    PIPEDRIVE.webhook.verify(delivery(event({}), basic("crm-bridge", password)), SECRET)


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!", "Bearer fresh", basic("crm-bridge", "wrong"), basic("somebody", "fresh"), "Basic \ud800"],
)
def test_without_the_password_nothing_is_proven(authorization: str) -> None:
    with pytest.raises(BadSignature):
        PIPEDRIVE.webhook.verify(delivery(event({}), authorization), SECRET)


def test_another_company_proves_nothing() -> None:
    with pytest.raises(BadSignature, match="company"):
        PIPEDRIVE.webhook.verify(delivery(event({}, company_id="6"), basic("crm-bridge", "fresh")), SECRET)


def test_an_empty_password_is_no_password() -> None:
    with pytest.raises(BadSignature):
        PIPEDRIVE.webhook.verify(delivery(event({}), basic("", "")), WebhookSecret(("",)))
