"""The guard of a channel: when so many people would leave at once that somebody must look first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.groups import Group, Member

SETTLING: Final = timedelta(minutes=10)
FEW: Final = 3
"""So many may always leave, whatever share of a small channel they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """Who was let go within the settling period that `began`, of `size` people who were in then.

    `held_since`: since then nobody leaves until somebody approves. What was decided until `approved_at` may go."""

    began: datetime | None = None
    size: int = 0
    let_go: tuple[str, ...] = ()
    held_since: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str = ""
    version: int = 0

    def is_over(self, now: datetime) -> bool:
        return self.began is None or now >= self.began + SETTLING

    def unapproved(self, leaving: Sequence[Member]) -> list[str]:
        """Who has neither been let go before nor been approved of."""
        return [one.person for one in leaving if one.person not in self.let_go and not self.approves(one)]

    def approves(self, member: Member) -> bool:
        return member.since is not None and self.approved_at is not None and member.since <= self.approved_at

    def with_more(self, persons: Collection[str]) -> "Removals":
        return replace(self, let_go=tuple(dict.fromkeys((*self.let_go, *persons))))


def are_too_many(group: Group, leaving: int, size: int) -> bool:
    """More people than the group's limit; or more than its share of the channel, unless they are few."""
    return leaving > group.hold_people or (leaving > FEW and leaving * 100 > group.hold_percent * size)
