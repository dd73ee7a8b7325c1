"""HubSpot's deliveries: arrays of up to 100 events of any types, perhaps of several portals; hints, never the truth."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from crmbridge.domain.changes import Change, Claims, Delivery, Response, What
from crmbridge.domain.errors import MalformedPayload
from crmbridge.domain.records import Link
from crmbridge.platforms.hubspot.objects import NAMES, OBJECTS
from crmbridge.platforms.hubspot.values import EPOCH
from crmbridge.platforms.signatures import V1_SIGNATURE, V1_VERSION, V3_SIGNATURE, V3_TIMESTAMP, verify_hubspot
from crmbridge.platforms.spec import WebhookSpec

Event = Mapping[str, Any]

WHATS: Final[Mapping[str, What]] = {
    "creation": What.CREATED, "propertyChange": What.UPDATED, "deletion": What.DELETED,
    "privacyDeletion": What.DELETED, "merge": What.MERGED, "restore": What.RESTORED,
    "associationChange": What.LINKED,
}  # fmt: skip
LATEST: Final = 253_402_300_799_999
"""Milliseconds; the last instant of the calendar."""


def claims(delivery: Delivery) -> Claims:
    """The portals that the events name; none at all where the body cannot be read."""
    try:
        events = _events(delivery.body)
    except MalformedPayload:
        return Claims()
    found = (_id(event.get("portalId")) for event in events if isinstance(event, dict))
    return Claims(accounts=frozenset(portal for portal in found if portal))


def parse(delivery: Delivery) -> list[Change]:
    """One change per event, in HubSpot's order (which is none). An event we do not know survives as unknown."""
    return [_change(event if isinstance(event, dict) else {"event": event}) for event in _events(delivery.body)]


def reply(outcome: str) -> Response:
    """Anything but 2xx is sent again for a day, so only a delivery that proves nothing is turned away."""
    return Response(401 if outcome == "refused" else 200)


def _events(body: bytes) -> list[Any]:
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedPayload("the delivery is not JSON") from None
    if not isinstance(events, list):
        raise MalformedPayload("the delivery is not an array of events")
    return events


def _change(event: Event) -> Change:
    type = event.get("subscriptionType") or event.get("eventType")
    subject, _, happened = type.partition(".") if isinstance(type, str) else ("", "", "")
    change = Change(
        what=WHATS.get(happened, What.UNKNOWN),
        external_id=_id(event.get("objectId")),
        account=_id(event.get("portalId")),
        event_id=_id(event.get("eventId")),
        occurred_at=_moment(event.get("occurredAt")),
        fields=_fields(event),
    )
    if change.what is What.LINKED:
        return _linked(change, event)
    named = _named(change, _object(event.get("objectTypeId")) if subject == "object" else _object(subject))
    return _merged(named, event) if named.what is What.MERGED else named


def _named(change: Change, object: str | None) -> Change:
    """Of a record of ours; an event of a ticket, or one that names nothing, is unknown."""
    if object is None or object not in OBJECTS:
        return replace(change, what=What.UNKNOWN)
    what = change.what if change.external_id else What.UNKNOWN
    return replace(change, what=what, object=object, kind=OBJECTS[object].kind)


def _merged(change: Change, event: Event) -> Change:
    """A merge makes a new record, and both that went into it are swallowed; an older one kept the primary's id."""
    primary = _id(event.get("primaryObjectId"))
    successor = _id(event.get("newObjectId")) or primary or change.external_id
    swallowed = event.get("mergedObjectIds")
    losers = [primary, *(_id(id) for id in (swallowed if isinstance(swallowed, list) else ()))]
    return replace(
        change,
        external_id=successor,
        successor=successor,
        losers=tuple(dict.fromkeys(id for id in losers if id and id != successor)),
    )


def _linked(change: Change, event: Event) -> Change:
    """The record to read again is the one that owns the link: of COMPANY_TO_CONTACT, the contact."""
    name = event.get("associationType")
    left, _, right = name.partition("_TO_") if isinstance(name, str) else ("", "", "")
    ends = [
        (_object(event.get("fromObjectTypeId")) or _object(left), _id(event.get("fromObjectId"))),
        (_object(event.get("toObjectTypeId")) or _object(right), _id(event.get("toObjectId"))),
    ]
    for (object, id), (target, target_id) in (ends, ends[::-1]):
        spec = OBJECTS.get(object or "")
        if spec and target in spec.links and id and target_id:
            link = Link(target, target_id, primary=event.get("isPrimaryAssociation") is True)
            return replace(_named(replace(change, external_id=id), object), link=link)
    object, id = ends[0]
    return replace(change, what=What.UNKNOWN, object=object, external_id=id)


def _object(word: Any) -> str | None:
    return NAMES.get(word.lower()) if isinstance(word, str) else None


def _fields(event: Event) -> Mapping[str, Any]:
    """The one property that changed, unless HubSpot hides its value; and whether a link was taken away."""
    name = event.get("propertyName")
    if isinstance(name, str) and not event.get("isSensitive") and event.get("propertyValue") != "REDACTED":
        return {name: event.get("propertyValue")}
    return {"associationRemoved": event["associationRemoved"]} if "associationRemoved" in event else {}


def _id(value: Any) -> str | None:
    """Numbers here, though texts everywhere else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LATEST:
        return None
    return EPOCH + timedelta(milliseconds=value)


WEBHOOK: Final = WebhookSpec(
    claims=claims,
    verify=verify_hubspot,
    parse=parse,
    reply=reply,
    headers=(V3_SIGNATURE, V3_TIMESTAMP, V1_SIGNATURE, V1_VERSION),
)
