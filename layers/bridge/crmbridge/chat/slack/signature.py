"""How Slack proves that a request is its own (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest, digest
from typing import Final

from crmbridge.domain.errors import BadSignature

WINDOW: Final = 300
"""Seconds that a request may be old, or ahead: what was overheard is worth nothing later."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """`headers` by lower-cased names, `body` the bytes as they came. Raises BadSignature, whatever is wrong."""
    stamp = headers.get("x-slack-request-timestamp", "")
    given = headers.get("x-slack-signature", "")
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("the request does not prove that it comes from Slack")
    wanted = "v0=" + digest(secret.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hex()
    if not compare_digest(wanted.encode(), given.encode(errors="replace")):
        raise BadSignature("the request does not prove that it comes from Slack")
    if abs(now.timestamp() - int(stamp)) > WINDOW:
        raise BadSignature("the request is older than five minutes, or from the future")
