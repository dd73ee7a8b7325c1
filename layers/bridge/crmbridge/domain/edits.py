"""Edits of one record's fields: what is under way, and what came to nothing a short while ago."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus
from crmbridge.domain.inputs import plain
from crmbridge.domain.records import Json, Record

SHOWN_FOR: Final = timedelta(hours=1)
"""How long a field says why its last edit came to nothing."""

_DONE: Final = ActionStatus.COMPLETED
_CAME_TO_NOTHING: Final = (ActionStatus.FAILED, ActionStatus.UNCERTAIN, ActionStatus.SUPERSEDED)

Name = tuple[str, bool]
"""(a field's name, whether it is a custom one, by the CRM's own name)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What somebody wants one field to be. `status` is that of the action; `at` when it was asked for, or ended."""

    name: str
    is_custom: bool
    value: Json
    action: str
    status: ActionStatus
    by: str
    at: datetime
    reason: str = ""
    next_step: str = ""

    @property
    def key(self) -> Name:
        return self.name, self.is_custom


@dataclass(frozen=True, slots=True)
class Edits:
    """Per field: the edit that is `pending`, and the one that was `refused`: the CRM's value has returned."""

    pending: Mapping[Name, Edit] = field(default_factory=dict)
    refused: Mapping[Name, Edit] = field(default_factory=dict)


def edits_of(record: Record, read_at: datetime, actions: Sequence[Action], now: datetime) -> Edits:
    """What `actions` have to say of the record, the last asked for first.

    A done edit is pending still while the record was last read before it was done: the read-back was not answered.
    """
    pending: dict[Name, Edit] = {}
    refused: dict[Name, Edit] = {}
    decided: set[Name] = set()
    updates = [action for action in actions if not ACTION_TYPES[action.type].creates]
    for action in sorted(updates, key=lambda action: action.sequence, reverse=True):
        for edit in _edits(action):
            if edit.key in decided:
                continue
            if not action.is_final or _is_unread(edit, record, read_at, now):
                pending[edit.key] = edit
            elif edit.status in _CAME_TO_NOTHING and now - edit.at < SHOWN_FOR:
                refused.setdefault(edit.key, edit)
            decided |= {edit.key} if edit.status not in (*_CAME_TO_NOTHING, ActionStatus.CANCELLED) else set()
    return Edits(pending, refused)


def _edits(action: Action) -> Iterator[Edit]:
    done = action.receipt.after if action.receipt else {}
    for is_custom, asked in ((False, action.fields), (True, action.custom_fields)):
        for name, value in asked.items():
            yield Edit(
                name=name,
                is_custom=is_custom,
                value=done.get(name, value),
                action=action.id,
                status=action.status,
                by=action.requested_by,
                at=_ended_at(action) if action.is_final else action.created_at,
                reason=_reason(action, name),
                next_step=str((action.error or {}).get("next_step") or ""),
            )


def _reason(action: Action, name: str) -> str:
    """What the CRM said of this very field, else of those for which it took none, or of the whole."""
    error = action.error or {}
    refused = error.get("fields") or {}
    if name not in refused and refused:
        return "not written either: " + "; ".join(f"{other}: {why}" for other, why in refused.items())
    return str(refused.get(name) or error.get("message") or "")


def _ended_at(action: Action) -> datetime:
    return datetime.fromisoformat(action.history[-1][1]) if action.history else action.created_at


def _is_unread(edit: Edit, record: Record, read_at: datetime, now: datetime) -> bool:
    held = record.custom_fields if edit.is_custom else record.fields
    is_news = edit.status is _DONE and plain(held.get(edit.name)) != edit.value
    known_at = max(read_at, record.remote_updated_at or read_at)
    return is_news and known_at < edit.at and now - edit.at < SHOWN_FOR
