"""The Events API: envelopes around what happens in a team, for what the app has subscribed to."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.simulators.slack.team import Channel, Message, Team

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]
COMPOSER = "COMPOSER"


def tell(place: "Workplace", team: Team, event: Json) -> str:
    """The id of the event; empty when nobody has asked for such."""
    channel = team.channels.get(str(event.get("channel")))
    if event["type"] not in place.settings.events.split() or not place.settings.events_url:
        return ""
    if not place.tokens.of(team) and event["type"] not in {"app_uninstalled", "tokens_revoked"}:
        return ""
    event_id = team.next_id("Ev")
    seen = {"enterprise_id": None, "team_id": team.id, "user_id": team.bot, "is_bot": True,
            "is_enterprise_install": False}  # fmt: skip
    place.outbox.put({
        "token": "verification-token", "team_id": team.id, "api_app_id": place.options.app_id,
        "event": {**event, "event_ts": team.next_ts()}, "type": "event_callback", "event_id": event_id,
        "event_time": int(team.clock.now()), "authorizations": [seen],
        "is_ext_shared_channel": bool(channel and channel.shared),
    })  # fmt: skip
    return event_id


def link_shared(place: "Workplace", team: Team, channel: Channel | None, message: Message, urls: list[str]) -> str:
    """Only of the app's own domains and what is below them. Without a channel it is still being written."""
    own = place.settings.unfurl_domains.split()
    links: list[Json] = []
    for url in urls:
        host = urlsplit(url).hostname or ""
        known = next((each for each in own if host == each or host.endswith(f".{each}")), None)
        links += [{"url": url, "domain": known}] if known else []
    if not links:
        return ""
    unfurl_id = f"{channel.id if channel else COMPOSER}-{message.ts}"
    place.unfurl_ids[unfurl_id] = (team, message)
    where: Json = {"channel": COMPOSER, "message_ts": unfurl_id, "source": "composer", "is_bot_user_member": False}
    if channel:
        where = {"channel": channel.id, "message_ts": message.ts, "source": "conversations_history",
                 "is_bot_user_member": team.bot in channel.members}  # fmt: skip
    event = {"type": "link_shared", "user": message.user, "links": links, "unfurl_id": unfurl_id}
    return tell(place, team, event | where)


def home_opened(place: "Workplace", team: Team, user: str) -> str:
    channel, _ = team.open_direct([user, team.bot])
    event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
    view = place.views.homes.get((team.id, user))
    return tell(place, team, event | ({"view": view.wire(place.options.app_id)} if view else {}))


def membership(place: "Workplace", team: Team, channel: Channel, user: str, *, joined: bool, inviter: str = "") -> None:
    """The bot hears of the channels that it is in."""
    if team.bot not in channel.members and user != team.bot:
        return
    event: Json = {"type": "member_joined_channel" if joined else "member_left_channel", "user": user,
                   "channel": channel.id, "channel_type": "C" if channel.kind == "public" else "G",
                   "team": team.id}  # fmt: skip
    tell(place, team, event | ({"inviter": inviter} if inviter else {}))
