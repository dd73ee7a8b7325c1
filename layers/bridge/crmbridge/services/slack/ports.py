"""What the use cases of Slack need from storage, beside what all need (`services/ports.py`)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from crmbridge.domain.installations import Card, Installation, SlackPerson
from crmbridge.domain.records import Json


class Installations(Protocol):
    """Slack, as a workspace has it."""

    def of_workspace(self, workspace: str) -> Installation | None: ...

    def of_team(self, team: str) -> Installation | None:
        """One team belongs to one workspace."""

    def save(self, installation: Installation) -> None:
        """Raises Clash for a team of another workspace, and for a workspace that has another team. What was set up
        stays as it is."""

    def set_up(self, workspace: str, **settings: Json) -> None:
        """What an admin says, each for itself: two who say different things at once are both heard."""

    def remove(self, installation: Installation) -> None: ...

    def person(self, workspace: str, user: str, now: datetime) -> SlackPerson | None:
        """A Slack user, as far as it was asked lately who they are."""

    def keep_person(self, workspace: str, user: str, person: SlackPerson, now: datetime) -> None: ...

    def brought(self, workspace: str, channel: str, users: Iterable[str]) -> set[str]:
        """Which of these users are in the channel because of us."""

    def note_brought(self, workspace: str, channel: str, users: Iterable[str]) -> None: ...

    def forget_brought(self, workspace: str, channel: str, users: Iterable[str]) -> None: ...

    def want_card(self, workspace: str, card: Card, now: datetime) -> None:
        """Remember where to show what becomes of an action; wanting it again changes nothing."""

    def card(self, workspace: str, action: str) -> Card | None: ...

    def posted(self, workspace: str, card: Card, channel: str, ts: str) -> None: ...

    def asked_by(self, workspace: str, user: str, limit: int) -> Sequence[str]:
        """Actions that a Slack user asked for, the newest first."""
