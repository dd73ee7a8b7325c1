"""Find what a full listing no longer shows: stored ids that it did not name are read again, one by one answered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Json, State
from crmbridge.domain.runs import Status, Task, add_counts, removal_limit
from crmbridge.services.open_work import Work
from crmbridge.services.ports import Deps
from crmbridge.services.store_sightings import store_sightings

SHARDS: Final = 16
STRETCH: Final = 500
"""Ids read again between two checkpoints."""


def sweep(deps: Deps, work: Work, task: Task) -> Task:
    """One stretch of it; the task says where to go on, or how it ended.

    What the CRM says about each id is stored: archived, merged, hidden, or live after all (made while we listed). When
    more ids are missing than one sweep may remove, it asks about all of them before it removes the first, and stops
    with nothing removed if they are gone indeed: then a lost permission is likelier than a customer's big clean-up.
    Only an admin knows better, and confirms the removals when asking for a run.
    """
    stored, missing = _missing(deps, work, task)
    place = dict(task.cursor) or _beginning(len(stored), len(missing), confirmed=task.confirmed)
    ahead = [id for id in missing if id > place["after"]]
    for ids in _batches(ahead[:STRETCH], work.platform.objects[task.object].page_size):
        read_started_at = deps.now()
        seen = work.platform.fetch(work.api, task.object, ids, work.directories)
        place["gone"] += sum(one.state is not State.LIVE for one in seen)
        if place["gone"] > place["limit"]:
            return _stopped(task, place["limit"], len(missing))
        task = _store(deps, work, task, _for_now(seen, place["phase"]), read_started_at)
        place["after"] = ids[-1]
    if len(ahead) > STRETCH:
        return replace(task, cursor=place)
    if place["phase"] == "ask":
        return replace(task, cursor={**place, "phase": "remove", "after": "", "gone": 0})
    return replace(task, cursor={}, status=Status.SUCCESS)


def _missing(deps: Deps, work: Work, task: Task) -> tuple[list[str], list[str]]:
    """The ids stored as live (or as whatever else the listings show), and those of them that they did not; in order."""
    listed = work.platform.objects[task.object].listed
    stored = [
        id
        for shard in range(SHARDS)
        for id, state in deps.records.ids(task.workspace, task.connection, task.object, shard)
        if state in listed
    ]
    return stored, sorted(set(stored) - deps.journal.noted_ids(task.workspace, task.id))


def _beginning(stored: int, missing: int, *, confirmed: bool) -> dict[str, Json]:
    limit = stored if confirmed else removal_limit(stored)
    return {"phase": "ask" if missing > limit else "remove", "after": "", "gone": 0, "limit": limit}


def _for_now(seen: Sequence[Sighting], phase: str) -> Sequence[Sighting]:
    return seen if phase == "remove" else [one for one in seen if one.state is State.LIVE]


def _store(deps: Deps, work: Work, task: Task, seen: Sequence[Sighting], read_started_at: datetime) -> Task:
    counts = store_sightings(
        deps,
        work.platform,
        work.connection,
        work.directories,
        seen,
        read_started_at=read_started_at,
        cause=Cause(Origin.BACKFILL),
    )
    return replace(task, counts=add_counts(task.counts, counts))


def _stopped(task: Task, limit: int, missing: int) -> Task:
    error = (
        f"the CRM no longer shows {missing} stored {task.object}, and more than {limit} of them are gone; "
        "they were kept: check the permissions of the connection and sync again, or have an admin ask for a full sync "
        "that confirms the removals"
    )
    return replace(task, cursor={}, status=Status.PARTIAL, error=error)


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
