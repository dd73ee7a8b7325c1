"""One team: its people, channels and messages, the app's install, open views and homes."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from local.simulators.clock import Clock
from local.simulators.slack.errors import SlackError

Json = dict[str, Any]
SINCE = 1_700_000_000


@dataclass(slots=True)
class User:
    id: str
    name: str
    real_name: str
    email: str = ""
    admin: bool = False
    bot: bool = False
    guest: bool = False
    deleted: bool = False
    home: str = ""
    zone: str = "Europe/Berlin"

    def wire(self, team: str, *, with_email: bool) -> Json:
        """`home` names the other team of a person from a shared channel; of such nobody learns the e-mail."""
        team = self.home or team
        profile: Json = {"real_name": self.real_name, "real_name_normalized": self.real_name, "team": team,
                         "display_name": self.name, "display_name_normalized": self.name, "status_text": "",
                         "image_48": f"https://avatars.test/{self.id}_48.png"}  # fmt: skip
        if with_email and self.email and not self.home:
            profile["email"] = self.email
        body: Json = {"id": self.id, "team_id": team, "name": self.name, "deleted": self.deleted, "profile": profile,
                      "is_bot": self.bot, "is_app_user": False, "updated": SINCE}  # fmt: skip
        if self.deleted:
            return body
        roles = {"is_admin": self.admin, "is_owner": False, "is_primary_owner": False, "is_restricted": self.guest,
                 "is_ultra_restricted": self.guest}  # fmt: skip
        offset = datetime.now(ZoneInfo(self.zone)).utcoffset() or timedelta()
        place = {"real_name": self.real_name, "tz": self.zone, "tz_label": self.zone, "color": "9f69e7",
                 "tz_offset": int(offset.total_seconds()), "is_email_confirmed": True}  # fmt: skip
        strange = {"is_stranger": True} if self.home else {}
        return body | roles | place | strange


@dataclass(slots=True)
class Message:
    """`visible_to` names the one person who sees an ephemeral message."""

    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    bot_id: str = ""
    thread_ts: str = ""
    visible_to: str = ""
    edited: str = ""
    metadata: Json | None = None
    unfurls: dict[str, Json] = field(default_factory=dict)

    def wire(self, team: str, app: str) -> Json:
        body: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": team}
        optional: Json = {"blocks": self.blocks, "attachments": self.attachments, "thread_ts": self.thread_ts,
                          "metadata": self.metadata}  # fmt: skip
        body |= {name: value for name, value in optional.items() if value}
        body |= {"bot_id": self.bot_id, "app_id": app} if self.bot_id else {}
        return body | ({"edited": {"user": self.user, "ts": self.edited}} if self.edited else {})

    def told(self) -> Json:
        kept = {"user": self.user, "text": self.text, "ts": self.ts, "blocks": self.blocks, "unfurls": self.unfurls}
        rest = {"attachments": self.attachments, "thread_ts": self.thread_ts, "visible_to": self.visible_to,
                "edited": self.edited, "bot_id": self.bot_id, "metadata": self.metadata}  # fmt: skip
        return kept | {name: value for name, value in rest.items() if value}


@dataclass(slots=True)
class Channel:
    """`kind` is public, private, im or mpim; `shared` with another company."""

    id: str
    name: str
    kind: str = "public"
    creator: str = ""
    archived: bool = False
    shared: bool = False
    members: dict[str, None] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    created: int = SINCE

    @property
    def is_direct(self) -> bool:
        return self.kind in {"im", "mpim"}

    def wire(self, team: str, viewer: str) -> Json:
        if self.kind == "im":
            other = next((each for each in self.members if each != viewer), viewer)
            return {"id": self.id, "created": self.created, "is_im": True, "is_org_shared": False, "user": other,
                    "is_user_deleted": False, "is_archived": self.archived, "context_team_id": team}  # fmt: skip
        words = {"value": "", "creator": "", "last_set": 0}
        return {
            "id": self.id, "name": self.name, "name_normalized": self.name, "is_channel": self.kind == "public",
            "is_group": self.kind == "private", "is_im": False, "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "public", "created": self.created, "is_archived": self.archived,
            "is_general": self.id.startswith("C0GENERAL"), "unlinked": 0, "is_shared": self.shared,
            "is_org_shared": False, "is_ext_shared": self.shared, "is_pending_ext_shared": False, "pending_shared": [],
            "context_team_id": team, "updated": self.created * 1000, "creator": self.creator,
            "is_member": viewer in self.members, "shared_team_ids": [team], "topic": words,
            "purpose": dict(words), "previous_names": [],
        }  # fmt: skip

    def told(self) -> Json:
        messages = [each.told() for each in self.messages]
        return {"id": self.id, "name": self.name, "kind": self.kind, "archived": self.archived, "shared": self.shared,
                "members": sorted(self.members), "messages": messages}  # fmt: skip


@dataclass(slots=True)
class Team:
    id: str
    name: str
    domain: str
    clock: Clock
    bot: str
    bot_id: str
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def channel(self, wanted: object, viewer: str) -> Channel:
        """By id, or by name with a hash; a private one exists only for its members."""
        text = str(wanted or "")
        found = self.channels.get(text) or next(
            (each for each in self.channels.values() if text.removeprefix("#") == each.name and each.name), None
        )
        if found is None or (found.kind != "public" and viewer not in found.members):
            raise SlackError("channel_not_found")
        return found

    def member(self, wanted: object) -> User:
        """Somebody who is still here."""
        user = self.users.get(str(wanted or ""))
        if user is None or user.deleted:
            raise SlackError("user_not_found")
        return user

    def by_email(self, email: str) -> User | None:
        found = (each for each in self.users.values() if each.email.casefold() == email.casefold() and email)
        return next((each for each in found if not (each.deleted or each.bot or each.home)), None)

    def open_direct(self, people: list[str]) -> tuple[Channel, bool]:
        """The conversation of exactly these people, and whether it was there already."""
        held = next(
            (each for each in self.channels.values() if each.is_direct and set(each.members) == set(people)), None
        )
        if held:
            return held, True
        kind = "im" if len(people) <= 2 else "mpim"
        number = next(self._numbers)
        channel = Channel(
            f"{'D' if kind == 'im' else 'G'}0SIM{number:05}", "", kind, self.bot, members=dict.fromkeys(people)
        )
        if kind == "mpim":
            channel.name = f"mpdm-{'--'.join(sorted(people)).lower()}-1"
        self.channels[channel.id] = channel
        return channel, False

    def new_channel(self, name: str, *, private: bool, creator: str, channel_id: str = "") -> Channel:
        channel_id = channel_id or f"C0SIM{next(self._numbers):05}"
        channel = Channel(channel_id, name, "private" if private else "public", creator,
                          created=int(self.clock.now()))  # fmt: skip
        channel.members[creator] = None
        self.channels[channel_id] = channel
        return channel

    def next_ts(self) -> str:
        """Seconds and a count: unique in the team, and in order."""
        return f"{int(self.clock.now())}.{next(self._numbers) % 1_000_000:06}"

    def next_id(self, prefix: str) -> str:
        return f"{prefix}0SIM{next(self._numbers):06}"
