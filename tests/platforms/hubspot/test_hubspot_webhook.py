"""What HubSpot's events become."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from crmbridge.domain.changes import Change, Delivery
from crmbridge.domain.errors import MalformedPayload
from crmbridge.domain.records import Kind, Link
from crmbridge.platforms.hubspot import HUBSPOT
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASE = {"eventId": 3810417711, "portalId": 48120077, "appId": 990012, "occurredAt": 1767225661234, "attemptNumber": 0}


def delivery(body: bytes) -> Delivery:
    return Delivery("POST", "https://x.test/v1/webhooks/hubspot", {}, body, NOW)


def parse(*events: Any) -> list[Change]:
    return HUBSPOT.webhook.parse(delivery(orjson.dumps(events)))


def one(**event: Any) -> Change:
    return parse({**BASE, **event})[0]


def test_a_creation_names_the_record_the_account_and_the_moment() -> None:
    change = one(subscriptionType="contact.creation", objectId=15120451, changeFlag="CREATED")

    assert (change.what, change.kind, change.object) == ("created", Kind.CONTACT, "contacts")
    assert (change.external_id, change.account, change.event_id) == ("15120451", "48120077", "3810417711")
    assert change.occurred_at == datetime(2026, 1, 1, 0, 1, 1, 234_000, tzinfo=UTC)


def test_a_changed_property_comes_along_as_a_hint() -> None:
    change = one(subscriptionType="deal.propertyChange", objectId=1, propertyName="dealstage", propertyValue="won")

    assert (change.what, change.object, change.fields) == ("updated", "deals", {"dealstage": "won"})
    assert not change.full


@pytest.mark.parametrize("hidden", [{"propertyValue": "REDACTED"}, {"propertyValue": "x", "isSensitive": True}])
def test_a_sensitive_value_is_not_passed_on(hidden: dict[str, Any]) -> None:
    change = one(subscriptionType="contact.propertyChange", objectId=1, propertyName="iban", **hidden)

    assert change.fields == {}


@pytest.mark.parametrize("type", ["company.deletion", "contact.privacyDeletion"])
def test_deletions_are_deletions(type: str) -> None:
    assert one(subscriptionType=type, objectId=901).what == "deleted"


def test_a_restore_is_a_restore() -> None:
    assert one(subscriptionType="deal.restore", objectId=901).what == "restored"


def test_a_merge_makes_a_new_record_and_swallows_both() -> None:
    change = one(
        subscriptionType="contact.merge", objectId=999, primaryObjectId=451, mergedObjectIds=[452], newObjectId=999
    )

    assert (change.what, change.external_id, change.successor) == ("merged", "999", "999")
    assert change.losers == ("451", "452")


def test_an_older_merge_kept_the_primarys_id() -> None:
    change = one(subscriptionType="company.merge", objectId=451, primaryObjectId=451, mergedObjectIds=[452])

    assert (change.successor, change.losers) == ("451", ("452",))


def test_a_link_is_read_again_at_the_record_that_owns_it() -> None:
    told = {"associationRemoved": False, "isPrimaryAssociation": True, "fromObjectId": 1, "toObjectId": 2}

    forwards = one(subscriptionType="contact.associationChange", associationType="CONTACT_TO_COMPANY", **told)
    backwards = one(subscriptionType="contact.associationChange", associationType="CONTACT_TO_DEAL", **told)

    assert (forwards.what, forwards.object, forwards.external_id) == ("linked", "contacts", "1")
    assert forwards.link == Link("companies", "2", primary=True)
    assert (backwards.object, backwards.external_id, backwards.kind) == ("deals", "2", Kind.DEAL)
    assert backwards.link == Link("contacts", "1", primary=True)


def test_generic_events_name_their_object_by_its_type_id() -> None:
    change = one(subscriptionType="object.creation", objectTypeId="0-27", objectId=77120)

    assert (change.what, change.object, change.kind) == ("created", "tasks", Kind.TASK)


def test_a_generic_link_names_both_ends_by_type_id() -> None:
    change = one(
        subscriptionType="object.associationChange",
        fromObjectTypeId="0-48", toObjectTypeId="0-3", fromObjectId=5, toObjectId=6,
    )  # fmt: skip

    assert (change.object, change.external_id, change.link) == ("calls", "5", Link("deals", "6"))


def test_the_type_may_be_called_event_type() -> None:
    assert one(eventType="contact.creation", objectId=1).what == "created"


@pytest.mark.parametrize(
    "event",
    [
        {"subscriptionType": "ticket.creation", "objectId": 1},
        {"subscriptionType": "conversation.newMessage", "objectId": 1},
        {"subscriptionType": "object.creation", "objectTypeId": "2-99", "objectId": 1},
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "contact.invented", "objectId": 1},
        {"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_TICKET", "fromObjectId": 1},
        {"subscriptionType": 7},
        {},
    ],
)
def test_what_we_do_not_know_survives_as_unknown(event: dict[str, Any]) -> None:
    assert one(**event).what == "unknown"


def test_one_junk_event_does_not_cost_the_others() -> None:
    changes = parse(7, None, {**BASE, "subscriptionType": "contact.creation", "objectId": 1})

    assert [change.what for change in changes] == ["unknown", "unknown", "created"]


def test_one_delivery_may_carry_several_portals() -> None:
    body = orjson.dumps([{"portalId": 1}, {"portalId": "2"}, {"portalId": None}, {"portalId": True}, 7])

    assert HUBSPOT.webhook.claims(delivery(body)).accounts == {"1", "2"}


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b"\xff", b"[" * 5000, b'"x"', b"[NaN]"])
def test_a_body_that_is_no_array_is_malformed_and_claims_nothing(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        HUBSPOT.webhook.parse(delivery(body))
    assert HUBSPOT.webhook.claims(delivery(body)).accounts == frozenset()


WORDS = st.sampled_from(
    ["contact.merge", "object.merge", "deal.associationChange", "contact.propertyChange", "0-1", "A_TO_B"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | WORDS
KEYS = [
    "subscriptionType", "eventType", "objectId", "portalId", "eventId", "occurredAt", "objectTypeId", "propertyName",
    "propertyValue", "primaryObjectId", "newObjectId", "mergedObjectIds", "associationType", "fromObjectId",
    "toObjectId", "fromObjectTypeId", "toObjectTypeId", "isSensitive", "associationRemoved",
]  # fmt: skip
EVENTS = st.dictionaries(
    st.sampled_from(KEYS),
    SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2),
)


@given(st.lists(EVENTS | SCALARS, max_size=4))
def test_every_event_becomes_one_change_whatever_is_in_it(events: list[Any]) -> None:
    try:
        body = orjson.dumps(events)
    except TypeError:  # a number beyond 64 bits
        return

    assert len(HUBSPOT.webhook.parse(delivery(body))) == len(events)


@pytest.mark.parametrize(("outcome", "status"), [("accepted", 200), ("ignored", 200), ("refused", 401)])
def test_only_a_delivery_that_proves_nothing_is_turned_away(outcome: str, status: int) -> None:
    assert HUBSPOT.webhook.reply(outcome).status == status


def test_a_link_to_a_ticket_is_read_at_the_record_that_owns_it() -> None:
    link: dict[str, Any] = {"subscriptionType": "deal.associationChange"}

    owned = one(**link, associationType="DEAL_TO_TICKET", fromObjectId=30, toObjectId=9)
    backwards = one(**link, associationType="TICKET_TO_DEAL", fromObjectId=9, toObjectId=30)
    nobodys = one(**link, associationType="TICKET_TO_COMPANY", fromObjectId=9, toObjectId=5)

    for found in (owned, backwards):
        assert (found.what, found.object, found.external_id) == ("linked", "deals", "30")
        assert found.link == Link("tickets", "9")
    assert nobodys.what == "unknown"


def test_an_event_of_a_ticket_itself_is_unknown() -> None:
    assert one(subscriptionType="ticket.creation", objectId=9).what == "unknown"
