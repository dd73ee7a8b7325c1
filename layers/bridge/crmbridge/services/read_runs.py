"""The sync log, as people look at it: while a run is under way its counts are those of its tasks so far."""

from dataclasses import replace

from crmbridge.domain.connections import Caller
from crmbridge.domain.runs import Run, Status, add_counts
from crmbridge.domain.stored import PageOf
from crmbridge.services.ports import Deps


def list_runs(
    deps: Deps, caller: Caller, connection_id: str, *, limit: int = 20, cursor: str | None = None
) -> PageOf[Run]:
    """The newest first. Raises NotFound for a foreign connection as for an unknown one."""
    deps.connections.get(caller.workspace, connection_id)
    page = deps.journal.runs(caller.workspace, connection_id, limit=limit, cursor=cursor)
    return PageOf([_so_far(deps, run) for run in page.items], page.cursor)


def read_run(deps: Deps, caller: Caller, id: str) -> Run:
    return _so_far(deps, deps.journal.run(caller.workspace, id))


def _so_far(deps: Deps, run: Run) -> Run:
    if run.status is not Status.RUNNING:
        return run
    tasks = deps.journal.tasks(run.workspace, run.id)
    errors = tuple({"object": task.object, "error": task.error} for task in tasks if task.error)
    return replace(run, counts=add_counts(*(task.counts for task in tasks)), errors=errors)
