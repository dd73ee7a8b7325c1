"""The JWT bearer flow: a signed assertion stands for a person who let the app in before."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.types import Options
from starlette.requests import Request

from local.simulators.salesforce.errors import OAuthRefused
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.tokens import Session

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The simulator's own clock decides what has expired.
UNCHECKED: Options = {
    "verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False, "verify_iss": False,
    "verify_sub": False, "verify_jti": False,
}  # fmt: skip


def session_from(cloud: "Cloud", assertion: str, request: Request) -> Session:
    """The order of the checks: app, signature, audience, time, person."""
    claims = _unverified(assertion)
    if claims.get("iss") != cloud.options.client_id:
        raise OAuthRefused("invalid_client_id", "client identifier invalid")
    _check_signature(cloud.settings.certificate, assertion)
    _check_time(cloud, claims)
    org = cloud.org_of_user(str(claims.get("sub")), request)
    _check_audience(cloud, claims.get("aud"), org)
    if org is None or not _is_let_in(cloud, org):
        raise OAuthRefused("invalid_grant", "user hasn't approved this consumer")
    if not org.stores["User"].rows[org.user_id].get("IsActive"):
        raise OAuthRefused("invalid_grant", "inactive user")
    return cloud.tokens.issue(org, org.user_id, frozenset({"api", "web"}))


def _unverified(assertion: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise OAuthRefused("invalid_grant", "invalid assertion") from None
    return claims


def _check_signature(certificate: str, assertion: str) -> None:
    """Against the certificate that was uploaded with the app; without one nothing is good enough."""
    try:
        jwt.decode(assertion, public_key(certificate), algorithms=["RS256"], options=UNCHECKED)
    except (jwt.InvalidTokenError, ValueError):
        raise OAuthRefused("invalid_grant", "invalid assertion") from None


def public_key(pem: str) -> RSAPublicKey:
    """Of an X.509 certificate, or a bare public key."""
    found = load_pem_x509_certificate(pem.encode()).public_key() if "BEGIN CERTIFICATE" in pem else None
    key = found or load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate does not hold an RSA key")
    return key


def _check_time(cloud: "Cloud", claims: Mapping[str, Any]) -> None:
    """Seconds, as a number or (as some clients send them) as text."""
    now = cloud.clock.now()
    try:
        expires = float(str(claims.get("exp")))
    except ValueError:
        raise OAuthRefused("invalid_grant", "invalid assertion") from None
    if expires > now + cloud.settings.assertion_seconds:
        raise OAuthRefused("invalid_grant", "invalid assertion")
    if expires < now:
        raise OAuthRefused("invalid_grant", "expired authorization code")


def _check_audience(cloud: "Cloud", audience: object, org: Org | None) -> None:
    """The login host of the person's org, its own address, or this simulator's bare one."""
    known = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    named = {str(each).rstrip("/") for each in known}
    if not named & _audiences(cloud, org):
        raise OAuthRefused("invalid_grant", "audience is invalid")


def _audiences(cloud: "Cloud", org: Org | None) -> set[str]:
    here, sandboxes = cloud.public_url, [org.facts.sandbox] if org else [True, False]
    login = {host for sandbox in sandboxes
             for host in ((f"{here}/test", "https://test.salesforce.com") if sandbox
                          else (f"{here}/login", "https://login.salesforce.com"))}  # fmt: skip
    own = {f"{here}/my/{org.facts.domain}", f"https://{org.facts.domain}.my.salesforce.com"} if org else set()
    return {here, *login, *own}


def _is_let_in(cloud: "Cloud", org: Org) -> bool:
    """Admins let everybody in beforehand, or the person has approved the app once."""
    return cloud.settings.preapproved or any(
        each.org is org and each.user_id == org.user_id for each in cloud.tokens.approvals.values()
    )
