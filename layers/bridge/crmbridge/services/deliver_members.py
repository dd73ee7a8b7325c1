"""Dirty (group, person) -> the wanted state, decided from the supports, told to the chat app with its sequence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from crmbridge.domain.errors import ChatError, NotFound, Stale
from crmbridge.domain.groups import Group, Member, Override
from crmbridge.domain.messages import Message, next_try
from crmbridge.domain.records import Json, instant_text
from crmbridge.services.hold_removals import held_back
from crmbridge.services.open_channel import Channel, open_channel
from crmbridge.services.ports import Deps

ROUNDS: Final = 5
UNMAPPED_WAIT: Final = 6 * 3600.0
"""Seconds. Mapping somebody rings at once; this is for a ring that was lost."""
HELD_WAIT: Final = 3600.0
"""Seconds. An approval rings at once; this is for an accident that was mended."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """One line of an event: the chat user a member's wanted state is about. No `user`: there is nobody to tell of."""

    member: Member
    user: str | None
    reason: str
    moves: bool = False
    """The person is another chat user now: the old one goes first, the new one comes in the next event."""


def deliver_members(deps: Deps, workspace: str, group_id: str, persons: Sequence[str]) -> None:
    """Decide anew for each of these persons, and tell what the chat app has not acknowledged, in one signed event.

    What cannot be told now waits as a row. A group that was deleted is settled silently: its channel is the chat
    app's own again.
    """
    group = _group(deps, workspace, group_id)
    if group is None:
        _settle_deleted(deps, workspace, group_id, persons)
        return
    channel = open_channel(deps, group)
    users, later = channel.users(list(dict.fromkeys(persons)))
    for person, error in later.items():
        _postpone(deps, workspace, deps.memberships.member(workspace, group_id, person), error.retry_after)
    known = [person for person in dict.fromkeys(persons) if person not in later]
    told = [_decide(deps, workspace, group_id, person, users.get(person)) for person in known]
    lines = _settle_untold(deps, workspace, group, [line for line in told if _is_open(line)])
    _tell(deps, group, channel, lines if group.paused else _let_go(deps, group, lines, users))
    if moving := [line.member.person for line in told if line.moves and _is_told(deps, workspace, line.member)]:
        deliver_members(deps, workspace, group_id, moving)


def ring_members(deps: Deps, workspace: str, group: str, persons: Sequence[str]) -> None:
    deps.queues.chat.send(members_bell(workspace, group, persons))


def members_bell(workspace: str, group: str, persons: Sequence[str]) -> Message:
    return Message({"workspace": workspace, "group": group, "persons": list(persons)}, f"{workspace}#{group}")


def _settle_deleted(deps: Deps, workspace: str, group: str, persons: Sequence[str]) -> None:
    users = deps.workspaces.people(workspace, persons)
    told = [_decide(deps, workspace, group, person, users.get(person)) for person in dict.fromkeys(persons)]
    deps.memberships.delivered(workspace, [line.member for line in told if _is_open(line)])


def _is_open(line: _Telling) -> bool:
    return line.member.sequence > line.member.delivered


def _group(deps: Deps, workspace: str, id: str) -> Group | None:
    try:
        return deps.groups.get(workspace, id)
    except NotFound:
        return None


def _decide(deps: Deps, workspace: str, group: str, person: str, user: str | None) -> _Telling:
    for _ in range(ROUNDS):
        member = deps.memberships.member(workspace, group, person)
        supports = len(deps.memberships.supports(workspace, group, person))
        (wanted, reason), told_of = _wanted(member, supports), user
        if moves := _must_leave_first(member, user):
            wanted, told_of = "out", member.user
            reason = "the person is another chat user now" if supports and not member.override else reason
        try:
            decided = deps.memberships.decide(
                workspace, member, wanted=wanted, user=told_of, supports=supports, now=deps.now(), reason=reason
            )
        except Stale:
            continue
        return _Telling(decided, told_of, reason, moves)
    raise Stale("a membership keeps changing while it is delivered")


def _must_leave_first(member: Member, user: str | None) -> bool:
    """The chat app may still have the person in under another user."""
    if member.user is None or member.user == user:
        return False
    return member.wanted == "in" or member.delivered < member.sequence


