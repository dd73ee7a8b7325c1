"""Who is asking, from a bearer token or an API key. Woken by the API before any other function."""

from typing import Any

from crmbridge.entry.authorizer import answer
from crmbridge.wiring import deps, settings


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(deps(), event, settings().oidc_issuer, settings().oidc_audience)
