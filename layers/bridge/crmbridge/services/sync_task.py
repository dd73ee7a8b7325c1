"""Work on one task of a run: pages from its checkpoint until the time is nearly up, then hand on.

Cursor, lease and fence are in the journal; the message that wakes this is a doorbell and may come twice.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import BridgeError, PlatformError, Stale, Throttled, Unavailable
from crmbridge.domain.records import instant_text
from crmbridge.domain.runs import MAX_ATTEMPTS, Counts, Status, Task, add_counts, back_off
from crmbridge.services.finish_run import finish_run, rewrite_connection
from crmbridge.services.list_page import list_page
from crmbridge.services.open_work import PAGE_MARGIN, Work, open_work
from crmbridge.services.ports import Deps
from crmbridge.services.start_run import ring_tasks
from crmbridge.services.sweep import sweep

HOPS: Final = 10
"""Lambda stops a chain of 16 functions that ring each other; before that the minute schedule begins a new chain."""
SOON: Final = timedelta(seconds=30)
"""Waits up to this long are rung by a delayed message; longer ones by the minute schedule."""


@dataclass(slots=True)
class _Progress:
    """The task as it was last saved, or is about to be, and what its last page showed, to be saved with it."""

    task: Task
    listed: Sequence[str] = ()


def sync_task(deps: Deps, workspace: str, task_id: str, *, deadline: datetime) -> None:
    """Does nothing when another worker holds the task or it is over. A CRM that is busy or away makes the task wait;
    a CRM that refuses ends it; a bug leaves its mark on the task and is raised."""
    claimed = deps.journal.claim(workspace, task_id, deadline, deps.now())
    if claimed is None:
        return
    progress = _Progress(replace(claimed, next_attempt_at=None))
    try:
        _work(deps, progress, deadline)
    except BridgeError as error:
        with suppress(Stale):  # the fence has moved on: somebody else works on it
            _conclude(deps, _after_error(deps, progress.task, error), progress.listed)
    except Exception as error:
        with suppress(Stale):
            _conclude(deps, _postponed_or_failed(deps, progress.task, _bug(error)), progress.listed)
        raise


def _work(deps: Deps, progress: _Progress, deadline: datetime) -> None:
    work = open_work(deps, progress.task, deadline)
    counted = work.api.calls
    while True:
        stepped = _STEPS.get(progress.task.step, list_page)(deps, work, progress.task)
        calls = work.api.calls
        progress.task, progress.listed = _with_calls(work, stepped, calls - counted), work.listed
        if progress.task.is_over or progress.task.next_attempt_at:
            return _conclude(deps, progress.task, progress.listed)
        if deps.now() + PAGE_MARGIN > deadline:
            return _hand_on(deps, work, progress)
        deps.journal.checkpoint(progress.task, listed=progress.listed)
        counted, progress.listed, work.listed = calls, (), ()


def _load_names(deps: Deps, work: Work, task: Task) -> Task:
    """They were loaded when the work was opened, if it was time for that; now the others may begin."""
    others = [other for other in deps.journal.tasks(task.workspace, task.run) if other.id != task.id]
    ring_tasks(deps, work.connection, others)
    return replace(task, status=Status.SUCCESS, error="")


def _sweep(deps: Deps, work: Work, task: Task) -> Task:
    return replace(sweep(deps, work, replace(task, error="")), attempts=0)


_STEPS: Final = {"directories": _load_names, "sweep": _sweep}
"""Every other step is a listing of the object's own."""


def _with_calls(work: Work, task: Task, calls: int) -> Task:
    spec = work.platform.objects.get(task.object)
    if spec is None or not calls:
        return task
    return replace(task, counts=add_counts(task.counts, {str(spec.kind): Counts(calls=calls)}))


def _hand_on(deps: Deps, work: Work, progress: _Progress) -> None:
    task = progress.task
    if task.fence % HOPS:
        deps.journal.checkpoint(task, release=True, listed=progress.listed)
        ring_tasks(deps, work.connection, [task])
    else:
        deps.journal.checkpoint(replace(task, next_attempt_at=deps.now()), release=True, listed=progress.listed)


def _after_error(deps: Deps, task: Task, error: BridgeError) -> Task:
    text = _explained(error)
    if isinstance(error, Throttled | Unavailable):
        return _postponed_or_failed(deps, task, text, error.retry_after)
    if isinstance(error, Stale):
        return _postponed_or_failed(deps, task, text)
    return replace(task, status=Status.FAILED, error=text)


def _explained(error: BridgeError) -> str:
    if not isinstance(error, PlatformError):
        return str(error)
    request = f" (request {error.request_id})" if error.request_id else ""
    return f"{error}{request}; next: {error.next_step}"


def _postponed_or_failed(deps: Deps, task: Task, error: str, at_least: float = 0.0) -> Task:
    """A task that gets nowhere, time and again, fails; a page in between starts the count anew."""
    if task.attempts >= MAX_ATTEMPTS:
        return replace(task, status=Status.FAILED, error=error)
    jitter = crc32(f"{task.id}{task.attempts}".encode()) / 2**32
    wait = back_off(task.attempts, jitter, at_least)
    return replace(task, attempts=task.attempts + 1, next_attempt_at=deps.now() + wait, error=error)


def _bug(error: Exception) -> str:
    return f"a bug ({type(error).__name__})"


def _conclude(deps: Deps, task: Task, listed: Sequence[str] = ()) -> None:
    """Save a task that is over, or that waits. Its watermark moves first: it may move twice, and must not be lost."""
    task = _partial_where_cut(task)
    if task.status in (Status.SUCCESS, Status.PARTIAL) and task.step != "directories":
        _move_watermark(deps, task)
    deps.journal.checkpoint(task, release=True, listed=listed)
    if task.step == "directories" and task.status is Status.FAILED:
        _fail_the_others(deps, task)
    if task.is_over:
        finish_run(deps, task.workspace, task.run)
    elif task.next_attempt_at and task.fence % HOPS and (wait := task.next_attempt_at - deps.now()) <= SOON:
        connection = deps.connections.get(task.workspace, task.connection)
        ring_tasks(deps, connection, [task], delay_seconds=int(wait.total_seconds()) + 1)


def _partial_where_cut(task: Task) -> Task:
    cut = [name for counts in task.counts.values() for name in counts.shortened]
    if task.status is not Status.SUCCESS or not cut:
        return task
    error = f"too large to be stored whole, so that their longest fields were cut: {', '.join(cut)}"
    return replace(task, status=Status.PARTIAL, error=error)


def _move_watermark(deps: Deps, task: Task) -> None:
    """To the end of the window; of a full listing, to when its run began."""
    seen_until = task.window[1] if task.window else instant_text(deps.journal.run(task.workspace, task.run).started_at)

    def moved(connection: Connection) -> Connection:
        before = connection.watermarks.get(task.object, "")
        return replace(connection, watermarks={**connection.watermarks, task.object: max(before, seen_until)})

    rewrite_connection(deps, task.workspace, task.connection, moved)


def _fail_the_others(deps: Deps, failed: Task) -> None:
    """Without names nothing can be translated: the other tasks end with the same error."""
    for task in deps.journal.tasks(failed.workspace, failed.run):
        claimed = deps.journal.claim(task.workspace, task.id, deps.now(), deps.now())
        if claimed:
            deps.journal.checkpoint(replace(claimed, status=Status.FAILED, error=failed.error), release=True)
