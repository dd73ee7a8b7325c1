"""Smart groups as people look at them: the list, who is in, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import NotFound
from crmbridge.domain.groups import Group, Member, Support, person_of
from crmbridge.domain.stored import PageOf
from crmbridge.services.ports import Deps


@dataclass(frozen=True, slots=True)
class Why:
    """A member and the records that keep them in; each support carries the clauses that hold."""

    member: Member
    supports: Sequence[Support]


def list_groups(deps: Deps, caller: Caller) -> Sequence[Group]:
    return deps.groups.snapshot(caller.workspace)[1]


def read_group(deps: Deps, caller: Caller, id: str) -> Group:
    return deps.groups.get(caller.workspace, id)


def read_members(deps: Deps, caller: Caller, id: str, *, limit: int = 100, cursor: str | None = None) -> PageOf[Member]:
    """Everybody the group has ever wanted: `wanted` in or out, `user` None while the e-mail is not mapped."""
    deps.groups.get(caller.workspace, id)
    return deps.memberships.members(caller.workspace, id, limit=limit, cursor=cursor)


def explain_member(deps: Deps, caller: Caller, id: str, person: str) -> Why:
    """Raises NotFound for somebody the group never wanted."""
    deps.groups.get(caller.workspace, id)
    member = deps.memberships.member(caller.workspace, id, person_of(person))
    supports = deps.memberships.supports(caller.workspace, id, member.person)
    if not member.sequence and not supports:
        raise NotFound("this person is not, and never was, in the smart group")
    return Why(member, supports)
