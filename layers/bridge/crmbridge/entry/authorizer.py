"""API Gateway's question before every request: who is this? Roles are looked at later, where something is done."""

from collections.abc import Mapping
from typing import Any

from crmbridge.domain.errors import Unauthenticated
from crmbridge.log import log
from crmbridge.services.identify_caller import Identified, identify_caller
from crmbridge.services.ports import Deps


def answer(deps: Deps, event: Mapping[str, Any], issuer: str, audience: str) -> dict[str, Any]:
    """A simple response. Its context reaches the function that is asked for; anything but "unknown" is an error, so
    that an issuer that is away does not look like a caller who is not let in."""
    try:
        found = identify_caller(deps, _authorization(event), issuer=issuer, audience=audience)
    except Unauthenticated as error:
        log.info("caller refused", route=event.get("routeKey"), reason=str(error), request_id=_request_id(event))
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": _context(found)}


def _authorization(event: Mapping[str, Any]) -> str:
    given = event.get("identitySource") or [""]
    return str(given[0])


def _context(found: Identified) -> dict[str, str | int]:
    """API Gateway keeps this for a minute; `expires_at` (seconds since 1970) ends it earlier."""
    caller = found.caller
    known = {"workspace": caller.workspace, "user": caller.user, "role": caller.role, "email": caller.email}
    return {**known, **({"expires_at": int(found.expires_at.timestamp())} if found.expires_at else {})}


def _request_id(event: Mapping[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))
