"""Take one delivery from a CRM: prove it, queue it as one message, answer. Nothing is remembered before it is queued:
a receipt written first and a queue that fails would make the CRM's retry look like a duplicate."""

from base64 import b64encode
from dataclasses import replace
from typing import Final

from crmbridge.domain.changes import Claims, Delivery, Response, WebhookSecret
from crmbridge.domain.channels import USER, Door
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import BadSignature, MalformedPayload, NotFound
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, instant_text
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.services.ports import Deps

MAX_BODY: Final = 4_000_000
"""Bytes. The largest deliveries there are (100 full records) stay under a quarter of it."""


def receive_delivery(deps: Deps, platform_name: str, address: tuple[str, str] | None, delivery: Delivery) -> Response:
    """Return what that CRM wants to hear. `address` is (connection.workspace, token) of a connection's own address,
    None for the app's. Raises NotFound for an address that nothing is delivered to."""
    webhook = deps.webhook(platform_name)
    door, secret = _opened(deps, platform_name, webhook, address)
    if len(delivery.body) > MAX_BODY:
        return webhook.reply("refused")
    try:
        webhook.verify(delivery, secret)
        claims = webhook.claims(delivery)
    except (BadSignature, MalformedPayload):
        return webhook.reply("refused")
    if door:
        return _accept_for(deps, webhook, door, claims, delivery)
    if not claims.accounts and claims.channel is None:
        return webhook.reply("ignored")
    body = _body(deps.new_id(), platform_name, webhook, delivery)
    deps.queues.deliveries.send(Message(body, group=_group(platform_name, claims)))
    return webhook.reply("accepted")


def _opened(
    deps: Deps, platform: str, webhook: WebhookSpec, address: tuple[str, str] | None
) -> tuple[Door | None, WebhookSecret]:
    """The token in the address is the first proof: without a good one there is nothing here."""
    if address is None:
        if webhook.own_address:
            raise NotFound(f"{platform} delivers to an address per connection")
        return None, _of_app(deps.vault.app(platform))
    place, token = address
    id, _, workspace = place.partition(".")
    door = deps.connections.door(workspace, id) if workspace and webhook.own_address else None
    password = door.password(token) if door and door.platform == platform else None
    if door is None or password is None:
        raise NotFound("nothing is delivered here")
    channels = frozenset(door.channel.ids) if door.channel else frozenset()
    return door, WebhookSecret((password,), user=USER, account=door.account, channels=channels)


def _of_app(app: AppCredentials) -> WebhookSecret:
    """An older version of signatures only where an operator says so: it has no time window."""
    values = tuple(app.webhook_secret.split()) or (app.client_secret,)
    return WebhookSecret(values, allow_v1="v1" in app.webhook_signatures.split())


def _accept_for(deps: Deps, webhook: WebhookSpec, door: Door, claims: Claims, delivery: Delivery) -> Response:
    """It concerns this connection and no other, whatever else it names."""
    if claims.accounts and door.account not in claims.accounts:
        return webhook.reply("refused")
    bare = replace(delivery, url=f"{deps.public_url}/v1/webhooks/{door.platform}")
    body = {**_body(deps.new_id(), door.platform, webhook, bare), "to": [door.workspace, door.connection]}
    deps.queues.deliveries.send(Message(body, group=f"{door.platform}#{door.account}"))
    return webhook.reply("accepted")


def _body(id: str, platform: str, webhook: WebhookSpec, delivery: Delivery) -> dict[str, Json]:
    """Without what must not lie in a queue: the token of an address, and passwords."""
    headers = [name for name in webhook.headers if name != "authorization"]
    return {
        "id": id,
        "platform": platform,
        "method": delivery.method,
        "url": delivery.url,
        "headers": {name: delivery.headers[name] for name in headers if name in delivery.headers},
        "body": b64encode(delivery.body).decode(),
        "received_at": instant_text(delivery.received_at),
    }


def _group(platform_name: str, claims: Claims) -> str:
    """Fair between accounts; a delivery of several goes with the first of them."""
    return f"{platform_name}#{min(claims.accounts) if claims.accounts else claims.channel}"
