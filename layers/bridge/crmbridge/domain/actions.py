"""One write somebody asked for, and the receipt it ends in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from crmbridge.domain.records import Json, Kind, instant_text


class ActionStatus(StrEnum):
    """`sending`: a request may be on its way; found in this status, the outcome is unknown until it is looked up.

    `waiting`: quota, back-off or reconnect, until `next_attempt_at`. `uncertain`: nobody can tell; a person decides.
    """

    PENDING = "pending"
    SENDING = "sending"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


FINAL: Final = frozenset({ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.UNCERTAIN,
                          ActionStatus.SUPERSEDED, ActionStatus.CANCELLED})  # fmt: skip


MAX_HISTORY: Final = 50


@dataclass(frozen=True, slots=True)
class ActionType:
    """What a chat app may ask for. `creates`: there is no record yet; otherwise `target` names one."""

    name: str
    kind: Kind
    creates: bool
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """At least one of these must be given."""
    sets: Mapping[str, Json] = field(default_factory=dict)
    """Fields the type itself decides (a logged call is an activity of type call)."""


_TOLD: Final = ("subject", "body", "outcome")

ACTION_TYPES: Final[Mapping[str, ActionType]] = {
    entry.name: entry
    for entry in (
        ActionType("create_task", Kind.TASK, creates=True, required=("subject",)),
        ActionType("update_task", Kind.TASK, creates=False),
        ActionType("create_deal", Kind.DEAL, creates=True, required=("name",)),
        ActionType("update_deal", Kind.DEAL, creates=False),
        ActionType("log_call", Kind.ACTIVITY, creates=True, one_of=_TOLD, sets={"type": "call"}),
        ActionType("log_meeting", Kind.ACTIVITY, creates=True, one_of=_TOLD, sets={"type": "meeting"}),
        ActionType("create_note", Kind.ACTIVITY, creates=True, required=("body",), sets={"type": "note"}),
        ActionType("update_activity", Kind.ACTIVITY, creates=False),
        ActionType("create_contact", Kind.CONTACT, creates=True, one_of=("email", "last_name", "first_name", "phone")),
        ActionType("update_contact", Kind.CONTACT, creates=False),
        ActionType("create_company", Kind.COMPANY, creates=True, one_of=("name", "domain")),
        ActionType("update_company", Kind.COMPANY, creates=False),
    )
}


@dataclass(frozen=True, slots=True)
class Target:
    """A record named by a caller: the one to change, or one to associate with."""

    object: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of an action. `linked`: the object existed already and was linked, not overwritten. `twins`: what one
    request too many has made beside it, seen afterwards: to be deleted by a person."""

    object: str
    external_id: str
    url: str = ""
    linked: bool = False
    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)
    completed_at: datetime
    attempts: int
    twins: tuple["Twin", ...] = ()


@dataclass(frozen=True, slots=True)
class Twin(Target):
    """A second object that the CRM holds for one action."""

    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The item is the claim. `fields` are of our words, `custom_fields` under remote keys; `links` to associate with.

    `undoes` is the id of the update that this one takes back, and `only_if` what the CRM must still have then;
    `key` travels with the write so that the CRM can give it back; `sequence` orders updates of one record; `before` is
    what an update was decided on; `unanswered` counts requests that may have been done, or may be yet, without our
    hearing of it, the last of them until `may_land_until`, and `doubts` those of them that count against sending once
    more; `retried` the times a person decided about it; `found` is what it became, by a person's word; `history` holds
    (status, ISO instant, note).
    """

    id: str
    workspace: str
    connection: str
    type: str
    fields: Mapping[str, Json]
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    target: Target | None = None
    links: tuple[Target, ...] = ()
    before: Mapping[str, Json] = field(default_factory=dict)
    requested_by: str
    chat: str = ""
    message: str = ""
    body_hash: str
    key: str
    sequence: int = 0
    status: ActionStatus = ActionStatus.PENDING
    created_at: datetime
    attempts: int = 0
    unanswered: int = 0
    may_land_until: datetime | None = None
    doubts: int = 0
    retried: int = 0
    found: Target | None = None
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    error: Mapping[str, Json] | None = None
    receipt: Receipt | None = None
    cause_rule: str | None = None
    hops: int = 0
    undoes: str = ""
    only_if: Mapping[str, Json] = field(default_factory=dict)
    history: tuple[tuple[str, str, str], ...] = ()
    version: int = 0

    @property
    def changes(self) -> tuple[str, ...]:
        """The fields that are written, ours and the CRM's own told apart."""
        return (*self.fields, *(f"custom#{name}" for name in self.custom_fields))

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_watched(self) -> bool:
        """It has ended, and is looked at again: what was unanswered may have landed since."""
        return self.is_final and self.next_attempt_at is not None

    def accounted(self) -> "Action":
        """The same when it is known what became of one of its requests."""
        return replace(self, unanswered=max(0, self.unanswered - 1), doubts=max(0, self.doubts - 1))

    def moved(self, status: ActionStatus, now: datetime, note: str = "", **changes: Any) -> "Action":
        """The same action in another status, without a lease or a next attempt unless they are given."""
        history = (*self.history[-MAX_HISTORY:], (str(status), instant_text(now), note))
        waits: dict[str, Any] = {"lease_until": None, "next_attempt_at": None}
        return replace(self, **{**waits, **changes}, status=status, history=history)


def action_id(workspace: str, caller: str, idempotency_key: str) -> str:
    """The same caller with the same key means the same action."""
    return sha256("\0".join((workspace, caller, idempotency_key)).encode()).hexdigest()[:32]
