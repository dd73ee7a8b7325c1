"""What every platform promises, whichever CRM it is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import Account, AppCredentials
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import BadSignature, MalformedPayload, NotFound, PlatformError
from crmbridge.domain.records import FIELDS, Kind
from crmbridge.platforms.oauth import authorize_url
from crmbridge.platforms.registry import PLATFORMS, platform, webhook
from crmbridge.platforms.spec import Platform
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOAP = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    b'<notifications xmlns="http://soap.sforce.com/2005/09/outbound">%s</notifications></e:Body></e:Envelope>'
)
SIGNED: Mapping[str, tuple[str, Delivery]] = {
    "hubspot": (
        "0f2c6a51-3d8e-4b77-9a10-5e1d7c2b9f40",
        Delivery(
            "POST",
            "https://hooks.example.test/hubspot",
            {
                "x-hubspot-signature-v3": "EWBsF/z05D0k3KomRFdrXAtiWjLEB5cuKcsJjZwFot8=",
                "x-hubspot-request-timestamp": "1767225600000",
            },
            b'[{"eventId":71,"objectId":501}]',
            NOW,
        ),
    ),
    "pipedrive": (
        "9f2c7d",
        Delivery(
            "POST",
            "https://hooks.example.test/pipedrive",
            {"authorization": "Basic OjlmMmM3ZA=="},
            b'{"meta":{"action":"change","entity":"deal","entity_id":"55","company_id":"5550001"},"data":{"id":55}}',
            NOW,
        ),
    ),
    "salesforce": (
        "4f7k2q",
        Delivery(
            "POST",
            "https://hooks.example.test/salesforce/c1.acme/token?key=4f7k2q",
            {"soapaction": '""'},
            SOAP % b"<OrganizationId>00D5g0000000001EAA</OrganizationId>",
            NOW,
        ),
    ),
    "zoho": (
        "opaque-7f",
        Delivery(
            "POST",
            "https://hooks.example.test/zoho/c1.acme/token",
            {},
            b'{"module":"Deals","operation":"update","ids":["11"],"channel_id":"7001","token":"opaque-7f"}',
            NOW,
        ),
    ),
}
"""A secret of each platform and a delivery that proves it."""
UNKNOWN_EVENT: Mapping[str, bytes] = {
    "hubspot": b'[{"subscriptionType":"spaceship.launched","objectId":1}]',
    "pipedrive": b'{"meta":{"action":"launched","entity":"spaceship","entity_id":"1"}}',
    "salesforce": SOAP % b"<Notification><Id>1</Id><sObject><Id>a01</Id></sObject></Notification>",
    "zoho": b'{"module":"Spaceships","operation":"launch","ids":["1"],"channel_id":"7001"}',
}

UNPROVEN: Mapping[str, bytes] = {"zoho": UNKNOWN_EVENT["zoho"]}
"""Where the proof is in the body and not beside it."""

every_platform = pytest.mark.parametrize("crm", PLATFORMS.values(), ids=list(PLATFORMS))


def unsigned(body: bytes, headers: Mapping[str, str] | None = None) -> Delivery:
    return Delivery("POST", "https://hooks.example.test/x", headers or {}, body, NOW)


@every_platform
def test_the_catalogue_is_complete(crm: Platform) -> None:
    assert crm.name == crm.name.lower()
    assert crm.title
    assert len(crm.description) > 20
    assert crm.logo.startswith("data:image/svg+xml")
    assert set(crm.auth) - {"oauth"} == set(crm.ways)
    assert all(way.title and way.inputs for way in crm.ways.values())
    assert {kind for spec in crm.objects.values() for kind in spec.kinds} == set(Kind)
    assert all(pool.calls and pool.seconds for pool in crm.pools)


@every_platform
def test_every_scope_says_why(crm: Platform) -> None:
    scopes = {scope.name: scope for scope in crm.oauth.scopes}

    assert all(len(scope.why) > 10 for scope in scopes.values())
    assert {spec.scope for spec in crm.objects.values()} <= set(scopes) | {""}
    assert set(crm.linked_only.values()) <= {scope.name for scope in scopes.values() if not scope.required}


@every_platform
def test_objects_map_fields_that_exist_and_link_to_objects_that_exist(crm: Platform) -> None:
    for spec in crm.objects.values():
        assert set(spec.remote) <= set(FIELDS[spec.kind])
        assert set(spec.links) <= set(crm.objects) | set(crm.linked_only)


@every_platform
def test_every_action_writes_an_object_of_its_kind(crm: Platform) -> None:
    nothing = Directories(Account("1"))

    for name, action in crm.actions.items():
        assert ACTION_TYPES[name].kind in crm.objects[action.object].kinds
        assert action.unique_key(nothing) in (True, False)


@every_platform
def test_the_consent_page_is_https_and_carries_the_state(crm: Platform) -> None:
    scopes = tuple(scope.name for scope in crm.oauth.scopes)

    url = authorize_url(crm, AppCredentials("id", "hidden"), state="s1", redirect_uri="https://x.test", scopes=scopes)

    assert url.startswith("https://")
    assert "state=s1" in url
    assert "hidden" not in url


@every_platform
def test_a_record_link_leads_into_the_account(crm: Platform) -> None:
    account = Account("48120077", ui_url="https://crm.example.test")

    for name in crm.objects:
        url = crm.record_url(account, name, "77")
        assert url.startswith("https://crm.example.test")
        assert "77" in url


@every_platform
def test_a_signed_delivery_is_accepted(crm: Platform) -> None:
    secret, delivery = SIGNED[crm.name]

    crm.webhook.verify(delivery, secret)


@every_platform
def test_an_unsigned_delivery_is_refused(crm: Platform) -> None:
    secret, delivery = SIGNED[crm.name]

    with pytest.raises(BadSignature):
        crm.webhook.verify(unsigned(UNPROVEN.get(crm.name, delivery.body)), secret)


@every_platform
def test_the_headers_a_proof_needs_are_the_ones_it_names(crm: Platform) -> None:
    _, delivery = SIGNED[crm.name]

    assert set(delivery.headers) <= set(crm.webhook.headers)


@every_platform
@given(data=st.data())
def test_junk_headers_are_refused_and_never_crash(crm: Platform, data: st.DataObject) -> None:
    names = st.sampled_from([*crm.webhook.headers, "x-unheard-of"])
    headers = data.draw(st.dictionaries(names, st.text()))

    with pytest.raises(BadSignature):
        crm.webhook.verify(unsigned(b"[]", headers), SIGNED[crm.name][0])


@every_platform
@given(body=st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode))
def test_a_junk_body_is_malformed_or_survives_as_unknown(crm: Platform, body: bytes) -> None:
    crm.webhook.claims(unsigned(body))

    try:
        changes = crm.webhook.parse(unsigned(body))
    except MalformedPayload:
        return
    assert all(change.what == "unknown" for change in changes)


@every_platform
def test_an_unknown_event_survives(crm: Platform) -> None:
    changes = crm.webhook.parse(unsigned(UNKNOWN_EVENT[crm.name]))

    assert [change.what for change in changes] == ["unknown"]


@every_platform
@pytest.mark.parametrize("outcome", ["accepted", "ignored"])
def test_what_is_taken_or_ignored_is_not_sent_again(crm: Platform, outcome: str) -> None:
    assert 200 <= crm.webhook.reply(outcome).status < 300


@every_platform
def test_a_delivery_is_let_in_by_a_part_that_is_loaded_alone(crm: Platform) -> None:
    assert webhook(crm.name) is crm.webhook
    assert crm.webhook.own_address == (crm.channels is not None)


@every_platform
@given(status=st.integers(300, 599), body=st.binary() | st.dictionaries(st.text(), st.text()).map(orjson.dumps))
def test_every_error_answer_is_an_error_of_ours(crm: Platform, status: int, body: bytes) -> None:
    error = crm.explain(status, requests.structures.CaseInsensitiveDict(), body, sent_write=True)

    assert isinstance(error, PlatformError)
    assert error.platform == crm.name


@every_platform
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("raw", [{}, None, [], "junk", {"id": 1}])
def test_reading_never_raises(crm: Platform, kind: Kind, raw: Any) -> None:
    record = crm.read(kind, raw)

    assert (record.kind, record.platform) == (kind, crm.name)


@every_platform
def test_tokens_survive_a_reply_with_only_a_token(crm: Platform) -> None:
    tokens = crm.oauth.read_tokens({"access_token": "a"}, NOW)

    assert (tokens.access_token, tokens.refresh_token) == ("a", "")


def test_an_unknown_platform_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="hubspot"):
        platform("sugar")
