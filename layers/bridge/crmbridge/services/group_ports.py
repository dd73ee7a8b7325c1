"""What smart groups need from the world; `ports` has the rest."""

from __future__ import annotations  # as in `ports`

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from crmbridge.domain.groups import Group, Held, Member, Moved, Override, Support
    from crmbridge.domain.records import RecordKey
    from crmbridge.domain.removals import Removals
    from crmbridge.domain.stored import PageOf


class Groups(Protocol):
    def get(self, workspace: str, id: str) -> Group: ...

    def version(self, workspace: str) -> int:
        """Of the list of all groups; 0 while there are none."""

    def snapshot(self, workspace: str) -> tuple[int, Sequence[Group]]:
        """All groups with the version of the list, which rises with every edit of any of them."""

    def add(self, group: Group, cap: int) -> None:
        """Raises Clash when the workspace has `cap` groups."""

    def save(self, group: Group) -> Group:
        """Conditional on `version`; raises Stale."""

    def delete(self, group: Group) -> None: ...


class Memberships(Protocol):
    """Who is wanted in which group, and why. Read `held` first, then everything the decision looks at, then settle:
    the version in `Held` makes a decision on older facts lose."""

    def held(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, Held]:
        """What records support now, consistently; records that never supported anybody are missing."""

    def settle(self, key: RecordKey, held: Held, *, groups_version: int, wanted: Sequence[Support]) -> None:
        """Make the record's supports exactly `wanted`, and mark every (group, person) that comes or goes as dirty.

        Atomic in chunks of a transaction, each moving `held` on, so that a crash between two leaves no support
        that the record's own list does not name. Raises Stale when `held` is no longer what is stored, or when the
        stored list was decided with a higher `groups_version`."""

    def wake(self, key: RecordKey, at: datetime | None, now: datetime) -> None:
        """Have the record wait to be looked at again; None: no more. Only instead of a moment that has come by `now`,
        or of a later one."""

    def due_wakings(self, workspace: str, now: datetime, limit: int) -> Sequence[RecordKey]:
        """Records whose moment has come, until they are looked at: `wake` says until when they wait next."""

    def member(self, workspace: str, group: str, person: str) -> Member: ...

    def supports(self, workspace: str, group: str, person: str) -> Sequence[Support]:
        """Consistently; empty means that nothing keeps this person in."""

    def decide(
        self,
        workspace: str,
        member: Member,
        *,
        wanted: str,
        user: str | None,
        supports: int,
        now: datetime,
        reason: str = "",
    ) -> Member:
        """Store the wanted state (sequence + 1, and a line of history, when it changed) and settle the dirt that
        `member` showed. Raises Stale when it was marked again meanwhile."""

    def set_override(self, workspace: str, group: str, person: str, override: Override, by: str, at: datetime) -> None:
        """From now on the rules decide no more about this person; replaces what was said before."""

    def lift_override(self, workspace: str, group: str, person: str, override: Override) -> None:
        """Changes nothing when another override, or none, is there."""

    def overrides(self, workspace: str, group: str) -> Mapping[str, Override]: ...

    def removals(self, workspace: str, group: str) -> Removals: ...

    def save_removals(self, workspace: str, group: str, removals: Removals) -> None:
        """Conditional on `version`; raises Stale."""

    def delivered(self, workspace: str, members: Sequence[Member]) -> None:
        """The chat app has acknowledged these sequences."""

    def postpone(self, workspace: str, member: Member, next_attempt_at: datetime) -> None: ...

    def due(self, now: datetime) -> Sequence[tuple[str, str, str]]:
        """(workspace, group, person) of rows still dirty or undelivered whose time has come."""

    def members(self, workspace: str, group: str, *, limit: int, cursor: str | None) -> PageOf[Member]: ...

    def history(
        self, workspace: str, group: str, person: str | None, *, limit: int, cursor: str | None
    ) -> PageOf[Moved]:
        """Of one person or of everybody, the newest first."""

    def groups_of(self, workspace: str, person: str) -> Sequence[str]:
        """Ids of all groups that have ever had a row for this person, deleted ones among them; consistently."""

    def left_out(self, workspace: str, group: str, *, limit: int, cursor: str | None) -> PageOf[Support]:
        """Contacts and owners of matching records who bring nobody."""

    def group_supports(self, workspace: str, group: str) -> Iterator[Support]:
        """Everything that keeps anybody in the group, person by person."""

    def forget_group(self, workspace: str, group: str) -> Sequence[RecordKey]:
        """Every record that supports somebody in the group, so that each can be settled anew."""
