"""Who is asking: a bearer JWT of the chat app's OIDC issuer, or an API key of ours. Authenticates only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hmac import compare_digest
from typing import Any, Final

import jwt
import orjson
import requests

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Busy, Misconfigured, Unauthenticated
from crmbridge.domain.workspaces import key_hash
from crmbridge.services.ports import Clock, Deps

ALGORITHMS: Final = ("RS256", "ES256")
LEEWAY_SECONDS: Final = 10
KEYS_SECONDS: Final = 300
REFETCH_SECONDS: Final = 30
"""A key that was not seen before is looked for, but strangers cannot make us ask the issuer all the time."""
TIMEOUT: Final = (2.0, 3.0)
ROLES: Final = ("admin", "member")
WORKSPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}")
"""It begins every stored key, whose parts are told apart by `#`."""
KEY: Final = re.compile(rf"cb_({WORKSPACE.pattern})_([0-9A-Za-z]{{1,64}})_([0-9A-Za-z]{{16,128}})")
_UNREADABLE: Final = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What a token or key set made by a stranger can make PyJWT raise."""


@dataclass(frozen=True, slots=True)
class Identified:
    """`expires_at` is the token's own end; an API key has none."""

    caller: Caller
    expires_at: datetime | None = None


def identify_caller(deps: Deps, authorization: str, *, issuer: str, audience: str) -> Identified:
    """`authorization` is the header: `Bearer <token or key>`. Raises Unauthenticated whatever is wrong with it, Busy
    when the issuer does not answer."""
    scheme, _, credential = authorization.strip().partition(" ")
    credential = credential.strip()
    if scheme.casefold() != "bearer" or not credential.isascii() or not credential.isprintable():
        raise Unauthenticated("send `Authorization: Bearer` with a token or an API key")
    if credential.startswith("cb_"):
        return Identified(_key_caller(deps, credential))
    return _token_caller(_issuer(deps.http, deps.now, issuer), credential, audience)


def _key_caller(deps: Deps, text: str) -> Caller:
    parts = KEY.fullmatch(text)
    key = deps.workspaces.api_key(parts[1], parts[2]) if parts else None
    if parts is None or key is None or not compare_digest(key.hash, key_hash(parts[3])):
        raise Unauthenticated("the API key is not, or no longer, valid")
    return Caller(key.workspace, key.user, key.role)


def _token_caller(issuer: "Issuer", token: str, audience: str) -> Identified:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise Unauthenticated(f"tokens are signed with {' or '.join(ALGORITHMS)}")
        claims = jwt.decode(
            token,
            issuer.get_signing_key(header["kid"]),
            algorithms=list(ALGORITHMS),
            audience=audience,
            issuer=issuer.name,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return Identified(_caller(claims), datetime.fromtimestamp(claims["exp"], UTC))
    except _UNREADABLE as error:
        raise Unauthenticated(f"the bearer token is not valid ({type(error).__name__})") from None


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Without a role a caller is a member."""
    workspace, role = claims.get("workspace"), claims.get("role", "member")
    if not isinstance(workspace, str) or not WORKSPACE.fullmatch(workspace):
        raise Unauthenticated("the bearer token names no workspace, or one with characters we cannot keep")
    if role not in ROLES:
        raise Unauthenticated(f"the bearer token's role must be {' or '.join(ROLES)}")
    email = claims.get("email")
    return Caller(workspace, str(claims["sub"]), role, email if isinstance(email, str) else "")


class Issuer(jwt.PyJWKClient):
    """An OIDC issuer's keys, found by discovery and fetched through our own session."""

    def __init__(self, session: requests.Session, now: Clock, name: str) -> None:
        super().__init__(name, cache_jwk_set=False)
        self.name = name
        self._session = session
        self._now = now
        self._fetched: tuple[datetime, Any] | None = None

    def get_jwk_set(self, refresh: bool = False) -> jwt.PyJWKSet:
        good_for = REFETCH_SECONDS if refresh else KEYS_SECONDS
        if self._fetched is None or (self._now() - self._fetched[0]).total_seconds() >= good_for:
            self._fetched = self._now(), jwt.PyJWKSet.from_dict(self.fetch_data())
        return self._fetched[1]

    def fetch_data(self) -> Any:
        configuration = self._get(f"{self.name.rstrip('/')}/.well-known/openid-configuration")
        if configuration.get("issuer") != self.name:
            raise Misconfigured(f"OIDC_ISSUER is {self.name}, but the issuer there has another name")
        return self._get(str(configuration.get("jwks_uri")))

    def _get(self, url: str) -> Any:
        try:
            answer = self._session.get(url, timeout=TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
            document = orjson.loads(answer.content)
        except (requests.RequestException, ValueError) as error:
            raise Busy(f"the OIDC issuer does not answer ({type(error).__name__})") from error
        if not isinstance(document, dict):
            raise Busy("the OIDC issuer does not answer with a document")
        return document


@lru_cache(maxsize=8)
def _issuer(session: requests.Session, now: Clock, name: str) -> Issuer:
    """The process's own, so that its keys are fetched once in a while and not per request."""
    return Issuer(session, now, name)