def _wanted(member: Member, supports: int) -> tuple[str, str]:
    """In or out, and why: what a person said wins over the rules."""
    if member.override is Override.PINNED:
        return "in", f"pinned by {member.override_by}"
    if member.override is Override.EXCLUDED:
        return "out", f"excluded by {member.override_by}"
    if not supports:
        return "out", "no record matches any more"
    return "in", "a record matches" if supports == 1 else f"{supports} records match"


def _settle_untold(deps: Deps, workspace: str, group: Group, lines: Iterable[_Telling]) -> list[_Telling]:
    """The lines to tell. Nobody is told of somebody who left before the chat app knew them, nor of a chat user who
    stays in under another e-mail; who is wanted and not mapped yet waits."""
    tell: list[_Telling] = []
    silent: list[Member] = []
    staying = _Staying(deps, workspace, group.id)
    for line in lines:
        if line.user is None and line.member.wanted == "in":
            _postpone(deps, workspace, line.member, UNMAPPED_WAIT)
        elif line.user is None or (line.member.wanted == "out" and staying.by_another_email(line.user, line.member)):
            silent.append(line.member)
        else:
            tell.append(line)
    if silent:
        deps.memberships.delivered(workspace, silent)
    return tell


def _let_go(deps: Deps, group: Group, lines: Sequence[_Telling], users: Mapping[str, str]) -> list[_Telling]:
    """Without those who would leave and must wait. Who was excluded by hand leaves at once, and so does a chat user
    whose place another one takes."""
    leaving = [
        line.member
        for line in lines
        if line.member.wanted == "out"
        and line.member.override is None
        and not (line.moves and line.member.person in users)
    ]
    held = held_back(deps, group, leaving)
    for member in leaving:
        if member.person in held:
            _postpone(deps, group.workspace, member, HELD_WAIT)
    return [line for line in lines if line.member.person not in held]


@dataclass(slots=True)
class _Staying:
    """Chat users who are wanted under several e-mails; the people are read only when somebody leaves."""

    deps: Deps
    workspace: str
    group: str
    people: Mapping[str, str] | None = None

    def by_another_email(self, user: str, leaving: Member) -> bool:
        if self.people is None:
            self.people = self.deps.workspaces.list_people(self.workspace)
        others = [email for email, who in self.people.items() if who == user and email != leaving.person]
        members = (self.deps.memberships.member(self.workspace, self.group, email) for email in others)
        return any(member.wanted == "in" for member in members)


def _tell(deps: Deps, group: Group, channel: Channel, lines: Sequence[_Telling]) -> None:
    if not lines:
        return
    workspace, members = group.workspace, [line.member for line in lines]
    try:
        if group.paused:
            raise ChatError("the smart group is paused")
        refused = channel.tell(_event_id(workspace, members), _event(deps, group, lines))
    except ChatError as error:
        refused = dict.fromkeys((member.person for member in members), error)
    for member in members:
        if member.person in refused:
            _postpone(deps, workspace, member, refused[member.person].retry_after)
    deps.memberships.delivered(workspace, [member for member in members if member.person not in refused])


def _event(deps: Deps, group: Group, lines: Iterable[_Telling]) -> dict[str, Json]:
    members = [
        {
            "user": line.user,
            "email": line.member.person,
            "wanted": line.member.wanted,
            "sequence": line.member.sequence,
            "reason": line.reason,
        }
        for line in lines
    ]
    data = {"group": group.id, "channel": group.channel, "owns_channel": group.owns_channel, "members": members}
    return {"type": "channel.members.wanted", "timestamp": instant_text(deps.now()), "data": data}


def _event_id(workspace: str, members: Iterable[Member]) -> str:
    """The same for the same people at the same sequences: a try repeated is the same event."""
    named = sorted(f"{member.group}#{member.person}#{member.sequence}" for member in members)
    return "members_" + sha256("\n".join([workspace, *named]).encode()).hexdigest()[:32]


def _postpone(deps: Deps, workspace: str, member: Member, at_least: float = 0.0) -> None:
    now = deps.now()
    key = f"{workspace}{member.group}{member.person}"
    deps.memberships.postpone(workspace, member, next_try(now, member.since or now, key, at_least=at_least))


def _is_told(deps: Deps, workspace: str, member: Member) -> bool:
    now = deps.memberships.member(workspace, member.group, member.person)
    return now.delivered >= now.sequence
