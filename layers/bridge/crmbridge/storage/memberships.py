"""Who is wanted in which group, and why; see `membership_items` for how it lies in the table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from crmbridge.domain.errors import Stale
from crmbridge.domain.groups import Held, Member, Moved, Override, Support
from crmbridge.domain.records import NEVER, RecordKey, instant_text
from crmbridge.domain.removals import Removals
from crmbridge.domain.stored import PageOf
from crmbridge.storage.codec import from_json, to_json
from crmbridge.storage.due import PLACE, due_keys, due_place
from crmbridge.storage.items import (
    DUE,
    Items,
    Key,
    When,
    Write,
    above,
    absent,
    below,
    equals,
    in_chunks,
    present,
    query_all,
)
from crmbridge.storage.keys import cursor_of, joined, parts, place_of
from crmbridge.storage.membership_items import (
    LEFT_OUT,
    OVERRIDE,
    REMOVALS,
    SUPPORT,
    counts,
    group_partition,
    held_key,
    held_place,
    held_write,
    history_place,
    history_puts,
    meeting,
    member_attributes,
    member_key,
    member_place,
    person_partition,
    read_held,
    read_member,
    read_moved,
    read_support,
    support_place,
    support_prefix,
    support_put,
    touch,
    wakings,
)

_CHANGES_PER_STEP: Final = 33
"""A support that comes costs three writes, its own, its member's and its person's, and one is for the record's list."""
_DUE_AT_ONCE: Final = 5_000
_TICK: Final = timedelta(microseconds=1)
_PATIENCE: Final = timedelta(minutes=1)
"""So long a decided member has to be delivered before the schedule rings for it."""


