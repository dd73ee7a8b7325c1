"""What HubSpot's events say: one change each, in our words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from crmbridge.domain.changes import Change, What
from crmbridge.domain.records import Link
from crmbridge.platforms.hubspot.objects import NAMES, OBJECTS
from crmbridge.platforms.hubspot.values import EPOCH
from crmbridge.platforms.hubspot.webhook import text_id

Event = Mapping[str, Any]

WHATS: Final[Mapping[str, What]] = {
    "creation": What.CREATED, "propertyChange": What.UPDATED, "deletion": What.DELETED,
    "privacyDeletion": What.DELETED, "merge": What.MERGED, "restore": What.RESTORED,
    "associationChange": What.LINKED,
}  # fmt: skip
LATEST: Final = 253_402_300_799_999
"""Milliseconds; the last instant of the calendar."""


def change_of(event: Event) -> Change:
    """An event we do not know survives as unknown."""
    type = event.get("subscriptionType") or event.get("eventType")
    subject, _, happened = type.partition(".") if isinstance(type, str) else ("", "", "")
    change = Change(
        what=WHATS.get(happened, What.UNKNOWN),
        external_id=text_id(event.get("objectId")),
        account=text_id(event.get("portalId")),
        event_id=text_id(event.get("eventId")),
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
    primary = text_id(event.get("primaryObjectId"))
    successor = text_id(event.get("newObjectId")) or primary or change.external_id
    swallowed = event.get("mergedObjectIds")
    losers = [primary, *(text_id(id) for id in (swallowed if isinstance(swallowed, list) else ()))]
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
        (_object(event.get("fromObjectTypeId")) or _object(left), text_id(event.get("fromObjectId"))),
        (_object(event.get("toObjectTypeId")) or _object(right), text_id(event.get("toObjectId"))),
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


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LATEST:
        return None
    return EPOCH + timedelta(milliseconds=value)
