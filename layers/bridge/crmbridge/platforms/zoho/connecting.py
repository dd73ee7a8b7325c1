"""Connecting an org: its scopes, who a token speaks for, the self client, the key field of our creates, and goodbye."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.connections import Account, AppCredentials, Identity, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Duplicate, MissingScope, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json, Kind
from crmbridge.platforms.http import CONNECT_TIMEOUT, READ_TIMEOUT, Api, Call
from crmbridge.platforms.spec import AskTokens, Input, OAuthSpec, Scope, Way
from crmbridge.platforms.zoho import paths
from crmbridge.platforms.zoho.directories import load_account, org_of
from crmbridge.platforms.zoho.errors import CREDITS, credits_left
from crmbridge.platforms.zoho.objects import KEY_LABEL, MODULES_SCOPE, NAME
from crmbridge.platforms.zoho.queries import rows_of

LIFE_SECONDS: Final = 3600
BLOCKED_SECONDS: Final = 600.0
"""Ten access tokens of one refresh token in ten minutes; then Zoho gives none for the rest of them."""
KEYED: Final = ("Contacts", "Leads", "Accounts", "Deals")
"""Modules whose creates carry the key; a task, a call and a note carry a reference in their text."""

SCOPES: Final = (
    Scope(MODULES_SCOPE, "read and write contacts, leads, accounts, deals, tasks, calls, meetings and notes"),
    Scope("ZohoCRM.settings.ALL", "labels, options, stages and custom fields; and the field that our creates carry"),
    Scope("ZohoCRM.users.READ", "know owners by name and e-mail; without it groups of owners stay empty"),
    Scope("ZohoCRM.org.READ", "know which organization this is, its currency and its time zone"),
    Scope("ZohoCRM.coql.READ", "ask for 2,000 records in one call; without it nothing is read"),
    Scope(
        "ZohoCRM.notifications.ALL",
        "be told of changes at once; without it they arrive with the next incremental run",
        tuple(Kind),
        required=False,
    ),
)

_EDITIONS: Final[Mapping[str, tuple[int, int]]] = {
    "free": (5_000, 0), "standard": (50_000, 250), "professional": (50_000, 500), "enterprise": (50_000, 1_000),
    "ultimate": (50_000, 2_000), "zohoone": (50_000, 1_000), "crmplus": (50_000, 2_000),
}  # fmt: skip
"""Credits in 24 hours: of the org, and more for each user."""
_CAPS: Final[Mapping[str, int]] = {"standard": 100_000, "professional": 3_000_000, "enterprise": 5_000_000}


def read_tokens(reply: Json, now: datetime) -> TokenSet:
    """A refresh answers without a refresh token: the old one goes on. `api_domain` is this customer's data centre."""
    seconds, told = reply.get("expires_in"), reply.get("scope")
    return TokenSet(
        access_token=str(reply["access_token"]),
        refresh_token=str(reply.get("refresh_token") or ""),
        expires_at=now + timedelta(seconds=seconds if isinstance(seconds, int) else LIFE_SECONDS),
        scopes=tuple(part for part in re.split(r"[\s,]+", told) if part) if isinstance(told, str) else (),
        base_url=str(reply.get("api_domain") or "").rstrip("/"),
    )


def refusal(status: int, body: Mapping[str, Json]) -> str:
    """Most come with status 200. More than ten tokens in ten minutes are refused in the words of a revoked one."""
    word, said = str(body.get("error") or ""), str(body.get("error_description") or "").lower()
    if "too many requests" in said or (status == 400 and word == "Access Denied"):
        return "busy"
    return {"invalid_code": "gone", "invalid_client": "app", "invalid_client_secret": "app"}.get(word, "")


def revoke(api: Api, tokens: TokenSet, app: AppCredentials) -> None:
    """Of the refresh token: access tokens made with it end, too. One that is unknown there is revoked already."""
    if not tokens.refresh_token:
        return
    host = tokens.auth_url or app.auth_url or paths.AUTH_URL
    try:
        answer = api.session.post(
            host + paths.REVOKE,
            params={"token": tokens.refresh_token},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        )
    except OSError as error:
        raise Unavailable(f"Zoho did not answer ({type(error).__name__})", platform=NAME) from None
    if answer.status_code not in (200, 400):
        raise Unavailable("Zoho did not revoke the token", platform=NAME, status=answer.status_code)


OAUTH: Final = OAuthSpec(
    authorize_path=paths.AUTHORIZE,
    token_path=paths.TOKEN,
    scopes=SCOPES,
    read_tokens=read_tokens,
    revoke=revoke,
    scope_separator=",",
    authorize_extra={"access_type": "offline", "prompt": "consent"},
    login_hosts=paths.DATA_CENTRES,
    callback_host="accounts-server",
    refusal=refusal,
    busy_seconds=BLOCKED_SECONDS,
)
"""Without `offline` and `consent` there is no refresh token. Whoever logs in at the host of .com is sent on to the data
centre of their own, except for China; the callback names it, and the code is good there and nowhere else."""


