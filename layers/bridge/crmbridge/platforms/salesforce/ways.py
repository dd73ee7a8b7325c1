"""Ways into an org without a consent page, by an app of the org's own: as the user it runs as, or a user for whom its
key signs. Never by an app of ours: it may be approved in many orgs, and who names a user proves nothing about them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Invalid, Misconfigured, Problem, ReauthRequired, Rejected
from crmbridge.platforms.salesforce.connecting import RENEWS
from crmbridge.platforms.salesforce.objects import NAME
from crmbridge.platforms.salesforce.paths import LOGIN_URL, MY_DOMAIN
from crmbridge.platforms.spec import AskTokens, Input, Way

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOD_FOR: Final = timedelta(minutes=3)
"""The longest that Salesforce accepts."""
USUAL: Final = LOGIN_URL.removeprefix("https://")
_APPROVE: Final = (
    "the user has not approved the app: in Salesforce let admins pre-authorise its users, and give the app to this "
    "user's profile or permission set"
)
_MEANT: Final[Mapping[str, tuple[str, str]]] = {
    "approved": ("username", _APPROVE),
    "app_access": ("username", _APPROVE),
    "inactive": ("username", "the user is frozen or inactive"),
    "ip restricted": ("username", "the user's profile or the app lets nobody in from here: relax its IP restrictions"),
    "audience": ("domain", "this is not the login host of the user's org; a sandbox has test.salesforce.com"),
    "assertion": ("private_key", "the key does not belong to the certificate that was uploaded to the app"),
    "client": ("client_id", "there is no app with this consumer key in the org"),
}
"""A word of Salesforce's refusal -> what was given wrong, and what that means."""


def grant_client(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:
    """Client credentials: only at the org's own domain, as the user whom the app is set to run as; no refresh token."""
    app = AppCredentials(given["client_id"], given["client_secret"])
    auth_url = "" if ask.app.auth_url else f"https://{given['domain']}"
    try:
        tokens = ask({"grant_type": "client_credentials"}, auth_url=auth_url, app=app)
    except Misconfigured:
        raise ReauthRequired("Salesforce does not accept the consumer key and secret", platform=NAME) from None
    return _kept(tokens, given)


def renew_client(ask: AskTokens, tokens: TokenSet) -> TokenSet:
    """What the org's admin has switched off only an admin can switch on again."""
    try:
        return grant_client(ask, tokens.given)
    except Rejected as error:
        raise ReauthRequired(str(error), platform=NAME, status=error.status) from None


def grant_user(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:
    """JWT bearer (RFC 7523). Raises Invalid, naming what was given wrong."""
    try:
        return _signed_in(ask, given)
    except (ReauthRequired, Rejected) as error:
        field, meant = _meaning(error)
        raise Invalid(Problem(field, str(error), meant)) from error


def renew_user(ask: AskTokens, tokens: TokenSet) -> TokenSet:
    """A new assertion is the refresh; whatever is wrong with it an admin mends."""
    try:
        return _signed_in(ask, tokens.given)
    except (ReauthRequired, Rejected, Invalid) as error:
        _, meant = _meaning(error)
        raise ReauthRequired(f"{error}: {meant}" if meant else str(error), platform=NAME) from None


def _signed_in(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:
    """Nothing but the assertion is sent: it says who we are, and for whom we speak."""
    host = "" if ask.app.auth_url else f"https://{given.get('domain', USUAL)}"
    claims = {
        "iss": given["client_id"],
        "sub": given["username"],
        "aud": f"https://{given.get('domain', USUAL)}",
        "exp": ask.now + GOOD_FOR,
    }
    form = {"grant_type": GRANT, "assertion": _signed(claims, given["private_key"])}
    try:
        return _kept(ask(form, auth_url=host, app=AppCredentials("", "")), given)
    except Misconfigured:
        raise ReauthRequired("Salesforce does not accept this client (the consumer key)", platform=NAME) from None


def _signed(claims: Mapping[str, object], key: str) -> str:
    import jwt  # what signs is heavy, and few connections are made so

    try:
        return jwt.encode(dict(claims), key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        fix = "give an RSA key without a passphrase, from BEGIN to END"
        raise Invalid(Problem("private_key", "is no private key in PEM form", fix)) from None


def _meaning(error: Exception) -> tuple[str, str]:
    """Salesforce's own words are few, and one of them has many meanings."""
    said = str(error).lower()
    return next((meant for word, meant in _MEANT.items() if word in said), ("username", ""))


def _kept(tokens: TokenSet, given: Mapping[str, str]) -> TokenSet:
    """With what the next ones are made of: there is no refresh token, and none is missing."""
    scopes = tuple(dict.fromkeys((*tokens.scopes, RENEWS))) if tokens.scopes else ()
    return replace(tokens, given=given, scopes=scopes)


_CLIENT: Final = Input(name="client_id", label="Consumer key", help="From the app's OAuth settings")
_DOMAIN: Final = Input(
    name="domain",
    label="My Domain",
    help="Such as acme.my.salesforce.com, or acme--test.sandbox.my.salesforce.com",
    pattern=MY_DOMAIN,
)

WAYS: Final[Mapping[str, Way]] = {
    "client_credentials": Way(
        title="Client credentials of an app in the org",
        description=(
            "For an External Client App that an admin has made with the client credentials flow enabled, a user to run "
            "as, and the scope api. Nobody needs to consent, and the connection does not end with a person's session."
        ),
        inputs=(
            _DOMAIN,
            _CLIENT,
            Input(name="client_secret", label="Consumer secret", help="From the app's OAuth settings", secret=True),
        ),
        grant=grant_client,
        renew=renew_client,
    ),
    "jwt_bearer": Way(
        title="A user, by a signed assertion (JWT bearer)",
        description=(
            "For an app with the JWT bearer flow enabled and a certificate uploaded, whose users admins have "
            "pre-authorised. Nobody needs to consent; the connection acts as the user that is named."
        ),
        inputs=(
            Input(name="username", label="Username", help="Of the user to act as, in the form of an e-mail address"),
            replace(
                _DOMAIN,
                label="Login host",
                help=f"{USUAL} when empty, test.salesforce.com for a sandbox, or the org's My Domain",
                required=False,
                pattern=rf"(login|test)\.salesforce\.com|{MY_DOMAIN}",
            ),
            replace(_CLIENT, help="Of the org's own app"),
            Input(
                name="private_key",
                label="Private key",
                help="Of the app's certificate, in PEM form, without a passphrase",
                secret=True,
                multiline=True,
                pattern=r"-----BEGIN (RSA )?PRIVATE KEY-----[\s\S]*-----END (RSA )?PRIVATE KEY-----",
            ),
        ),
        grant=grant_user,
        renew=renew_user,
    ),
}
