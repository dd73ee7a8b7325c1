"""HubSpot's deliveries: arrays of up to 100 events of any types, perhaps of several portals; hints, never the truth.

What the events say is in `events`.
"""

from typing import Any, Final

from crmbridge.domain.changes import Change, Claims, Delivery, Response
from crmbridge.domain.errors import MalformedPayload
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.platforms.signatures import V1_SIGNATURE, V1_VERSION, V3_SIGNATURE, V3_TIMESTAMP, verify_hubspot
from crmbridge.platforms.unpacking import delivered


def claims(delivery: Delivery) -> Claims:
    """The portals that the events name; none at all where the body cannot be read."""
    try:
        events = _events(delivery.body)
    except MalformedPayload:
        return Claims()
    found = (text_id(event.get("portalId")) for event in events if isinstance(event, dict))
    return Claims(accounts=frozenset(portal for portal in found if portal))


def parse(delivery: Delivery) -> list[Change]:
    """One change per event, in HubSpot's order (which is none). An event we do not know survives as unknown."""
    from crmbridge.platforms.hubspot.events import change_of  # who takes deliveries in does not read them

    return [change_of(event if isinstance(event, dict) else {"event": event}) for event in _events(delivery.body)]


def reply(outcome: str) -> Response:
    """Anything but 2xx is sent again for a day, so only a delivery that proves nothing is turned away."""
    return Response(401 if outcome == "refused" else 200)


def _events(body: bytes) -> list[Any]:
    events = delivered(body)
    if not isinstance(events, list):
        raise MalformedPayload("the delivery is not an array of events")
    return events


def text_id(value: Any) -> str | None:
    """Numbers here, though texts everywhere else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


WEBHOOK: Final = WebhookSpec(
    claims=claims,
    verify=verify_hubspot,
    parse=parse,
    reply=reply,
    headers=(V3_SIGNATURE, V3_TIMESTAMP, V1_SIGNATURE, V1_VERSION),
)
