"""What HubSpot would POST to the app, when, how often, and how it proves that it was HubSpot."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hubspot import HubSpot  # type: ignore[import-untyped]
from hubspot.utils.signature import Signature  # type: ignore[import-untyped]
from hubspot.webhooks import SettingsChangeRequest, SubscriptionCreateRequest  # type: ignore[import-untyped]

from local.simulators import Running
from local.simulators.hubspot import Options
from local.simulators.hubspot.events import signed

Ask = Callable[..., requests.Response]
SECRET = Options().client_secret
LIFE = {"op": "create", "object": "contacts", "properties": {"lastname": "Hook{n}"}}


def flushed(sim: Running) -> dict[str, Any]:
    report: dict[str, Any] = sim.webhooks(flush=True)
    assert report["flushed"]
    return report


def events(endpoint: Any) -> list[dict[str, Any]]:
    return [event for body, _ in endpoint.posts for event in json.loads(body)]


@pytest.fixture
def hooked(hub: Running, endpoint: Any) -> Running:
    hub.settings(webhook_url=endpoint.url)
    return hub


def test_the_official_verifier_accepts_both_signatures(hooked: Running, endpoint: Any) -> None:
    hooked.mutate(LIFE)
    flushed(hooked)

    body, headers = endpoint.posts[0]
    stamp = headers["x-hubspot-request-timestamp"]
    for version, header in (("v1", "x-hubspot-signature"), ("v3", "x-hubspot-signature-v3")):
        assert Signature.is_valid(
            signature=headers[header], client_secret=SECRET, request_body=body.decode(), http_uri=endpoint.url,
            http_method="POST", signature_version=version, timestamp=stamp,
        )  # fmt: skip


def test_escapes_in_the_address_are_undone_before_hashing() -> None:
    plain, escaped = (signed(f"https://h.test/x?t=a{at}b", "s", b"[]", timestamp=1) for at in ("@", "%40"))

    assert plain.headers["X-HubSpot-Signature-v3"] == escaped.headers["X-HubSpot-Signature-v3"]
    assert len(base64.b64decode(plain.headers["X-HubSpot-Signature-v3"])) == 32


def test_the_life_of_a_contact_is_told_event_by_event(hooked: Running, endpoint: Any) -> None:
    first, second = hooked.mutate({**LIFE, "count": 2})[0]["ids"]
    hooked.mutate({"op": "update", "object": "contacts", "id": first, "properties": {"city": "Lyon"}})
    merged = hooked.mutate({"op": "merge", "object": "contacts", "primary": first, "other": second})[0]["id"]
    for operation in ("archive", "restore", "gdpr_delete"):
        hooked.mutate({"op": operation, "object": "contacts", "id": merged})
    flushed(hooked)

    told = events(endpoint)
    kinds = [event["subscriptionType"] for event in told]
    merge = next(event for event in told if event["subscriptionType"] == "contact.merge")
    change = next(event for event in told if event.get("propertyName") == "city")
    assert kinds[0] == "contact.creation"
    assert {f"contact.{each}" for each in ("deletion", "restore", "privacyDeletion", "merge")} <= set(kinds)
    assert (merge["primaryObjectId"], merge["mergedObjectIds"], merge["newObjectId"]) == (
        int(first),
        [int(second)],
        int(merged),
    )
    assert (change["propertyValue"], change["changeSource"], change["objectId"]) == ("Lyon", "CRM_UI", int(first))


def test_what_the_app_writes_comes_back_with_its_own_mark(hooked: Running, endpoint: Any, ask: Ask) -> None:
    path = "/crm/v3/objects/tasks"
    ask(hooked, "POST", path, json={"properties": {"hs_timestamp": "2026-12-01T00:00:00Z", "hs_task_subject": "T"}})
    flushed(hooked)

    creation = events(endpoint)[0]
    assert (creation["subscriptionType"], creation["objectTypeId"]) == ("object.creation", "0-27")
    assert (creation["changeSource"], creation["sourceId"]) == ("INTEGRATION", str(Options().app_id))


def test_a_link_is_told_from_both_ends_and_the_primary_one_twice(hooked: Running, endpoint: Any) -> None:
    contact, company = (hooked.state(object=name, ids_only=1)["live"][0] for name in ("contacts", "companies"))
    link = {"object": "contacts", "id": contact, "to_object": "companies", "to_id": company}
    hooked.webhooks(pause=True)
    hooked.mutate({**link, "op": "disassociate"})
    hooked.webhooks(drop_waiting=True, resume=True)

    hooked.mutate({**link, "op": "associate", "label": "Primary"})
    flushed(hooked)

    told = [
        (event["associationType"], event["isPrimaryAssociation"])
        for event in events(endpoint)
        if "associationType" in event
    ]
    assert sorted(told) == [
        ("COMPANY_TO_CONTACT", False),
        ("COMPANY_TO_CONTACT", True),
        ("CONTACT_TO_COMPANY", False),
        ("CONTACT_TO_COMPANY", True),
    ]


def test_events_of_several_portals_share_a_post(hooked: Running, endpoint: Any, ask: Ask) -> None:
    ask(hooked, "GET", "/account-info/v3/details", token="pat-na1-simulator-2")

    hooked.webhooks(pause=True)
    hooked.mutate(LIFE, {**LIFE, "portal": Options().account + 1})
    hooked.webhooks(resume=True, flush=True)

    assert {event["portalId"] for event in json.loads(endpoint.posts[0][0])} == {
        Options().account,
        Options().account + 1,
    }


def test_batches_are_bounded_and_can_be_shuffled_and_doubled(hooked: Running, endpoint: Any) -> None:
    hooked.webhooks(pause=True, batch_size=40, shuffle=True, duplicate_probability=1.0)
    ids = hooked.mutate({**LIFE, "count": 50})[0]["ids"]
    hooked.webhooks(resume=True)
    flushed(hooked)

    created = [event["objectId"] for event in events(endpoint) if event["subscriptionType"] == "contact.creation"]
    assert max(len(json.loads(body)) for body, _ in endpoint.posts) == 40
    assert sorted(created) == sorted(int(each) for each in ids * 2)
    assert created != sorted(created)


def test_dropped_events_are_never_sent(hooked: Running, endpoint: Any) -> None:
    hooked.webhooks(drop_probability=1.0)
    hooked.mutate(LIFE)

    assert flushed(hooked)["dropped"] == 2
    assert endpoint.posts == []


def test_a_refused_post_is_tried_again_with_the_next_attempt_number(hooked: Running, endpoint: Any) -> None:
    endpoint.answers += [500, 404]
    hooked.mutate(LIFE)
    flushed(hooked)
    hooked.webhooks(retry_now=True)
    flushed(hooked)
    hooked.advance(24 * 3600)
    report = flushed(hooked)

    assert [json.loads(body)[0]["attemptNumber"] for body, _ in endpoint.posts] == [0, 1, 2]
    assert len({json.loads(body)[0]["eventId"] for body, _ in endpoint.posts}) == 1
    assert [each["status"] for each in report["deliveries"][0]["attempts"]] == [500, 404, 200]


def test_forgeries_are_sent_on_request(hooked: Running, endpoint: Any) -> None:
    for kind in ("bad_signature", "old", "future", "v1_only", "unsigned"):
        assert hooked.webhooks(forge={"kind": kind})["forged"]["status"] == 200

    signatures = [headers.get("x-hubspot-signature-v3") for _, headers in endpoint.posts]
    assert [bool(each) for each in signatures] == [True, True, True, False, False]


def test_an_uninstalled_portal_falls_silent(hooked: Running, endpoint: Any) -> None:
    hooked.mutate({"op": "uninstall"}, LIFE)
    flushed(hooked)

    assert endpoint.posts == []


def test_the_official_client_sets_the_target_and_subscribes(hub: Running, endpoint: Any) -> None:
    client = HubSpot(api_key=Options().developer_key)
    client.config["host"] = hub.url
    app = Options().app_id

    settings = SettingsChangeRequest(
        target_url=endpoint.url, throttling={"maxConcurrentRequests": 5, "period": "SECONDLY"}
    )
    client.webhooks.settings_api.configure(app, settings)
    for active in (True, False):
        wish = SubscriptionCreateRequest(event_type="contact.creation" if active else "contact.deletion", active=active)
        client.webhooks.subscriptions_api.create(app, wish)
    made = hub.mutate(LIFE)[0]["ids"]
    hub.mutate({"op": "archive", "object": "contacts", "ids": made})
    flushed(hub)

    assert client.webhooks.settings_api.get_all(app).target_url == endpoint.url
    assert len(client.webhooks.subscriptions_api.get_all(app).results) == 2
    assert [event["subscriptionType"] for event in events(endpoint)] == ["contact.creation"]
