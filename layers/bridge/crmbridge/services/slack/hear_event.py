"""Events of a team: links that were posted, Home tabs that were opened, our app that was removed."""

from collections.abc import Callable, Mapping
from typing import Final

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.domain.errors import Forbidden
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.identify_user import identify_user
from crmbridge.services.slack.install_app import forget_team
from crmbridge.services.slack.open_slack import Slack
from crmbridge.services.slack.publish_home import publish_home
from crmbridge.services.slack.unfurl_links import unfurl_links

Asked = Mapping[str, Json]


def hear_event(deps: Deps, slack: Slack, asked: Asked) -> None:
    _HEARD[str(asked["event"]["type"])](deps, slack, asked)


def _opened(deps: Deps, slack: Slack, asked: Asked) -> None:
    if asked["event"].get("tab") == "home":
        publish_home(deps, slack, str(asked["user"]))


def _shared(deps: Deps, slack: Slack, asked: Asked) -> None:
    """A channel shared with another company is not everyone of ours. Where a message will go that is still being
    written nobody knows; it is told of again when it is posted."""
    event = asked["event"]
    is_posted = event.get("source") != "composer"
    if is_posted and _is_member(deps, slack, str(asked["user"])) and not _is_shared(slack, asked):
        unfurl_links(deps, slack, event)


def _is_shared(slack: Slack, asked: Asked) -> bool:
    """As Slack says with the event; where it says nothing it is asked, and a channel we cannot look at may be."""
    if asked.get("shared") is not None:
        return bool(asked["shared"])
    try:
        told = slack.api.call("conversations.info", channel=asked["event"].get("channel")).get("channel") or {}
    except SlackRefused:
        return True
    return bool(told.get("is_ext_shared"))


def _is_member(deps: Deps, slack: Slack, user: str) -> bool:
    """A guest could read the CRM by posting one guessed address after another."""
    try:
        identify_user(deps, slack.installation, user)
    except Forbidden:
        return False
    return True


def _revoked(deps: Deps, slack: Slack, asked: Asked) -> None:
    """Tokens of single users may be taken back; ours is the bot's. Who removes the app and installs it again may do so
    before this is heard of."""
    is_ours = asked["event"].get("type") == "app_uninstalled" or (asked["event"].get("tokens") or {}).get("bot")
    if is_ours and not _lets_us_in(slack):
        forget_team(deps, slack.installation)


def _lets_us_in(slack: Slack) -> bool:
    try:
        slack.api.call("auth.test")
    except SlackRefused:
        return False
    return True


_HEARD: Final[Mapping[str, Callable[[Deps, Slack, Asked], None]]] = {
    "app_home_opened": _opened,
    "link_shared": _shared,
    "app_uninstalled": _revoked,
    "tokens_revoked": _revoked,
}
