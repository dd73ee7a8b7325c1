"""The OAuth 2.0 dance, once for all platforms; what differs is data in their `OAuthSpec`."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
import requests

from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Invalid, Misconfigured, Problem, ReauthRequired, Rejected, Throttled, Unavailable
from crmbridge.platforms.http import CONNECT_TIMEOUT, READ_TIMEOUT, never_left
from crmbridge.platforms.spec import Platform

GRANT_IS_GONE: Final = frozenset({
    "invalid_grant", "invalid_code", "access_denied", "expired_token", "BAD_REFRESH_TOKEN", "BAD_AUTH_CODE",
})  # fmt: skip
APP_IS_WRONG: Final = frozenset({
    "invalid_client", "invalid_client_id", "invalid_client_credentials", "unauthorized_client", "redirect_uri_mismatch",
    "invalid_redirect_uri", "invalid_client_secret", "BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "BAD_REDIRECT_URI",
})  # fmt: skip
"""RFC 6749 words and the vendors' own: a reply may carry either, in `error` or in `status`."""
LONGEST: Final = 200
"""Characters of what a vendor says beside its word."""


def authorize_url(
    platform: Platform,
    app: AppCredentials,
    *,
    state: str,
    redirect_uri: str,
    scopes: Sequence[str],
    verifier: str = "",
    auth_url: str = "",
) -> str:
    """Where the customer's browser goes. `scopes` are those chosen; `verifier` is kept for `exchange` (PKCE);
    `auth_url` is the login host that was chosen, if any."""
    spec = platform.oauth
    optional = {scope.name for scope in spec.scopes if not scope.required} if spec.optional_scope_parameter else set()
    params = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **spec.authorize_extra,
    }
    if spec.sends_scopes:
        params["scope"] = spec.scope_separator.join(scope for scope in scopes if scope not in optional)
    if chosen := [scope for scope in scopes if scope in optional]:
        params[spec.optional_scope_parameter] = spec.scope_separator.join(chosen)
    if spec.pkce and verifier:
        params |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    host = auth_url or app.auth_url or platform.auth_url
    return f"{host}{spec.authorize_path}?{urlencode(params, quote_via=quote)}"


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def login_url(platform: Platform, app: AppCredentials, wish: str) -> str:
    """The login host that somebody wishes for, by name, host or URL; empty for none. Raises Invalid for one that our
    client secret must not be posted to. Hosts that override the CRM's own leave no others."""
    spec, host = platform.oauth, wish.strip().removesuffix("/")
    trusted = [url for url in (app.auth_url, *app.hosts.split()) if url]
    if not host or (app.auth_url and host in spec.login_hosts):
        return app.auth_url if host else ""
    if host in trusted or (not app.auth_url and host in (platform.auth_url, *spec.login_hosts.values())):
        return host
    if not app.auth_url and host in spec.login_hosts:
        return spec.login_hosts[host]
    bare = host.removeprefix("https://")
    if not app.auth_url and spec.login_pattern and re.fullmatch(spec.login_pattern, bare):
        return f"https://{bare}"
    known = ", ".join(spec.login_hosts) or "none but the usual one"
    raise Invalid(Problem("login_host", f"is not a place to log in to {platform.title}", f"known: {known}"))


def exchange(  # noqa: PLR0913 - one request, described by all of these
    platform: Platform,
    app: AppCredentials,
    session: requests.Session,
    *,
    code: str,
    redirect_uri: str,
    verifier: str = "",
    auth_url: str = "",
    now: datetime,
) -> TokenSet:
    """A code for tokens, once. Raises ReauthRequired when the code is not, or no longer, good."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if platform.oauth.pkce and verifier:
        form["code_verifier"] = verifier
    return TokenEndpoint(platform, app, session, now)(form, auth_url=auth_url)


def refresh(
    platform: Platform, app: AppCredentials, session: requests.Session, tokens: TokenSet, now: datetime
) -> TokenSet:
    """New tokens; what the reply leaves out (the refresh token, scopes, the account) stays as it was.

    Raises ReauthRequired when the refresh token is gone for good."""
    if not tokens.refresh_token:
        raise ReauthRequired(f"{platform.title} gave us nothing to refresh this token with", platform=platform.name)
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return _completed(TokenEndpoint(platform, app, session, now)(form, auth_url=tokens.auth_url), tokens)


def renew(
    platform: Platform, app: AppCredentials, session: requests.Session, tokens: TokenSet, now: datetime, auth: str
) -> TokenSet:
    """New tokens for a connection that was made in the way `auth`: by the way's own means, or by refreshing."""
    way = platform.ways.get(auth)
    if way is None or way.renew is None:
        return refresh(platform, app, session, tokens, now)
    return _completed(way.renew(TokenEndpoint(platform, app, session, now), tokens), tokens)


