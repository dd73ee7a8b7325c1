"""`POST /coql`: up to 2,000 rows per query, and up to 100,000 by offset."""

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.coql.parse import Query, parse
from local.simulators.zoho.coql.run import Run
from local.simulators.zoho.errors import Refused, Reply, mandatory, not_permitted

MOST_ROWS, FARTHEST = 2_000, 100_000


def query(call: Call) -> Reply:
    call.need("coql", verb="READ")
    asked = _parsed(call)
    call.need("modules", asked.module, "READ")
    module = call.org.modules.get(asked.module)
    if module and "view" in module.forbidden:
        raise not_permitted(asked.module)
    if not 1 <= asked.limit <= MOST_ROWS:
        raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", clause="limit", limit=MOST_ROWS)
    if asked.offset + asked.limit > FARTHEST:
        raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", clause="offset", limit=FARTHEST)
    rows, more = Run(call.org, asked).page()
    if not rows:
        return Reply(204)
    return Reply(200, {"data": rows, "info": {"count": len(rows), "more_records": more}})


def _parsed(call: Call) -> Query:
    text = call.body().get("select_query")
    if not isinstance(text, str):
        raise mandatory("select_query", "$.select_query")
    return parse(text)


def _credits(call: Call) -> int:
    try:
        limit = _parsed(call).limit
    except Refused:
        return 1
    return 1 if limit <= 200 else 2 if limit <= 1_000 else 3


ROUTES = [RouteSpec("POST", "/v8/coql", query, _credits, heavy=True)]
