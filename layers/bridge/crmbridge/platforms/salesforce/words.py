"""Salesforce's enumerations and ours, once per pair; `reading` reads them and `outgoing` writes them.

Every picklist can be changed by the customer, so a word that is not here is kept as it is, and is not odd."""

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {
    "Not Started": "not_started", "In Progress": "in_progress", "Waiting on someone else": "waiting",
    "Completed": "completed", "Deferred": "deferred",
}  # fmt: skip

PRIORITIES: Final[Mapping[str, str]] = {"Low": "low", "Normal": "medium", "High": "high"}
HIGHEST: Final[Mapping[str, str]] = {"urgent": "High"}
"""Written, where the org has made no priority of that name."""

DIRECTIONS: Final[Mapping[str, str]] = {"Inbound": "inbound", "Outbound": "outbound", "Internal": "internal"}

LEAD_STAGES: Final = frozenset({"subscriber", "lead", "marketing_qualified", "sales_qualified"})
"""Somebody at one of these stages is a lead; later ones are contacts."""
