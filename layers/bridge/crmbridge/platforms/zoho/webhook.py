"""Zoho's notifications: one event of one module, of several records; proven by the token that we gave with the address
and that comes back inside the body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, Final

from crmbridge.domain.changes import Change, Claims, Delivery, Response, WebhookSecret, What
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.platforms.unpacking import delivered_object
from crmbridge.platforms.zoho.objects import OBJECTS

WHATS: Final[Mapping[str, What]] = {
    "insert": What.CREATED, "create": What.CREATED, "update": What.UPDATED, "edit": What.UPDATED,
    "delete": What.DELETED,
}  # fmt: skip
"""Both pairs of words are seen: the documented ones, and the others in real deliveries."""
LATEST: Final = 253_402_300_799_999
"""Milliseconds; the last instant of the calendar."""

Event = Mapping[str, Any]


def claims(delivery: Delivery) -> Claims:
    """The channel alone: an event does not name its org. Nothing where the body cannot be read."""
    try:
        return Claims(channel=_id(delivered_object(delivery.body).get("channel_id")))
    except MalformedPayload:
        return Claims()


def verify(delivery: Delivery, secret: str | WebhookSecret) -> None:
    """There is no signature: the token is all there is, beside the secret address. Raises BadSignature."""
    proof = WebhookSecret((secret,)) if isinstance(secret, str) else secret
    try:
        event = delivered_object(delivery.body)
    except MalformedPayload:
        raise BadSignature("the delivery cannot be read, and so proves nothing") from None
    _match(event.get("token"), proof)
    channel = _id(event.get("channel_id"))
    if proof.channels and channel not in proof.channels:
        raise BadSignature("the delivery is of another channel")


def _match(token: Any, proof: WebhookSecret) -> None:
    """Against every token that is valid today, all of them always."""
    given = token.encode(errors="replace") if isinstance(token, str) else b""
    expected = [value.encode() for value in proof.values if value]
    if sum(compare_digest(given, candidate) for candidate in expected) == 0:
        raise BadSignature("the delivery does not bring back the token that its channel was made with")


def parse(delivery: Delivery) -> list[Change]:
    """One change per record; an event of another sort survives as unknown."""
    event = delivered_object(delivery.body)
    told = event.get("ids")
    ids = [id for id in map(_id, told if isinstance(told, list) else ()) if id]
    return [_change(event, id) for id in dict.fromkeys(ids)] or [_change(event, None)]


def reply(outcome: str) -> Response:
    """Whether Zoho sends again is not documented; only a delivery that proves nothing is turned away."""
    return Response(401 if outcome == "refused" else 200)


def _change(event: Event, id: str | None) -> Change:
    module, operation = event.get("module"), event.get("operation")
    object = module if isinstance(module, str) and module in OBJECTS else None
    what = WHATS.get(operation, What.UNKNOWN) if isinstance(operation, str) else What.UNKNOWN
    is_known = object is not None and id is not None
    return Change(
        what=what if is_known else What.UNKNOWN,
        kind=OBJECTS[object].kind if object else None,
        object=object,
        external_id=id,
        occurred_at=_moment(event.get("server_time")),
        fields=_values(event, id),
    )


def _values(event: Event, id: str | None) -> Mapping[str, Any]:
    """What changed, where the channel asks for values; else the names alone, as far as they are told."""
    told = event.get("affected_values")
    for entry in told if isinstance(told, list) else ():
        if isinstance(entry, dict) and id and _id(entry.get("record_id")) == id:
            values = entry.get("values")
            return values if isinstance(values, dict) else {}
    return {}


def _id(value: Any) -> str | None:
    """A channel's id may be a number or a text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LATEST:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


WEBHOOK: Final = WebhookSpec(claims=claims, verify=verify, parse=parse, reply=reply, own_address=True)
"""No header proves anything."""
