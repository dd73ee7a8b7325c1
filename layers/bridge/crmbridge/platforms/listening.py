"""What it takes to let a CRM's delivery in: no translation, no API. The door for deliveries loads no more of a CRM."""

from collections.abc import Callable
from dataclasses import dataclass

from crmbridge.domain.changes import Change, Claims, Delivery, Response, WebhookSecret


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """How a CRM's deliveries are routed, proven, read and answered. `headers` are those a proof lives in."""

    claims: Callable[[Delivery], Claims]
    verify: Callable[[Delivery, str | WebhookSecret], None]
    parse: Callable[[Delivery], list[Change]]
    reply: Callable[[str], Response]
    """`outcome`: accepted, ignored, refused."""
    headers: tuple[str, ...] = ()
    own_address: bool = False
    """Each connection has an address of its own, with a credential in it; otherwise one serves the whole app."""
