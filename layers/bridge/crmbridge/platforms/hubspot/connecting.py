"""Connecting an account: its scopes, who a token speaks for, the key property our creates carry, and saying goodbye."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crmbridge.domain.connections import Account, AppCredentials, Identity, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Duplicate, MissingScope, ReauthRequired, RecordGone, Rejected
from crmbridge.domain.records import Json, Kind
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.directories import load_account
from crmbridge.platforms.hubspot.errors import quota
from crmbridge.platforms.hubspot.objects import KEY_PROPERTY, LINKED_ONLY, SINGULAR, TYPE_IDS
from crmbridge.platforms.spec import OAuthSpec, Scope

LIFE_SECONDS: Final = 1800
KEYED: Final = ("contacts", "companies", "deals", "tasks", "calls", "notes", "meetings")
"""Objects that actions create."""

_PEOPLE: Final = (Kind.CONTACT, Kind.TASK, Kind.ACTIVITY)

SCOPES: Final = (
    Scope("oauth", "every app needs it; without it nobody can connect"),
    Scope("crm.objects.contacts.read", "read contacts, and the tasks, calls, notes and meetings around them", _PEOPLE),
    Scope("crm.objects.contacts.write", "create contacts and tasks, log calls; without it chats only read", _PEOPLE),
    Scope("crm.objects.companies.read", "read companies; without it contacts and deals have none", (Kind.COMPANY,)),
    Scope("crm.objects.deals.read", "read deals; without it groups over deals stay empty", (Kind.DEAL,)),
    Scope("crm.objects.deals.write", "create and change deals from a chat", (Kind.DEAL,)),
    Scope("crm.objects.companies.write", "create and change companies from a chat", (Kind.COMPANY,), required=False),
    Scope("crm.objects.owners.read", "know owners by name and e-mail; without it groups of owners stay empty"),
    Scope("crm.schemas.contacts.read", "labels and options of contact properties", (Kind.CONTACT,)),
    Scope("crm.schemas.companies.read", "labels and options of company properties", (Kind.COMPANY,)),
    Scope("crm.schemas.deals.read", "labels and options of deal properties, pipelines and stages", (Kind.DEAL,)),
    Scope(
        LINKED_ONLY["tickets"],
        "know which tickets people, deals, tasks and calls belong to, and write tasks, calls and notes to a ticket",
        required=False,
    ),
    Scope(
        "crm.schemas.contacts.write",
        f"create the hidden property {KEY_PROPERTY}, by which HubSpot itself refuses a create sent twice; without it a "
        "short reference is written into the text of tasks and calls",
        required=False,
    ),
    Scope("crm.schemas.companies.write", f"create {KEY_PROPERTY} on companies, too", required=False),
    Scope("crm.schemas.deals.write", f"create {KEY_PROPERTY} on deals, too", required=False),
)


def read_tokens(reply: Json, now: datetime) -> TokenSet:
    """Older endpoints tell only the first four fields. The account is `hub_id`; there is one API host for all."""
    seconds = reply.get("expires_in")
    scopes = reply.get("scopes")
    return TokenSet(
        access_token=str(reply["access_token"]),
        refresh_token=str(reply.get("refresh_token") or ""),
        expires_at=now + timedelta(seconds=seconds if isinstance(seconds, int) else LIFE_SECONDS),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else (),
        account=str(reply.get("hub_id") or ""),
        extra={"user_id": str(reply["user_id"])} if reply.get("user_id") else {},
    )


def uninstall(api: Api, tokens: TokenSet, app: AppCredentials) -> None:  # noqa: ARG001 - the bearer says it all
    """Removes the app from the whole account, for everybody: only with its last connection.

    A token that an admin made by hand belongs to an app of theirs, which stays."""
    if not tokens.refresh_token:
        return
    try:
        api.write("DELETE", paths.UNINSTALL, None)
    except (ReauthRequired, RecordGone):
        return  # somebody was quicker


OAUTH: Final = OAuthSpec(
    authorize_path=paths.AUTHORIZE,
    token_path=paths.TOKEN,
    scopes=SCOPES,
    read_tokens=read_tokens,
    revoke=uninstall,
    optional_scope_parameter="optional_scope",
    token_on_api=True,
)


def identify(api: Api, tokens: TokenSet) -> Identity:
    """One call that every token may make; another for the scopes of a token made by hand. No scopes: not known."""
    answer = api.call(Call(method="GET", path=paths.ACCOUNT))
    return Identity(
        account=load_account(answer.json),
        user=tokens.extra.get("user_id", ""),
        scopes=tokens.scopes or (() if tokens.refresh_token else _private_scopes(api, tokens)),
        quota=quota(answer.headers),
    )


def _private_scopes(api: Api, tokens: TokenSet) -> tuple[str, ...]:
    """HubSpot tells those of a private app to its bearer. The scope `oauth` is about apps of the other sort."""
    try:
        told = api.post(paths.PRIVATE_TOKEN, {"tokenKey": tokens.access_token})
    except (RecordGone, Rejected, MissingScope):
        return ()
    scopes = told.get("scopes") if isinstance(told, dict) else None
    return tuple(dict.fromkeys(["oauth", *map(str, scopes)])) if isinstance(scopes, list) else ()


def record_url(account: Account, object: str, id: str) -> str:
    return f"{account.ui_url}/contacts/{account.id}/record/{TYPE_IDS.get(object, object)}/{id}"


def page_url(url: str) -> str:
    """Addresses of before name the object in words, and still lead there: `/contacts/48/deal/9`."""
    return _NAMED.sub(lambda found: f"{found[1]}/record/{_BY_WORD[found[2]]}/", url, count=1)


_BY_WORD: Final = {SINGULAR[object]: id for object, id in TYPE_IDS.items()}
_NAMED: Final = re.compile(rf"^(https://[^/]+/contacts/\d+)/({'|'.join(_BY_WORD)})/")


def prepare(api: Api, directories: Directories) -> Mapping[str, str]:
    """Make sure of the unique key property, object by object. Facts: `key.<object>` -> `unique` or `marker`.

    At most ten properties of an object may be unique, and the scope is optional: then it is `marker`, and creates
    carry a short reference in their text instead."""
    return {f"key.{name}": "unique" if _ensure_key(api, name, directories) else "marker" for name in KEYED}


def _ensure_key(api: Api, object: str, directories: Directories) -> bool:
    if has_key(directories, object):
        return True
    try:
        rows = api.get(paths.properties(object)).get("results") or []
        there = next((row for row in rows if row["name"] == KEY_PROPERTY), None)
        if there:
            return bool(there.get("hasUniqueValue"))
        api.write("POST", paths.properties(object), _key_property(rows))
    except Duplicate:
        return True  # another workspace connects the same account right now
    except (MissingScope, Rejected, RecordGone):
        return False
    return True


def _key_property(rows: list[dict[str, Any]]) -> Json:
    """In a group that the object has: every property must be in one, and their names differ per object."""
    group = next((row["groupName"] for row in rows if row.get("groupName")), "contactinformation")
    return {
        "name": KEY_PROPERTY,
        "label": "CRM Bridge key",
        "description": "Written by CRM Bridge, so that nothing is created twice.",
        "groupName": group,
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
        "formField": False,
        "hidden": True,
    }


def has_key(directories: Directories, object: str) -> bool:
    field = directories.fields.get(object, {}).get(KEY_PROPERTY)
    return field is not None and field.unique
