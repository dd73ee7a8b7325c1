"""Letting our app into a Slack team (https://docs.slack.dev/authentication/installing-with-oauth)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from crmbridge.chat.slack.api import API_URL, SlackApi, SlackRefused
from crmbridge.domain.connections import AppCredentials
from crmbridge.domain.errors import ChatError, Refused
from crmbridge.domain.records import Json

if TYPE_CHECKING:
    import requests

AUTH_URL: Final = "https://slack.com"
SCOPES: Final[Mapping[str, str]] = {
    "commands": "the command /crm, shortcuts",
    "chat:write": "cards and receipts in channels the app is in",
    "chat:write.public": "receipts in public channels without being added first",
    "links:read": "hear of links to CRM records",
    "links:write": "show what they lead to",
    "users:read": "who is asking",
    "users:read.email": "their e-mail: it is who they are in the CRM, and for whom a smart group looks",
    "channels:read": "who is in a smart group's public channel",
    "groups:read": "who is in a smart group's private channel",
    "channels:join": "enter the public channel of a smart group",
    "channels:manage": "bring people into a smart group's public channel, and put them out again",
    "groups:write": "the same in private channels",
}
"""Of our bot, and why."""


def consent_url(app: AppCredentials, *, state: str, redirect_uri: str) -> str:
    query = {
        "client_id": app.client_id,
        "scope": ",".join(SCOPES),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{app.auth_url or AUTH_URL}/oauth/v2/authorize?{urlencode(query)}"


def exchange(app: AppCredentials, session: "requests.Session", *, code: str, redirect_uri: str) -> Mapping[str, Json]:
    """A code for our bot's token, once. Raises Refused."""
    api = SlackApi(session, "", app.api_url or API_URL)
    try:
        said = api.call(
            "oauth.v2.access",
            client_id=app.client_id,
            client_secret=app.client_secret,
            code=code,
            redirect_uri=redirect_uri,
        )
    except SlackRefused as error:
        raise Refused("exchange_failed", f"Slack did not take the code ({error.code}): start again") from None
    except ChatError as error:
        raise Refused("exchange_failed", f"{error}: start again") from None
    if said.get("is_enterprise_install") or not isinstance(said.get("team"), Mapping):
        raise Refused("whole_organisation", "install the app in one Slack workspace, not in a whole organisation")
    if said.get("expires_in") or said.get("refresh_token"):
        raise Refused("token_rotation", "the app's tokens rotate: make the app from the manifest in docs/slack.md")
    if said.get("token_type") != "bot" or not said.get("access_token"):
        raise Refused("exchange_failed", "Slack gave no token for a bot: check the app's settings")
    return said
