"""What belongs to a workspace besides connections: its chat app and its keys."""

from dataclasses import dataclass
from datetime import datetime


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
