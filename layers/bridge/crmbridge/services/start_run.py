"""Begin one pass over a connection: a run, one task per object, and the first doorbell."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.messages import Message
from crmbridge.domain.records import instant_text
from crmbridge.domain.runs import Run, RunType, Status, Task
from crmbridge.platforms.spec import ObjectSpec, Platform
from crmbridge.services.finish_run import finish_run
from crmbridge.services.ports import Deps

DIRECTORIES = "directories"
"""The first task's step, and its stand-in for an object: names are loaded once, before any record is read."""


def start_run(
    deps: Deps, connection: Connection, type: RunType, requested_by: str, *, confirm_removals: bool = False
) -> Run:
    """Return the new run. Raises Clash while another one is under way or the connection needs reconnecting."""
    connection = deps.connections.get(connection.workspace, connection.id)
    _refuse_unless_ready(deps, connection)
    platform = deps.platform(connection.platform)
    run_id, now = deps.new_id(), deps.now()
    tasks = [replace(task, confirmed=confirm_removals) for task in _plan(deps, platform, connection, type, run_id, now)]
    run = Run(
        id=run_id,
        workspace=connection.workspace,
        connection=connection.id,
        type=type,
        tasks=tuple(task.id for task in tasks),
        started_at=now,
        requested_by=requested_by,
    )
    _take(deps, connection, run)
    deps.journal.add_run(run, tasks)
    ring_tasks(deps, connection, tasks[:1])
    return run


def ring_tasks(deps: Deps, connection: Connection, tasks: Iterable[Task], delay_seconds: int = 0) -> None:
    """One doorbell per task, fair between accounts."""
    group = f"{connection.platform}#{connection.account}"
    bells = [
        Message({"workspace": task.workspace, "task": task.id}, group=group, delay_seconds=delay_seconds)
        for task in tasks
    ]
    if bells:
        deps.queues.pages.send(*bells)


def kept_objects(platform: Platform, connection: Connection) -> list[ObjectSpec]:
    """The objects of the kinds this connection keeps and, where its scopes are known, may read."""
    kinds, scopes = connection.settings.kinds, connection.scopes
    return [
        spec
        for spec in platform.objects.values()
        if not set(kinds).isdisjoint(spec.kinds) and (not scopes or not spec.scope or spec.scope in scopes)
    ]


def _refuse_unless_ready(deps: Deps, connection: Connection) -> None:
    if connection.health is not Health.CONNECTED:
        raise Clash(f"{connection.display_name} is not connected: an admin reconnects it first")
    if connection.active_run is None:
        return
    try:
        finish_run(deps, connection.workspace, connection.active_run)
        run = deps.journal.run(connection.workspace, connection.active_run)
    except NotFound:
        return
    if run.status is Status.RUNNING:
        raise Clash(f"a {run.type} run of {connection.display_name} is under way: {run.id}")


def _take(deps: Deps, connection: Connection, run: Run) -> None:
    """One active run per connection: of two starts at once, one saves."""
    current = deps.connections.get(connection.workspace, connection.id)
    if current.active_run not in (None, connection.active_run):
        raise Clash(f"another run of {connection.display_name} has just begun: {current.active_run}")
    try:
        deps.connections.save(replace(current, active_run=run.id))
    except Stale:
        raise Clash(f"{connection.display_name} has just been changed: try again") from None


def _plan(
    deps: Deps, platform: Platform, connection: Connection, type: RunType, run_id: str, now: datetime
) -> list[Task]:
    def task(object: str, step: str, window: tuple[str, str] | None, first_look: timedelta) -> Task:
        return Task(
            id=deps.new_id(),
            run=run_id,
            workspace=connection.workspace,
            connection=connection.id,
            object=object,
            step=step,
            window=window,
            next_attempt_at=now + first_look,
        )

    tasks = [task(DIRECTORIES, DIRECTORIES, None, timedelta(minutes=1))]
    for spec in kept_objects(platform, connection):
        end = now - timedelta(seconds=_lag(deps, platform, spec))
        window = _window(platform, connection, spec, end) if type is RunType.INCREMENTAL else None
        first = (spec.changes if window else spec.listings)[0]
        tasks.append(task(spec.name, first, window, timedelta(minutes=10)))
    return tasks


def _lag(deps: Deps, platform: Platform, spec: ObjectSpec) -> float:
    if deps.sync_lag_seconds is not None:
        return deps.sync_lag_seconds
    return platform.incremental_lag_seconds if spec.lag_seconds is None else spec.lag_seconds


def _window(platform: Platform, connection: Connection, spec: ObjectSpec, end: datetime) -> tuple[str, str] | None:
    """None for an object that was never listed in full: then it is now."""
    watermark = connection.watermarks.get(spec.name)
    if watermark is None:
        return None
    overlap = platform.overlap_seconds if spec.overlap_seconds is None else spec.overlap_seconds
    start = datetime.fromisoformat(watermark) - timedelta(seconds=overlap)
    return instant_text(min(start, end)), instant_text(end)
