"""The second step of connecting: the CRM sends the admin's browser back, and every way it can fail has a name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crmbridge.domain.connections import AppCredentials, Connection, Identity, Pending, TokenSet
from crmbridge.domain.errors import Invalid, MissingScope, NotFound, PlatformError, Refused
from crmbridge.platforms import oauth
from crmbridge.platforms.spec import Platform
from crmbridge.services.open_api import open_given
from crmbridge.services.ports import Deps
from crmbridge.services.save_connection import Grant, begin_connection, save_connection
from crmbridge.services.start_connect import redirect_uri


@dataclass(frozen=True, slots=True)
class Connected:
    """`return_url` is where the admin came from; empty: show a page."""

    connection: Connection
    return_url: str


def finish_connect(deps: Deps, platform_name: str, query: Mapping[str, str]) -> Connected:
    """Raises Refused with one of: unknown_or_used_state, denied_at_provider, missing_code, exchange_failed,
    untrusted_host, account_unreadable, missing_scopes, wrong_account, connection_gone."""
    platform = deps.platform(platform_name)
    pending = deps.guards.consume(query.get("state", ""))
    if pending is None or pending.platform != platform.name:
        raise Refused(
            "unknown_or_used_state", "this link was used already, is older than ten minutes, or was not made here"
        )
    try:
        return Connected(_connect(deps, platform, pending, query), pending.return_url)
    except Refused as refused:
        raise Refused(refused.reason, str(refused), return_url=pending.return_url) from refused


def _connect(deps: Deps, platform: Platform, pending: Pending, query: Mapping[str, str]) -> Connection:
    if "error" in query:
        raise Refused("denied_at_provider", f"{platform.title} did not grant access: start again and allow it there")
    if not query.get("code"):
        raise Refused("missing_code", f"{platform.title} sent no code: start again")
    app = deps.vault.app(platform.name)
    pending = replace(pending, auth_url=_login_host(platform, app, query) or pending.auth_url)
    tokens = _exchanged(deps, platform, app, pending, query["code"])
    identity = _identity(deps, platform, app, tokens)
    _check_scopes(platform, identity.scopes or tokens.scopes)
    _check_account(deps, platform, pending, identity)
    grant = Grant(workspace=pending.workspace, user=pending.user, auth="oauth", tokens=tokens, identity=identity)
    return begin_connection(deps, save_connection(deps, platform, grant), pending.user)


def _login_host(platform: Platform, app: AppCredentials, query: Mapping[str, str]) -> str:
    """Comes by way of a browser, and is where our client secret goes next."""
    named = query.get(platform.oauth.callback_host, "")
    try:
        return oauth.login_url(platform, app, named)
    except Invalid as error:
        known = ", ".join(platform.oauth.login_hosts)
        raise Refused(
            "untrusted_host",
            f"the answer names the login host {named[:80]!r}, and we know none but those of {known}; nothing was sent "
            f"there. If {platform.title} has a new one, update CRM Bridge; otherwise start again",
        ) from error


def _exchanged(deps: Deps, platform: Platform, app: AppCredentials, pending: Pending, code: str) -> TokenSet:
    try:
        return oauth.exchange(
            platform,
            app,
            deps.http,
            code=code,
            redirect_uri=redirect_uri(deps, platform),
            verifier=pending.verifier,
            auth_url=pending.auth_url,
            now=deps.now(),
        )
    except PlatformError as error:
        raise Refused("exchange_failed", f"{_said(error)}: start again") from error


def _identity(deps: Deps, platform: Platform, app: AppCredentials, tokens: TokenSet) -> Identity:
    api = open_given(deps, platform, app, tokens, "oauth")
    try:
        return platform.identify(api, tokens)
    except MissingScope as error:
        raise Refused("missing_scopes", _said(error)) from error
    except PlatformError as error:
        raise Refused("account_unreadable", f"{_said(error)}: start again") from error


def _check_scopes(platform: Platform, granted: tuple[str, ...]) -> None:
    """A CRM that does not say what it granted is believed."""
    missing = [scope for scope in platform.oauth.scopes if scope.required and scope.name not in granted]
    if granted and missing:
        names = "; ".join(f"{scope.name} ({scope.why})" for scope in missing)
        raise Refused("missing_scopes", f"{platform.title} did not grant {names}")


def _check_account(deps: Deps, platform: Platform, pending: Pending, identity: Identity) -> None:
    if pending.reconnect is None:
        return
    try:
        connection = deps.connections.get(pending.workspace, pending.reconnect)
    except NotFound:
        raise Refused("connection_gone", "the connection was removed meanwhile: connect it as a new one") from None
    if connection.account != identity.account.id:
        raise Refused(
            "wrong_account",
            f"{connection.display_name} is {platform.title} account {connection.account}, but access was granted to "
            f"account {identity.account.id}: choose the other one there",
        )


def _said(error: PlatformError) -> str:
    return f"{error} (request {error.request_id})" if error.request_id else str(error)
