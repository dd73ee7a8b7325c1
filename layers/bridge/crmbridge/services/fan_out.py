"""From what streams showed to packed messages: changed records to the groups, touched memberships to the chat app."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from crmbridge.domain.changes import MemberMoved, Origin, RecordMoved, Unlinked
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.services.deliver_members import ring_members
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches, queue_records

GROUPED: Final = frozenset({Kind.CONTACT, Kind.COMPANY, Kind.DEAL, Kind.TASK})
"""Kinds that decide who is in a smart group; changes of the others ring nobody."""


def fan_out(deps: Deps, changes: Iterable[RecordMoved | MemberMoved | Unlinked]) -> int:
    """Return how many records and members were passed on, each once. Passing one on twice is harmless."""
    records: dict[RecordKey, None] = {}
    members: dict[tuple[str, str], dict[str, None]] = {}
    for change in changes:
        if isinstance(change, MemberMoved):
            members.setdefault((change.workspace, change.group), {})[change.person] = None
        elif isinstance(change, Unlinked) or _decides(change):
            records[change.key] = None
    for _, keys in groupby(sorted(records), lambda key: key.workspace):
        queue_records(deps, list(keys))
    for (workspace, group), persons in members.items():
        for batch in batches(persons):
            ring_members(deps, workspace, group, batch)
    return len(records) + sum(map(len, members.values()))


def _decides(change: RecordMoved) -> bool:
    return change.kind in GROUPED and change.is_news and not _is_first_seen_by_a_full_run(change)


def _is_first_seen_by_a_full_run(change: RecordMoved) -> bool:
    """A full run ends with an evaluation of everything; its first pass would otherwise ring for every record twice."""
    return change.state_before is None and change.cause.origin is Origin.BACKFILL
