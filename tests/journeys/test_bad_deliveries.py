"""Deliveries that HubSpot did not send, or that nobody can read: refused, nothing stored, and the door stays open."""

import json
from typing import Any

import pytest
import requests

from local.journey import steps
from local.journey.steps import Story
from local.journey.world import CLIENT_SECRET
from local.simulators.hubspot.events import signed

pytestmark = pytest.mark.journey

Json = Any

UNREADABLE = (b"", b"not JSON", b"\xff\xfe\x00", b'{"portalId": 1}', b"[" * 5_000, b'"text"', b'[{"portalId": 1')
ODD = (
    b"[]",
    b"[1, null, []]",
    b'[{"portalId": {"a": 1}, "objectId": []}]',
    b'[{"portalId": PORTAL, "subscriptionType": 7, "objectId": true, "occurredAt": "yesterday"}]',
    b'[{"portalId": PORTAL, "subscriptionType": "contact.creation", "objectId": "../../x", "occurredAt": -1}]',
    b'[{"portalId": 999, "subscriptionType": "contact.creation", "objectId": 1}]',
    b'[{"portalId": 1e400}]',
)


@pytest.fixture(scope="module")
def untold(shared: Story) -> str:
    """Return a contact that HubSpot has, and has told nobody of."""
    hubspot = shared.world.hubspot
    hubspot.post("webhooks", {"pause": True})
    wish = {"op": "create", "object": "contacts", "properties": {"lastname": "Untold"}}
    made = steps.change_in_crm(shared, wish)[0]["ids"][0]
    hubspot.post("webhooks", {"drop_waiting": True})
    hubspot.post("webhooks", {"resume": True})
    return str(made)


def event(story: Story, id: str) -> Json:
    said = {"eventId": 7, "subscriptionId": 2201, "portalId": int(story.portal), "appId": 880011, "attemptNumber": 0}
    return {**said, "occurredAt": 1, "subscriptionType": "contact.creation", "objectId": int(id)}


def forged(story: Story, kind: str, events: list[Json]) -> int:
    return int(story.world.hubspot.post("webhooks", {"forge": {"kind": kind, "events": events}})["forged"]["status"])


def posted(story: Story, body: bytes, path: str = "") -> int:
    """As HubSpot would sign it."""
    post = signed(f"{story.world.api_url}/v1/webhooks/hubspot{path}", CLIENT_SECRET, body)
    return requests.post(post.url, data=post.body, headers=post.headers, timeout=30).status_code


def is_stored(story: Story, id: str) -> bool:
    return story.admin.raw("GET", f"/v1/records/{story.connection}/contacts/{id}").status_code == 200


@pytest.mark.parametrize("kind", ["bad_signature", "old", "future", "v1_only", "unsigned"])
def test_a_delivery_that_proves_nothing_is_refused(kind: str, shared: Story, untold: str) -> None:
    status = forged(shared, kind, [event(shared, untold)])

    assert status == 401
    assert not is_stored(shared, untold)


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_an_unsigned_body_that_cannot_be_read_is_refused(body: bytes, shared: Story) -> None:
    url = f"{shared.world.api_url}/v1/webhooks/hubspot"

    assert requests.post(url, data=body, timeout=30).status_code == 401


@pytest.mark.parametrize("body", [*UNREADABLE, *ODD], ids=range(len(UNREADABLE) + len(ODD)))
def test_a_signed_body_that_says_nothing_to_us_is_not_asked_for_again(body: bytes, shared: Story) -> None:
    """Signed, so HubSpot sent it; anything but 200 would make it come back for a day. Bytes that are no text are
    another body by the time they arrive."""
    named = body.replace(b"PORTAL", shared.portal.encode())

    assert posted(shared, named) == (401 if b"\xff" in body else 200)


def test_an_oversized_delivery_is_refused(shared: Story) -> None:
    assert posted(shared, b"[" + b" " * 4_500_000 + b"]") in (401, 413)


def test_a_delivery_to_an_address_that_nobody_gave_is_not_found(shared: Story) -> None:
    assert posted(shared, b"[]", "/no-connection/no-token") == 404


def test_a_large_true_delivery_is_stored_after_all_that(shared: Story, untold: str) -> None:
    """Larger than a queue message may be, so it is parked meanwhile."""
    events = [{**event(shared, untold), "padding": "x" * 4_000} for _ in range(100)]
    refused_before = is_stored(shared, untold)

    status = posted(shared, json.dumps(events).encode())

    assert (refused_before, status) == (False, 200)
    steps.awaited("stored contact", lambda: is_stored(shared, untold) or None)
