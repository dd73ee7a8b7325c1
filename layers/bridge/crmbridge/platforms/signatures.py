"""How deliveries prove where they come from. Every scheme compares in constant time; junk is refused, never a crash."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import urlsplit

from crmbridge.domain.changes import Delivery, WebhookSecret
from crmbridge.domain.errors import BadSignature

WINDOW_SECONDS: Final = 300.0

V3_SIGNATURE: Final = "x-hubspot-signature-v3"
V3_TIMESTAMP: Final = "x-hubspot-request-timestamp"
V1_SIGNATURE: Final = "x-hubspot-signature"
V1_VERSION: Final = "x-hubspot-signature-version"

_DECODED: Final = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
"""The only escapes that HubSpot replaces before it hashes; `%20` and `%26` stay as they are."""


def verify_hubspot(delivery: Delivery, secret: str | WebhookSecret) -> None:
    """HubSpot's version 3; version 1, which has no time window, only where the secret allows it and no 3 is there.

    The key is the app's client secret. Raises BadSignature."""
    proof = WebhookSecret((secret,)) if isinstance(secret, str) else secret
    keys = [value.encode() for value in proof.values if value]
    signature = delivery.headers.get(V3_SIGNATURE)
    if signature:
        return _verify_v3(delivery, keys, signature, proof.public_url)
    if proof.allow_v1 and delivery.headers.get(V1_VERSION) == "v1":
        return _verify_v1(delivery, keys)
    raise BadSignature("the delivery carries no signature of version 3")


def _verify_v3(delivery: Delivery, keys: list[bytes], signature: str, public_url: str | None) -> None:
    timestamp = _timestamp(delivery.headers)
    if abs(delivery.received_at.timestamp() * 1000 - int(timestamp)) > WINDOW_SECONDS * 1000:
        raise BadSignature("the delivery was signed more than five minutes from now")
    uri = signed_uri(delivery.url, public_url)
    source = b"".join((delivery.method.upper().encode(), uri.encode(), delivery.body, timestamp.encode()))
    _match(signature, [b64encode(digest(key, source, "sha256")) for key in keys])


def _verify_v1(delivery: Delivery, keys: list[bytes]) -> None:
    signature = delivery.headers.get(V1_SIGNATURE, "")
    _match(signature, [sha256(key + delivery.body).hexdigest().encode() for key in keys])


def _timestamp(headers: Mapping[str, str]) -> str:
    """Milliseconds; the length is bounded because int() of a huge text is slow, and refused by Python itself."""
    timestamp = headers.get(V3_TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 16):
        raise BadSignature("the delivery's timestamp is not a number of milliseconds")
    return timestamp


def _match(signature: str, expected: list[bytes]) -> None:
    """Against every key that is valid today, all of them always."""
    given = signature.encode(errors="replace")
    if sum(compare_digest(given, candidate) for candidate in expected) == 0:
        raise BadSignature("the signature does not match: check the app's client secret and its target URL")


def signed_uri(url: str, public_url: str | None = None) -> str:
    """What HubSpot signed: the public address (its path too, when it has one), twelve escapes decoded."""
    if public_url:
        url = public_url if urlsplit(public_url).path.strip("/") else public_url.rstrip("/") + _path_and_query(url)
    for escape, character in _DECODED.items():
        url = url.replace(escape, character).replace(escape.lower(), character)
    return url


def _path_and_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
