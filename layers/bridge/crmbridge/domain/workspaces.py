"""What belongs to a workspace besides connections: its chat app and its keys."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Usual:
    """What a new smart group takes when it names none; None: what its CRM accounts have."""

    currency: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a workspace's chat app listens."""

    url: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    workspace: str
    role: str
    user: str
    name: str
    hash: str
    created_at: datetime


def key_hash(secret: str) -> str:
    """A key's secret is long and random, so that a plain digest is enough."""
    return sha256(secret.encode()).hexdigest()
