"""The sync log in the API: runs, their counts, and what went wrong."""

from datetime import datetime
from typing import Any, Literal

from crmbridge.entry.http import Ask, new_router
from crmbridge.entry.models import Cursor, Limit, Page, Shown
from crmbridge.services import read_runs

router = new_router()
TAGS = ["Sync log"]


class CountsShown(Shown):
    """`removed` are tombstones stored, `unchanged` were read and not written, `calls` were made to the CRM."""

    read: int
    created: int
    updated: int
    removed: int
    unchanged: int
    calls: int


class RunShown(Shown):
    """`counts` and `totals` are per kind; a total is there where the CRM says how many records it has."""

    id: str
    connection: str
    type: Literal["full", "incremental"]
    status: Literal["running", "success", "partial", "failed"]
    counts: dict[str, CountsShown]
    totals: dict[str, int]
    errors: list[dict[str, Any]]
    started_at: datetime
    completed_at: datetime | None
    duration_seconds: float | None
    requested_by: str


class RunPage(Page[RunShown]):
    pass


@router.get("/v1/connections/<id>/runs", summary="List a connection's runs, the newest first", tags=TAGS)
def list_runs(ask: Ask, id: str, limit: Limit = 20, cursor: Cursor = None) -> RunPage:
    return RunPage.model_validate(read_runs.list_runs(ask.deps, ask.caller, id, limit=limit, cursor=cursor))


@router.get("/v1/runs/<id>", summary="Read one run", tags=TAGS)
def read_run(ask: Ask, id: str) -> RunShown:
    return RunShown.model_validate(read_runs.read_run(ask.deps, ask.caller, id))
