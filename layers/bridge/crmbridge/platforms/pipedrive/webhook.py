"""Pipedrive's deliveries: one event each, of one company; proven by the password that we gave with the address."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, Final

from crmbridge.domain.changes import Change, Claims, Delivery, Response, WebhookSecret, What
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.platforms.pipedrive.objects import ENTITIES, NAMING, kind_of
from crmbridge.platforms.unpacking import delivered_object

AUTHORIZATION: Final = "authorization"
WHATS: Final[Mapping[str, What]] = {"create": What.CREATED, "change": What.UPDATED, "delete": What.DELETED}
LATEST: Final = 253_402_300_799
"""Seconds; the last instant of the calendar."""


def claims(delivery: Delivery) -> Claims:
    """The company and the subscription that the event names; nothing where the body cannot be read."""
    try:
        meta = _meta(delivered_object(delivery.body))
    except MalformedPayload:
        return Claims()
    company, channel = _id(meta.get("company_id")), _id(meta.get("webhook_id"))
    return Claims(frozenset([company]) if company else frozenset(), channel)


def verify(delivery: Delivery, secret: str | WebhookSecret) -> None:
    """There is no signature: HTTP Basic is all there is, and the company must be the connection's. Raises
    BadSignature."""
    proof = WebhookSecret((secret,)) if isinstance(secret, str) else secret
    _match(delivery.headers.get(AUTHORIZATION, ""), proof)
    accounts = claims(delivery).accounts
    if proof.account and accounts and proof.account not in accounts:
        raise BadSignature("the delivery is of another company")


def _match(given: str, proof: WebhookSecret) -> None:
    """Against every password that is valid today, all of them always."""
    sent = given.encode(errors="replace")
    expected = [basic(proof.user or "", value).encode() for value in proof.values if value]
    if sum(compare_digest(sent, candidate) for candidate in expected) == 0:
        raise BadSignature("the delivery does not show the user and password that its webhook was made with")


def basic(user: str, password: str) -> str:
    """RFC 7617."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def parse(delivery: Delivery) -> list[Change]:
    """One change; an event of another sort, or of another version, survives as unknown."""
    event = delivered_object(delivery.body)
    meta = _meta(event)
    change = Change(
        what=What.UNKNOWN,
        external_id=_id(meta.get("entity_id")),
        account=_id(meta.get("company_id")),
        event_id=_id(meta.get("id")),
        occurred_at=_moment(meta.get("timestamp")),
    )
    return [_named(change, event, meta)]


def reply(outcome: str) -> Response:
    """Ten events whose first attempt fails ban a webhook for half an hour, and what happens then is lost to it: so only
    a delivery that proves nothing is turned away."""
    return Response(401 if outcome == "refused" else 200)


def _meta(event: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = event.get("meta")
    return meta if isinstance(meta, dict) else {}


def _named(change: Change, event: Mapping[str, Any], meta: Mapping[str, Any]) -> Change:
    """Of a record of ours. `data` is the whole record as it was then; of a deletion only `previous` is left."""
    entity, action = meta.get("entity"), meta.get("action")
    object = ENTITIES.get(entity) if isinstance(entity, str) else None
    what = WHATS.get(action) if isinstance(action, str) else None
    if isinstance(entity, str) and entity in NAMING and what is not None:
        return replace(change, what=What.NAMED, external_id=None)
    if object is None or what is None or change.external_id is None:
        return replace(change, object=object)
    data, previous = _record(event.get("data")), _record(event.get("previous"))
    if what is What.UPDATED and previous.get("is_deleted") is True:
        what = What.RESTORED
    kind = kind_of(object, data or previous)
    full = bool(data) and what is not What.DELETED
    named = replace(change, what=what, object=object, kind=kind, fields=_untyped(data), full=full)
    return _merged(named, _id(meta.get("merged_to_id")), _id(meta.get("merged_from_id")))


def _untyped(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Custom fields as everywhere else: here each is wrapped with its type."""
    custom = data.get("custom_fields")
    if not isinstance(custom, dict):
        return data
    return {**data, "custom_fields": {key: _bare(value) for key, value in custom.items()}}


def _bare(value: Any) -> Any:
    """`{"type": "enum", "id": 3}` is 3, of a set the ids; what has more than a value stays an object of its parts."""
    if not isinstance(value, dict) or "type" not in value:
        return value
    parts = {key: part for key, part in value.items() if key != "type"}
    if isinstance(values := parts.get("values"), list):
        return [part.get("id") if isinstance(part, dict) else part for part in values]
    if "id" in parts:
        return parts["id"]
    return parts["value"] if parts.keys() == {"value"} else parts


def _merged(change: Change, into: str | None, swallowed: str | None) -> Change:
    """A merge is two events: the deletion of the one, and a change of the other; each alone tells the whole story."""
    if into and change.what is What.DELETED and into != change.external_id:
        losers = (str(change.external_id),)
        return replace(change, what=What.MERGED, external_id=into, successor=into, losers=losers)
    if swallowed and swallowed != change.external_id:
        return replace(change, what=What.MERGED, successor=change.external_id, losers=(swallowed,))
    return change


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> str | None:
    """Texts here, numbers in records."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


def _moment(value: Any) -> datetime | None:
    """ISO in every sample, ten digits in the table of parameters."""
    try:
        if isinstance(value, str) and not value.isdecimal():
            return to_instant(value)
        seconds = int(value) if isinstance(value, int | str) and len(str(value)) < 16 else LATEST + 1
        return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds <= LATEST else None
    except ValueError:
        return None


WEBHOOK: Final = WebhookSpec(
    claims=claims, verify=verify, parse=parse, reply=reply, own_address=True, headers=(AUTHORIZATION,)
)
