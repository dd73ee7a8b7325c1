"""Slack, as a workspace has it: the installation, people we know there, whom we brought in, cards of actions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from crmbridge.domain.errors import Clash
from crmbridge.domain.installations import Card, Installation, SlackPerson
from crmbridge.domain.records import Json, instant_text
from crmbridge.storage.codec import decode, from_json, to_json
from crmbridge.storage.items import EXPIRES, NEW, Items, Key, Write, absent, equals, query_all
from crmbridge.storage.keys import part

PERSON_KEPT: Final = timedelta(days=1)
"""Who left a team, or has another address, is known again after this."""
SETTINGS: Final = ("shows_amounts", "writers")
CARD_KEPT: Final = timedelta(days=90)
"""As long as receipts can be read."""


class InstallationStore:
    """A team is claimed by one item, `!slack#team`: no workspace's name begins like this, and reading it is consistent,
    as an index would not be."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def of_workspace(self, workspace: str) -> Installation | None:
        key, settings = _installation_key(workspace), _settings_key(workspace)
        rows = self._items.get_many([key, settings])
        if key not in rows:
            return None
        known = {name: value for name, value in rows.get(settings, {}).items() if name in SETTINGS}
        return decode(Installation, {**orjson.loads(rows[key]["installation"]), **known})

    def of_team(self, team: str) -> Installation | None:
        """None, too, when the workspace has another team by now."""
        row = self._items.get(*_team_key(team))
        found = self.of_workspace(row["workspace"]) if row else None
        return found if found and found.team == team else None

    def save(self, installation: Installation) -> None:
        """Raises Clash for a team of another workspace, and for a workspace that has another team. What was set up
        stays as it is."""
        workspace, team = installation.workspace, installation.team
        pk, sk = key = _installation_key(workspace)
        theirs, place = _team_key(team)
        claim = {"pk": theirs, "sk": place, "workspace": workspace}
        row = {"pk": pk, "sk": sk, "team": team, "installation": to_json(installation)}
        refused = self._items.write_all(
            [
                Write(key=_team_key(team), put=claim, when=absent("workspace") | equals("workspace", workspace)),
                Write(key=key, put=row, when=absent("team") | equals("team", team)),
            ]
        )
        if 0 in refused:
            raise Clash(f"the Slack team {installation.team_name} belongs to another workspace: remove it there")
        if refused:
            raise Clash("this workspace has another Slack team: remove that one first")

    def set_up(self, workspace: str, **settings: Json) -> None:
        """What an admin says, each for itself: two who say different things at once are both heard."""
        self._items.update(_settings_key(workspace), set=settings)

    def remove(self, installation: Installation) -> None:
        """People of that team and what was brought are forgotten, too; cards expire by themselves."""
        self._items.delete(*_team_key(installation.team), equals("workspace", installation.workspace))
        self._items.delete(*_installation_key(installation.workspace), equals("team", installation.team))
        self._items.delete(*_settings_key(installation.workspace))
        for pk in (_people(installation.workspace), _brought(installation.workspace)):
            self._items.delete_many([(row["pk"], row["sk"]) for row in query_all(self._items, pk)])

    def person(self, workspace: str, user: str, now: datetime) -> SlackPerson | None:
        """A Slack user, as far as it was asked lately who they are."""
        row = self._items.get(_people(workspace), part(user))
        return from_json(SlackPerson, row["person"]) if row and row[EXPIRES] > now.timestamp() else None

    def keep_person(self, workspace: str, user: str, person: SlackPerson, now: datetime) -> None:
        expires = int((now + PERSON_KEPT).timestamp())
        self._items.put({"pk": _people(workspace), "sk": part(user), "person": to_json(person), EXPIRES: expires})

    def brought(self, workspace: str, channel: str, users: Iterable[str]) -> set[str]:
        """Which of these users are in the channel because of us."""
        keys = {_brought_key(workspace, channel, user): user for user in users}
        return {keys[key] for key in self._items.get_many(keys)}

    def note_brought(self, workspace: str, channel: str, users: Iterable[str]) -> None:
        keys = [_brought_key(workspace, channel, user) for user in users]
        self._items.put_many({"pk": pk, "sk": sk} for pk, sk in keys)

    def forget_brought(self, workspace: str, channel: str, users: Iterable[str]) -> None:
        self._items.delete_many([_brought_key(workspace, channel, user) for user in users])

    def want_card(self, workspace: str, card: Card, now: datetime) -> None:
        """Remember where to show what becomes of an action; wanting it again changes nothing."""
        (pk, sk), expires = _card_key(workspace, card.action), int((now + CARD_KEPT).timestamp())
        if self._items.put({"pk": pk, "sk": sk, "card": to_json(card), EXPIRES: expires}, NEW):
            row = {"pk": _asked(workspace, card.user), "sk": f"{instant_text(now)}#{card.action}"}
            self._items.put({**row, "action": card.action, EXPIRES: expires})

    def card(self, workspace: str, action: str) -> Card | None:
        row = self._items.get(*_card_key(workspace, action))
        return from_json(Card, row["card"]) if row else None

    def posted(self, workspace: str, card: Card, channel: str, ts: str) -> None:
        shown = replace(card, channel=channel, ts=ts)
        self._items.update(_card_key(workspace, card.action), set={"card": to_json(shown)})

    def asked_by(self, workspace: str, user: str, limit: int) -> Sequence[str]:
        """Actions that a Slack user asked for, the newest first."""
        page = self._items.query(_asked(workspace, user), limit=limit, reverse=True)
        return [str(row["action"]) for row in page.items]


def _installation_key(workspace: str) -> Key:
    return f"{workspace}#slack", "installation"


def _settings_key(workspace: str) -> Key:
    return f"{workspace}#slack", "settings"


def _team_key(team: str) -> Key:
    return f"!slack#{part(team)}", "team"


def _people(workspace: str) -> str:
    return f"{workspace}#slack-people"


def _brought(workspace: str) -> str:
    return f"{workspace}#slack-brought"


def _brought_key(workspace: str, channel: str, user: str) -> Key:
    return _brought(workspace), f"{part(channel)}#{part(user)}"


def _card_key(workspace: str, action: str) -> Key:
    return f"{workspace}#slack-cards", part(action)


def _asked(workspace: str, user: str) -> str:
    return f"{workspace}#slack-asked#{part(user)}"
