"""The OAuth 2.0 dance, once for all platforms; what differs is data in their `OAuthSpec`."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
import requests

from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Misconfigured, ReauthRequired, Rejected, Throttled, Unavailable
from crmbridge.platforms.http import CONNECT_TIMEOUT, READ_TIMEOUT
from crmbridge.platforms.spec import Platform

GRANT_IS_GONE: Final = frozenset({
    "invalid_grant", "invalid_code", "access_denied", "expired_token", "BAD_REFRESH_TOKEN", "BAD_AUTH_CODE",
})  # fmt: skip
APP_IS_WRONG: Final = frozenset({
    "invalid_client", "invalid_client_id", "invalid_client_credentials", "unauthorized_client", "redirect_uri_mismatch",
    "invalid_redirect_uri", "BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "BAD_REDIRECT_URI",
})  # fmt: skip
"""RFC 6749 words and the vendors' own: a reply may carry either, in `error` or in `status`."""
WAIT_SECONDS: Final = 10.0
"""For a 429 that does not say how long."""


def authorize_url(
    platform: Platform,
    app: AppCredentials,
    *,
    state: str,
    redirect_uri: str,
    scopes: Sequence[str],
    verifier: str = "",
) -> str:
    """Where the customer's browser goes. `scopes` are those chosen; `verifier` is kept for `exchange` (PKCE)."""
    spec = platform.oauth
    optional = {scope.name for scope in spec.scopes if not scope.required} if spec.optional_scope_parameter else set()
    params = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "scope": spec.scope_separator.join(scope for scope in scopes if scope not in optional),
    }
    if chosen := [scope for scope in scopes if scope in optional]:
        params[spec.optional_scope_parameter] = spec.scope_separator.join(chosen)
    if spec.pkce and verifier:
        params |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    host = app.auth_url or platform.auth_url
    return f"{host}{spec.authorize_path}?{urlencode(params, quote_via=quote)}"


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def exchange(
    platform: Platform,
    app: AppCredentials,
    session: requests.Session,
    *,
    code: str,
    redirect_uri: str,
    verifier: str = "",
    now: datetime,
) -> TokenSet:
    """A code for tokens, once. Raises ReauthRequired when the code is not, or no longer, good."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if platform.oauth.pkce and verifier:
        form["code_verifier"] = verifier
    return _ask(platform, app, session, form, now)


def refresh(
    platform: Platform, app: AppCredentials, session: requests.Session, tokens: TokenSet, now: datetime
) -> TokenSet:
    """New tokens; what the reply leaves out (the refresh token, scopes, the account) stays as it was.

    Raises ReauthRequired when the refresh token is gone for good."""
    if not tokens.refresh_token:
        raise ReauthRequired(f"{platform.title} gave us nothing to refresh this token with", platform=platform.name)
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    fresh = _ask(platform, app, session, form, now)
    return replace(
        fresh,
        refresh_token=fresh.refresh_token or tokens.refresh_token,
        scopes=fresh.scopes or tokens.scopes,
        base_url=fresh.base_url or tokens.base_url,
        account=fresh.account or tokens.account,
        extra={**tokens.extra, **fresh.extra},
    )


def _ask(
    platform: Platform, app: AppCredentials, session: requests.Session, form: Mapping[str, str], now: datetime
) -> TokenSet:
    body = _read(platform, _post(platform, app, session, form))
    if not body.get("access_token"):
        raise _unavailable(platform, "answered without an access token", outcome_unknown=True)
    return platform.oauth.read_tokens(body, now)


def _post(
    platform: Platform, app: AppCredentials, session: requests.Session, form: Mapping[str, str]
) -> requests.Response:
    spec = platform.oauth
    host = (app.api_url or platform.api_url) if spec.token_on_api else (app.auth_url or platform.auth_url)
    headers = {"Accept": "application/json"}
    if spec.basic_auth:
        pair = f"{app.client_id}:{app.client_secret}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    else:
        form = {**form, "client_id": app.client_id, "client_secret": app.client_secret}
    try:
        return session.post(
            host + spec.token_path,
            data=form,
            headers=headers,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        unsent = isinstance(error, requests.ConnectTimeout)
        raise _unavailable(platform, f"gave no answer ({type(error).__name__})", outcome_unknown=not unsent) from None


def _read(platform: Platform, answer: requests.Response) -> Mapping[str, Any]:
    """The reply as an object, or the error it stands for. A vendor may send errors with status 200."""
    status = answer.status_code
    if status == 429:
        said = answer.headers.get("Retry-After", "")
        wait = float(said) if said.isascii() and said.isdecimal() else WAIT_SECONDS
        message = f"{platform.title} limits how often tokens are asked for"
        raise Throttled(message, platform=platform.name, retry_after=wait, pool="tokens")
    body = _object(answer.content)
    if status >= 500 or body is None:
        raise _unavailable(platform, "did not answer with tokens", status=status, outcome_unknown=True)
    if status >= 300 or "error" in body:
        raise _refusal(platform, status, body)
    return body


def _object(content: bytes) -> Mapping[str, Any] | None:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _refusal(platform: Platform, status: int, body: Mapping[str, Any]) -> Exception:
    words = [word for word in (body.get("error"), body.get("status")) if isinstance(word, str)]
    request = str(body.get("correlationId") or "")
    if not GRANT_IS_GONE.isdisjoint(words):
        message = f"{platform.title} no longer accepts this authorisation ({words[0]})"
        return ReauthRequired(message, platform=platform.name, status=status, request_id=request)
    if not APP_IS_WRONG.isdisjoint(words):
        return Misconfigured(
            f"{platform.title} does not accept our app ({words[0]}): check the secret apps/{platform.name} and the "
            f"redirect URL registered there"
        )
    message = f"{platform.title} refused to give tokens ({words[0] if words else status})"
    return Rejected(message, platform=platform.name, status=status, request_id=request, code=words[0] if words else "")


def _unavailable(platform: Platform, what: str, *, status: int = 0, outcome_unknown: bool) -> Unavailable:
    message = f"{platform.title}'s token endpoint {what}"
    return Unavailable(message, platform=platform.name, status=status, outcome_unknown=outcome_unknown)
