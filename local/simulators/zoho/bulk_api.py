"""Bulk read: jobs that run one after the other and end in a zip with one CSV file."""

import asyncio
import csv
import io
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.conditions import WrongType, literal, matches
from local.simulators.zoho.errors import Refused, Reply, invalid, mandatory, too_many
from local.simulators.zoho.fields import POINTERS
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row
from local.simulators.zoho.values import shown

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

DOWNLOADS_PER_MINUTE = 10
COMPARATORS = {"equal": "=", "not_equal": "!=", "in": "in", "not_in": "not in", "less_than": "<", "less_equal": "<=",
               "greater_than": ">", "greater_equal": ">=", "starts_with": "starts", "contains": "contains",
               "between": "between", "not_between": "not between"}  # fmt: skip
Fits = Callable[[Row], bool]


@dataclass(slots=True)
class Job:
    """`rows` are those of the moment of creation; it runs from `starts` to `ends`."""

    id: str
    org: Org
    user_id: str
    module: str
    fields: list[str]
    query: dict[str, Any]
    page: int
    rows: list[Row]
    more: bool
    created_ms: int
    starts: float
    ends: float


@dataclass(slots=True)
class Jobs:
    suite: "Suite"
    _held: dict[str, Job] = field(default_factory=dict)
    _downloads: deque[float] = field(default_factory=deque)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def add(self, call: Call, query: dict[str, Any], callback: str | None) -> Job:
        org, settings = call.org, self.suite.settings
        module = org.described(str(query["module"]["api_name"]), 3).name
        page = _page(query)
        rows = _rows(org, module, query.get("criteria"))
        found = rows[(page - 1) * settings.bulk_rows : page * settings.bulk_rows]
        now = self.suite.clock.now()
        starts = max([now, *(job.ends for job in self._held.values())])
        names, more = _fields(org, module, query), len(rows) > page * settings.bulk_rows
        job = Job(org.next_id(), org, call.access.user_id, module, names, query, page, found, more, org.now_ms(),
                  starts, starts + settings.bulk_seconds)  # fmt: skip
        self._held[job.id] = job
        if callback:
            task = asyncio.get_running_loop().create_task(self._tell(job, callback))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return job

    def find(self, call: Call) -> Job:
        job = self._held.get(call.params["id"])
        old = job is not None and self.suite.clock.now() > job.ends + self.suite.settings.bulk_kept_seconds
        if job is None or job.org is not call.org or old:
            raise Refused(404, "RESOURCE_NOT_FOUND", "The requested resource doesn't exist.")
        return job

    def count_download(self) -> None:
        now = self.suite.clock.now()
        while self._downloads and self._downloads[0] <= now - 60:
            self._downloads.popleft()
        if len(self._downloads) >= DOWNLOADS_PER_MINUTE:
            raise too_many()
        self._downloads.append(now)

    def state(self, job: Job) -> str:
        now = self.suite.clock.now()
        return "ADDED" if now < job.starts else "IN PROGRESS" if now < job.ends else "COMPLETED"

    def wire(self, job: Job) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": job.id,
            "operation": "read",
            "state": self.state(job),
            "query": {"fields": job.fields, **job.query, "page": job.page},
            "created_by": job.org.users[job.user_id].small(),
            "created_time": job.org.moment(job.created_ms),
            "file_type": "csv",
        }
        if body["state"] == "COMPLETED":
            per_page = self.suite.settings.bulk_rows
            body["result"] = {"page": job.page, "count": len(job.rows), "per_page": per_page, "more_records": job.more,
                              "download_url": f"/crm/bulk/v8/read/{job.id}/result",
                              "next_page_token": f"page-{job.page + 1}" if job.more else None}  # fmt: skip
        return body

    async def _tell(self, job: Job, url: str) -> None:
        await self.suite.clock.sleep(job.ends - self.suite.clock.now())
        body = {"job_id": job.id, **self.wire(job)}
        self.suite.outbox.put({"post": f"bulk:{job.id}", "url": url, "body": body})


def create_job(call: Call) -> Reply:
    call.need("bulk", verb="READ")
    body = call.body()
    query, callback = body.get("query"), body.get("callback") or {}
    if not isinstance(query, dict):
        raise mandatory("query", "$.query")
    if not isinstance(query.get("module"), dict) or "api_name" not in query["module"]:
        raise mandatory("module", "$.query.module")
    if body.get("file_type", "csv") != "csv":
        raise invalid("file_type", "$.file_type", supported_values=["csv"])
    call.need("modules", str(query["module"]["api_name"]), "READ")
    job = call.suite.jobs.add(call, query, callback.get("url"))
    shown_job = call.suite.jobs.wire(job)
    names = ("id", "operation", "created_by", "created_time")
    details = {"state": "ADDED", **{name: shown_job[name] for name in names}}
    item = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully.", "details": details}
    return Reply(201, {"data": [item], "info": {}})


