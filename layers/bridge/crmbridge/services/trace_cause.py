"""Whose doing a change was: what a CRM tells of our own writes, before we have read them back, is an echo of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.errors import NotFound
from crmbridge.domain.inputs import plain
from crmbridge.domain.occasions import RecordChange
from crmbridge.domain.records import Record
from crmbridge.services.find_linked import Sources

LOOKED_AT: Final = 25
"""So many of a record's newest actions; older ones have long ended."""
ECHOES_FOR: Final = timedelta(minutes=10)
"""A CRM may tell of a write so long after it was done."""
_WITHOUT_EFFECT: Final = (ActionStatus.CANCELLED, ActionStatus.SUPERSEDED, ActionStatus.FAILED)


def trace_cause(sources: Sources, change: RecordChange, at: datetime) -> Cause:
    """The cause that the record was written with, or that of the action whose echo it is."""
    cause = change.after.cause
    if cause.origin is Origin.OWN:
        return cause
    action = _made_by(sources, change) if change.before is None else _updated_by(sources, change, at)
    return Cause(Origin.OWN, action.id, action.cause_rule, action.hops) if action else cause


def _made_by(sources: Sources, change: RecordChange) -> Action | None:
    """By the key that our creates carry, where the CRM keeps it in a field."""
    record = change.after.record
    directories = sources.directories(change.key.connection)
    fields = directories.fields.get(record.object, {}).values() if directories else ()
    for key in (record.custom_fields.get(field.key) for field in fields if field.is_ours):
        if isinstance(key, str) and key:
            try:
                return sources.deps.actions.get(change.key.workspace, key)
            except NotFound:
                return None
    return None


def _updated_by(sources: Sources, change: RecordChange, at: datetime) -> Action | None:
    updates = (action for action in sources.deps.actions.of_record(change.key, limit=LOOKED_AT) if action.target)
    return next((action for action in updates if _is_under_way(action, at) and _is_echoed(action, change)), None)


def _is_under_way(action: Action, at: datetime) -> bool:
    if action.status in _WITHOUT_EFFECT or action.created_at > at:
        return False
    return action.receipt is None or at - action.receipt.completed_at < ECHOES_FOR


def _is_echoed(action: Action, change: RecordChange) -> bool:
    """What was asked for has come, where there was something else before."""
    before = change.before.record if change.before else None
    done = action.receipt.after if action.receipt else {}
    return any(
        now in (asked, done.get(name, asked)) and (before is None or then != now)
        for name, asked, now, then in _sides(action, change.after.record, before)
    )


def _sides(action: Action, now: Record, before: Record | None) -> Iterator[tuple[str, object, object, object]]:
    for name, asked in action.fields.items():
        yield name, asked, plain(now.get(name)), plain(before.get(name)) if before else None
    for name, asked in action.custom_fields.items():
        held = before.custom_fields.get(name) if before else None
        yield name, asked, plain(now.custom_fields.get(name)), plain(held)
