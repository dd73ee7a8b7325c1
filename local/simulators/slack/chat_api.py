"""`chat.*`: messages, their changes, what only one person sees, and cards under links."""

from local.simulators.slack.blocks import check_message
from local.simulators.slack.call import Call, Json, Method
from local.simulators.slack.errors import SlackError
from local.simulators.slack.events import COMPOSER
from local.simulators.slack.messages import Content, checked, find_message, rewrite
from local.simulators.slack.team import Channel, Message
from local.simulators.slack.views import completed


def post(call: Call) -> Json:
    channel = _addressed(call)
    _check_posting(call, channel)
    call.place.limits.charge_post(call.team.id, channel.id)
    message = _message(call)
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.wire(call.team.id, call.place.options.app_id)}


def post_ephemeral(call: Call) -> Json:
    channel, user = call.team.channel(call.required("channel"), call.token.user), call.required("user")
    _check_posting(call, channel)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = _message(call)
    message.visible_to = user
    channel.messages.append(message)
    return {"message_ts": message.ts}


def update(call: Call) -> Json:
    channel = call.team.channel(call.required("channel"), call.token.user)
    message = find_message(channel, call.required("ts"))
    if message.user != call.token.user:
        raise SlackError("cant_update_message")
    if channel.archived:
        raise SlackError("is_archived")
    rewrite(message, call.team.next_ts(), _content(call))
    shown = message.wire(call.team.id, call.place.options.app_id)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    channel = call.team.channel(call.required("channel"), call.token.user)
    message = find_message(channel, call.required("ts"))
    if message.user != call.token.user:
        raise SlackError("cant_delete_message")
    channel.messages.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def unfurl(call: Call) -> Json:
    """By `channel` and `ts`, or by `unfurl_id` and `source`; only links that are in the message."""
    unfurls = call.structure("unfurls")
    if unfurls is None and not call.flag("user_auth_required"):
        raise SlackError("missing_unfurls")
    if not isinstance(unfurls or {}, dict):
        raise SlackError("invalid_unfurls_format")
    message = _unfurled(call)
    for url, card in (unfurls or {}).items():
        if url not in message.text:
            raise SlackError("cannot_unfurl_url")
        check_message(card.get("blocks"))
        blocks = completed(call.team, {"blocks": card.get("blocks") or []})
        message.unfurls[url] = {**card, **(blocks if card.get("blocks") else {})}
    return {}


def _unfurled(call: Call) -> Message:
    """What is still being written is known by its `unfurl_id` alone, which is also its `ts` in the composer."""
    channel_id, ts = call.text("channel"), call.text("ts")
    unfurl_id = call.text("unfurl_id") or (ts if channel_id == COMPOSER else "")
    if unfurl_id:
        team, message = call.place.unfurl_ids.get(unfurl_id, (None, None))
        if team is not call.team or message is None:
            raise SlackError("cannot_find_message")
        return message
    if not channel_id or not ts:
        raise SlackError("missing_ts" if channel_id else "missing_channel")
    channel = call.team.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    try:
        return find_message(channel, ts)
    except SlackError:
        raise SlackError("cannot_find_message") from None


def permalink(call: Call) -> Json:
    channel = call.team.channel(call.required("channel"), call.token.user)
    message = find_message(channel, call.required("message_ts"))
    place = f"https://{call.team.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": place}


def _addressed(call: Call) -> Channel:
    """A channel, or a person, with whom a direct conversation begins."""
    wanted = call.required("channel")
    if wanted in call.team.users and wanted != call.token.user:
        if call.team.users[wanted].deleted:
            raise SlackError("channel_not_found")
        return call.team.open_direct([wanted, call.token.user])[0]
    return call.team.channel(wanted, call.token.user)


def _check_posting(call: Call, channel: Channel) -> None:
    if channel.archived:
        raise SlackError("is_archived")
    if call.token.user not in channel.members and "chat:write.public" not in call.token.scopes:
        raise SlackError("not_in_channel")


def _message(call: Call) -> Message:
    text, blocks, attachments = _content(call)
    thread = call.text("thread_ts")
    metadata = call.structure("metadata")
    bot_id = call.team.bot_id if call.token.is_bot else ""
    return Message(call.team.next_ts(), call.token.user, text, blocks, attachments, bot_id, thread, metadata=metadata)


def _content(call: Call) -> Content:
    return checked(call.team, call.text("text"), call.structure("blocks"), call.structure("attachments"))


METHODS = (
    Method("chat.postMessage", post, "special", ("chat:write",)),
    Method("chat.postEphemeral", post_ephemeral, "tier4", ("chat:write",)),
    Method("chat.update", update, "tier3", ("chat:write",)),
    Method("chat.delete", delete, "tier3", ("chat:write",)),
    Method("chat.getPermalink", permalink, "special", takes_json=False),
    Method("chat.unfurl", unfurl, "tier3", ("links:write",)),
)
