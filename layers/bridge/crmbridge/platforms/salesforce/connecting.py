"""Connecting an org: its scopes, who a token speaks for, what an admin has installed, and goodbye."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from crmbridge.domain.connections import Account, AppCredentials, Identity, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import ReauthRequired, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.directories import key_field, load_account
from crmbridge.platforms.salesforce.errors import quota
from crmbridge.platforms.salesforce.objects import NAME, long_id
from crmbridge.platforms.salesforce.queries import rows_of, url
from crmbridge.platforms.spec import OAuthSpec, Scope

KEYED: Final = ("Contact", "Lead", "Account", "Opportunity", "Task", "Event", "ContentNote")
"""Objects that actions create."""
WHO: Final = url("SELECT Id, Name, TimeZoneSidKey FROM Organization")

RENEWS: Final = "refresh_token"
"""An app of the org's own needs no such scope: it can ask for a new session at any time."""

SCOPES: Final = (
    Scope("api", "read and write records; without it nothing is kept in step"),
    Scope(RENEWS, "stay connected when the session ends, about two hours later"),
    Scope("id", "know who connected the org; without it the connection names no user", required=False),
)
GONE: Final = frozenset({
    "inactive_user", "inactive_org", "OAUTH_APP_BLOCKED", "OAUTH_APP_ACCESS_DENIED", "invalid_app_access",
})  # fmt: skip
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "full": ("full", "api", "id"), "offline_access": ("refresh_token",), "openid": ("openid", "id"),
}  # fmt: skip


def read_tokens(reply: Json, now: datetime) -> TokenSet:
    """The classic reply has no `expires_in`: a session lives as long as it is used, and is refreshed when refused.

    `id` ends with the org's and the user's ids; `instance_url` is where the API is, and may move."""
    seconds = reply.get("expires_in")
    org, user = _ids(reply.get("id"))
    granted = str(reply.get("scope") or "").split()
    return TokenSet(
        access_token=str(reply["access_token"]),
        refresh_token=str(reply.get("refresh_token") or ""),
        expires_at=now + timedelta(seconds=seconds) if isinstance(seconds, int) else None,
        scopes=tuple(dict.fromkeys(name for scope in granted for name in _ALIASES.get(scope, (scope,)))),
        base_url=str(reply.get("instance_url") or "").rstrip("/"),
        account=org,
        extra={"user_id": user} if user else {},
    )


def _ids(url: Json) -> tuple[str, str]:
    parts = urlsplit(url).path.split("/") if isinstance(url, str) else []
    return (long_id(parts[-2]), long_id(parts[-1])) if len(parts) >= 3 else ("", "")


def refusal(status: int, body: Mapping[str, Json]) -> str:  # noqa: ARG001 - the words say it all
    """`invalid_grant` has many reasons, and one of them passes by itself: two refreshes at once."""
    word, said = str(body.get("error") or ""), str(body.get("error_description") or "").lower()
    if "already being processed" in said or word in ("temporarily_unavailable", "rate_limit_exceeded"):
        return "busy"
    if word in GONE:
        return "gone"
    return ""


def revoke(api: Api, tokens: TokenSet, app: AppCredentials) -> None:  # noqa: ARG001 - the token says it all
    """Of the refresh token: the sessions made with it end, too. One that is unknown there is revoked already."""
    token = tokens.refresh_token or tokens.access_token
    try:
        answer = api.session.post(api.base_url + paths.REVOKE, data={"token": token}, timeout=20, allow_redirects=False)
    except OSError as error:
        raise Unavailable(f"Salesforce did not answer ({type(error).__name__})", platform=NAME) from None
    if answer.status_code not in (200, 400):
        raise Unavailable("Salesforce did not revoke the token", platform=NAME, status=answer.status_code)


OAUTH: Final = OAuthSpec(
    authorize_path=paths.AUTHORIZE,
    token_path=paths.TOKEN,
    scopes=SCOPES,
    read_tokens=read_tokens,
    revoke=revoke,
    pkce=True,
    login_hosts={"production": paths.LOGIN_URL, "sandbox": paths.SANDBOX_URL},
    login_pattern=paths.MY_DOMAIN,
    refusal=refusal,
)


def identify(api: Api, tokens: TokenSet) -> Identity:
    """Two calls: the org itself, with what is left of its day, and the user, where the scope allows it."""
    answer = api.call(Call(method="GET", path=WHO))
    orgs = rows_of(answer.json).records
    if not orgs:
        raise Rejected("Salesforce does not show the org to this user", platform=NAME, status=answer.status)
    return Identity(
        account=load_account(api, orgs[0], {}),
        user=_user(api, tokens) or tokens.extra.get("user_id", ""),
        scopes=tokens.scopes,
        quota=quota(answer.headers),
    )


def _user(api: Api, tokens: TokenSet) -> str:
    may_ask = not tokens.scopes or "id" in tokens.scopes
    return str(whoami(api).get("preferred_username") or "") if may_ask else ""


def whoami(api: Api) -> Mapping[str, Json]:
    """The connected user; nothing where the token may not say."""
    try:
        found = api.get(paths.USER)
    except (ReauthRequired, RecordGone, Rejected):
        return {}
    return found if isinstance(found, dict) else {}


def record_url(account: Account, object: str, id: str) -> str:
    return f"{account.ui_url}/lightning/r/{object}/{id}/view"


def page_url(url: str) -> str:
    """Browsers are sent on from My Domain to a host of Lightning's own, which has the same name in front."""
    return url.replace(".lightning.force.com/", ".my.salesforce.com/", 1)


def prepare(api: Api, directories: Directories) -> Mapping[str, str]:  # noqa: ARG001 - nothing is made there
    """Facts: `key.<object>` -> `unique` or `marker`. A field is made by the metadata API, which an admin alone may use:
    `docs/platforms/salesforce.md` says how. Without it creates carry a short reference in their description."""
    return {f"key.{name}": "unique" if key_field(directories, name) else "marker" for name in KEYED}
