"""A day begins somewhere: look again at the records of which that may change who belongs."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from crmbridge.domain.predicates import When
from crmbridge.services.compile_groups import compile_groups
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import BATCH, queue_settling

T = TypeVar("T")
R = TypeVar("R")

PER_TICK: Final = 20_000
"""Records a minute, shared by the workspaces whose time has come."""
PER_WORKSPACE: Final = 5_000
GRACE: Final = timedelta(minutes=10)
"""A worker may begin before midnight and write after it; none works longer."""


def wake_records(deps: Deps, due: Sequence[tuple[str, datetime]], now: datetime) -> int:
    """`due` names workspaces, each with when its clock was due. Return how many records were rung for; a workspace with
    many of them does not keep the others waiting."""
    share = min(PER_WORKSPACE, max(BATCH, PER_TICK // max(1, len(due))))
    return sum(one_by_one(due, lambda clock: _wake(deps, *clock, now, share)))


def one_by_one(due: Iterable[T], call: Callable[[T], R]) -> list[R]:
    """The results; what is wrong with one is raised, as an ExceptionGroup, when all have had their turn."""
    results: list[R] = []
    troubles: list[Exception] = []
    for one in due:
        try:
            results.append(call(one))
        except Exception as trouble:  # noqa: BLE001 - told below
            troubles.append(trouble)
    if troubles:
        raise ExceptionGroup("not everybody had their turn", troubles)
    return results


def _wake(deps: Deps, workspace: str, seen: datetime, now: datetime, most: int) -> int:
    """A record that was rung for waits on until it was looked at: when this is done twice, it is looked at twice."""
    zones = [ZoneInfo(name) for name in compile_groups(deps, workspace).time_zones()]
    woken = deps.memberships.due_wakings(workspace, now, most) if zones else ()
    queue_settling(deps, woken)
    deps.workspaces.set_clock(workspace, seen, now if len(woken) == most else next_midnight(zones, now))
    return len(woken)


def next_midnight(zones: Iterable[ZoneInfo], now: datetime) -> datetime | None:
    """At once while the last one is still fresh; None: there is nobody to whom it matters."""
    coming = [midnight for zone in zones if (midnight := When(now - GRACE, zone).midnight_in(1))]
    return max(now, min(coming)) if coming else None
