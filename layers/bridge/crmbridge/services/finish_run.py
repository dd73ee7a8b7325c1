"""End a run once the last of its tasks is over: counts, status, due times, and word to the chat app if it failed."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import NotFound, Stale
from crmbridge.domain.runs import Run, RunType, Status, Task, add_counts, outcome
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_scans

RETRY_FULL: Final = timedelta(hours=1)


def finish_run(deps: Deps, workspace: str, run_id: str) -> None:
    """Does nothing while a task is under way. What may be repeated comes first, the one conditional write last, so
    that a crash anywhere in between is made good by whoever looks next. A full run is followed by a full evaluation of
    the groups: they are right once a day even where a change was never heard of."""
    tasks = deps.journal.tasks(workspace, run_id)
    run = deps.journal.run(workspace, run_id)
    if run.status is not Status.RUNNING or not all(task.is_over for task in tasks):
        return
    ended = _ended(run, tasks, deps.now())
    if ended.status is not Status.SUCCESS and _is_there(deps, ended):
        _announce(deps, ended)
    _release(deps, ended)
    if ended.type is RunType.FULL:
        queue_scans(deps, workspace, [run.connection])
    deps.journal.finish_run(ended)


def rewrite_connection(deps: Deps, workspace: str, id: str, change: Callable[[Connection], Connection]) -> Connection:
    """Save a change to a connection whoever else is writing it: `change` is applied to what is stored now."""
    for _ in range(8):
        try:
            return deps.connections.save(change(deps.connections.get(workspace, id)))
        except Stale:
            deps.sleep(0.05)
    raise Stale(f"connection {id} is being written by many")


def _ended(run: Run, tasks: Sequence[Task], now: datetime) -> Run:
    errors = tuple({"object": task.object, "error": task.error} for task in tasks if task.error)
    return replace(
        run,
        status=outcome(tasks),
        counts=add_counts(*(task.counts for task in tasks)),
        errors=errors,
        completed_at=now,
    )


def _is_there(deps: Deps, run: Run) -> bool:
    """Of one that was disconnected while it ran nobody wants to hear."""
    try:
        deps.connections.get(run.workspace, run.connection)
    except NotFound:
        return False
    return True


def _release(deps: Deps, run: Run) -> None:
    """Free the connection for the next run and say when that is due."""

    def released(connection: Connection) -> Connection:
        if connection.active_run != run.id:
            return connection
        return _due(replace(connection, active_run=None), run)

    with suppress(NotFound):  # disconnected while it ran
        rewrite_connection(deps, run.workspace, run.connection, released)


def _due(connection: Connection, run: Run) -> Connection:
    """Jittered by a tenth, so that connections made together do not stay together."""
    jitter = 0.95 + crc32(run.id.encode()) / 2**32 / 10
    ended, settings = run.completed_at or run.started_at, connection.settings
    connection = replace(connection, incremental_due_at=ended + settings.frequency * jitter)
    if run.type is RunType.INCREMENTAL:
        return connection
    wait = min(RETRY_FULL, settings.full_every) if run.status is Status.FAILED else settings.full_every
    return replace(connection, full_due_at=ended + wait * jitter)


def _announce(deps: Deps, run: Run) -> None:
    """The id is the run's, so that saying it twice is saying it once."""
    data = {
        "connection": run.connection,
        "run": run.id,
        "run_type": run.type.value,
        "status": run.status.value,
        "errors": [dict(error) for error in run.errors],
    }
    notify_chat(deps, run.workspace, f"sync_{run.id}", "sync.failed", data)
