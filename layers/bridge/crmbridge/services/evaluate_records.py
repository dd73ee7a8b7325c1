"""Changed records -> who is supported in which group. One pass serves all groups of a workspace."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from crmbridge.domain.errors import Stale
from crmbridge.domain.group_index import GroupIndex
from crmbridge.domain.groups import Held, Support
from crmbridge.domain.messages import Message
from crmbridge.domain.records import Json, Kind, RecordKey
from crmbridge.domain.views import View, same_supports
from crmbridge.services.compile_groups import compile_groups
from crmbridge.services.find_linked import Sources, every_link, owns_links
from crmbridge.services.look_at_records import Scene, look_at_records
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import BATCH, batches, queue_settling
from crmbridge.services.ring_people import ring_people

ROUNDS: Final = 5
AT_ONCE: Final = 3 * BATCH
"""A record may decide about thousands (a company about its contacts): the rest is shared out."""
BATCH_MARGIN: Final = timedelta(seconds=30)
"""What is kept free for a batch under way, and for one batch of each message that came along."""


def evaluate_message(deps: Deps, body: Mapping[str, Json], deadline: datetime) -> None:
    """`{"workspace", "records": [[connection, object, id], ...]}` of records that changed; `"settle"` instead of
    records: look at just these; `"scan": {"connection", "object", "shard"}`, with the id `after` which to go on;
    `"people": [e-mail, ...]` whose chat users have changed."""
    workspace = body["workspace"]
    if scan := body.get("scan"):
        evaluate_shard(deps, workspace, scan, deadline)
    elif people := body.get("people"):
        ring_people(deps, workspace, people)
    elif settle := body.get("settle"):
        settle_records(deps, [RecordKey(workspace, *record) for record in settle])
    else:
        evaluate_records(deps, [RecordKey(workspace, *record) for record in body["records"]])


def evaluate_shard(deps: Deps, workspace: str, scan: Mapping[str, Json], deadline: datetime) -> None:
    """Every stored record of one shard, tombstones included: they may still support somebody. What is left when the
    time is nearly up is queued anew."""
    connection, object = scan["connection"], scan["object"]
    ids = deps.records.ids(workspace, connection, object, scan["shard"], scan.get("after", ""))
    for batch in batches(RecordKey(workspace, connection, object, id) for id, _ in ids):
        settle_records(deps, batch)
        if deps.now() + BATCH_MARGIN > deadline:
            rest = {**scan, "after": batch[-1].external_id}
            deps.queues.groups.send(Message({"workspace": workspace, "scan": rest}, workspace))
            return


def evaluate_records(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """These records of one workspace have changed: settle what they support, and what those support that are linked to
    them.

    Raises Stale when records change faster than they can be looked at; the message comes back then.
    """
    if not keys:
        return
    affected = _affected(deps, keys)
    settle_records(deps, list(islice(affected, AT_ONCE)))
    for batch in batches(affected):
        queue_settling(deps, batch)


def settle_records(deps: Deps, keys: Sequence[RecordKey]) -> None:
    """Settle what just these records support; raises Stale as `evaluate_records` does."""
    for batch in batches(keys):
        left: Sequence[RecordKey] = batch
        for _ in range(ROUNDS):
            left = _settle(deps, left)
            if not left:
                break
        else:
            raise Stale(f"{len(left)} records keep changing while groups look at them")


def _affected(deps: Deps, keys: Sequence[RecordKey]) -> Iterator[RecordKey]:
    """Each once. Links are looked up only where a group cares for them. What a vanished connection left behind is let
    go."""
    groups, sources = compile_groups(deps, keys[0].workspace), Sources(deps, keys[0].workspace)
    looks_at = {kind: groups.looks_at(kind) for kind in groups.kinds()}
    looking = {key: _kinds_looking_at(looks_at, sources, key) for key in keys}
    asked = [key for key, kinds in looking.items() if any(owns_links(sources, key, kind) for kind in kinds)]
    stored = deps.records.get_many(asked) if asked else {}
    seen: set[RecordKey] = set()
    for key in keys:
        record = stored[key].record if key in stored else None
        own = [key] if _is_settled_itself(groups, sources, key) else []
        for one in (*own, *(other for kind in looking[key] for other in every_link(sources, key, record, kind))):
            if one not in seen:
                seen.add(one)
                yield one


def _is_settled_itself(groups: GroupIndex, sources: Sources, key: RecordKey) -> bool:
    return any(sources.is_of(key, kind) for kind in groups.kinds()) or sources.connection(key.connection) is None


def _kinds_looking_at(looks_at: Mapping[Kind, Collection[Kind]], sources: Sources, key: RecordKey) -> list[Kind]:
    """The kinds of records with groups that look, across links, at records such as this."""
    return sorted(base for base, kinds in looks_at.items() if any(sources.is_of(key, kind) for kind in kinds))


def _settle(deps: Deps, keys: Sequence[RecordKey]) -> list[RecordKey]:
    """One round; returns the records that must be looked at again. What is held is read before all that it is decided
    from, so that of two workers the one with the newer facts wins."""
    held = deps.memberships.held(keys)
    groups = compile_groups(deps, keys[0].workspace)
    if not groups.panels and not any(one.supports or one.wakes_at for one in held.values()):
        return []
    scene = look_at_records(deps, keys, _Lookers(groups, held)) if groups.panels else Scene(deps.now(), {}, {})
    written: list[RecordKey] = []
    again: list[RecordKey] = []
    for key in keys:
        before, view = held.get(key, Held()), scene.views.get(key)
        wanted = groups.wanted(view, before.supports)
        if not same_supports(before.supports, wanted):
            settled = _settled(deps, key, before, groups.version, wanted)
            (written if settled else again).append(key)
        _set_waking(deps, key, before, groups.next_flip(view), scene.now)
    if written and not _still_stands(deps, keys[0].workspace, groups.version, scene):
        again += written
    return again


@dataclass(frozen=True, slots=True)
class _Lookers:
    """The groups of a workspace, and what the records that are looked at bring into them so far."""

    groups: GroupIndex
    held: Mapping[RecordKey, Held]

    def kinds(self) -> frozenset[Kind]:
        return self.groups.kinds()

    def needs_links(self, kind: Kind) -> frozenset[Kind]:
        return self.groups.needs_links(kind)

    def bring_contacts_of(self, view: View) -> bool:
        return self.groups.bring_contacts_of(view, self.held.get(view.key, Held()).supports)


def _settled(deps: Deps, key: RecordKey, held: Held, groups_version: int, wanted: Sequence[Support]) -> bool:
    try:
        deps.memberships.settle(key, held, groups_version=groups_version, wanted=wanted)
    except Stale:
        return False
    return True


def _set_waking(deps: Deps, key: RecordKey, held: Held, flip: datetime | None, now: datetime) -> None:
    """A moment that has come is replaced, one that is to come only by an earlier one: whoever else looks at the record
    at the same time may know better, and being looked at once too often changes nothing."""
    has_come = held.wakes_at is not None and held.wakes_at <= now
    is_sooner = flip is not None and (held.wakes_at is None or flip < held.wakes_at)
    if has_come or is_sooner:
        deps.memberships.wake(key, flip, now)


def _still_stands(deps: Deps, workspace: str, groups_version: int, scene: Scene) -> bool:
    """Whether the groups and every record looked at are still what they were."""
    if deps.groups.version(workspace) != groups_version:
        return False
    now = deps.records.get_many(list(scene.stored))
    return all(key in now and now[key].record == seen.record for key, seen in scene.stored.items())
