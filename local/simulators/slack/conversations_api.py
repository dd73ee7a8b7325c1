"""`conversations.*`: channels, who is in them, and direct messages."""

import re

from local.simulators.slack.call import Call, Json, Method, paged
from local.simulators.slack.errors import SlackError
from local.simulators.slack.team import Channel

TYPES = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
READ = {"public": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}
MANAGE = {"public": "channels:manage", "private": "groups:write", "im": "im:write", "mpim": "mpim:write"}
INVITE = {"public": "channels:write.invites", "private": "groups:write.invites"}
LONGEST_NAME, MOST_INVITED, MOST_IN_GROUP = 80, 1_000, 8


def create(call: Call) -> Json:
    """The bot is its creator and first member."""
    name, private = _name(call), call.flag("is_private")
    call.need(MANAGE["private" if private else "public"])
    if any(each.name == name for each in call.team.channels.values()):
        raise SlackError("name_taken")
    channel = call.team.new_channel(name, private=private, creator=call.token.user)
    return {"channel": _shown(call, channel)}


def info(call: Call) -> Json:
    channel = _known(call)
    call.need(READ[channel.kind])
    body = _shown(call, channel)
    return {"channel": body | ({"num_members": len(channel.members)} if call.flag("include_num_members") else {})}


def list_channels(call: Call) -> Json:
    kinds = [TYPES.get(each.strip(), "") for each in call.text("types", "public_channel").split(",")]
    if "" in kinds:
        raise SlackError("invalid_types")
    for kind in kinds:
        call.need(READ[kind])
    seen = [
        each for each in call.team.channels.values()
        if each.kind in kinds and (each.kind == "public" or call.token.user in each.members)
        and not (call.flag("exclude_archived") and each.archived)
    ]  # fmt: skip
    page, metadata = paged(call, seen)
    return {"channels": [_shown(call, each) for each in page], "response_metadata": metadata}


def members(call: Call) -> Json:
    channel = _known(call)
    call.need(READ[channel.kind])
    page, metadata = paged(call, list(channel.members))
    return {"members": page, "response_metadata": metadata}


def invite(call: Call) -> Json:
    """All or nobody, unless `force` lets the good ones in; the bad ones are named one by one.

    People who were removed from the team are named, too, but keep nobody else out.
    """
    channel = _own(call, inviting=True)
    wanted = [each.strip() for each in call.text("users").split(",") if each.strip()]
    if not wanted:
        raise SlackError("no_user")
    if len(wanted) > MOST_INVITED:
        raise SlackError("too_many_users")
    flaws = {each: flaw for each in dict.fromkeys(wanted) if (flaw := _flaw(call, channel, each))}
    good = [each for each in dict.fromkeys(wanted) if each not in flaws]
    told = [{"user": each, "ok": False, "error": flaw} for each, flaw in flaws.items()]
    serious = [each for each in flaws if each not in call.team.users or not call.team.users[each].deleted]
    if not serious or call.flag("force") or call.place.settings.partial_invites:
        for each in good:
            call.place.join(call.team, channel, each, inviter=call.token.user)
    if flaws and not (call.flag("force") and good):
        raise SlackError(next(iter(flaws.values())), errors=told)
    return {"channel": _shown(call, channel)} | ({"errors": told} if told else {})


def kick(call: Call) -> Json:
    channel = _own(call)
    user = call.required("user")
    if user == call.token.user:
        raise SlackError("cant_kick_self")
    if user not in call.team.users:
        raise SlackError("user_not_found")
    if _is_general(call):
        raise SlackError("cant_kick_from_general")
    if user not in channel.members:
        raise SlackError("not_in_channel")
    if call.team.users[user].guest and _rooms(call, user) == 1:
        raise SlackError("cant_kick_from_last_channel")
    call.place.leave(call.team, channel, user)
    return {"errors": {}}


def join(call: Call) -> Json:
    channel = _known(call)
    call.need("channels:join")
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if call.token.user in channel.members:
        metadata = {"warnings": ["already_in_channel"]}
        return {"channel": _shown(call, channel), "warning": "already_in_channel", "response_metadata": metadata}
    call.place.join(call.team, channel, call.token.user, inviter="")
    return {"channel": _shown(call, channel)}


