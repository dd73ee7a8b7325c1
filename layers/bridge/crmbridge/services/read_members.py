"""Smart groups as people look at them: the list, who is in, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, NotFound
from crmbridge.domain.explanations import explained, outdated
from crmbridge.domain.groups import Group, Member, Moved, Support, person_of, predicate_of
from crmbridge.domain.records import Json, RecordKey, name_of
from crmbridge.domain.stored import PageOf
from crmbridge.services.list_by_id import NOT_OURS, page_by_id
from crmbridge.services.ports import Deps

T = TypeVar("T")

MAX_REASONS: Final = 100
OVER: Final = ""
"""A place after the last one."""


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """Enough to find a record: in the API, and by a person. `name` is null when it is gone, or has none."""

    connection: str
    object: str
    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A contact (`contacts/12`) or an owner (`owner 7`) of a matching record who brings nobody."""

    record: NamedRecord
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of members, and beside them a page of those who are left out; `cursor` goes on with both."""

    items: Sequence[Member]
    left_out: Sequence[LeftOut]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One record that keeps somebody in: the rules with what it said, since when it does, and what it was then that
    had changed it. `through` is the contact or owner by whom they come."""

    record: NamedRecord
    rules: Mapping[str, Json]
    rules_changed_since: bool
    through: str | None
    since: str | None
    change: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Why:
    """A member, the first hundred records that keep them in, and when and why they came or went last."""

    member: Member
    reasons: Sequence[Reason]
    moved: Moved | None


def list_groups(deps: Deps, caller: Caller, *, limit: int = 100, cursor: str | None = None) -> PageOf[Group]:
    """The oldest first."""
    return page_by_id(deps.groups.snapshot(caller.workspace)[1], limit=limit, cursor=cursor)


def read_group(deps: Deps, caller: Caller, id: str) -> Group:
    return deps.groups.get(caller.workspace, id)


def read_members(deps: Deps, caller: Caller, id: str, *, limit: int = 100, cursor: str | None = None) -> Listed:
    """Everybody the group has ever wanted, and whom somebody pinned or excluded: `wanted` in or out, `user` None while
    the e-mail is not mapped. Up to `limit` of each list."""
    deps.groups.get(caller.workspace, id)
    of_members, of_left_out = _places(cursor)
    members = _page(deps.memberships.members, caller, id, limit, of_members)
    left_out = _page(deps.memberships.left_out, caller, id, limit, of_left_out)
    goes_on = members.cursor or left_out.cursor
    next = f"{members.cursor or OVER}.{left_out.cursor or OVER}" if goes_on else None
    return Listed(members.items, _named(deps, left_out.items), next)


def _page(listing: Callable[..., PageOf[T]], caller: Caller, group: str, limit: int, cursor: str | None) -> PageOf[T]:
    return PageOf([], None) if cursor == OVER else listing(caller.workspace, group, limit=limit, cursor=cursor)


def _places(cursor: str | None) -> tuple[str | None, str | None]:
    if cursor is None:
        return None, None
    of_members, dot, of_left_out = cursor.partition(".")
    if not dot:
        raise Invalid(NOT_OURS)
    return of_members, of_left_out


def _named(deps: Deps, left_out: Sequence[Support]) -> list[LeftOut]:
    names = named_records(deps, list({one.record: None for one in left_out}))
    return [LeftOut(names[one.record], one.person, one.left_out) for one in left_out]


def read_history(
    deps: Deps, caller: Caller, id: str, person: str | None, *, limit: int = 100, cursor: str | None = None
) -> PageOf[Moved]:
    """Who joined and left, when and why, the newest first."""
    deps.groups.get(caller.workspace, id)
    email = person_of(person) if person else None
    return deps.memberships.history(caller.workspace, id, email, limit=limit, cursor=cursor)


def explain_member(deps: Deps, caller: Caller, id: str, person: str) -> Why:
    """Raises NotFound for somebody the group never wanted. What is told was stored with each support when it was
    decided; nothing is judged again."""
    group = deps.groups.get(caller.workspace, id)
    member = deps.memberships.member(caller.workspace, id, person_of(person))
    supports = deps.memberships.supports(caller.workspace, id, member.person)
    if not member.sequence and not supports and not member.override:
        raise NotFound("this person is not, and never was, in the smart group")
    told = supports[:MAX_REASONS]
    names = named_records(deps, [support.record for support in told])
    moves = deps.memberships.history(caller.workspace, id, member.person, limit=1, cursor=None).items
    reasons = [_reason(group, support, names[support.record]) for support in told]
    return Why(member, reasons, moves[0] if moves else None)


def named_records(deps: Deps, keys: Sequence[RecordKey]) -> Mapping[RecordKey, NamedRecord]:
    stored = deps.records.get_many(keys)
    names = {key: name_of(stored[key].record) if key in stored else None for key in keys}
    return {
        key: NamedRecord(key.connection, key.object, key.external_id, str(name) if name else None)
        for key, name in names.items()
    }


def _reason(group: Group, support: Support, record: NamedRecord) -> Reason:
    proof = support.proof
    return Reason(
        record=record,
        rules=_rules(group, support),
        rules_changed_since=support.epoch != group.epoch,
        through=proof.get("through"),
        since=proof.get("since"),
        change=proof.get("change"),
    )


def _rules(group: Group, support: Support) -> Mapping[str, Json]:
    """Rules of another version of ours may be unreadable to this one."""
    leaves = support.proof.get("clauses", ())
    if support.epoch != group.epoch:
        return outdated(leaves)
    try:
        return explained(predicate_of(group).tree, leaves)
    except Invalid:
        return outdated(leaves)
