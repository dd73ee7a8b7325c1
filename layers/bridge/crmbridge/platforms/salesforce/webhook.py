"""Salesforce's outbound messages: SOAP, up to 100 notifications of one org and one object; hints, never the truth.

Nothing is signed. What proves a delivery is the address that an admin put into the outbound message, with its token and
its key, and the org's id in the body."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs, urlsplit

from crmbridge.domain.changes import Change, Claims, Delivery, Response, WebhookSecret, What
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.domain.records import Link
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.platforms.salesforce.objects import OBJECTS, kind_of, long_id
from crmbridge.platforms.salesforce.soap import Node, read_xml

KEY: Final = "key"
"""The parameter of the address that holds the secret."""
_ACK: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>{}</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


def claims(delivery: Delivery) -> Claims:
    """The org that the message names; none where the body cannot be read, or is empty."""
    try:
        org = _notifications(delivery.body).told("OrganizationId")
    except MalformedPayload:
        return Claims()
    return Claims(accounts=frozenset({long_id(org)}) if org else frozenset())


def verify(delivery: Delivery, secret: str | WebhookSecret) -> None:
    """By the key in the address, and by the org. Raises BadSignature."""
    proof = WebhookSecret((secret,)) if isinstance(secret, str) else secret
    given = (parse_qs(urlsplit(delivery.url).query).get(KEY) or [""])[0].encode(errors="replace")
    keys = [value.encode() for value in proof.values if value]
    if sum(compare_digest(given, key) for key in keys) == 0:
        raise BadSignature("the address does not hold this connection's key: copy it into the outbound message again")
    if proof.account and claims(delivery).accounts != {long_id(proof.account)} and _says_something(delivery):
        raise BadSignature("the message comes from another org than this connection's")


def _says_something(delivery: Delivery) -> bool:
    """Salesforce has been seen to send messages without an org and without a notification."""
    try:
        return bool(parse(delivery))
    except MalformedPayload:
        return False


def parse(delivery: Delivery) -> list[Change]:
    """One change per notification. An object we do not keep survives as unknown."""
    message = _notifications(delivery.body)
    org = long_id(message.told("OrganizationId")) or None
    return [replace(_change(each), account=org) for each in message.all("Notification")]


def reply(outcome: str) -> Response:
    """Anything but 200 with a true `Ack` is sent again for a day, so only what proves nothing is turned away."""
    refused = outcome == "refused"
    return Response(
        401 if refused else 200,
        _ACK.format("false" if refused else "true"),
        {"Content-Type": "text/xml; charset=utf-8"},
    )


def _notifications(body: bytes) -> Node:
    envelope = read_xml(body)
    content = envelope.child("Body")
    found = content.child("notifications") if content else None
    if found is None:
        raise MalformedPayload("the delivery is not an outbound message")
    return found


def _change(notification: Node) -> Change:
    """Whether it was made or changed is not said; a deleted record comes as nothing but its type."""
    told = notification.child("sObject") or Node("sObject")
    type, fields = told.attributes.get("type", "").rpartition(":")[2], _fields(told)
    change = Change(
        what=What.UPDATED,
        event_id=notification.told("Id") or None,
        occurred_at=_moment(fields.get("SystemModstamp")),
        fields=fields,
    )
    if type == "OpportunityContactRole":
        return _linked(change, fields)
    object, id = type if type in OBJECTS else None, long_id(fields.get("Id", ""))
    if object is None or not id:
        return replace(change, what=What.UNKNOWN, object=object, external_id=id or None)
    return replace(change, object=object, kind=kind_of(object, fields), external_id=id)


def _linked(change: Change, fields: Mapping[str, str]) -> Change:
    """A role belongs to its deal."""
    deal, contact = long_id(fields.get("OpportunityId", "")), long_id(fields.get("ContactId", ""))
    if not deal:
        return replace(change, what=What.UNKNOWN)
    link = Link("Contact", contact, fields.get("Role", "")) if contact else None
    kind = OBJECTS["Opportunity"].kind
    return replace(change, what=What.LINKED, object="Opportunity", kind=kind, external_id=deal, link=link)


def _fields(told: Node) -> dict[str, str]:
    return {each.name: each.text for each in told.children if each.text}


def _moment(text: str | None) -> datetime | None:
    try:
        return to_instant(text)
    except ValueError:
        return None


WEBHOOK: Final = WebhookSpec(
    claims=claims, verify=verify, parse=parse, reply=reply, own_address=True, headers=("soapaction",)
)
