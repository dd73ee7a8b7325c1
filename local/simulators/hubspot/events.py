"""Webhook events: what changed in a portal, told to the app if it subscribed, and how a POST of them is signed."""

import base64
import hashlib
import hmac
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from local.simulators.clock import iso
from local.simulators.deliveries import Event, Post
from local.simulators.hubspot.links import LinkChange
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.schema import PRIMARY, ObjectType

DECODED = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
           "%2A": "*", "%2C": ",", "%3B": ";"}  # fmt: skip
NEVER_TOLD = {"hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events"}


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something: an app through the API, or a person in HubSpot."""

    source: str = "CRM_UI"
    source_id: str = "userId:5501"


@dataclass(slots=True)
class Subscription:
    """`property_name` None stands for every property: only the built-in subscriptions have that."""

    id: int
    event_type: str
    property_name: str | None = None
    object_type_id: str | None = None
    active: bool = False
    created: str = ""
    updated: str = ""

    def wire(self) -> dict[str, Any]:
        body: dict[str, Any] = {"id": str(self.id), "eventType": self.event_type, "active": self.active}
        body |= {"propertyName": self.property_name} if self.property_name else {}
        body |= {"objectTypeId": self.object_type_id} if self.object_type_id else {}
        return body | {"createdAt": self.created, "updatedAt": self.updated or self.created}

    def wants(self, event: Event) -> bool:
        return (
            self.active
            and self.event_type == event["subscriptionType"]
            and self.property_name in {None, event.get("propertyName")}
            and self.object_type_id in {None, event.get("objectTypeId")}
        )


@dataclass(slots=True)
class Teller:
    """Numbers events and hands those that somebody subscribed to onwards."""

    app_id: int
    hand_on: Callable[[Event], None]
    subscriptions: list[Subscription] = field(default_factory=list)
    _event_ids: Iterator[int] = field(default_factory=lambda: itertools.count(3_810_400_001))

    def tell(self, portal: Portal, kind: ObjectType, what: str, author: Author, **facts: Any) -> None:
        if not (portal.is_covered and portal.settings.webhook_url):
            return
        event: Event = {"eventId": next(self._event_ids), "portalId": portal.account.id, "appId": self.app_id}
        event |= {"occurredAt": portal.clock.now_ms(), "attemptNumber": 0}
        event["subscriptionType"] = f"{kind.singular if kind.has_own_events else 'object'}.{what}"
        if not kind.has_own_events:
            event["objectTypeId"] = kind.type_id
        event |= facts | {"changeSource": author.source, "sourceId": author.source_id}
        wanting = next((each for each in self.subscriptions if each.wants(event)), None)
        if wanting:
            self.hand_on({"subscriptionId": wanting.id, **event})

    def changed(self, portal: Portal, kind: ObjectType, record_id: int, changes: dict[str, str | None],
                author: Author) -> None:  # fmt: skip
        for name, value in changes.items():
            prop = portal.properties[kind.name].get(name)
            if prop and not prop.calculated and name not in NEVER_TOLD:
                facts = {"objectId": record_id, "propertyName": name, "propertyValue": value or ""}
                self.tell(portal, kind, "propertyChange", author, **facts)

    def linked(self, portal: Portal, changes: list[LinkChange], author: Author) -> None:
        for change in changes:
            source, target = change.type.source, change.type.target
            self.tell(
                portal,
                source,
                "associationChange",
                author,
                associationType=f"{source.singular}_TO_{target.singular}".upper(),
                fromObjectId=change.source,
                toObjectId=change.target,
                associationRemoved=change.removed,
                isPrimaryAssociation=change.type.id in PRIMARY,
            )


def everything(now_ms: int) -> list[Subscription]:
    """What the app subscribes to until its settings say otherwise."""
    own = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange")
    names = [f"{each}.{what}" for each in ("contact", "company", "deal", "object") for what in own]
    names.append("contact.privacyDeletion")
    return [Subscription(2201 + n, name, active=True, created=iso(now_ms)) for n, name in enumerate(names)]


def signed(url: str, secret: str, body: bytes, *, timestamp: int | None = None, v3: bool = True) -> Post:
    """The POST with its v1 and v3 signatures. Its time is the real one: receivers compare it with their own clock."""
    stamp = str(timestamp if timestamp is not None else int(time.time() * 1000))
    source = b"POST" + _decoded(url).encode() + body + stamp.encode()
    digest = hmac.new(secret.encode(), source, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client)",
        "X-HubSpot-Signature": hashlib.sha256(secret.encode() + body).hexdigest(),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Request-Timestamp": stamp,
        "X-HubSpot-Timeout-Millis": "10000",
    }
    if v3:
        headers["X-HubSpot-Signature-v3"] = base64.b64encode(digest).decode()
    return Post(url, body, headers)


def body_of(events: list[Event], attempt: int) -> bytes:
    return orjson.dumps([event | {"attemptNumber": attempt} for event in events])


def _decoded(url: str) -> str:
    """HubSpot hashes the address with these twelve escapes undone, and no others."""
    for escape, plain in DECODED.items():
        url = url.replace(escape, plain).replace(escape.lower(), plain)
    return url