def grant_self_client(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:
    """A code that an admin made in the API console, good for some minutes and for the client it was made with."""
    form = {"grant_type": "authorization_code", "code": given["code"].strip()}
    app = _self_client(given)
    tokens = ask(form, auth_url=_host(ask, given["data_centre"]), app=app)
    return replace(tokens, given={"client_id": app.client_id, "client_secret": app.client_secret})


def renew_self_client(ask: AskTokens, tokens: TokenSet) -> TokenSet:
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return ask(form, auth_url=tokens.auth_url, app=_self_client(tokens.given))


def _self_client(given: Mapping[str, str]) -> AppCredentials:
    return AppCredentials(given["client_id"].strip(), given["client_secret"].strip())


def _host(ask: AskTokens, data_centre: str) -> str:
    """Where Zoho's own hosts are overridden, the one that stands for it."""
    host = paths.DATA_CENTRES[data_centre]
    if not ask.app.auth_url:
        return host
    stands_for = host.removeprefix("https://")
    return next((one for one in (ask.app.auth_url, *ask.app.hosts.split()) if one.endswith(stands_for)), "")


WAYS: Final[Mapping[str, Way]] = {
    "self_client": Way(
        title="Self client",
        description=(
            "For an org whose admin makes a Self Client in Zoho's API console (api-console.zoho.com) and generates a "
            f"code there with the scopes {','.join(scope.name for scope in SCOPES)}. Nobody needs to consent."
        ),
        inputs=(
            Input(name="data_centre", label="Data centre", help="As in crm.zoho.eu", choices=tuple(paths.DATA_CENTRES)),
            Input(name="client_id", label="Client id", pattern=r"1000\.[A-Z0-9]+"),
            Input(name="client_secret", label="Client secret", secret=True),
            Input(name="code", label="Code", help="Good for three to ten minutes, and once", secret=True),
        ),
        grant=grant_self_client,
        renew=renew_self_client,
    )
}


def headers(auth: str, token: str) -> Mapping[str, str]:  # noqa: ARG001 - the same for every way
    return {"Authorization": f"Zoho-oauthtoken {token}"}


def identify(api: Api, tokens: TokenSet) -> Identity:
    """Two calls: the org, and the user whom the token speaks for."""
    answer = api.call(Call(method="GET", path=paths.ORG))
    org = org_of(answer.json)
    users = rows_of(api.get(paths.USERS, {"type": "CurrentUser"}), "users").records
    left = credits_left(answer.headers)
    return Identity(
        account=load_account(api, org),
        user=str(users[0].get("id") or "") if users else "",
        scopes=tokens.scopes,
        quota={CREDITS: (left, max(left, credits_of(org)))} if left is not None else {},
    )


def credits_of(org: Mapping[str, Json]) -> int:
    """What the edition gives in 24 hours, without what was bought besides."""
    told = org.get("license_details")
    licence = told if isinstance(told, dict) else {}
    edition, users = str(licence.get("paid_type") or "free").lower(), licence.get("users_license_purchased")
    base, each = _EDITIONS.get(edition, _EDITIONS["standard"])
    total = base + each * (users if isinstance(users, int) else 0)
    return min(total, _CAPS.get(edition, total))


_TABS: Final[Mapping[str, str]] = {"Deals": "Potentials"}
"""What the pages still call it."""


def record_url(account: Account, object: str, id: str) -> str:
    return f"{account.ui_url}/tab/{_TABS.get(object, object)}/{id}"


def prepare(api: Api, directories: Directories) -> Mapping[str, str]:
    """Make sure of the key field, module by module. Facts: `key.<module>` -> `unique` or `none`."""
    return {f"key.{name}": "unique" if _ensure_key(api, name, directories) else "none" for name in KEYED}


def _ensure_key(api: Api, object: str, directories: Directories) -> bool:
    """Editions limit unique fields, and not every user may make one: then a create is told by all it holds."""
    if key_field(directories, object):
        return True
    field = {"field_label": KEY_LABEL, "data_type": "text", "length": 100, "unique": {"casesensitive": False}}
    call = Call(method="POST", path=paths.FIELDS, params={"module": object}, body={"fields": [field]}, writes=True)
    try:
        api.call(call)
    except Duplicate:
        return True  # another workspace connects the same org right now
    except (MissingScope, Rejected, RecordGone):
        return False
    return True


def key_field(directories: Directories, object: str) -> str | None:
    """Its API name. Zoho takes another one where the name was used before."""
    for key, field in directories.fields.get(object, {}).items():
        named = (field.label.casefold(), key.replace("_", " ").casefold())
        if field.custom and field.unique and KEY_LABEL.casefold() in named:
            return key
    return None
