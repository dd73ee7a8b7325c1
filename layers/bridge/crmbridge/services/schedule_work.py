"""Once a minute: begin the runs that are due, and ring for whatever waits or is stuck. Every bell may ring twice.

Channels are renewed here, and refresh tokens used that a CRM would forget. Where more is due than a round takes, every
round takes others: what stays due, because it cannot begin, keeps nobody waiting for ever.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Final, TypeVar

from crmbridge.domain.connections import Connection, Health
from crmbridge.domain.errors import BridgeError, NotFound
from crmbridge.domain.runs import RunType, Task
from crmbridge.services.check_groups import check_groups
from crmbridge.services.deliver_members import ring_members
from crmbridge.services.forget_connection import ring_forgetting
from crmbridge.services.notify_chat import ring_event
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches
from crmbridge.services.ring_rules import ring_occasions
from crmbridge.services.ring_waiting import ring_waiting
from crmbridge.services.start_run import ring_tasks, start_run
from crmbridge.services.tend_connection import tend_connection
from crmbridge.services.wake_records import one_by_one, wake_records

T = TypeVar("T")

PER_TICK: Final = 500
"""Bells of one sort a minute; the rest is still due the next minute."""
TENDED_PER_TICK: Final = 25


def schedule_work(deps: Deps, now: datetime) -> dict[str, int]:
    """Return how many of each sort were begun or rung. Trouble with one of them keeps no other waiting: when all is
    done, an ExceptionGroup tells of it."""
    return dict(one_by_one(SORTS, lambda sort: (sort, SORTS[sort](deps, now))))


def _begin_runs(deps: Deps, now: datetime) -> int:
    """A connection whose run is under way is left alone; looking at it ends a run that died before its last word. What
    went wrong otherwise is tried again the next minute."""
    outcomes: Counter[bool] = Counter()
    due = (one for one in deps.connections.due(now) if one.health is Health.DISCONNECTED or _is_run_due(one, now))
    for connection in fair_share(due, now):
        if connection.health is Health.DISCONNECTED:
            ring_forgetting(deps, connection)
        elif connection.health is Health.CONNECTED:
            outcomes[_is_begun(deps, connection, now)] += 1
    return outcomes[True]


def _is_run_due(connection: Connection, now: datetime) -> bool:
    return any(due is not None and due <= now for due in (connection.full_due_at, connection.incremental_due_at))


def _tend(deps: Deps, now: datetime) -> int:
    """Each asks its CRM, so only a few a minute; they are due well before it matters."""
    due = (
        one
        for one in deps.connections.due(now)
        if one.health is Health.CONNECTED and one.tend_due_at and one.tend_due_at <= now
    )
    return sum(tend_connection(deps, connection) for connection in fair_share(due, now, TENDED_PER_TICK))


def _is_begun(deps: Deps, connection: Connection, now: datetime) -> bool:
    full = connection.full_due_at is not None and connection.full_due_at <= now
    try:
        start_run(deps, connection, RunType.FULL if full else RunType.INCREMENTAL, "schedule")
    except BridgeError:
        return False
    return True


def _ring_tasks(deps: Deps, now: datetime) -> int:
    waiting: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in fair_share(deps.journal.due_tasks(now), now):
        waiting[task.workspace, task.connection].append(task)
    rung = 0
    for (workspace, id), tasks in waiting.items():
        try:
            connection = deps.connections.get(workspace, id)
        except NotFound:
            continue
        ring_tasks(deps, connection, tasks)
        rung += len(tasks)
    return rung


def _wake(deps: Deps, now: datetime) -> int:
    return wake_records(deps, fair_share(deps.workspaces.due_clocks(now), now), now)


def _check(deps: Deps, now: datetime) -> int:
    due = fair_share(deps.workspaces.due_checks(now), now)
    one_by_one(due, lambda workspace: check_groups(deps, workspace))
    return len(due)


def _ring_events(deps: Deps, now: datetime) -> int:
    due = fair_share(deps.outbound.due(now), now)
    for event in due:
        ring_event(deps, *event)
    return len(due)


def _ring_actions(deps: Deps, now: datetime) -> int:
    return ring_waiting(deps, fair_share(deps.actions.due(now), now))


def fair_share(waiting: Iterable[T], now: datetime, most: int = PER_TICK) -> list[T]:
    """As many as one round takes, in their order; of more than that, others in every round."""
    found = list(waiting)
    if len(found) <= most:
        return found
    chosen = Random(now.isoformat()).sample(range(len(found)), most)
    return [found[number] for number in sorted(chosen)]


def _ring_rules(deps: Deps, now: datetime) -> int:
    waiting: dict[str, list[str]] = defaultdict(list)
    for workspace, id in fair_share(deps.occasions.due(now), now):
        deps.occasions.postpone(workspace, id, now)
        waiting[workspace].append(id)
    for workspace, ids in waiting.items():
        ring_occasions(deps, workspace, ids)
    return sum(map(len, waiting.values()))


def _ring_members(deps: Deps, now: datetime) -> int:
    waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for workspace, group, person in fair_share(deps.memberships.due(now), now):
        waiting[workspace, group].append(person)
    for (workspace, group), persons in waiting.items():
        for batch in batches(persons):
            ring_members(deps, workspace, group, batch)
    return sum(map(len, waiting.values()))


SORTS: Final[Mapping[str, Callable[[Deps, datetime], int]]] = {
    "runs": _begin_runs,
    "tended": _tend,
    "tasks": _ring_tasks,
    "actions": _ring_actions,
    "members": _ring_members,
    "events": _ring_events,
    "rules": _ring_rules,
    "checks": _check,
    "records": _wake,
}
"""What takes a workspace's own rules to decide comes last."""