class MembershipStore:
    def __init__(self, items: Items) -> None:
        self._items = items

    def held(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, Held]:
        places = {held_place(key): key for key in keys}
        found = self._items.get_many(places)
        return {key: read_held(key, found[place]) for place, key in places.items() if place in found}

    def settle(self, key: RecordKey, held: Held, *, groups_version: int, wanted: Sequence[Support]) -> None:
        if held.groups_version > groups_version:
            raise Stale(f"{key} was decided with newer groups")
        now = replace(held, groups_version=groups_version)
        listed = {_place(support): support for support in held.supports}
        changes = _changes(listed, {_place(support): support for support in wanted})
        for chunk in list(in_chunks(changes, _CHANGES_PER_STEP)) or [[]]:
            writes = list(_step(key.workspace, listed, chunk))
            if self._items.write_all([*writes, held_write(key, now, listed.values())]):
                raise Stale(f"{key} was settled by somebody else")
            now = replace(now, version=now.version + 1)

    def wake(self, key: RecordKey, at: datetime | None, now: datetime) -> None:
        place = held_place(key)
        has_come = below(DUE.sk, instant_text(now + _TICK))
        if at is None:
            self._items.update(place, remove=PLACE, when=has_come)
        else:
            is_sooner = absent(DUE.sk) | above(DUE.sk, instant_text(at))
            self._items.update(place, set=due_place(place, at, wakings(key.workspace)), when=has_come | is_sooner)

    def due_wakings(self, workspace: str, now: datetime, limit: int) -> Sequence[RecordKey]:
        return [held_key(pk) for pk, _ in islice(due_keys(self._items, now, wakings(workspace)), limit)]

    def member(self, workspace: str, group: str, person: str) -> Member:
        item = self._items.get(*member_place(workspace, group, person))
        return read_member(item) if item else Member(group=group, person=person)

    def supports(self, workspace: str, group: str, person: str) -> Sequence[Support]:
        return [read_support(item) for item in query_all(self._items, *support_prefix(workspace, group, person))]

    def decide(
        self,
        workspace: str,
        member: Member,
        *,
        wanted: str,
        user: str | None,
        supports: int,
        now: datetime,
        reason: str = "",
    ) -> Member:
        decided = replace(member, wanted=wanted, user=user, supports=supports, settled=member.dirty)
        if wanted != member.wanted:
            decided = replace(decided, sequence=member.sequence + 1, since=now)
        if decided == member:
            return member
        writes = [_member_write(workspace, member, decided, now)]
        if decided.sequence != member.sequence:
            writes += history_puts(workspace, decided, now, reason)
        if self._items.write_all(writes):
            raise Stale("the member was touched again meanwhile")
        return decided

    def set_override(self, workspace: str, group: str, person: str, override: Override, by: str, at: datetime) -> None:
        key = member_place(workspace, group, person)
        said = {"override": override.value, "override_by": by, "override_at": instant_text(at)}
        self._items.put(meeting(workspace, group, person))
        self._items.update(key, set={**said, **due_place(key, NEVER)}, add={"dirty": 1})

    def lift_override(self, workspace: str, group: str, person: str, override: Override) -> None:
        key = member_place(workspace, group, person)
        was = equals("override", override.value)
        self._items.update(key, set=due_place(key, NEVER), remove=OVERRIDE, add={"dirty": 1}, when=was)

    def overrides(self, workspace: str, group: str) -> Mapping[str, Override]:
        shown = ("override",)
        rows = query_all(self._items, group_partition(workspace, group), "member#", attributes=shown)
        return {read_member(row).person: Override(row["override"]) for row in rows if "override" in row}

    def removals(self, workspace: str, group: str) -> Removals:
        item = self._items.get(group_partition(workspace, group), REMOVALS)
        return from_json(Removals, item["removals"]) if item else Removals()

    def save_removals(self, workspace: str, group: str, removals: Removals) -> None:
        saved = replace(removals, version=removals.version + 1)
        stored = {"removals": to_json(saved), "version": saved.version}
        same = counts("version", removals.version)
        if self._items.update((group_partition(workspace, group), REMOVALS), set=stored, when=same) is None:
            raise Stale("the removals were judged by somebody else meanwhile")

    def delivered(self, workspace: str, members: Sequence[Member]) -> None:
        for member in members:
            key = member_place(workspace, member.group, member.person)
            told, untold = {"delivered": member.sequence}, present("sequence") & _untold(member)
            if self._items.update(key, set=told, remove=PLACE, when=_unmoved(member) & untold) is None:
                self._items.update(key, set=told, when=untold)

    def postpone(self, workspace: str, member: Member, next_attempt_at: datetime) -> None:
        """A member that was touched meanwhile stays due at once."""
        key = member_place(workspace, member.group, member.person)
        self._items.update(key, set=due_place(key, next_attempt_at), when=present("pk") & _unmoved(member))

    def due(self, now: datetime) -> Sequence[tuple[str, str, str]]:
        rows = (member_key(*key) for key in due_keys(self._items, now))
        return list(islice((row for row in rows if row), _DUE_AT_ONCE))

    def members(self, workspace: str, group: str, *, limit: int, cursor: str | None) -> PageOf[Member]:
        pk = group_partition(workspace, group)
        last = {"pk": pk, "sk": joined("member", *place_of(cursor, str))} if cursor is not None else None
        page = self._items.query(pk, "member#", limit=limit, after=last)
        found = [read_member(item) for item in page.items]
        return PageOf(found, cursor_of(found[-1].person) if page.after else None)

    def history(
        self, workspace: str, group: str, person: str | None, *, limit: int, cursor: str | None
    ) -> PageOf[Moved]:
        if person is None:
            return self._moves(workspace, group, limit=limit, cursor=cursor)
        pk, prefix = group_partition(workspace, group), joined("history", person) + "#"
        place = (
            history_place(workspace, group, person, *map(int, place_of(cursor, int))) if cursor is not None else None
        )
        page = self._items.query(pk, prefix, limit=limit, after=_after(place), reverse=True)
        found = [read_moved(item) for item in page.items]
        return PageOf(found, cursor_of(found[-1].sequence) if page.after else None)

    def _moves(self, workspace: str, group: str, *, limit: int, cursor: str | None) -> PageOf[Moved]:
        place = None
        if cursor is not None:
            at, person, sequence = place_of(cursor, str, str, int)
            place = group_partition(workspace, group), joined("moved", at, person, f"{int(sequence):08}")
        pk = group_partition(workspace, group)
        page = self._items.query(pk, "moved#", limit=limit, after=_after(place), reverse=True)
        found = [read_moved(item) for item in page.items]
        last = (instant_text(found[-1].at), found[-1].person, found[-1].sequence) if page.after else None
        return PageOf(found, cursor_of(*last) if last else None)

    def groups_of(self, workspace: str, person: str) -> Sequence[str]:
        return [parts(row["sk"])[0] for row in query_all(self._items, person_partition(workspace, person))]

    def left_out(self, workspace: str, group: str, *, limit: int, cursor: str | None) -> PageOf[Support]:
        pk, prefix = group_partition(workspace, group), f"{LEFT_OUT}#"
        last = (pk, prefix + joined(*place_of(cursor, str, str, str, str))) if cursor is not None else None
        page = self._items.query(pk, prefix, limit=limit, after=_after(last))
        found = [read_support(item) for item in page.items]
        return PageOf(found, cursor_of(*parts(page.items[-1]["sk"])[1:]) if page.after else None)

    def group_supports(self, workspace: str, group: str) -> Iterator[Support]:
        rows = query_all(self._items, group_partition(workspace, group), f"{SUPPORT}#")
        return (read_support(row) for row in rows)

    def forget_group(self, workspace: str, group: str) -> Sequence[RecordKey]:
        pk, shown = group_partition(workspace, group), ("epoch", "proof")
        found = (query_all(self._items, pk, f"{kind}#", attributes=shown) for kind in (SUPPORT, LEFT_OUT))
        return list(dict.fromkeys(read_support(row).record for rows in found for row in rows))


