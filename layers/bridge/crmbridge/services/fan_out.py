"""From what streams showed to packed messages: changed records to groups and rules, touched memberships to the chat
app, and what was merged or converted to the panels. A chat app that asked for it hears of changed records."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final

from crmbridge.domain.changes import MemberMoved, Origin, RecordMoved, Unlinked
from crmbridge.domain.records import Kind, RecordKey, State
from crmbridge.services.announce_changes import announce_changes
from crmbridge.services.deliver_members import ring_members
from crmbridge.services.move_panels import ring_panels
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches, queue_records
from crmbridge.services.ring_rules import note_changes

GROUPED: Final = frozenset({Kind.CONTACT, Kind.COMPANY, Kind.DEAL, Kind.TASK})
"""Kinds that decide who is in a smart group; changes of the others ring nobody."""

LIVES_ON: Final = frozenset({State.MERGED, State.CONVERTED})


def fan_out(deps: Deps, changes: Iterable[RecordMoved | MemberMoved | Unlinked]) -> int:
    """Return how many records and members were passed on, each once. Passing one on twice is harmless."""
    members: dict[tuple[str, str], dict[str, None]] = {}
    changed: list[RecordMoved | Unlinked] = []
    for change in changes:
        if isinstance(change, MemberMoved):
            members.setdefault((change.workspace, change.group), {})[change.person] = None
        else:
            changed.append(change)
    records = {change.key for change in changed if _decides(change)}
    _ring(deps, records, queue_records)
    _ring(deps, {change.key for change in changed if _lives_on(change)}, ring_panels)
    for (workspace, group), persons in members.items():
        for batch in batches(persons):
            ring_members(deps, workspace, group, batch)
    moved = [change for change in changed if isinstance(change, RecordMoved)]
    note_changes(deps, moved)
    announce_changes(deps, moved)
    return len(records) + sum(map(len, members.values()))


def _ring(deps: Deps, keys: Iterable[RecordKey], ring: Callable[[Deps, list[RecordKey]], None]) -> None:
    """Workspaces never share a message."""
    for _, of_workspace in groupby(sorted(keys), lambda key: key.workspace):
        ring(deps, list(of_workspace))


def _lives_on(change: RecordMoved | Unlinked) -> bool:
    return isinstance(change, RecordMoved) and change.is_news and change.state in LIVES_ON


def _decides(change: RecordMoved | Unlinked) -> bool:
    if isinstance(change, Unlinked):
        return True
    is_grouped = change.kind in GROUPED or change.kind_before in GROUPED
    return is_grouped and change.is_news and not _is_first_seen_by_a_full_run(change)


def _is_first_seen_by_a_full_run(change: RecordMoved) -> bool:
    """A full run ends with an evaluation of everything; its first pass would otherwise ring for every record twice."""
    return change.state_before is None and change.cause.origin is Origin.BACKFILL
