"""Zoho's picklists and ours, once per pair; reading goes one way and writing the other.

Every picklist can be changed by the customer, so a word that is not here is kept as it is, and is not odd."""

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {
    "Not Started": "not_started", "In Progress": "in_progress", "Waiting on someone else": "waiting",
    "Waiting for input": "waiting", "Waiting for Input": "waiting", "Completed": "completed", "Deferred": "deferred",
}  # fmt: skip
PRIORITIES: Final[Mapping[str, str]] = {
    "Highest": "urgent", "High": "high", "Normal": "medium", "Low": "low", "Lowest": "low",
}  # fmt: skip
DIRECTIONS: Final[Mapping[str, str]] = {"Outbound": "outbound", "Inbound": "inbound", "Missed": "inbound"}

LEAD_STAGES: Final = frozenset({"subscriber", "lead", "marketing_qualified", "sales_qualified"})
"""Somebody at one of these stages is a lead; later ones are contacts."""

WON: Final = "Closed Won"
CLOSED: Final = frozenset({WON, "Closed Lost"})
"""Of a stage's `forecast_type`; all others are open."""


def backwards(words: Mapping[str, str]) -> dict[str, str]:
    """Ours -> theirs; the first of several."""
    return {ours: theirs for theirs, ours in reversed(list(words.items()))}
