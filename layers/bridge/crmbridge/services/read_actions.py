"""Actions as people follow them: one, or a chat's, the newest first; and what a person may still decide."""

from dataclasses import replace

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Clash, Forbidden, Stale
from crmbridge.domain.stored import PageOf
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import check_writer, record_key, ring_action

_AGAIN = (ActionStatus.FAILED, ActionStatus.UNCERTAIN)
_NOT_SENT = (ActionStatus.PENDING, ActionStatus.WAITING)


def read_action(deps: Deps, caller: Caller, id: str) -> Action:
    """Raises NotFound, for another workspace's as for an unknown one."""
    return deps.actions.get(caller.workspace, id)


def actions_of_chat(
    deps: Deps, caller: Caller, chat: str, *, limit: int = 20, cursor: str | None = None
) -> PageOf[Action]:
    return deps.actions.of_chat(caller.workspace, chat, limit=limit, cursor=cursor)


def retry_action(deps: Deps, caller: Caller, id: str) -> Action:
    """Try a failed action again under the same key. One of which a request is still unanswered is looked for first, and
    waits until that cannot land any more.

    Raises Clash for an action that is under way or done: it must not happen twice.
    """
    action = own_action(deps, caller, id)
    if action.status not in _AGAIN:
        raise Clash(f"the action is {action.status}; only a failed or uncertain one can be tried again")
    key, now = record_key(action), deps.now()
    unknown = action.status is ActionStatus.UNCERTAIN or action.unanswered > 0
    note, again = f"tried again by {caller.user}", action.retried + 1
    asked = action.moved(ActionStatus.PENDING, now, note, retried=again, doubts=0, found=None)
    if unknown:
        asked = asked.moved(ActionStatus.SENDING, now, "its outcome is still unknown")
    sequence = deps.actions.next_sequence(key) if key else action.sequence
    tried = save_decision(deps, replace(asked, sequence=sequence))
    ring_action(deps, tried)
    return tried


def cancel_action(deps: Deps, caller: Caller, id: str) -> Action:
    """While nothing has been sent. Raises Clash afterwards."""
    action = own_action(deps, caller, id)
    if action.status is ActionStatus.CANCELLED:
        return action
    if action.status not in _NOT_SENT:
        raise Clash(f"the action is {action.status}; only one that was not sent can be cancelled")
    return save_decision(deps, action.moved(ActionStatus.CANCELLED, deps.now(), f"cancelled by {caller.user}"))


def own_action(deps: Deps, caller: Caller, id: str) -> Action:
    """Raises Forbidden for members who did not ask for it, and for who may not write (any more)."""
    check_writer(caller)
    action = deps.actions.get(caller.workspace, id)
    if not (caller.is_admin or caller.user == action.requested_by):
        raise Forbidden("only an admin or who asked for the action may decide about it")
    return action


def save_decision(deps: Deps, action: Action) -> Action:
    """Raises Clash when the action has moved on since it was read."""
    try:
        return deps.actions.save(action)
    except Stale:
        raise Clash("the action has just moved on; read it again") from None
