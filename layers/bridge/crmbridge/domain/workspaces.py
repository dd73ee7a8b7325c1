"""What belongs to a workspace besides connections: its chat app and its keys."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import Kind


@dataclass(frozen=True, slots=True)
class Usual:
    """What a new smart group takes when it names none; None: what its CRM accounts have."""

    currency: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a workspace's chat app listens. Of changes to records of `record_changes` it hears, too."""

    url: str
    enabled: bool = True
    record_changes: tuple[Kind, ...] = ()


def check_url(url: str) -> None:
    """Events carry names and e-mails: https, or http to this very machine. Raises Invalid naming `url`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(Problem("url", "is not a URL", "https://chat.example.com/crm-events")) from None
    if not host or parts.username or parts.fragment:
        raise Invalid(Problem("url", "needs a host, no credentials and no fragment", "https://chat.example.com/..."))
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise Invalid(Problem("url", "must be https", "http is taken for localhost only"))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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
