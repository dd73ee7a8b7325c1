"""Ring for everybody in a smart group of whom the chat app has not acknowledged the last word."""

from collections.abc import Iterator
from typing import Final

from crmbridge.domain.groups import Member
from crmbridge.services.deliver_members import ring_members
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches

PAGE: Final = 500


def ring_untold(deps: Deps, workspace: str, group: str) -> int:
    """Returns how many were rung for; ringing twice is harmless."""
    rung = 0
    for persons in batches(member.person for member in untold_members(deps, workspace, group)):
        ring_members(deps, workspace, group, persons)
        rung += len(persons)
    return rung


def untold_members(deps: Deps, workspace: str, group: str) -> Iterator[Member]:
    cursor = None
    while True:
        page = deps.memberships.members(workspace, group, limit=PAGE, cursor=cursor)
        yield from (member for member in page.items if member.sequence > member.delivered)
        if (cursor := page.cursor) is None:
            return
