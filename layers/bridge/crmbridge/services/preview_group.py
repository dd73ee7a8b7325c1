"""Who would be in a smart group, before it is saved: nothing is stored, and nobody is told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden
from crmbridge.domain.groups import Group, Support
from crmbridge.domain.previews import Glance, glance_at
from crmbridge.domain.records import Json, RecordKey
from crmbridge.services.check_group import checked_change, checked_settings
from crmbridge.services.edit_groups import EDITORS, redrawn
from crmbridge.services.look_at_records import look_at_records
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import SHARDS, batches, objects_of
from crmbridge.services.read_members import LeftOut, NamedRecord, named_records
from crmbridge.services.survey_crms import not_loaded

MAX_RECORDS: Final = 20_000
MAX_SUPPORTS: Final = 20_000
MAX_TIME: Final = timedelta(seconds=12)
"""API Gateway waits for 30 seconds."""
SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One person, and the record that decides; `clauses` are those that hold, with the record's values."""

    person: str
    user: str | None
    record: NamedRecord | None
    reason: str
    clauses: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True)
class People:
    """The first hundred of `count`."""

    count: int
    people: Sequence[Foreseen]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A clause of which nobody knows the answer for so many records: for `empty` of them because the field is empty.
    `instead` is the clause that would take those, too."""

    field: str
    unknown: int
    empty: int
    instead: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`complete` False: there are more records than were looked at, and who is kept in by one of those is `not_known`.
    `unknown` people come with records of which nobody knows whether they match. So many are `overridden`, pinned or
    excluded by somebody, and listed nowhere: no rule moves them. `not_checked`: connections whose fields and options
    are not loaded yet."""

    looked_at: int
    complete: bool
    matching: int
    join: People
    leave: People
    stay: People
    unknown: People
    not_known: int
    unanswered: Sequence[Unanswered]
    bring_nobody: Sequence[NamedRecord]
    bring_nobody_count: int
    left_out: Sequence[LeftOut]
    left_out_count: int
    without_user: Sequence[str]
    without_user_count: int
    overridden: int
    not_checked: Sequence[str]


