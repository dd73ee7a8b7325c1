"""HubSpot's signatures, against the published vectors and against junk."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.errors import BadSignature
from crmbridge.platforms.signatures import signed_uri, verify_hubspot
from hypothesis import given
from hypothesis import strategies as st

SECRET = "0f2c6a51-3d8e-4b77-9a10-5e1d7c2b9f40"
URL = "https://hooks.example.test/hubspot"
SIGNED_AT = datetime.fromtimestamp(1767225600, UTC)
V3 = {
    "x-hubspot-signature-v3": "EWBsF/z05D0k3KomRFdrXAtiWjLEB5cuKcsJjZwFot8=",
    "x-hubspot-request-timestamp": "1767225600000",
}
V1 = {
    "x-hubspot-signature": "1a868ca4ef20372f9044f37816a7a8a5924c4106de8016cb7e9ac1fb0300f89b",
    "x-hubspot-signature-version": "v1",
}
DELIVERY = Delivery("POST", URL, V3, b'[{"eventId":71,"objectId":501}]', SIGNED_AT)


def test_the_published_vector_of_version_three_is_accepted() -> None:
    verify_hubspot(DELIVERY, SECRET)


def test_an_escaped_query_is_hashed_decoded() -> None:
    headers = {**V3, "x-hubspot-signature-v3": "89MpVXWTYYN3PeNrGcEY/xzRuUgDzO/PyWRSSuxAuQw="}

    verify_hubspot(replace(DELIVERY, url=f"{URL}?tenant=a%40b", headers=headers), SECRET)


def test_only_twelve_escapes_are_decoded() -> None:
    assert signed_uri("https://x.test/a%2fb?c=%3A%20%26%3b%25") == "https://x.test/a/b?c=:%20%26;%25"


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b"[]"},
        {"method": "PUT"},
        {"url": f"{URL}/"},
        {"url": URL.replace("https", "http")},
        {"headers": {**V3, "x-hubspot-request-timestamp": "1767225600001"}},
    ],
)
def test_whatever_was_signed_cannot_be_changed(changed: dict[str, object]) -> None:
    with pytest.raises(BadSignature):
        verify_hubspot(replace(DELIVERY, **changed), SECRET)  # type: ignore[arg-type]  # any field at all


@pytest.mark.parametrize("seconds", [-301, 301, 10**6, -(10**6)])
def test_a_delivery_from_another_time_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature, match="five minutes"):
        verify_hubspot(replace(DELIVERY, received_at=SIGNED_AT + timedelta(seconds=seconds)), SECRET)


@pytest.mark.parametrize("seconds", [-299, 299])
def test_clocks_may_differ_by_minutes(seconds: int) -> None:
    verify_hubspot(replace(DELIVERY, received_at=SIGNED_AT + timedelta(seconds=seconds)), SECRET)


def test_two_secrets_are_valid_while_one_replaces_the_other() -> None:
    verify_hubspot(DELIVERY, WebhookSecret(("the next one", SECRET)))


@pytest.mark.parametrize("values", [(), ("",), ("another",)])
def test_without_the_right_secret_nothing_is_accepted(values: tuple[str, ...]) -> None:
    with pytest.raises(BadSignature):
        verify_hubspot(DELIVERY, WebhookSecret(values))


@pytest.mark.parametrize("public_url", [URL, "https://hooks.example.test"])
def test_behind_a_proxy_the_public_address_is_what_was_signed(public_url: str) -> None:
    inside = replace(DELIVERY, url="http://10.0.0.7:8080/hubspot")

    verify_hubspot(inside, WebhookSecret((SECRET,), public_url=public_url))


def test_version_one_is_accepted_only_by_explicit_setting() -> None:
    older = replace(DELIVERY, headers=V1)

    verify_hubspot(older, WebhookSecret((SECRET,), allow_v1=True))
    with pytest.raises(BadSignature):
        verify_hubspot(older, SECRET)


def test_a_bad_version_three_is_not_saved_by_a_good_version_one() -> None:
    headers = {**V1, **V3, "x-hubspot-signature-v3": "bm8="}

    with pytest.raises(BadSignature):
        verify_hubspot(replace(DELIVERY, headers=headers), WebhookSecret((SECRET,), allow_v1=True))


JUNK = ["", "é", "²", "-1", "1e3", "9" * 5000, "1767225600000 ", "\ud800", "\x00", "٣"]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("header", [*V3, *V1])
def test_junk_in_a_header_is_refused_and_never_crashes(header: str, junk: str) -> None:
    headers = {**V3, header: junk} if header in V3 else {**V1, header: junk}

    with pytest.raises(BadSignature):
        verify_hubspot(replace(DELIVERY, headers=headers), WebhookSecret((SECRET,), allow_v1=True))


@given(headers=st.dictionaries(st.sampled_from([*V3, *V1]), st.text()), body=st.binary(), url=st.text())
def test_nothing_unsigned_is_ever_accepted(headers: dict[str, str], body: bytes, url: str) -> None:
    secret = WebhookSecret((SECRET,), allow_v1=True)

    with pytest.raises(BadSignature):
        verify_hubspot(Delivery("POST", url, headers, body, SIGNED_AT), secret)
