"""Hold removals that look like an accident, until somebody who may change the group has looked at them."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from crmbridge.domain.errors import Stale
from crmbridge.domain.groups import Group, Member
from crmbridge.domain.records import instant_text
from crmbridge.domain.removals import Removals, are_too_many
from crmbridge.services.list_members import all_members, is_waiting_to_leave
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps

ROUNDS: Final = 5


def held_back(deps: Deps, group: Group, leaving: Sequence[Member]) -> frozenset[str]:
    """Those of the people leaving who must wait. The chat app is told once that its channel's removals are held."""
    for _ in range(ROUNDS if leaving else 0):
        before = deps.memberships.removals(group.workspace, group.id)
        persons = before.unapproved(leaving)
        if not persons:
            return frozenset()
        after = _judged(deps, group, before, persons)
        if after.held_since and not before.held_since:
            _tell(deps, group, after, persons)
        try:
            if after != before:
                deps.memberships.save_removals(group.workspace, group.id, after)
        except Stale:
            continue
        return frozenset(persons if after.held_since else ())
    if leaving:
        raise Stale("the removals of a smart group keep changing while they are judged")
    return frozenset()


def _judged(deps: Deps, group: Group, before: Removals, persons: Sequence[str]) -> Removals:
    period = _begun(deps, group, before, persons) if before.is_over(deps.now()) else before
    waiting = _waiting(deps, group, before) if before.held_since else set()
    if are_too_many(group, len(period.with_more([*waiting, *persons]).let_go), period.size):
        return before if before.held_since else replace(period, held_since=deps.now())
    return replace(period, held_since=None).with_more(persons)


def _waiting(deps: Deps, group: Group, removals: Removals) -> set[str]:
    """Who is in the channel still, and would leave if somebody approved. They may be few by now: an accident that was
    mended brings people back."""
    members = all_members(deps, group.workspace, group.id)
    return {one.person for one in members if is_waiting_to_leave(one) and not removals.approves(one)}


def _begun(deps: Deps, group: Group, before: Removals, persons: Sequence[str]) -> Removals:
    """A new settling period, with everybody who is in the channel now."""
    members = all_members(deps, group.workspace, group.id)
    now_in = {one.person for one in members if one.wanted == "in"} | _waiting(deps, group, before)
    return replace(before, began=deps.now(), size=len(now_in.union(persons)), let_go=())


def _tell(deps: Deps, group: Group, held: Removals, persons: Sequence[str]) -> None:
    """Before it is stored, and under a name that a repetition has, too."""
    named = f"{group.workspace}#{group.id}#{held.began and instant_text(held.began)}#{sorted(persons)}"
    data = {
        "group": group.id,
        "channel": group.channel,
        "name": group.name,
        "people": len(held.with_more(persons).let_go),
        "of": held.size,
        "since": instant_text(deps.now()),
        "next_step": f"POST /v1/groups/{group.id}/removals/approve lets them go, .../removals/reject keeps them",
    }
    id = "removals_" + sha256(named.encode()).hexdigest()[:32]
    notify_chat(deps, group.workspace, id, "group.removals_held", data, chat=group.channel)
