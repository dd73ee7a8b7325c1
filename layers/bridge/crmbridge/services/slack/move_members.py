"""Bring people into a Slack channel and put them out again, until it is as a smart group wants it.

Who is there is looked at first, so that trying again after any failure does only what is left. Whom we bring is noted
before we do: nobody else is ever put out, unless the group owns the channel.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.domain.errors import ChatError
from crmbridge.domain.records import Json
from crmbridge.services.ports import Deps
from crmbridge.services.slack.open_slack import Slack

AT_ONCE: Final = 100
"""As many users as an invitation may name."""
FINE: Final = frozenset({"already_in_channel", "not_in_channel"})
"""Said of a person: it is as it should be."""
PERSONAL: Final = frozenset(
    {
        "already_in_channel", "cant_invite", "cant_invite_self", "user_not_found", "user_disabled", "ura_max_channels",
        "user_is_restricted", "user_is_ultra_restricted", "invitee_cant_see_channel", "no_user",
        "cant_kick_self", "cant_kick_from_last_channel", "user_team_not_in_channel",
    }
)  # fmt: skip
"""Refusals of one person; any other is of the channel, or of us, and there is no use in asking again for the next."""

Refused = dict[str, ChatError]
"""User -> why not."""


@dataclass(frozen=True, slots=True)
class Room:
    """One channel, as it is: `present` are the users in it."""

    deps: Deps
    slack: Slack
    channel: str
    present: frozenset[str]

    @property
    def workspace(self) -> str:
        return self.slack.workspace


def move_members(deps: Deps, slack: Slack, channel: str, wanted: Mapping[str, str], *, owns: bool) -> Refused:
    """`wanted`: Slack user -> in or out. Returns who could not be moved, and why. Raises ChatError when the channel
    cannot be looked at."""
    room = Room(deps, slack, channel, frozenset(_present(slack, channel)))
    coming = [user for user, state in wanted.items() if state == "in" and user not in room.present]
    leaving = _ours(room, [user for user, state in wanted.items() if state == "out"], owns=owns)
    if (coming or leaving) and slack.installation.bot not in room.present:
        slack.api.call("conversations.join", channel=channel)
    return {**_bring(room, coming), **_put_out(room, leaving)}


def _present(slack: Slack, channel: str) -> Iterable[str]:
    cursor = ""
    while True:
        page = slack.api.call("conversations.members", channel=channel, limit=1000, cursor=cursor or None)
        yield from page.get("members") or ()
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return


def _ours(room: Room, users: Sequence[str], *, owns: bool) -> list[str]:
    """Those among them whom we may put out. Who has left by themselves is forgotten."""
    brought = room.deps.installations.brought(room.workspace, room.channel, users)
    room.deps.installations.forget_brought(room.workspace, room.channel, brought - room.present)
    return [user for user in users if user in room.present and (owns or user in brought)]


def _bring(room: Room, users: Sequence[str]) -> Refused:
    room.deps.installations.note_brought(room.workspace, room.channel, users)
    chunks = [users[at : at + AT_ONCE] for at in range(0, len(users), AT_ONCE)]
    refused = {user: why for chunk in chunks for user, why in _invite(room, chunk).items()}
    not_there = [user for user, why in refused.items() if isinstance(why, SlackRefused)]
    room.deps.installations.forget_brought(room.workspace, room.channel, not_there)
    return refused


def _invite(room: Room, users: Sequence[str]) -> Refused:
    """All at once; one by one when Slack refuses all for the sake of some without a word about whom."""
    try:
        named = {"channel": room.channel, "users": ",".join(users)}
        said = room.slack.api.call("conversations.invite", **named, **({"force": True} if len(users) > 1 else {}))
    except SlackRefused as refused:
        if len(users) > 1 and refused.code in PERSONAL:
            return _one_by_one(users, lambda user: _invite(room, [user]))
        return {} if refused.code == "already_in_channel" else dict.fromkeys(users, refused)
    except ChatError as error:
        return dict.fromkeys(users, error)
    return _said_of_single_ones(said, users)


def _said_of_single_ones(said: Mapping[str, Json], users: Sequence[str]) -> Refused:
    errors = [one for one in said.get("errors") or () if isinstance(one, Mapping) and one.get("user") in users]
    return {
        str(one["user"]): SlackRefused("conversations.invite", str(one.get("error")))
        for one in errors
        if one.get("error") not in FINE
    }


def _put_out(room: Room, users: Sequence[str]) -> Refused:
    refused = _one_by_one(users, lambda user: _kick(room, user))
    gone = [user for user in users if user not in refused]
    room.deps.installations.forget_brought(room.workspace, room.channel, gone)
    return refused


def _kick(room: Room, user: str) -> Refused:
    try:
        room.slack.api.call("conversations.kick", channel=room.channel, user=user)
    except SlackRefused as refused:
        return {} if refused.code in FINE else {user: refused}
    except ChatError as error:
        return {user: error}
    return {}


def _one_by_one(users: Sequence[str], ask: Callable[[str], Refused]) -> Refused:
    """What is refused for all, or not answered, is not asked again for those that are left."""
    refused: Refused = {}
    for at, user in enumerate(users):
        answer = ask(user)
        refused |= answer
        why = answer.get(user)
        if why and not (isinstance(why, SlackRefused) and why.code in PERSONAL):
            return refused | dict.fromkeys(users[at:], why)
    return refused
