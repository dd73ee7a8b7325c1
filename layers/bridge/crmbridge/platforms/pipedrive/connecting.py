"""Connecting an account: its scopes, who a token speaks for, the key field our creates carry, and saying goodbye."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

import orjson

from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import Account, AppCredentials, Identity, TokenSet
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import BadSignature, MalformedPayload, MissingScope, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json, Kind
from crmbridge.platforms.http import CONNECT_TIMEOUT, READ_TIMEOUT, Api, Call
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.directories import ME_COST, load_account
from crmbridge.platforms.pipedrive.errors import quota
from crmbridge.platforms.pipedrive.fetching import data_of
from crmbridge.platforms.pipedrive.objects import KEY_FIELD, NAME, SINGULAR
from crmbridge.platforms.pipedrive.webhook import AUTHORIZATION, basic
from crmbridge.platforms.spec import OAuthSpec, Scope
from crmbridge.platforms.ways import TOKEN, token_way

if TYPE_CHECKING:
    import requests

LIFE_SECONDS: Final = 3599
IDLE_DAYS: Final = 60
CREATE_FIELD_COST: Final = 5
KEYED: Final = ("persons", "organizations", "deals")
"""Objects that take custom fields; an activity takes none, and carries its reference in its note."""

_PEOPLE: Final = (Kind.CONTACT, Kind.COMPANY)
_ACTIVITIES: Final = (Kind.TASK, Kind.ACTIVITY)

SCOPES: Final = (
    Scope("base", "every app has it: who and where we are"),
    Scope("contacts:read", "read people and organizations; without it deals have neither", _PEOPLE),
    Scope("contacts:full", "create people and organizations; without it chats only read them", _PEOPLE),
    Scope("deals:read", "read deals and notes; without it groups over deals stay empty", (Kind.DEAL,)),
    Scope("deals:full", "change deals from a chat", (Kind.DEAL,)),
    Scope("activities:read", "read tasks, calls, meetings and other activities", _ACTIVITIES),
    Scope("activities:full", "create tasks and log calls", _ACTIVITIES),
    Scope("users:read", "know owners by name and e-mail; without it groups of owners stay empty"),
    Scope("search:read", "look for somebody by e-mail, so that no contact is created beside the one that is there"),
    Scope("admin", "be told of changes at once, by webhooks; without it they arrive with the next incremental run"),
    Scope(
        "contact-fields:full",
        f"create the field {KEY_FIELD} of people and organizations, by which a create is found again whose answer got "
        "lost; without it all that was sent is compared",
        required=False,
    ),
    Scope("deal-fields:full", f"create the field {KEY_FIELD} of deals, for the same reason", required=False),
)
"""The customer accepts all that the app has in Pipedrive's Developer Hub, or none. A `full` one includes its `read`."""

WAYS: Final = {
    TOKEN: token_way(
        "API token",
        "Of one user, with everything that this user may see and do. It has no end; making a new one ends it.",
        label="API token (Pipedrive: Personal preferences, API)",
        pattern=r"[0-9a-f]{40}",
    )
}


def headers(auth: str, token: str) -> Mapping[str, str]:
    return {"x-api-token": token} if auth == TOKEN else {"Authorization": f"Bearer {token}"}


def read_tokens(reply: Json, now: datetime) -> TokenSet:
    """The API's host is told each time, because a customer may rename it. Which company it is, `identify` asks."""
    seconds, told = reply.get("expires_in"), reply.get("scope")
    scopes = tuple(part for part in re.split(r"[\s,]+", told) if part) if isinstance(told, str) else ()
    return TokenSet(
        access_token=str(reply["access_token"]),
        refresh_token=str(reply.get("refresh_token") or ""),
        expires_at=now + timedelta(seconds=seconds if isinstance(seconds, int) else LIFE_SECONDS),
        scopes=_with_included(scopes),
        base_url=str(reply.get("api_domain") or "").rstrip("/"),
    )


def _with_included(scopes: tuple[str, ...]) -> tuple[str, ...]:
    included = (
        f"{scope.removesuffix(':full')}:read" for scope in scopes if f"{scope.removesuffix(':full')}:read" in _READ
    )
    return tuple(dict.fromkeys((*scopes, *included)))


_READ: Final = frozenset(scope.name for scope in SCOPES if scope.name.endswith(":read"))


