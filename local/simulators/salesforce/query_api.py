"""`/query`, `/queryAll` and the cursors between their pages."""

import re
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply
from local.simulators.salesforce.ids import Ids
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.soql.run import Found, run

BATCH = re.compile(r"batchsize\s*=\s*(\d+)", re.IGNORECASE)
SMALLEST = 200


@dataclass(slots=True)
class Cursor:
    org: Org
    user_id: str
    found: Found
    size: int
    used: float


@dataclass(slots=True)
class Cursors:
    """A user holds a few open cursors; unused ones die, and a new one too many closes the oldest."""

    held: dict[str, Cursor] = field(default_factory=dict)
    _ids: Ids = field(default_factory=lambda: Ids("01g", "5g0"))

    def open(self, call: Call, found: Found, size: int) -> str:
        user = (call.org, call.session.user_id)
        mine = [name for name, each in self.held.items() if (each.org, each.user_id) == user]
        for name in mine[: max(0, len(mine) + 1 - call.cloud.settings.max_cursors)]:
            del self.held[name]
        name = self._ids.next()
        self.held[name] = Cursor(*user, found, size, call.cloud.clock.now())
        return name

    def find(self, call: Call, name: str) -> Cursor:
        cursor, now = self.held.get(name), call.cloud.clock.now()
        if cursor is None or cursor.org is not call.org or now - cursor.used > call.cloud.settings.cursor_seconds:
            self.held.pop(name, None)
            raise Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        cursor.used = now
        return cursor


def query(call: Call) -> Reply:
    return _first_page(call, deleted=False)


def query_all(call: Call) -> Reply:
    return _first_page(call, deleted=True)


def more(call: Call) -> Reply:
    name, _, start = call.params["locator"].partition("-")
    if not start.isdecimal():
        raise Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    cursor = call.cloud.cursors.find(call, name)
    return Reply(200, _page(call, cursor.found, cursor.size, int(start), name))


def explain(call: Call) -> dict[str, Any]:
    found = run(call.org, call.query["explain"])
    plan = {"cardinality": found.total, "fields": [], "leadingOperationType": "TableScan", "relativeCost": 1.0,
            "sobjectCardinality": found.total, "sobjectType": found.query.object}  # fmt: skip
    return {"plans": [plan], "sourceQuery": call.query["explain"]}


def batch_size(call: Call) -> int:
    """What the header asks for, within what is allowed; the server may give less."""
    settings = call.cloud.settings
    asked = BATCH.search(call.headers.get("sforce-query-options", ""))
    size = min(max(int(asked[1]), SMALLEST), settings.max_batch_size) if asked else settings.max_batch_size
    return min(size, settings.rows_per_page) if settings.rows_per_page else size


def _first_page(call: Call, *, deleted: bool) -> Reply:
    if "explain" in call.query:
        return Reply(200, explain(call))
    if not call.query.get("q"):
        raise Refused(400, "MALFORMED_QUERY", "A query string has to be specified")
    found = run(call.org, call.query["q"], deleted=deleted)
    if found.plan is None:
        return Reply(200, {"totalSize": found.total, "done": True, "records": found.aggregates or []})
    size = batch_size(call)
    name = call.cloud.cursors.open(call, found, size) if len(found.rows) > size else ""
    return Reply(200, _page(call, found, size, 0, name))


def _page(call: Call, found: Found, size: int, start: int, name: str) -> dict[str, Any]:
    end = start + size
    done = end >= len(found.rows)
    body: dict[str, Any] = {"totalSize": found.total, "done": done}
    if not done:
        body["nextRecordsUrl"] = f"{call.base}/query/{name}-{end}"
    show = found.plan.show if found.plan else None
    return body | {"records": [show(call.base, row) for row in found.rows[start:end]] if show else []}


ROUTES: list[RouteSpec] = [
    ("GET", "/query", query),
    ("GET", "/queryAll", query_all),
    ("GET", "/query/{locator}", more),
    ("GET", "/queryAll/{locator}", more),
]
