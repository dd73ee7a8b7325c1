"""Changed records -> who is supported in which group. One pass serves all groups of a workspace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import orjson

from crmbridge.domain.errors import Invalid, Stale
from crmbridge.domain.groups import Group, Held, Members, Support, View, same_supports, supported, takes
from crmbridge.domain.messages import Message
from crmbridge.domain.predicates import MaskIndex, Predicate, compile_predicate
from crmbridge.domain.records import Json, Kind, RecordKey
from crmbridge.services.look_at_deals import Scene, Sources, look_at_deals
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches

ROUNDS: Final = 5
BATCH_MARGIN: Final = timedelta(seconds=30)
"""What is kept free for a batch under way, and for one batch of each message that came along."""


def evaluate_message(deps: Deps, body: Mapping[str, Json], deadline: datetime) -> None:
    """`{"workspace", "records": [[connection, object, id], ...]}`, or `"scan": {"connection", "object", "shard"}`, the
    latter with the id `after` which to go on."""
    workspace = body["workspace"]
    if scan := body.get("scan"):
        evaluate_shard(deps, workspace, scan, deadline)
    else:
        evaluate_records(deps, [RecordKey(workspace, *record) for record in body["records"]])


def evaluate_shard(deps: Deps, workspace: str, scan: Mapping[str, Json], deadline: datetime) -> None:
    """Every stored record of one shard, tombstones included: they may still support somebody. What is left when the
    time is nearly up is queued anew."""
    connection, object = scan["connection"], scan["object"]
    ids = deps.records.ids(workspace, connection, object, scan["shard"], scan.get("after", ""))
    for batch in batches(RecordKey(workspace, connection, object, id) for id, _ in ids):
        evaluate_records(deps, batch)
        if deps.now() + BATCH_MARGIN > deadline:
            rest = {**scan, "after": batch[-1].external_id}
            deps.queues.groups.send(Message({"workspace": workspace, "scan": rest}, workspace))
            return


def evaluate_records(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Settle what these records of one workspace support; what a deal links to settles that deal.

    Raises Stale when records change faster than they can be looked at; the message comes back then.
    """
    for batch in batches(_deals_of(deps, keys)):
        left: Sequence[RecordKey] = batch
        for _ in range(ROUNDS):
            left = _settle(deps, left)
            if not left:
                break
        else:
            raise Stale(f"{len(left)} records keep changing while groups look at them")


def _deals_of(deps: Deps, keys: Sequence[RecordKey]) -> list[RecordKey]:
    """Links are looked up only where a group cares for them. What a vanished connection left behind is let go."""
    if not keys:
        return []
    looked_at = _groups(deps, keys[0].workspace).kinds_beside_deals()
    sources = Sources(deps, keys[0].workspace)
    deals: dict[RecordKey, None] = {}
    for key in keys:
        if sources.is_of(key, Kind.DEAL) or sources.connection(key.connection) is None:
            deals[key] = None
        elif any(sources.is_of(key, kind) for kind in looked_at):
            deals |= dict.fromkeys(_linking(deps, sources, key))
    return list(deals)


def _linking(deps: Deps, sources: Sources, other: RecordKey) -> list[RecordKey]:
    names = sources.objects(other.connection, Kind.DEAL)
    return [replace(other, object=name, external_id=id) for name in names for id in deps.records.linked(other, name)]


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups a decision is made with; a predicate is None when today's code cannot read it."""

    version: int
    all: Sequence[tuple[Group, Predicate | None]]
    index: MaskIndex
    """Of the predicates of all, one that is None being nothing."""

    def needs_links(self) -> frozenset[Kind]:
        return frozenset(kind for _, predicate in self.all if predicate for kind in predicate.needs_links)

    def kinds_beside_deals(self) -> frozenset[Kind]:
        """Of which records a change is a change of the deals that link to them."""
        takes_contacts = any(group.members is not Members.OWNER for group, _ in self.all)
        return self.needs_links() | ({Kind.CONTACT} if takes_contacts else frozenset())

    def bring_contacts_of(self, view: View) -> bool:
        return any(
            group.members is not Members.OWNER and takes(group, view) and predicate.may_stay(view.facts, view.when)
            for group, predicate in self._not_failed_by(view)
        )

    def wanted(self, view: View | None, held: Sequence[Support]) -> list[Support]:
        if view is None:
            return []
        unreadable = {group.id for group, predicate in self.all if predicate is None}
        wanted = [support for support in held if support.group in unreadable]
        for group, predicate in self._not_failed_by(view):
            wanted += supported(group, predicate, view, held)
        return wanted

    def _not_failed_by(self, view: View) -> Iterator[tuple[Group, Predicate]]:
        """All others bring nobody and keep nobody, so that a record costs what the few groups cost that it concerns."""
        true, unknown = self.index.matches(view.facts, view.when)
        for at in self.index.numbers(true | unknown):
            group, predicate = self.all[at]
            if predicate is not None:
                yield group, predicate


def _settle(deps: Deps, keys: Sequence[RecordKey]) -> list[RecordKey]:
    """One round; returns the records that must be looked at again. What is held is read before all that it is decided
    from, so that of two workers the one with the newer facts wins."""
    held = deps.memberships.held(keys)
    groups = _groups(deps, keys[0].workspace)
    if not groups.all and not any(one.supports for one in held.values()):
        return []
    scene = look_at_deals(deps, keys, groups.bring_contacts_of, groups.needs_links()) if groups.all else Scene({}, {})
    written: list[RecordKey] = []
    again: list[RecordKey] = []
    for key in keys:
        before = held.get(key, Held())
        wanted = groups.wanted(scene.views.get(key), before.supports)
        if same_supports(before.supports, wanted):
            continue
        settled = _settled(deps, key, before, groups.version, wanted)
        (written if settled else again).append(key)
    if written and not _still_stands(deps, keys[0].workspace, groups.version, scene):
        again += written
    return again


def _settled(deps: Deps, key: RecordKey, held: Held, groups_version: int, wanted: Sequence[Support]) -> bool:
    try:
        deps.memberships.settle(key, held, groups_version=groups_version, wanted=wanted)
    except Stale:
        return False
    return True


def _still_stands(deps: Deps, workspace: str, groups_version: int, scene: Scene) -> bool:
    """Whether the groups and every record looked at are still what they were."""
    if deps.groups.snapshot(workspace)[0] != groups_version:
        return False
    now = deps.records.get_many(list(scene.stored))
    return all(key in now and now[key].record == seen.record for key, seen in scene.stored.items())


def _groups(deps: Deps, workspace: str) -> _Groups:
    version, groups = deps.groups.snapshot(workspace)
    rules = tuple(orjson.dumps(group.rules, default=str) for group in groups)
    return _Groups(version, list(zip(groups, map(_predicate, rules), strict=True)), _index(rules))


@lru_cache(maxsize=8)
def _index(rules: tuple[bytes, ...]) -> MaskIndex:
    return MaskIndex([_predicate(each) for each in rules])


@lru_cache(maxsize=4096)
def _predicate(rules: bytes) -> Predicate | None:
    """Saved rules were checked; those of a newer version of ours may be unreadable to this one, and let nobody go."""
    try:
        return compile_predicate(rules)
    except Invalid:
        return None
