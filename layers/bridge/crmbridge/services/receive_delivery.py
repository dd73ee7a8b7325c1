"""Take one delivery from a CRM: prove it, queue it as one message, answer. Nothing is remembered before it is queued:
a receipt written first and a queue that fails would make the CRM's retry look like a duplicate."""

from base64 import b64encode
from typing import Final

from crmbridge.domain.changes import Claims, Delivery, Response, WebhookSecret
from crmbridge.domain.errors import BadSignature, MalformedPayload, NotFound
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, instant_text
from crmbridge.services.ports import Deps

MAX_BODY: Final = 4_000_000
"""Bytes. The largest deliveries there are (100 full records) stay under a quarter of it."""


def receive_delivery(deps: Deps, platform_name: str, connection_id: str | None, delivery: Delivery) -> Response:
    """Return what that CRM wants to hear. Raises NotFound for an address that nothing is delivered to."""
    webhook = deps.platform(platform_name).webhook
    if connection_id is not None:
        raise NotFound(f"{platform_name} delivers to one address for all connections")
    if len(delivery.body) > MAX_BODY:
        return webhook.reply("refused")
    try:
        webhook.verify(delivery, _secret(deps, platform_name))
        claims = webhook.claims(delivery)
    except (BadSignature, MalformedPayload):
        return webhook.reply("refused")
    if not claims.accounts and claims.channel is None:
        return webhook.reply("ignored")
    body = _body(deps.new_id(), platform_name, webhook.headers, delivery)
    deps.queues.deliveries.send(Message(body, group=_group(platform_name, claims)))
    return webhook.reply("accepted")


def _secret(deps: Deps, platform_name: str) -> WebhookSecret:
    app = deps.vault.app(platform_name)
    return WebhookSecret((app.webhook_secret or app.client_secret,))


def _body(id: str, platform_name: str, headers: tuple[str, ...], delivery: Delivery) -> dict[str, Json]:
    return {
        "id": id,
        "platform": platform_name,
        "connection": None,
        "method": delivery.method,
        "url": delivery.url,
        "headers": {name: delivery.headers[name] for name in headers if name in delivery.headers},
        "body": b64encode(delivery.body).decode(),
        "received_at": instant_text(delivery.received_at),
    }


def _group(platform_name: str, claims: Claims) -> str:
    """Fair between accounts; a delivery of several goes with the first of them."""
    return f"{platform_name}#{min(claims.accounts) if claims.accounts else claims.channel}"