def _after(place: Key | None) -> dict[str, str] | None:
    return {"pk": place[0], "sk": place[1]} if place else None


Place = tuple[str, str, bool]


def _place(support: Support) -> Place:
    return support.group, support.person, bool(support.left_out)


Change = tuple[Support | None, Support | None]
"""A support before and after."""


def _changes(held: Mapping[Place, Support], wanted: Mapping[Place, Support]) -> Iterator[Change]:
    before = dict(held)
    yield from ((support, None) for place, support in before.items() if place not in wanted)
    yield from ((before.get(place), support) for place, support in wanted.items() if before.get(place) != support)


def _step(workspace: str, listed: dict[Place, Support], changes: Sequence[Change]) -> Iterator[Write]:
    """The writes of one transaction; `listed` is moved along."""
    for before, after in changes:
        if after is not None:
            listed[_place(after)] = after
            yield support_put(after)
        elif before is not None:
            del listed[_place(before)]
            yield Write(key=support_place(before), delete=True)
        yield from _moving(workspace, before, after)


def _moving(workspace: str, before: Support | None, after: Support | None) -> Iterator[Write]:
    """Another proof of the same support moves nobody, and who is left out is nobody."""
    moved = after if before is None else before if after is None else None
    if moved is None or moved.left_out:
        return
    yield touch(workspace, moved)
    if moved is after:
        met = meeting(workspace, moved.group, moved.person)
        yield Write(key=(met["pk"], met["sk"]), put=met)


def _member_write(workspace: str, seen: Member, decided: Member, now: datetime) -> Write:
    """Also where it waits: until it is delivered, in case the worker dies on the way."""
    key = member_place(workspace, seen.group, seen.person)
    waits = due_place(key, now + _PATIENCE) if decided.sequence > decided.delivered else {}
    stored = {**member_attributes(decided), **waits}
    gone = tuple(name for name in ("user", *PLACE) if name not in stored)
    return Write(key=key, set=stored, remove=gone, when=_unmoved(seen))


def _unmoved(member: Member) -> When:
    return counts("dirty", member.dirty) & counts("sequence", member.sequence)


def _untold(member: Member) -> When:
    return absent("delivered") | below("delivered", member.sequence)
