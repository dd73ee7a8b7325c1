"""People, channels and who is in them; membership follows what CRM Bridge wants, newest wish first."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class User:
    id: str
    name: str
    email: str


@dataclass(slots=True)
class Message:
    """`card` is whatever the poster wants drawn, buttons included; the simulator only keeps it."""

    id: str
    user: str
    text: str
    card: Json | None = None


@dataclass(slots=True)
class Channel:
    """`sequences` holds, per user, the newest wish that was applied; `reasons` why she is in."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    sequences: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    def wire(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "members": sorted(self.members),
            "sequences": self.sequences,
            "reasons": self.reasons,
            "messages": [asdict(message) for message in self.messages],
        }


@dataclass(slots=True)
class Rooms:
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    _message_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def channel(self, channel_id: str, name: str | None = None) -> Channel:
        """A channel that nobody made yet comes into being when it is first spoken of."""
        return self.channels.setdefault(channel_id, Channel(channel_id, name or channel_id))

    def user(self, wish: Mapping[str, Any]) -> User | None:
        """By id, else by e-mail, whatever its case."""
        if wish.get("user") in self.users:
            return self.users[str(wish["user"])]
        email = str(wish.get("email") or "").casefold()
        return next((user for user in self.users.values() if email and user.email.casefold() == email), None)

    def apply(self, wanted: Mapping[str, Any]) -> list[Json]:
        """Carry out `channel.members.wanted`; says for each member what came of it. Of a channel that the group owns,
        whoever is in and was not wanted in is put out."""
        channel = self.channel(str(wanted["channel"]))
        outcomes = [{**wish, "outcome": self._settle(channel, wish)} for wish in wanted["members"]]
        return outcomes + (_put_out_strangers(channel) if wanted.get("owns_channel") else [])

    def post(self, channel_id: str, user: str, text: str, card: Json | None) -> Message:
        message = Message(f"M{next(self._message_ids):06}", user, text, card)
        self.channel(channel_id).messages.append(message)
        return message

    def wire(self) -> Json:
        return {
            "users": [asdict(user) for user in self.users.values()],
            "channels": {channel.id: channel.wire() for channel in self.channels.values()},
        }

    def _settle(self, channel: Channel, wish: Mapping[str, Any]) -> str:
        """A wish that is not newer than the last one for the same person in the same channel is left alone."""
        user = self.user(wish)
        if user is None:
            return "unknown_user"
        if wish["wanted"] not in {"in", "out"}:
            raise ValueError(f"wanted is in or out, not {wish['wanted']!r}")
        sequence = int(wish["sequence"])
        if sequence <= channel.sequences.get(user.id, -1):
            return "stale"
        channel.sequences[user.id] = sequence
        if wish["wanted"] == "in":
            channel.members.add(user.id)
            channel.reasons[user.id] = str(wish.get("reason") or "")
            return "in"
        channel.members.discard(user.id)
        channel.reasons.pop(user.id, None)
        return "out"


def _put_out_strangers(channel: Channel) -> list[Json]:
    strangers = sorted(channel.members - channel.reasons.keys())
    channel.members.difference_update(strangers)
    return [{"user": user, "outcome": "put_out"} for user in strangers]


def seeded_rooms() -> Rooms:
    """People whose addresses the simulated CRMs know as owners, and one who is in no CRM."""
    rooms = Rooms()
    for domain, mark in (("nordlicht-example.test", "N"), ("brightwater-example.test", "B")):
        for name in ("Anna", "Ben", "Carla", "Dov"):
            user = User(f"U{mark}{name.upper()}", f"{name} ({domain.partition('-')[0]})", f"{name.lower()}@{domain}")
            rooms.users[user.id] = user
    rooms.users["UADMIN"] = User("UADMIN", "Ada Admin", "ada.admin@chat.test")
    for channel_id, name in (("C0GENERAL", "general"), ("C0DEALS", "big-deals"), ("C0SUPPORT", "support")):
        rooms.channel(channel_id, name)
    rooms.channels["C0GENERAL"].members |= set(rooms.users)
    return rooms
