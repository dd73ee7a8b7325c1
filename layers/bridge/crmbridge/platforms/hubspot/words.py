"""HubSpot's enumerations and ours, once per pair; `deriving` reads them and `outgoing` writes them."""

from collections.abc import Mapping
from typing import Final

LIFECYCLES: Final[Mapping[str, str]] = {
    "subscriber": "subscriber", "lead": "lead", "marketingqualifiedlead": "marketing_qualified",
    "salesqualifiedlead": "sales_qualified", "opportunity": "opportunity", "customer": "customer",
    "evangelist": "evangelist", "other": "other",
}  # fmt: skip
"""A stage that the customer made has a numeric id, and is `other`; `lifecycle_raw` keeps which."""

STATUSES: Final[Mapping[str, str | None]] = {
    "NOT_STARTED": "not_started", "IN_PROGRESS": "in_progress", "WAITING": "waiting", "COMPLETED": "completed",
    "DEFERRED": "deferred",
}  # fmt: skip

PRIORITIES: Final[Mapping[str, str | None]] = {"NONE": None, "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
HIGHEST: Final[Mapping[str, str]] = {"urgent": "HIGH"}
"""There is no `urgent` at HubSpot: written, it is the highest there is."""

TASK_TYPES: Final[Mapping[str, str | None]] = {"TODO": "task", "CALL": "call", "EMAIL": "email"}
TO_DOS: Final[Mapping[str, str]] = {"meeting": "TODO", "lunch": "TODO", "deadline": "TODO"}
"""What is no type of task at HubSpot, unless the account has made one of that name, is something to do."""

CALL_DIRECTIONS: Final[Mapping[str, str | None]] = {"INBOUND": "inbound", "OUTBOUND": "outbound"}
EMAIL_DIRECTIONS: Final[Mapping[str, str | None]] = {
    "EMAIL": "outbound", "INCOMING_EMAIL": "inbound", "FORWARDED_EMAIL": "forwarded",
}  # fmt: skip
DIRECTIONS: Final[Mapping[str, str | None]] = {**CALL_DIRECTIONS, **EMAIL_DIRECTIONS}

CALL_STATUSES: Final = frozenset({
    "BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS", "NO_ANSWER", "QUEUED",
    "RINGING",
})  # fmt: skip

ACTIVITY_TYPES: Final[Mapping[str, str]] = {"calls": "call", "notes": "note", "meetings": "meeting", "emails": "email"}
