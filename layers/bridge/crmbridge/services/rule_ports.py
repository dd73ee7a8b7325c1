"""What rules need from the world; `ports` has the rest."""

from __future__ import annotations  # as in `ports`

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from crmbridge.domain.changes import RecordMoved
    from crmbridge.domain.occasions import ChatMessage, Occasion
    from crmbridge.domain.records import RecordKey
    from crmbridge.domain.rules import Firing, Rule
    from crmbridge.domain.stored import PageOf


class Rules(Protocol):
    def get(self, workspace: str, id: str) -> Rule: ...

    def version(self, workspace: str) -> int:
        """Of the list of all rules; 0 while there are none."""

    def listening(self, workspace: str) -> Collection[str]:
        """The kinds of records of which a rule wants to hear, and `message`. One read."""

    def snapshot(self, workspace: str) -> tuple[int, Sequence[Rule]]:
        """All rules with the version of the list, which rises with every edit of any of them."""

    def add(self, rule: Rule, cap: int) -> None:
        """Raises Clash when the workspace has `cap` rules."""

    def save(self, rule: Rule) -> Rule:
        """Conditional on `version`; raises Stale. What a rule listens to never changes."""

    def delete(self, rule: Rule) -> None: ...


class Occasions(Protocol):
    """What happened and no rule was asked about yet: rows, so that no message is the only copy of what was true before.
    Each is settled once, and stays known as settled for longer than any message lives."""

    def note(self, moved: Sequence[RecordMoved], now: datetime) -> Sequence[str]:
        """Changes that were written; returns their ids. Noting one again changes nothing."""

    def hear(self, workspace: str, message: ChatMessage, now: datetime) -> str:
        """The same for a message."""

    def get(self, workspace: str, id: str) -> Occasion | None:
        """None, too, for what is settled."""

    def begin(self, workspace: str, id: str, rule: str) -> None:
        """The rule is about to act because of it: whoever comes after a crash ends what was begun."""

    def settle(self, workspace: str, id: str, now: datetime) -> None: ...

    def due(self, now: datetime) -> Sequence[tuple[str, str]]:
        """(workspace, id) of those nobody has settled though there was time enough."""

    def postpone(self, workspace: str, id: str, now: datetime) -> None:
        """Not due again for as long as it has waited."""


class Firings(Protocol):
    def claim(self, firing: Firing) -> tuple[Firing, bool]:
        """Put if new. (the firing, True), or (the one that is there, False)."""

    def get(self, workspace: str, id: str) -> Firing | None: ...

    def save(self, firing: Firing) -> None: ...

    def of_rule(self, workspace: str, rule: str, *, limit: int, cursor: str | None) -> PageOf[Firing]:
        """The newest first."""

    def count(self, workspace: str, rule: str, record: RecordKey | None, now: datetime) -> tuple[int, int]:
        """One more for the rule in this hour, and because of the record in its period: how many that makes."""
