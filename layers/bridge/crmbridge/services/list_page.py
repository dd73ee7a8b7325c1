"""Read one page of a task's listing and store what it shows; of a full run, ask for the next page meanwhile.

A page takes a CRM as long as storing one takes us. What is asked for ahead is the next step's page; it is read in vain
only where a worker stops in between.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.directories import Directories
from crmbridge.domain.runs import Status, Task, add_counts
from crmbridge.platforms.spec import Page, PageRequest, Window
from crmbridge.services.open_work import PAGE_MARGIN, Reading, Work
from crmbridge.services.ports import Deps
from crmbridge.services.refresh_directories import ask_knowing_names
from crmbridge.services.store_sightings import store_sightings


def list_page(deps: Deps, work: Work, task: Task) -> Task:
    """The task after that page; the ids that a full listing showed are in `work.listed`."""
    read_started_at, page = (work.ahead or partial(_read, deps, work, task))()
    task = replace(task, pages=task.pages + 1)
    after = _after_page(deps, work, task, page)
    work.ahead = _ahead(deps, work, after)
    counts = store_sightings(
        deps,
        work.platform,
        work.connection,
        work.directories,
        page.seen,
        read_started_at=page.read_started_at or read_started_at,
        cause=Cause(Origin.INCREMENTAL if task.window else Origin.BACKFILL),
        known_empty=task.object not in work.connection.watermarks,
        indexed=page.indexed,
        may_be_old=page.read_started_at is not None,
    )
    _note(deps, work, task, page)
    return replace(after, counts=add_counts(task.counts, counts))


def _ahead(deps: Deps, work: Work, after: Task) -> Callable[[], Reading] | None:
    """Begun only where nothing stands between this page and the next: no wait, no end, no change of names."""
    stays = after.cursor and not (after.window or after.next_attempt_at or after.is_over)
    if not stays or deps.now() + 2 * PAGE_MARGIN > work.deadline:
        return None
    return deps.begin(partial(_read, deps, work, after))


def _read(deps: Deps, work: Work, task: Task) -> Reading:
    return deps.now(), _asked(deps, work, task)


def _asked(deps: Deps, work: Work, task: Task) -> Page:
    """A full run has just loaded the names."""
    window = Window(*map(datetime.fromisoformat, task.window)) if task.window else None

    def ask(directories: Directories) -> Page:
        request = PageRequest(
            object=task.object, directories=directories, step=task.step, cursor=task.cursor, window=window
        )
        return work.platform.page(work.api, request)

    if window is None:
        return ask(work.directories)
    page, work.directories = ask_knowing_names(deps, work.platform, work.connection, work.api, work.directories, ask)
    return page


def _after_page(deps: Deps, work: Work, task: Task, page: Page) -> Task:
    """To the next page, now or when the CRM has it; else to the object's next listing; else to the sweep or the end."""
    later = deps.now() + timedelta(seconds=page.wait_seconds) if page.wait_seconds and page.next is not None else None
    task = replace(task, cursor=page.next or {}, attempts=0, error="", next_attempt_at=later)
    if page.next is not None:
        return task
    spec = work.platform.objects[task.object]
    steps = spec.changes if task.window else (*spec.listings, "sweep")
    ahead = steps[steps.index(task.step) + 1 :] if task.step in steps else ()
    return replace(task, step=ahead[0]) if ahead else replace(task, status=Status.SUCCESS)


def _note(deps: Deps, work: Work, task: Task, page: Page) -> None:
    """What a full listing showed is not swept; how much there is feeds the progress bars, where one object is the
    whole kind."""
    if task.window is None:
        work.listed = [seen.external_id for seen in page.seen]
    kind = work.platform.objects[task.object].kind
    if page.total is not None and sum(spec.kind is kind for spec in work.platform.objects.values()) == 1:
        deps.journal.set_totals(task.workspace, task.run, {kind: page.total})
