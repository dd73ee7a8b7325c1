"""Somebody has looked at the removals that are held: they go, or the people stay."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.groups import Override
from crmbridge.services.edit_groups import own_group
from crmbridge.services.list_members import all_members, is_waiting_to_leave
from crmbridge.services.ports import Deps
from crmbridge.services.ring_untold import ring_untold

KEPT_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class HeldRemovals:
    """So many people would leave, and do not, since then."""

    since: datetime
    people: int


@dataclass(frozen=True, slots=True)
class Kept:
    """`waiting`: there were more than could be kept in one call; the caller repeats it."""

    kept: int
    waiting: bool


def read_held_removals(deps: Deps, caller: Caller, id: str) -> HeldRemovals | None:
    removals = deps.memberships.removals(caller.workspace, id)
    if removals.held_since is None:
        return None
    people = sum(is_waiting_to_leave(member) for member in all_members(deps, caller.workspace, id))
    return HeldRemovals(removals.held_since, people) if people else None


def approve_removals(deps: Deps, caller: Caller, id: str) -> int:
    """Everybody who waits until now may leave; returns how many. Nothing held: nothing changes."""
    group = own_group(deps, caller, id)
    held = deps.memberships.removals(caller.workspace, group.id)
    if held.held_since:
        decided = replace(held, held_since=None, began=None, let_go=(), approved_at=deps.now(), approved_by=caller.user)
        deps.memberships.save_removals(caller.workspace, group.id, decided)
    leaving = sum(is_waiting_to_leave(member) for member in all_members(deps, caller.workspace, group.id))
    ring_untold(deps, caller.workspace, group.id)
    return leaving


def reject_removals(deps: Deps, caller: Caller, id: str) -> Kept:
    """Everybody who waits is pinned in the caller's name, and stays until the pin is lifted."""
    group = own_group(deps, caller, id)
    held = deps.memberships.removals(caller.workspace, group.id)
    if not held.held_since:
        return Kept(0, waiting=False)
    members = all_members(deps, caller.workspace, group.id)
    waiting = list(islice((one.person for one in members if is_waiting_to_leave(one)), KEPT_AT_ONCE + 1))
    for person in waiting[:KEPT_AT_ONCE]:
        deps.memberships.set_override(caller.workspace, group.id, person, Override.PINNED, caller.user, deps.now())
    if len(waiting) <= KEPT_AT_ONCE:
        decided = replace(held, held_since=None, began=None, let_go=())
        deps.memberships.save_removals(caller.workspace, group.id, decided)
    return Kept(min(len(waiting), KEPT_AT_ONCE), len(waiting) > KEPT_AT_ONCE)
