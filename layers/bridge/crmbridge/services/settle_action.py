"""A person who has looked in the CRM says what became of an action of which nobody could tell."""

from dataclasses import replace
from typing import Final

from crmbridge.domain.actions import ACTION_TYPES, Action, ActionStatus, Target
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Invalid, Problem, Stale
from crmbridge.services.finish_action import finish_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import own_action, read_action, save_decision
from crmbridge.services.request_action import ring_action

NOT_THERE: Final = "retry to have it done now"


def settle_action(deps: Deps, caller: Caller, id: str, *, done: bool, record: Target | None = None) -> Action:
    """Done: it completes, with a receipt, once the CRM shows `record` (for an update, the one it was for). Not done: it
    has failed. Nothing is sent either way. Raises Clash for what is not uncertain."""
    action = own_action(deps, caller, id)
    if action.status is not ActionStatus.UNCERTAIN:
        raise Clash(f"the action is {action.status}; only an uncertain one is settled by hand")
    if not done:
        return _give_up(deps, caller, action, record)
    return _take_word(deps, caller, replace(action, found=_named(deps, action, record)))


def _take_word(deps: Deps, caller: Caller, action: Action) -> Action:
    """The executor reads the record, and never sends an action in this status before it has looked."""
    now, note = deps.now(), f"done, says {caller.user}"
    asked = action.moved(ActionStatus.PENDING, now, note, retried=action.retried + 1)
    settled = save_decision(deps, asked.moved(ActionStatus.SENDING, now, "reading what it became"))
    ring_action(deps, settled)
    return settled


def _give_up(deps: Deps, caller: Caller, action: Action, record: Target | None) -> Action:
    if record is not None:
        raise Invalid(Problem("record", "is named, and nothing was done", "leave it out, or say done"))
    said = {**(action.error or {}), "message": "it was not done, as a person saw", "next_step": NOT_THERE}
    note, again = f"not done, says {caller.user}", action.retried + 1
    try:
        finish_action(deps, action.moved(ActionStatus.FAILED, deps.now(), note, error=said, retried=again))
    except Stale:
        raise Clash("the action has just moved on; read it again") from None
    return read_action(deps, caller, action.id)


def _named(deps: Deps, action: Action, record: Target | None) -> Target:
    if action.target is not None:
        if record not in (None, action.target):
            raise Invalid(Problem("record", f"{action.type} was for another one", "leave it out"))
        return action.target
    platform = deps.platform(deps.connections.get(action.workspace, action.connection).platform)
    kind = ACTION_TYPES[action.type].kind
    objects = [name for name, spec in platform.objects.items() if kind in spec.kinds]
    if record is None or record.object not in objects:
        fix = f'{{"object": "{objects[0]}", "external_id": "..."}}; an object of {", ".join(objects)}'
        raise Invalid(Problem("record", f"must name the {kind} that was made", fix))
    return record
