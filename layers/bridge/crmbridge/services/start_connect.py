"""The first step of connecting a CRM: where the admin's browser goes, and a state that only its answer can use."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from crmbridge.domain.connections import Caller, Pending
from crmbridge.domain.errors import Forbidden, Invalid, Problem, Unsupported
from crmbridge.platforms import oauth
from crmbridge.platforms.spec import Platform
from crmbridge.services.ports import Deps

GOOD_FOR: Final = timedelta(minutes=10)


def start_connect(
    deps: Deps,
    caller: Caller,
    platform_name: str,
    *,
    return_url: str = "",
    scopes: Sequence[str] = (),
    reconnect: str | None = None,
    login_host: str = "",
) -> str:
    """Return the CRM's consent page. `scopes`: those wanted besides the required ones; none given: all there are.

    `reconnect` is the id of a connection whose authorisation is to be renewed. `return_url` must be one of those this
    deployment allows; without one the callback shows a page of its own. `login_host`: one of the platform's by name, or
    the customer's own.
    """
    require_admin(caller)
    platform = deps.platform(platform_name)
    if "oauth" not in platform.auth:
        raise Unsupported(f"{platform.title} is connected by a token, not by OAuth")
    if return_url and not is_allowed(return_url, deps.return_urls):
        raise Invalid(Problem("return_url", "is not allowed", "use one of the RETURN_URLS of this deployment"))
    if reconnect:
        _check_reconnect(deps, caller, platform, reconnect)
    app = deps.vault.app(platform.name)
    auth_url = oauth.login_url(platform, app, login_host)
    pending = replace(
        _pending(deps, caller, platform, _chosen(platform, scopes), return_url, reconnect), auth_url=auth_url
    )
    deps.guards.issue(pending)
    return oauth.authorize_url(
        platform,
        app,
        state=pending.state,
        redirect_uri=redirect_uri(deps, platform),
        scopes=pending.scopes,
        verifier=pending.verifier,
        auth_url=auth_url,
    )


def _pending(
    deps: Deps, caller: Caller, platform: Platform, scopes: tuple[str, ...], return_url: str, reconnect: str | None
) -> Pending:
    """State and verifier are secrets of this one dance, so they are not ids that rise."""
    return Pending(
        state=secrets.token_urlsafe(32),
        workspace=caller.workspace,
        user=caller.user,
        platform=platform.name,
        scopes=scopes,
        return_url=return_url,
        expires_at=deps.now() + GOOD_FOR,
        reconnect=reconnect or None,
        verifier=secrets.token_urlsafe(48),
    )


def redirect_uri(deps: Deps, platform: Platform) -> str:
    """As registered with the CRM; both steps of the dance must name the same one."""
    return f"{deps.public_url}/v1/oauth/{platform.name}/callback"


def require_admin(caller: Caller) -> None:
    if not caller.is_admin:
        raise Forbidden("only an admin of the workspace may do this")


def _check_reconnect(deps: Deps, caller: Caller, platform: Platform, id: str) -> None:
    connection = deps.connections.get(caller.workspace, id)
    if connection.platform != platform.name:
        raise Invalid(Problem("reconnect", f"is a {connection.platform} connection", f"start {connection.platform}"))


def _chosen(platform: Platform, scopes: Sequence[str]) -> tuple[str, ...]:
    known = [scope.name for scope in platform.oauth.scopes]
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise Invalid(Problem("scopes", f"{', '.join(unknown)}: unknown", f"{platform.title} has {', '.join(known)}"))
    required = {scope.name for scope in platform.oauth.scopes if scope.required}
    return tuple(scope for scope in known if not scopes or scope in scopes or scope in required)


def is_allowed(url: str, allowed: Sequence[str]) -> bool:
    """The same scheme and host, and below the allowed path; a prefix of the text would let look-alike hosts in."""
    if not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        asked = urlsplit(url)
    except ValueError:
        return False
    return any(
        (asked.scheme, asked.netloc) == (each.scheme, each.netloc) and _is_below(asked.path, each.path)
        for each in map(urlsplit, allowed)
    )


def _is_below(path: str, allowed: str) -> bool:
    if ".." in path.split("/"):
        return False
    return (path or "/") == (allowed or "/") or f"{path}/".startswith(f"{allowed.rstrip('/')}/")
