"""Pages of what a workspace has few of, in the order in which it was made."""

import re
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.stored import PageOf

NOT_OURS: Final = Problem("cursor", "is not one of this listing", "leave it out to begin again")
ID: Final = re.compile("[0-9A-Z]{26}")


class Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)


def page_by_id(found: Iterable[N], *, limit: int, cursor: str | None) -> PageOf[N]:
    """The oldest first; a cursor is the id of the last one told, whatever has become of it. Raises Invalid for one that
    is no id."""
    if cursor is not None and not ID.fullmatch(cursor):
        raise Invalid(NOT_OURS)
    rest = sorted((one for one in found if one.id > (cursor or "")), key=lambda one: one.id)
    return PageOf(tuple(rest[:limit]), rest[limit - 1].id if len(rest) > limit else None)
