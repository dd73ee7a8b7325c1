"""Take an update back while the CRM still has what we wrote. An undo is an action like any other, asked for once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus, Receipt, action_id
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, NotFound
from crmbridge.domain.inputs import plain
from crmbridge.domain.records import Json, Record, read_started_at
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import own_action
from crmbridge.services.request_action import check_writer, draft_action, record_key, ring_action

UNDOER: Final = "\0undo"
"""Stands where a caller stands in an id, so that two people who undo the same ask for the same; nobody is called so."""
_AGAIN: Final = (ActionStatus.CANCELLED, ActionStatus.SUPERSEDED)


def undo_action(deps: Deps, caller: Caller, id: str) -> Action:
    """Return the action that writes back what was there before. Asking again rings the same one again.

    Raises Clash for what is no completed update, and naming the fields that somebody has changed since.
    """
    check_writer(caller)
    done = own_action(deps, caller, id)
    receipt = _undoable(done)
    undo_id, undo = _earlier(deps, done)
    if undo is None:
        _check_unchanged(deps, done, receipt)
        draft = draft_action(deps, caller, _body(done, receipt), undo_id, body_hash=undo_id)
        undo, _ = deps.actions.claim(replace(draft, undoes=done.id, only_if=receipt.after, before=receipt.after))
    ring_action(deps, undo)
    return undo


def _undoable(done: Action) -> Receipt:
    if done.status is not ActionStatus.COMPLETED or done.receipt is None:
        raise Clash(f"the action is {done.status}; only a completed one can be undone")
    if done.target is None:
        raise Clash(f"{done.type} made a record; remove it in the CRM, where others may already use it")
    asked = [*done.fields, *done.custom_fields]
    unknown = [name for name in asked if name not in _known_names(done.receipt)]
    if unknown:
        raise Clash(f"what was there before is not known of {', '.join(unknown)}; change it in the CRM")
    return done.receipt


def _known_names(receipt: Receipt) -> set[str]:
    """The fields of which both sides are known."""
    return set(receipt.before) & set(receipt.after)


def _earlier(deps: Deps, done: Action) -> tuple[str, Action | None]:
    """The undo there is, or the id of a new one: one that was called off without being done does not stand in the
    way."""
    number = 0
    while True:
        id = action_id(done.workspace, UNDOER, f"{done.id}#{number}")
        try:
            undo = deps.actions.get(done.workspace, id)
        except NotFound:
            return id, None
        if undo.status not in _AGAIN:
            return id, undo
        number += 1


def _check_unchanged(deps: Deps, done: Action, receipt: Receipt) -> None:
    """Against our copy, where it is from after the update; the executor asks the CRM itself."""
    key = record_key(done)
    found = follow_record(deps, key) if key else None
    if found is None:
        raise Clash("the record is not here any more")
    changed = [name for name, value in receipt.after.items() if _now(done, found.record, name) != value]
    if changed and read_started_at(found.ord) >= receipt.completed_at:
        raise Clash(f"changed since, so there is nothing to take back: {', '.join(changed)}")


def _now(done: Action, record: Record, name: str) -> Json:
    return plain(record.custom_fields.get(name) if name in done.custom_fields else record.get(name))


def _body(done: Action, receipt: Receipt) -> Mapping[str, Json]:
    before = {name: None if value == "" else value for name, value in receipt.before.items()}
    return {
        "type": done.type,
        "connection": done.connection,
        "target": {"object": receipt.object, "external_id": receipt.external_id},
        "fields": {name: before[name] for name in done.fields},
        "custom_fields": {name: before[name] for name in done.custom_fields},
        "chat": done.chat,
        "message": done.message,
    }