def _completed(fresh: TokenSet, tokens: TokenSet) -> TokenSet:
    return replace(
        fresh,
        refresh_token=fresh.refresh_token or tokens.refresh_token,
        scopes=fresh.scopes or tokens.scopes,
        base_url=fresh.base_url or tokens.base_url,
        account=fresh.account or tokens.account,
        auth_url=fresh.auth_url or tokens.auth_url,
        given=fresh.given or tokens.given,
        extra={**tokens.extra, **fresh.extra},
    )


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Asks a platform's token endpoint, as `AskTokens` says. A reply does not repeat which host it came from."""

    platform: Platform
    app: AppCredentials
    session: requests.Session
    now: datetime

    def __call__(self, form: Mapping[str, str], *, auth_url: str = "", app: AppCredentials | None = None) -> TokenSet:
        platform = self.platform
        host = auth_url or self.app.auth_url or platform.auth_url
        asking = app or app_at(platform, self.app, host)
        if platform.oauth.token_on_api:
            host = self.app.api_url or platform.api_url
        url = host + platform.oauth.token_path
        body = _read(platform, post_form(platform, asking, self.session, url, {**platform.oauth.token_extra, **form}))
        if not body.get("access_token"):
            raise _unavailable(platform, "answered without an access token", outcome_unknown=True)
        tokens = platform.oauth.read_tokens(body, self.now)
        return replace(tokens, auth_url=tokens.auth_url or auth_url)


def app_at(platform: Platform, app: AppCredentials, host: str) -> AppCredentials:
    """Our app with the secret that it has at this login host, or at the one that it stands for."""
    names = (
        name for name, url in platform.oauth.login_hosts.items() if f"/{host}".endswith(url.removeprefix("https:/"))
    )
    return replace(app, client_secret=app.client_secrets.get(next(names, ""), app.client_secret))


def post_form(
    platform: Platform, app: AppCredentials, session: requests.Session, url: str, form: Mapping[str, str]
) -> requests.Response:
    """A form to one of the CRM's OAuth endpoints, with our app's credentials where that CRM wants them. An assertion
    (no client secret) goes without."""
    headers = {"Accept": "application/json"}
    if platform.oauth.basic_auth and app.client_id:
        pair = f"{app.client_id}:{app.client_secret}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    elif app.client_id:
        secret = {"client_secret": app.client_secret} if app.client_secret else {}
        form = {**form, "client_id": app.client_id, **secret}
    try:
        return session.post(
            url,
            data=form,
            headers=headers,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        unsent = never_left(error)
        raise _unavailable(platform, f"gave no answer ({type(error).__name__})", outcome_unknown=not unsent) from None


def _read(platform: Platform, answer: requests.Response) -> Mapping[str, Any]:
    """The reply as an object, or the error it stands for. A vendor may send errors with status 200."""
    status = answer.status_code
    body = _object(answer.content)
    meaning = platform.oauth.refusal(status, body) if body is not None else ""
    if status == 429 or meaning == "busy":
        said = answer.headers.get("Retry-After", "")
        wait = float(said) if said.isascii() and said.isdecimal() else platform.oauth.busy_seconds
        message = f"{platform.title} limits how often tokens are asked for"
        raise Throttled(message, platform=platform.name, retry_after=wait, pool="tokens")
    if status >= 500 or body is None:
        raise _unavailable(platform, "did not answer with tokens", status=status, outcome_unknown=True)
    if status >= 300 or "error" in body:
        raise _refusal(platform, status, body, meaning)
    return body


def _object(content: bytes) -> Mapping[str, Any] | None:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _refusal(platform: Platform, status: int, body: Mapping[str, Any], meaning: str) -> Exception:
    words = [word for word in (body.get("error"), body.get("status")) if isinstance(word, str)]
    request, code = str(body.get("correlationId") or ""), words[0] if words else ""
    said = _said(code or str(status), body.get("error_description"))
    if meaning == "gone" or (not meaning and not GRANT_IS_GONE.isdisjoint(words)):
        message = f"{platform.title} no longer accepts this authorisation ({said})"
        return ReauthRequired(message, platform=platform.name, status=status, request_id=request)
    if meaning == "app" or not APP_IS_WRONG.isdisjoint(words):
        return Misconfigured(
            f"{platform.title} does not accept our app ({said}): check the secret apps/{platform.name} and the "
            f"redirect URL registered there{_at_each(platform)}"
        )
    message = f"{platform.title} refused to give tokens ({said})"
    return Rejected(message, platform=platform.name, status=status, request_id=request, code=code)


def _said(word: str, description: Any) -> str:
    """The vendor's word and, where it has more to say, that."""
    more = " ".join(description.split())[:LONGEST] if isinstance(description, str) else ""
    return f"{word}: {more}" if more and more != word else word


def _at_each(platform: Platform) -> str:
    """An app may be unknown, or have another secret, at some of a CRM's login hosts."""
    many = platform.oauth.callback_host
    return ", for the data centre the customer is in, too (client_secrets of that secret)" if many else ""


def _unavailable(platform: Platform, what: str, *, status: int = 0, outcome_unknown: bool) -> Unavailable:
    message = f"{platform.title}'s token endpoint {what}"
    return Unavailable(message, platform=platform.name, status=status, outcome_unknown=outcome_unknown)
