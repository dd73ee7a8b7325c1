"""Note what rules may want to hear of, and ring for it. Where a workspace has no such rules, that costs one read."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from crmbridge.domain.changes import Origin, RecordMoved
from crmbridge.domain.messages import Message
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches

BATCH: Final = 25


def note_changes(deps: Deps, moved: Iterable[RecordMoved]) -> None:
    """The rows first: a message is never the only copy of what was true before. Noting the same again is harmless."""
    news = sorted((each for each in moved if _may_trigger(each)), key=_workspace)
    for workspace, of_workspace in groupby(news, _workspace):
        heard = deps.rules.listening(workspace)
        wanted = [each for each in of_workspace if each.kind in heard]
        ring_occasions(deps, workspace, deps.occasions.note(wanted, deps.now()))


def ring_occasions(deps: Deps, workspace: str, ids: Sequence[str]) -> None:
    for batch in batches(ids, BATCH):
        deps.queues.rules.send(Message({"workspace": workspace, "occasions": batch}, workspace))


def _may_trigger(moved: RecordMoved) -> bool:
    """Rules never fire on what a full run brings, nor on what goes with its connection."""
    return moved.is_news and moved.state is not None and moved.cause.origin is not Origin.BACKFILL


def _workspace(moved: RecordMoved) -> str:
    return moved.key.workspace