def leave(call: Call) -> Json:
    channel = _known(call)
    call.need(MANAGE[channel.kind])
    if call.token.user not in channel.members:
        return {"not_in_channel": True}
    if _is_general(call):
        raise SlackError("cant_leave_general")
    call.place.leave(call.team, channel, call.token.user)
    return {}


def archive(call: Call) -> Json:
    channel = _own(call)
    if _is_general(call):
        raise SlackError("cant_archive_general")
    channel.archived = True
    return {}


def open_direct(call: Call) -> Json:
    """With one person or a few; the bot is in it anyway."""
    if call.text("channel"):
        return {"channel": _shown(call, _known(call))}
    people = [each.strip() for each in call.text("users").split(",") if each.strip()]
    if not people:
        raise SlackError("users_list_not_supplied")
    if len(people) > MOST_IN_GROUP:
        raise SlackError("too_many_users")
    call.need("im:write" if len(people) == 1 else "mpim:write")
    for each in people:
        _check_person(call, each)
    channel, was_there = call.team.open_direct(list(dict.fromkeys((*people, call.token.user))))
    shown = _shown(call, channel) if call.flag("return_im") else {"id": channel.id}
    return {"channel": shown} | ({"no_op": True, "already_open": True} if was_there else {})


def _check_person(call: Call, user_id: str) -> None:
    user = call.team.users.get(user_id)
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.bot:
        raise SlackError("cannot_dm_bot")


def _name(call: Call) -> str:
    name = call.text("name").strip()
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise SlackError("invalid_name_maxlength")
    if not re.search(r"\w", name):
        raise SlackError("invalid_name_punctuation")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    return name


def _known(call: Call) -> Channel:
    """Channels go by their ids here, not by name."""
    channel = call.text("channel")
    if channel.startswith("#") or not channel:
        raise SlackError("channel_not_found")
    return call.team.channel(channel, call.token.user)


def _own(call: Call, *, inviting: bool = False) -> Channel:
    """One that the bot may change: it is in it, and it is not archived. Inviting has scopes of its own besides."""
    channel = _known(call)
    more = [INVITE[channel.kind]] if inviting and channel.kind in INVITE else []
    call.need(MANAGE[channel.kind], *more)
    if channel.is_direct:
        raise SlackError("method_not_supported_for_channel_type")
    if call.token.user not in channel.members:
        raise SlackError("not_in_channel")
    if channel.archived:
        raise SlackError("is_archived")
    return channel


def _flaw(call: Call, channel: Channel, user_id: str) -> str:
    user = call.team.users.get(user_id)
    if user_id == call.token.user:
        return "cant_invite_self"
    if user is None or user.deleted:
        return "user_not_found"
    if user.id == "USLACKBOT":
        return "cant_invite"
    if user_id in channel.members:
        return "already_in_channel"
    if user.home:
        return "cant_invite"
    return "ura_max_channels" if user.guest and _rooms(call, user_id) else ""


def _rooms(call: Call, user_id: str) -> int:
    """A guest may be in one channel, and must not be put out of it."""
    return sum(user_id in each.members and not each.is_direct for each in call.team.channels.values())


def _is_general(call: Call) -> bool:
    return call.text("channel").startswith("C0GENERAL")


def _shown(call: Call, channel: Channel) -> Json:
    return channel.wire(call.team.id, call.token.user)


def of_the_bot(call: Call) -> Json:
    """The channels of the caller alone."""
    answer = list_channels(call)
    return answer | {"channels": [each for each in answer["channels"] if each.get("is_member", True)]}


METHODS = (
    Method("users.conversations", of_the_bot, "tier3", takes_json=False),
    Method("conversations.create", create, "tier2"),
    Method("conversations.info", info, "tier3", takes_json=False),
    Method("conversations.list", list_channels, "tier2", takes_json=False),
    Method("conversations.members", members, "tier4", takes_json=False),
    Method("conversations.invite", invite, "tier3"),
    Method("conversations.kick", kick, "tier3"),
    Method("conversations.join", join, "tier3"),
    Method("conversations.leave", leave, "tier3"),
    Method("conversations.archive", archive, "tier2"),
    Method("conversations.open", open_direct, "tier3"),
)
