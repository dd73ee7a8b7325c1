"""How a CRM delivers to one connection: what it keeps for us, and what its deliveries must prove.

The address of a connection ends in a token of ours. Only the token's hash is kept, beside a salt; the password that the
CRM is given, too, is made of both. So whoever reads our tables can forge nothing, whoever sees an address has no
password, and no secret is fetched to prove a delivery.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

USER: Final = "crm-bridge"
KEYS: Final = 2
"""The newest, and the one before: what was on its way when a channel was made anew is let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One subscription as the CRM keeps it. `ids` are what its deliveries may name; `facts` what renewing and ending it
    take. `expires_at` None: it does not end by itself."""

    ids: tuple[str, ...] = ()
    expires_at: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DoorKey:
    hash: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where deliveries to one connection are let in; `channel` None while one is being made, or before."""

    workspace: str
    connection: str
    platform: str
    account: str
    keys: tuple[DoorKey, ...] = ()
    channel: Channel | None = None

    def with_key(self, token: str, salt: str) -> "Door":
        return replace(self, keys=(DoorKey(token_hash(token), salt), *self.keys)[:KEYS], channel=None)

    def password(self, token: str) -> str | None:
        """What goes with this token; None for a token that is none. Every key is compared, always."""
        given = token_hash(token).encode()
        fitting = [key for key in self.keys if compare_digest(given, key.hash.encode())]
        return password(token, fitting[0].salt) if fitting else None


def token_hash(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()


def password(token: str, salt: str) -> str:
    """43 characters that are safe in URLs, headers and JSON."""
    return urlsafe_b64encode(digest(salt.encode(), token.encode(), "sha256")).rstrip(b"=").decode()
