"""An update that landed late lies over a newer one: what the newer one wrote is written again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus, action_id
from crmbridge.domain.records import Json, instant_text
from crmbridge.services.attempt_write import Attempt, held_now
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import record_key

MENDER: Final = "\0mend"
"""Stands where a caller stands in an id; nobody is called so."""
LOOKED_AT: Final = 25
"""So many of a record's newest actions; older ones have long ended."""
NOTE: Final = "an earlier update landed late over it, so it is written again"


def mend_update(deps: Deps, attempt: Attempt) -> bool:
    """Whether the record has the values of this update where a later one has been done since. What that one wrote is
    asked for once more then, by who asked for it, and done while nobody changes it meanwhile."""
    later = _done_later(deps, attempt.action)
    lost = _differing(attempt.action, later)
    if not lost or attempt.spec.look_up(attempt.api, attempt.request) is None:
        return False
    mend = _again(deps, attempt.action, later[0], lost)
    held = held_now(replace(attempt, action=mend))
    deps.actions.claim(replace(mend, before=held, only_if=held))
    return True


def _done_later(deps: Deps, action: Action) -> list[Action]:
    """The newest first."""
    key = record_key(action)
    if key is None or deps.actions.last_sequence(key, action.changes) <= action.sequence:
        return []
    done = [one for one in deps.actions.of_record(key, limit=LOOKED_AT) if one.status is ActionStatus.COMPLETED]
    later = [one for one in done if one.target == action.target and one.sequence > action.sequence]
    overlapping = [one for one in later if set(one.changes) & set(action.changes)]
    return sorted(overlapping, key=lambda one: one.sequence, reverse=True)


Lost = tuple[Mapping[str, Json], Mapping[str, Json]]
"""Fields and custom fields, with what the newest of the later updates wrote."""


def _differing(action: Action, later: Sequence[Action]) -> Lost | None:
    fields = _newest(action.fields, [one.fields for one in later])
    custom = _newest(action.custom_fields, [one.custom_fields for one in later])
    return (fields, custom) if fields or custom else None


def _newest(wrote: Mapping[str, Json], later: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    found = {name: next((each[name] for each in later if name in each), value) for name, value in wrote.items()}
    return {name: value for name, value in found.items() if value != wrote[name]}


def _again(deps: Deps, late: Action, newest: Action, lost: Lost) -> Action:
    """One per pair of updates, however often it is noticed."""
    now, key = deps.now(), record_key(late)
    assert key
    id = action_id(late.workspace, MENDER, f"{late.id}#{newest.id}")
    return Action(
        id=id,
        workspace=newest.workspace,
        connection=newest.connection,
        type=newest.type,
        fields=lost[0],
        custom_fields=lost[1],
        target=newest.target,
        requested_by=newest.requested_by,
        chat=newest.chat,
        message=newest.message,
        body_hash=id,
        key=id,
        sequence=deps.actions.next_sequence(key),
        created_at=now,
        cause_rule=newest.cause_rule,
        hops=newest.hops,
        history=((str(ActionStatus.PENDING), instant_text(now), NOTE),),
    )
