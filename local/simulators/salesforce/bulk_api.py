"""Bulk API 2.0: query jobs, their states and their results as CSV in parts."""

import base64
import csv
import io
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply, not_there
from local.simulators.salesforce.ids import Ids, long_id
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.soql.parse import parse
from local.simulators.salesforce.soql.run import Found, run
from local.simulators.salesforce.soql.tree import Path
from local.simulators.salesforce.values import in_csv, shown_moment

DELIMITERS = {
    "COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`",
}  # fmt: skip
PART = 50_000


@dataclass(slots=True)
class Job:
    """`found` holds the rows as they were when the job began."""

    id: str
    org: Org
    wish: dict[str, Any]
    user_id: str
    created_ms: int
    ready_ms: int
    found: Found
    aborted: bool = False

    def state(self, now_ms: int) -> str:
        if self.aborted:
            return "Aborted"
        if now_ms >= self.ready_ms:
            return "JobComplete"
        return "InProgress" if now_ms - self.created_ms > (self.ready_ms - self.created_ms) / 2 else "UploadComplete"


@dataclass(slots=True)
class Jobs:
    """`ids` are shared with ingest jobs."""

    held: dict[str, Job] = field(default_factory=dict)
    ids: Ids = field(default_factory=lambda: Ids("750", "5g0"))


def create(call: Call) -> Reply:
    wish = call.fields()
    if wish.get("operation") not in ("query", "queryAll"):
        raise Refused(400, "API_ERROR", "operation must be query or queryAll")
    if str(wish.get("columnDelimiter", "COMMA")) not in DELIMITERS:
        raise Refused(400, "API_ERROR", f"unknown columnDelimiter {wish['columnDelimiter']}")
    text = str(wish.get("query", ""))
    _check(call, text)
    found = run(call.org, text, deleted=wish["operation"] == "queryAll")
    now = call.cloud.clock.now_ms()
    ready = now + int(call.cloud.settings.bulk_seconds * 1000)
    job = Job(call.cloud.jobs.ids.next(), call.org, wish, call.session.user_id, now, ready, found)
    call.cloud.jobs.held[job.id] = job
    used = call.cloud.limits.bulk_jobs
    used[call.org.facts.id] = used.get(call.org.facts.id, 0) + 1
    return Reply(200, _shown(call, job) | {"state": "UploadComplete"})


def listed(call: Call) -> Reply:
    jobs = [_shown(call, job) for job in call.cloud.jobs.held.values() if job.org is call.org]
    return Reply(200, {"done": True, "records": jobs, "nextRecordsUrl": None})


def get(call: Call) -> Reply:
    job = _job(call)
    body = _shown(call, job)
    if body["state"] in {"JobComplete", "Aborted"}:
        done = len(job.found.rows) if body["state"] == "JobComplete" else 0
        body |= {
            "numberRecordsProcessed": done,
            "retries": 0,
            "totalProcessingTime": 120,
            "isPkChunkingSupported": True,
        }
    return Reply(200, body)


def results(call: Call) -> Reply:
    job = _job(call)
    if job.state(call.cloud.clock.now_ms()) != "JobComplete":
        raise Refused(400, "INVALIDJOBSTATE", f"Job {job.id} is not complete")
    most = min(int(call.query.get("maxRecords") or PART), PART * 20)
    start = _start(call.query.get("locator", ""))
    part = job.found.rows[start : start + most]
    end = start + len(part)
    headers = {
        "Sforce-Locator": _locator(end) if end < len(job.found.rows) else "null",
        "Sforce-NumberOfRecords": str(len(part)),
    }
    raw = _as_csv(job, part).encode()
    return Reply(200, raw=raw, headers=headers, media_type="text/csv")


def patch(call: Call) -> Reply:
    job = _job(call)
    if call.fields().get("state") != "Aborted":
        raise Refused(400, "API_ERROR", "The only state that a query job can be given is Aborted")
    if job.state(call.cloud.clock.now_ms()) == "JobComplete":
        raise Refused(400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
    job.aborted = True
    return Reply(200, _shown(call, job))


def delete(call: Call) -> Reply:
    job = _job(call)
    if job.state(call.cloud.clock.now_ms()) not in {"JobComplete", "Aborted"}:
        raise Refused(400, "INVALIDJOBSTATE", "Only a job that has ended can be deleted")
    del call.cloud.jobs.held[job.id]
    return Reply(204)


def _check(call: Call, text: str) -> None:
    """What Bulk does not do: aggregates, OFFSET, subqueries, compound fields."""
    query = parse(text)
    wrong = "Aggregate query" if query.aggregates else "OFFSET" if query.offset else None
    wrong = wrong or (None if all(isinstance(each, Path) for each in query.select) else "Nested query")
    kind = call.org.known(query.object)
    for each in query.select:
        known = kind.find(each.parts[-1]) if kind and isinstance(each, Path) else None
        wrong = wrong or (f"Compound field {known.name}" if known and known.type in {"address", "base64"} else None)
    if wrong:
        raise Refused(400, "API_ERROR", f"{wrong} is not supported in Bulk Query")


def _shown(call: Call, job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "operation": job.wish["operation"],
        "object": job.found.query.object,
        "createdById": job.user_id,
        "createdDate": shown_moment(job.created_ms),
        "systemModstamp": shown_moment(job.created_ms),
        "state": job.state(call.cloud.clock.now_ms()),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(call.version),
        "jobType": "V2Query",
        "lineEnding": job.wish.get("lineEnding", "LF"),
        "columnDelimiter": job.wish.get("columnDelimiter", "COMMA"),
    }


def _as_csv(job: Job, rows: list[dict[str, Any]]) -> str:
    plan = job.found.plan
    out = io.StringIO()
    ending = "\r\n" if job.wish.get("lineEnding") == "CRLF" else "\n"
    delimiter = DELIMITERS[job.wish.get("columnDelimiter", "COMMA")]
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    if plan is None:
        return ""
    columns = [(name, plan.scope.field(path), plan.scope.getter(path)) for name, path in plan.columns()]
    writer.writerow([name for name, _, _ in columns])
    writer.writerows([in_csv(known, get(row)) for _, known, get in columns] for row in rows)
    return out.getvalue()


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _start(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise Refused(400, "INVALID_LOCATOR", f"Invalid locator: {locator}") from None


def _job(call: Call) -> Job:
    job = call.cloud.jobs.held.get(long_id(call.params["id"]) or "")
    if job is None or job.org is not call.org:
        raise not_there()
    return job


ROUTES: list[RouteSpec] = [
    ("POST", "/jobs/query", create),
    ("GET", "/jobs/query", listed),
    ("GET", "/jobs/query/{id}", get),
    ("GET", "/jobs/query/{id}/results", results),
    ("PATCH", "/jobs/query/{id}", patch),
    ("DELETE", "/jobs/query/{id}", delete),
]