def read_job(call: Call) -> Reply:
    call.need("bulk")
    return Reply(200, {"data": [call.suite.jobs.wire(call.suite.jobs.find(call))]})


def download(call: Call) -> Reply:
    call.need("bulk")
    jobs = call.suite.jobs
    job = jobs.find(call)
    if jobs.state(job) != "COMPLETED":
        raise Refused(404, "RESOURCE_NOT_FOUND", "The requested resource doesn't exist.")
    jobs.count_download()
    headers = {"Content-Disposition": f'attachment; filename="{job.id}.zip"'}
    return Reply(200, headers=headers, raw=_zipped(job), media_type="application/zip")


def _zipped(job: Job) -> bytes:
    """Bare ids for lookups, an offset in every moment, nothing for what is empty."""
    text, packed = io.StringIO(newline=""), io.BytesIO()
    writer = csv.writer(text)
    writer.writerow(["Id", *job.fields])
    for row in job.rows:
        writer.writerow([row["id"], *(_cell(job, row, name) for name in job.fields)])
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{job.id}.csv", text.getvalue())
    return packed.getvalue()


def _cell(job: Job, row: Row, name: str) -> str:
    field = job.org.described(job.module).fields[name]
    value = shown(job.org, field, row)
    if value is None:
        return ""
    if field.type in POINTERS:
        return str(value["id"])
    if isinstance(value, bool):
        return str(value).lower()
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _page(query: Mapping[str, Any]) -> int:
    token = str(query.get("page_token") or "")
    page = token.removeprefix("page-") if token else str(query.get("page", 1))
    if not page.isdecimal() or int(page) < 1:
        raise invalid("page", "$.query.page")
    return int(page)


def _fields(org: Org, module: str, query: Mapping[str, Any]) -> list[str]:
    known = org.described(module).fields
    asked = query.get("fields") or [each.name for each in known.values() if each.type not in {"subform"}]
    for place, name in enumerate(asked):
        if name not in known:
            raise invalid("fields", f"$.query.fields[{place}]", "the field given seems to be invalid")
    return [name for name in asked if name != "id"]


def _rows(org: Org, module: str, criteria: Any) -> list[Row]:
    store, fits = org.queried_store(module), _compiled(org, module, criteria) if criteria else None
    asks_converted = "Converted__s" in str(criteria)
    rows = org.queried_rows(module, (store.rows[row_id] for _, row_id in store.ordered("id")))
    return [
        row for row in rows
        if (fits is None or fits(row)) and (module != "Leads" or asks_converted or not row.get("Converted__s"))
    ]  # fmt: skip


def _compiled(org: Org, module: str, criteria: Any) -> Fits:
    """One comparison, or a group of them."""
    if not isinstance(criteria, dict):
        raise invalid("criteria", "$.query.criteria", expected_data_type="jsonobject")
    if "group" in criteria:
        parts = [_compiled(org, module, each) for each in criteria["group"]]
        joined = any if str(criteria.get("group_operator")).lower() == "or" else all
        return lambda row: joined(part(row) for part in parts)
    name = str((criteria.get("field") or {}).get("api_name"))
    known = org.described(module).fields.get(name)
    operator = COMPARATORS.get(str(criteria.get("comparator")))
    if known is None or operator is None:
        raise invalid("criteria", "$.query.criteria", "the criteria given seems to be invalid")
    value = criteria.get("value")
    if value == "${EMPTY}":
        return lambda row: (row.get(name) is None) == (operator == "=")
    try:
        wanted = [literal(known, each) for each in value] if isinstance(value, list) else literal(known, value)
    except WrongType as wrong:
        raise invalid("value", "$.query.criteria.value", expected_data_type=str(wrong)) from wrong
    return lambda row: matches(operator, row.get(name), wanted)


ROUTES = [
    RouteSpec("POST", "/bulk/v8/read", create_job, 50),
    RouteSpec("GET", "/bulk/v8/read/{id}", read_job),
    RouteSpec("GET", "/bulk/v8/read/{id}/result", download),
]
