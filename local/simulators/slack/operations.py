"""`POST /_sim/mutate`: what admins and other people do in a team, without the app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulators.simulator import BadCommand
from local.simulators.slack.messages import checked
from local.simulators.slack.oauth_api import end_install
from local.simulators.slack.options import scopes_from
from local.simulators.slack.team import Message, Team, User

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Order = Mapping[str, Any]
Json = dict[str, Any]


@dataclass(slots=True)
class Operations:
    """An order names its `op`; `team` defaults to the first."""

    place: "Workplace"
    _table: dict[str, Callable[[Team, Order], Json]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = {
            "add_user": _add_user, "update_user": _update_user, "add_channel": _add_channel,
            "archive_channel": _archive_channel, "add_member": self._add_member,
            "remove_member": self._remove_member, "post_message": _post_message,
            "revoke_token": self._revoke_token, "uninstall": self._uninstall, "set_scopes": self._set_scopes,
        }  # fmt: skip

    def carry_out(self, order: Order) -> Json:
        operation = self._table.get(str(order.get("op")))
        if operation is None:
            raise BadCommand(f"no operation {order.get('op')!r}; there are {', '.join(self._table)}")
        return {"op": order["op"], **operation(self.place.team(order.get("team")), order)}

    def _add_member(self, team: Team, order: Order) -> Json:
        channel = team.channels[str(order["channel"])]
        self.place.join(team, channel, team.member(order["user"]).id, inviter="")
        return {"members": sorted(channel.members)}

    def _remove_member(self, team: Team, order: Order) -> Json:
        channel = team.channels[str(order["channel"])]
        self.place.leave(team, channel, str(order["user"]))
        return {"members": sorted(channel.members)}

    def _revoke_token(self, team: Team, order: Order) -> Json:
        """One `token`; without it all of the team's, of which nobody tells."""
        ended = [each for each in self.place.tokens.of(team) if order.get("token") in (None, each.text)]
        for token in ended:
            token.revoked = True
        return {"revoked": len(ended)}

    def _uninstall(self, team: Team, _: Order) -> Json:
        end_install(self.place, team)
        return {"team": team.id}

    def _set_scopes(self, team: Team, order: Order) -> Json:
        """Of the bot's token; `scopes` by blanks or as a list."""
        wanted = order["scopes"]
        scopes = scopes_from(wanted if isinstance(wanted, str) else " ".join(wanted))
        for token in self.place.tokens.of(team):
            if token.is_bot:
                token.scopes = scopes
        return {"scopes": list(scopes)}


def _add_user(team: Team, order: Order) -> Json:
    """`guest`, `tz`, and `home`: the team of somebody from outside."""
    user_id = str(order.get("id") or team.next_id("U"))
    name = str(order.get("name", user_id))
    team.users[user_id] = User(user_id, name.split(" ", maxsplit=1)[0].lower(), name, str(order.get("email", "")),
                               guest=bool(order.get("guest")), home=str(order.get("home", "")),
                               zone=str(order.get("tz", "Europe/Berlin")))  # fmt: skip
    return {"id": user_id}


def _update_user(team: Team, order: Order) -> Json:
    """`name`, `email`, `deleted`: somebody who leaves is in no channel any more."""
    user = team.users[str(order["id"])]
    user.real_name = str(order.get("name", user.real_name))
    user.email = str(order.get("email", user.email))
    user.deleted = bool(order.get("deleted", user.deleted))
    for channel in team.channels.values() if user.deleted else ():
        channel.members.pop(user.id, None)
    return {"id": user.id}


def _add_channel(team: Team, order: Order) -> Json:
    """Its creator is the first of `members`, or the team's admin."""
    admin = next(each.id for each in team.users.values() if each.admin)
    members = [str(each) for each in order.get("members", [admin])]
    channel = team.new_channel(str(order.get("name", order.get("id", "room"))).lower(), creator=members[0],
                               private=bool(order.get("private")), channel_id=str(order.get("id", "")))  # fmt: skip
    channel.members |= dict.fromkeys(members)
    channel.shared = bool(order.get("shared"))
    return {"id": channel.id}


def _archive_channel(team: Team, order: Order) -> Json:
    channel = team.channels[str(order["channel"])]
    channel.archived = bool(order.get("archived", True))
    return {"id": channel.id}


def _post_message(team: Team, order: Order) -> Json:
    """As a person."""
    content = checked(team, str(order.get("text", "")), order.get("blocks"), None)
    thread = str(order.get("thread_ts", ""))
    message = Message(team.next_ts(), team.member(order["user"]).id, *content, thread_ts=thread)
    team.channels[str(order["channel"])].messages.append(message)
    return {"ts": message.ts}
