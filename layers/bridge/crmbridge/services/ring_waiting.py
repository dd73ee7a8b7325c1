"""Ring for actions that have waited: once for all that their CRM takes together, for each of the others."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from crmbridge.domain.actions import Action, ActionStatus
from crmbridge.domain.errors import NotFound
from crmbridge.domain.messages import Message
from crmbridge.services.ports import Deps
from crmbridge.services.request_action import ring_action

PACK: Final = 25
"""Few enough to be stored well within a worker's time."""

_Place = tuple[str, str, str]


def ring_waiting(deps: Deps, actions: Iterable[Action]) -> int:
    """Return how many were rung for. An update goes alone, in its record's order, and so does what was sent already."""
    places: dict[_Place, list[Action]] = defaultdict(list)
    rung = 0
    for action in actions:
        rung += 1
        if action.target or action.status is ActionStatus.SENDING or action.is_final:
            ring_action(deps, action)
        else:
            places[action.workspace, action.connection, action.type].append(action)
    for place, waiting in places.items():
        _ring(deps, place, waiting)
    return rung


def _ring(deps: Deps, place: _Place, waiting: list[Action]) -> None:
    if len(waiting) < 2 or not _go_together(deps, *place):
        for action in waiting:
            ring_action(deps, action)
        return
    workspace, connection, type = place
    for start in range(0, len(waiting), PACK):
        ids = [action.id for action in waiting[start : start + PACK]]
        deps.queues.actions.send(Message({"workspace": workspace, "actions": ids}, f"{workspace}#{connection}#{type}"))


def _go_together(deps: Deps, workspace: str, connection: str, type: str) -> bool:
    try:
        platform = deps.platform(deps.connections.get(workspace, connection).platform)
    except NotFound:
        return False
    spec = platform.actions.get(type)
    return spec is not None and spec.pack is not None
