"""Pipedrive's enumerations and ours, once per pair; reading goes one way and writing the other."""

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.domain.records import Kind

TASK: Final = "task"
ACTIVITY_TYPES: Final = frozenset({"call", "meeting", "email", "lunch", "deadline"})
"""The types that every account has beside `task`. One that the customer made reads as `other`."""

DEAL_STATUSES: Final[Mapping[str, tuple[bool, bool]]] = {
    "open": (False, False), "won": (True, True), "lost": (True, False), "deleted": (False, False),
}  # fmt: skip
"""(closed, won). A lost deal keeps the stage it was lost in, so that the stage tells nothing of it."""
OPEN: Final = "open"
WON: Final = "won"

NEXT_BEST: Final[Mapping[str, str]] = {"urgent": "high"}
"""Written, where the account has no priority of that name: by default it has three."""

DONE: Final = "completed"
NOT_DONE: Final = "not_started"
PLANNED: Final = "scheduled"


def activity_kind(raw: Any) -> Kind:
    """A task is a to-do and nothing else; a call or a meeting is an activity even before it has taken place."""
    type = raw.get("type") if isinstance(raw, Mapping) else None
    return Kind.TASK if type in (TASK, None) else Kind.ACTIVITY
