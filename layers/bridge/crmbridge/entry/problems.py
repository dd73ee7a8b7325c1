"""Errors as the people who meet them read them: RFC 9457 problem details, chosen in one table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from crmbridge.domain import errors
from crmbridge.domain.records import Json

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """`show` says whether the error's own words are for the caller."""

    status: int
    title: str
    next_step: str = ""
    show: bool = True


KINDS: Final[Mapping[type[Exception], Kind]] = {
    errors.Unauthenticated: Kind(401, "Who are you?", "send a valid bearer token or API key"),
    errors.Forbidden: Kind(403, "You may not do this", "ask an admin of the workspace"),
    errors.NotFound: Kind(404, "There is no such thing", "check the id"),
    errors.Invalid: Kind(400, "The request is not valid", "correct the fields named in errors"),
    errors.Clash: Kind(409, "This contradicts what is there", "read it again, then decide"),
    errors.MovedOn: Kind(409, "The CRM has other values by now", "look at both values; write with force, or leave it"),
    errors.BadSignature: Kind(401, "The signature does not match", "check the webhook's secret"),
    errors.MalformedPayload: Kind(400, "The body cannot be read", "check the body"),
    errors.Refused: Kind(400, "The connection was not made", "start again"),
    errors.CallerError: Kind(400, "The request is wrong", "correct it"),
    errors.Throttled: Kind(503, "The CRM's rate limit is used up", "ask again after the seconds of Retry-After"),
    errors.Unavailable: Kind(503, "The CRM does not answer", "ask again in a moment"),
    errors.ReauthRequired: Kind(409, "The connection must be renewed"),
    errors.TokenExpired: Kind(503, "The CRM did not take the token"),
    errors.MissingScope: Kind(409, "The connection lacks a permission"),
    errors.Rejected: Kind(422, "The CRM refused this"),
    errors.Duplicate: Kind(409, "The CRM has this already"),
    errors.RecordGone: Kind(404, "The CRM does not show this record"),
    errors.PlatformError: Kind(502, "The CRM refused or did not answer"),
    errors.ChatError: Kind(502, "The chat app refused or did not answer", "check the chat app's endpoint"),
    errors.Unsupported: Kind(422, "This CRM cannot do that", "see GET /v1/platforms for what works"),
    errors.Stale: Kind(409, "Somebody was quicker", "read it again, then decide"),
    errors.Busy: Kind(503, "We are busy", "try again in a moment", show=False),
    errors.TooLarge: Kind(413, "This is too large", "send less at once; a body may have 256 KB", show=False),
    errors.BridgeError: Kind(500, "Something went wrong", "try again, and give us the request id", show=False),
}
BUG: Final = Kind(500, "Something went wrong on our side", "try again, and give us the request id", show=False)


def kind_of(error: Exception) -> Kind:
    """The entry of the error's own class, or of the nearest one above it."""
    return next((KINDS[each] for each in type(error).__mro__ if each in KINDS), BUG)


def problem(error: Exception, request_id: str) -> dict[str, Json]:
    """The document; a bug of ours gives nothing away but the request id."""
    kind = kind_of(error)
    name = type(error).__name__ if kind is not BUG else "Bug"
    said = {
        "type": f"urn:crm-bridge:problem:{re.sub(r'(?<=[a-z])(?=[A-Z])', '-', name).lower()}",
        "title": kind.title,
        "status": kind.status,
        "detail": str(error) if kind.show else kind.title,
        "request_id": request_id,
        "next_step": kind.next_step or getattr(error, "next_step", ""),
        **_of_fields(error),
        **_of_platform(error),
    }
    return {name: value for name, value in said.items() if value not in ("", None, [], {})}


def headers(error: Exception) -> dict[str, str]:
    wait = getattr(error, "retry_after", 0.0)
    return {"retry-after": str(ceil(wait))} if wait else {}


def _of_fields(error: Exception) -> dict[str, Json]:
    if isinstance(error, errors.Invalid):
        named = ({"field": each.field, "message": each.message, "fix": each.fix} for each in error.problems)
        return {"errors": [{name: value for name, value in each.items() if value or name == "field"} for each in named]}
    if isinstance(error, errors.MovedOn):
        told = {name: {"base": base, "now": now} for name, (base, now) in error.fields.items()}
        return {"errors": [{"field": f"base.{name}", "message": "has changed", **both} for name, both in told.items()]}
    if isinstance(error, errors.Rejected):
        return {"errors": [{"field": field, "message": message} for field, message in error.fields.items()]}
    return {"reason": error.reason} if isinstance(error, errors.Refused) else {}


def _of_platform(error: Exception) -> dict[str, Json]:
    if not isinstance(error, errors.PlatformError):
        return {}
    return {
        "platform": error.platform,
        "platform_status": error.status or None,
        "platform_request_id": error.request_id,
        "missing_scopes": list(getattr(error, "scopes", ())),
        "existing_id": getattr(error, "existing_id", None),
    }