def preview_group(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> Preview:
    """`body` is that of a group; with `group`, the id of one there is, only what would change."""
    if caller.role not in EDITORS:
        raise Forbidden("only admins and members may preview smart groups; ask an admin")
    draft = _draft(deps, caller, body)
    overrides = deps.memberships.overrides(draft.workspace, draft.id) if draft.id else {}
    supports = _supports(deps, draft)
    glance = glance_at(draft, _by_record(supports))
    complete = _look(deps, glance) and len(supports) < MAX_SUPPORTS
    for person in overrides:
        glance.forget(person)
    free = [support for support in supports if support.person not in overrides]
    return _told(deps, glance, free, complete=complete, overridden=len(overrides))


def _draft(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> Group:
    settings = {name: value for name, value in body.items() if name != "group"}
    if "group" in body:
        group = deps.groups.get(caller.workspace, body["group"])
        return redrawn(group, checked_change(deps, group, settings))
    known = checked_settings(deps, caller.workspace, settings, required=("rules",))
    return Group(id="", workspace=caller.workspace, created_at=deps.now(), **{"name": "", "channel": "", **known})


def _supports(deps: Deps, group: Group) -> list[Support]:
    held = deps.memberships.group_supports(group.workspace, group.id) if group.id else iter(())
    return list(islice(held, MAX_SUPPORTS))


def _by_record(supports: Iterable[Support]) -> Mapping[RecordKey, list[Support]]:
    found: dict[RecordKey, list[Support]] = {}
    for support in supports:
        found.setdefault(support.record, []).append(support)
    return found


def _look(deps: Deps, glance: Glance) -> bool:
    """Whether every record was looked at."""
    until = deps.now() + MAX_TIME
    keys = _records(deps, glance.group)
    for batch in batches(islice(keys, MAX_RECORDS)):
        scene = look_at_records(deps, batch, glance)
        for key in batch:
            glance.look(key, scene.views.get(key))
        if deps.now() >= until:
            break
    return next(keys, None) is None


def _records(deps: Deps, group: Group) -> Iterator[RecordKey]:
    for connection in deps.connections.list(group.workspace):
        if group.connections and connection.id not in group.connections:
            continue
        for name in objects_of(deps, connection, group.kind):
            for shard in range(SHARDS):
                for id, _ in deps.records.ids(group.workspace, connection.id, name, shard):
                    yield RecordKey(group.workspace, connection.id, name, id)


def _told(deps: Deps, glance: Glance, supports: Sequence[Support], *, complete: bool, overridden: int) -> Preview:
    now: dict[str, list[RecordKey]] = {}
    for support in supports:
        now.setdefault(support.person, []).append(support.record)
    gone = {person: keys for person, keys in now.items() if person not in glance.brought}
    leaving = {
        person: keys[0] for person, keys in gone.items() if complete or all(glance.is_settled(key) for key in keys)
    }
    maybe = {person: key for person, key in glance.maybe.items() if person not in glance.brought.keys() | now.keys()}
    users = deps.workspaces.people(glance.group.workspace, glance.brought)
    lines = _Lines(deps, glance, {**users, **_users(deps, glance, [*leaving, *maybe])})
    strangers = sorted(person for person in glance.brought if person not in users)
    return Preview(
        looked_at=len(glance.looked_at),
        complete=complete,
        matching=glance.matching,
        join=lines.brought(person for person in glance.brought if person not in now),
        stay=lines.brought(person for person in glance.brought if person in now),
        leave=lines.others(leaving),
        unknown=lines.others(maybe),
        not_known=len(gone) - len(leaving),
        unanswered=_unanswered(glance),
        bring_nobody=list(named_records(deps, glance.bring_nobody[:SHOWN]).values()),
        bring_nobody_count=len(glance.bring_nobody),
        left_out=_left_out(deps, glance),
        left_out_count=len(glance.left_out),
        without_user=strangers[:SHOWN],
        without_user_count=len(strangers),
        overridden=overridden,
        not_checked=not_loaded(deps, glance.group.workspace, glance.group.connections),
    )


def _left_out(deps: Deps, glance: Glance) -> list[LeftOut]:
    shown = glance.left_out[:SHOWN]
    names = named_records(deps, list({key: None for key, _, _ in shown}))
    return [LeftOut(names[key], who, why) for key, who, why in shown]


def _users(deps: Deps, glance: Glance, people: Iterable[str]) -> Mapping[str, str]:
    return deps.workspaces.people(glance.group.workspace, sorted(people)[: 2 * SHOWN])


@dataclass(frozen=True, slots=True)
class _Lines:
    """People with their reasons, by name; records are named only for those that are shown."""

    deps: Deps
    glance: Glance
    users: Mapping[str, str]

    def brought(self, people: Iterable[str]) -> People:
        every = sorted(people)
        shown = {person: self.glance.brought[person] for person in every[:SHOWN]}
        names = named_records(self.deps, list({one.record: None for one in shown.values()}))
        lines = [
            Foreseen(
                person=person,
                user=self.users.get(person),
                record=names[one.record],
                reason=f"a record matches, through {one.proof.get('through')}",
                clauses=one.proof.get("clauses", ()),
            )
            for person, one in shown.items()
        ]
        return People(len(every), lines)

    def others(self, people: Mapping[str, RecordKey]) -> People:
        shown = sorted(people)[:SHOWN]
        names = named_records(self.deps, list({people[person]: None for person in shown}))
        lines = [
            Foreseen(person, self.users.get(person), names[people[person]], self._let_go(people[person]))
            for person in shown
        ]
        return People(len(people), lines)

    def _let_go(self, key: RecordKey) -> str:
        return self.glance.let_go.get(key, "the group does not draw from that connection")


def _unanswered(glance: Glance) -> list[Unanswered]:
    return [
        Unanswered(
            field=str(leaf.rule["field"]),
            unknown=leaf.unknown,
            empty=leaf.empty,
            instead=_or_empty(leaf.rule) if leaf.empty else None,
        )
        for leaf in glance.leaves
        if leaf.unknown
    ]


def _or_empty(rule: Mapping[str, Json]) -> Mapping[str, Json]:
    return {"operator": "OR", "rules": [rule, {"field": rule["field"], "operator": "is_empty"}]}