def refusal(status: int, body: Mapping[str, Json]) -> str:
    """Every refusal is a 400 whose words differ; those about a grant mean that it is gone."""
    told = " ".join(str(body.get(key) or "") for key in ("error", "message", "error_info", "error_description")).lower()
    if status >= 500 or status == 429 or not (status >= 400 or body.get("error")):
        return ""
    if "client" in told or "redirect" in told:
        return "app"
    return "gone" if "grant" in told and "grant_type" not in told and "unsupported" not in told else ""


def revoke(api: Api, tokens: TokenSet, app: AppCredentials) -> None:
    """Uninstalls the app from the company: only with its last connection. An unknown token is revoked already."""
    import requests  # as in `http`: the door for webhooks does not pay for it

    if not tokens.refresh_token:
        return
    form = {"token": tokens.refresh_token, "token_type_hint": "refresh_token"}
    try:
        answer = _post_revoke(api.session, app, form)
    except requests.RequestException as error:
        raise Unavailable(f"Pipedrive did not answer ({type(error).__name__})", platform=NAME) from None
    if answer.status_code >= 300:
        raise api.explain(answer.status_code, answer.headers, answer.content, sent_write=False)


def _post_revoke(session: "requests.Session", app: AppCredentials, form: Mapping[str, str]) -> "requests.Response":
    return session.post(
        (app.auth_url or paths.AUTH_URL) + paths.REVOKE,
        data=form,
        headers={"Authorization": basic(app.client_id, app.client_secret), "Accept": "application/json"},
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        allow_redirects=False,
    )


def uninstalled(delivery: Delivery, app: AppCredentials) -> str:
    """The company that removed the app, from a DELETE which proves itself with our own client credentials."""
    expected = basic(app.client_id, app.client_secret).encode()
    if not app.client_id or not compare_digest(
        delivery.headers.get(AUTHORIZATION, "").encode(errors="replace"), expected
    ):
        raise BadSignature("the call does not show our client credentials")
    try:
        body = orjson.loads(delivery.body)
    except orjson.JSONDecodeError:
        raise MalformedPayload("the call is not JSON") from None
    company = body.get("company_id") if isinstance(body, dict) else None
    if isinstance(company, bool) or not isinstance(company, int | str) or not company:
        raise MalformedPayload("the call names no company")
    return str(company)


OAUTH: Final = OAuthSpec(
    authorize_path=paths.AUTHORIZE,
    token_path=paths.TOKEN,
    scopes=SCOPES,
    read_tokens=read_tokens,
    revoke=revoke,
    basic_auth=True,
    sends_scopes=False,
    refusal=refusal,
    uninstalled=uninstalled,
    idle_days=IDLE_DAYS,
)


def identify(api: Api, tokens: TokenSet) -> Identity:
    """One call that every token may make. No scopes: not known; an API token may do what its user may."""
    answer = api.call(Call(method="GET", path=paths.ME, cost=ME_COST))
    me = data_of(answer.json)
    return Identity(
        account=load_account(me),
        user=str(me.get("id") or ""),
        scopes=tokens.scopes,
        quota=quota(answer.headers),
    )


_PAGES: Final[Mapping[str, str]] = {
    "persons": "/person/{id}", "organizations": "/organization/{id}", "deals": "/deal/{id}",
    "activities": "/activities/list#dialog/activity/edit/{id}", "notes": "/activities/list#note-{id}",
}  # fmt: skip
"""A note has no page of its own."""


def record_url(account: Account, object: str, id: str) -> str:
    return account.ui_url + _PAGES.get(object, f"/{object}/{{id}}").format(id=id)


def prepare(api: Api, directories: Directories) -> Mapping[str, str]:
    """Make sure of the key field, object by object. Facts: `key.<object>` -> `field` or `none`."""
    return {f"key.{name}": "field" if _ensure_key(api, name, directories) else "none" for name in KEYED}


def _ensure_key(api: Api, object: str, directories: Directories) -> bool:
    if key_fields(directories, object):
        return True
    body = {"field_name": KEY_FIELD, "field_type": "varchar"}
    try:
        api.call(
            Call(method="POST", path=paths.fields(SINGULAR[object]), body=body, writes=True, cost=CREATE_FIELD_COST)
        )
    except (MissingScope, Rejected, RecordGone):
        return False
    return True


def key_fields(directories: Directories, object: str) -> list[str]:
    """Their hashes, the same one first for everybody: names are not unique, and two workspaces may have made the field
    at the same moment."""
    return sorted(field.key for field in directories.fields.get(object, {}).values() if _is_key(field))


def _is_key(field: Field) -> bool:
    return field.custom and field.label == KEY_FIELD and field.raw_type in ("varchar", "text")
