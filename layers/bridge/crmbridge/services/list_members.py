"""All members of a smart group, page by page."""

from collections.abc import Iterator
from typing import Final

from crmbridge.domain.groups import Member
from crmbridge.services.ports import Deps

PAGE: Final = 500


def all_members(deps: Deps, workspace: str, group: str) -> Iterator[Member]:
    cursor = None
    while True:
        page = deps.memberships.members(workspace, group, limit=PAGE, cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return


def is_waiting_to_leave(member: Member) -> bool:
    """The chat app has not heard yet that they are out; nobody excluded them by hand."""
    return member.wanted == "out" and member.sequence > member.delivered and member.override is None
