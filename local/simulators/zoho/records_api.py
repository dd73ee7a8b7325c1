"""Reading records: the list of a module, one record, and the list of what was deleted."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from typing import Any

from local.simulators.zoho.call import LONGEST_PAGE, Call, RouteSpec
from local.simulators.zoho.errors import Refused, Reply, invalid_param, invalid_record, missing_param
from local.simulators.zoho.paging import Cursor, binding
from local.simulators.zoho.store import Gone, Row, Store
from local.simulators.zoho.values import shown_row, whole_row

MOST_FIELDS = 50
SORTS = ("id", "Created_Time", "Modified_Time")


def fields_of(call: Call) -> list[str]:
    """The `fields` parameter, without which nothing is listed."""
    names = [each.strip() for each in call.query.get("fields", "").split(",") if each.strip()]
    if not names:
        raise missing_param("fields")
    if len(names) > MOST_FIELDS:
        raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", param_name="fields", limit=MOST_FIELDS)
    return names


def list_records(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module)
    names, size = fields_of(call), call.number("per_page", LONGEST_PAGE, LONGEST_PAGE)
    cursor, page = _position(call, size)
    sort_by, descending = _sorting(call)
    store, since = call.org.stores[module], call.since()
    wanted = _filter(call, module, since)
    rows = _rows(store, sort_by, cursor.after if cursor else None, since, descending=descending)
    skipped = 0 if cursor else (page - 1) * size
    found = list(islice((row for row in rows if wanted(row)), skipped, skipped + size + 1))
    if not found:
        return Reply(304 if since is not None else 204)
    shown = [shown_row(call.org, module, row, names) for row in found[:size]]
    info = {"per_page": size, "count": len(shown), "page": page, "sort_by": sort_by,
            "sort_order": "desc" if descending else "asc", "more_records": len(found) > size}  # fmt: skip
    last = found[len(shown) - 1]
    return Reply(200, {"data": shown, "info": info | _tokens(call, cursor, info, (last[sort_by], last["id"]))})


def read_record(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module)
    row = call.org.stores[module].rows.get(call.params["id"])
    if not call.params["id"].isdecimal():
        raise invalid_record()
    if row is None or not _converted_fits(call, module, row, default="both"):
        if call.suite.settings.unknown_id == "400":
            raise invalid_record()
        return Reply(204)
    since = call.since()
    if since is not None and row["Modified_Time"] <= since:
        return Reply(304)
    if "fields" in call.query:
        return Reply(200, {"data": [shown_row(call.org, module, row, fields_of(call))]})
    return Reply(200, {"data": [whole_row(call.org, module, row)]})


def list_deleted(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module, "READ")
    kind, (page, size) = call.query.get("type", "all"), call.page()
    if kind not in {"all", "recycle", "permanent"}:
        raise invalid_param("type", supported_values=["all", "recycle", "permanent"])
    since, now = call.since(), call.org.clock.now_ms()
    oldest = now - call.suite.settings.recycle_days * 86_400_000
    gone = [
        each for each in call.org.stores[module].gone.values()
        if (since is None or each.deleted_ms > since) and kind in ("all", gone_type(each, oldest))
    ]  # fmt: skip
    gone.sort(key=attrgetter("deleted_ms", "id"), reverse=True)
    shown = gone[(page - 1) * size : page * size]
    if not shown:
        return Reply(204)
    info = {"per_page": size, "count": len(shown), "page": page, "more_records": len(gone) > page * size}
    return Reply(200, {"data": [_gone(call, each, oldest) for each in shown], "info": info})


def gone_type(gone: Gone, oldest_ms: int) -> str:
    return "permanent" if gone.row is None or gone.deleted_ms < oldest_ms else "recycle"


def _gone(call: Call, gone: Gone, oldest_ms: int) -> dict[str, Any]:
    org = call.org
    deleted_by, created_by = (org.users[each].small() for each in (gone.deleted_by, gone.created_by))
    return {"deleted_by": deleted_by, "id": gone.id, "display_name": gone.name, "type": gone_type(gone, oldest_ms),
            "created_by": created_by, "deleted_time": org.moment(gone.deleted_ms)}  # fmt: skip


def _position(call: Call, size: int) -> tuple[Cursor | None, int]:
    """By page number only to the two thousandth record; beyond that by the token of the page before."""
    token, limit = call.query.get("page_token"), call.suite.settings.discrete_rows
    if token is not None and "page" in call.query:
        ambiguous = [{"param_name": "page"}, {"param_name": "page_token"}]
        raise Refused(400, "AMBIGUITY_DURING_PROCESSING", "ambiguity during processing", ambiguity_due_to=ambiguous)
    if token is not None:
        cursor = call.suite.cursors.use(token, _binding(call))
        return cursor, cursor.page
    page = call.number("page", 1)
    if page * size > limit and page > 1:
        message = f"You can only get the first {limit} records without using page_token param"
        raise Refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, limit=limit)
    return None, page


def _sorting(call: Call) -> tuple[str, bool]:
    sort_by, order = call.query.get("sort_by", "id"), call.query.get("sort_order", "desc")
    if sort_by not in SORTS:
        raise invalid_param("sort_by", supported_values=list(SORTS))
    if order not in {"asc", "desc"}:
        raise invalid_param("sort_order", supported_values=["asc", "desc"])
    return sort_by, order == "desc"


def _rows(store: Store, by: str, after: tuple[Any, str] | None, since: int | None, *, descending: bool) -> Any:
    """In order, from behind the cursor on; what is too old is left out early where the order allows it."""
    entries = store.since(by, since) if since is not None and by == "Modified_Time" else store.ordered(by)
    if after is not None and descending:
        entries = entries[: bisect_left(entries, after)]
    elif after is not None:
        entries = entries[bisect_right(entries, after) :]
    return (store.rows[row_id] for _, row_id in (reversed(entries) if descending else entries))


def _filter(call: Call, module: str, since: int | None) -> Callable[[Row], bool]:
    chosen = {each for each in call.query.get("ids", "").split(",") if each}

    def fits(row: Row) -> bool:
        return (
            (since is None or row["Modified_Time"] > since)
            and (not chosen or row["id"] in chosen)
            and _converted_fits(call, module, row)
        )

    return fits


def _converted_fits(call: Call, module: str, row: Row, default: str = "false") -> bool:
    """Converted leads are out of sight unless asked for."""
    if module != "Leads":
        return True
    wanted = call.query.get("converted", default)
    return wanted == "both" or (wanted == "true") == bool(row.get("Converted__s"))


def _tokens(call: Call, cursor: Cursor | None, info: dict[str, Any], last: tuple[Any, str]) -> dict[str, Any]:
    """The last page that tokens reach still says that there is more."""
    suite = call.suite
    given = info["count"] + (cursor.given if cursor else (info["page"] - 1) * info["per_page"])
    empty = {"next_page_token": None, "previous_page_token": cursor.previous if cursor else None,
             "page_token_expiry": None}  # fmt: skip
    if not info["more_records"] or given >= suite.settings.token_rows:
        return empty
    expires = suite.cursors.expiry()
    own = call.query.get("page_token")
    token = suite.cursors.keep(Cursor(_binding(call), last, info["page"] + 1, given, expires, own))
    return empty | {"next_page_token": token, "page_token_expiry": call.org.moment(int(expires) * 1000)}


def _binding(call: Call) -> str:
    return binding(call.access.user_id, call.path, call.query, call.headers)


ROUTES = [
    RouteSpec("GET", "/v8/{module}/deleted", list_deleted, 2),
    RouteSpec("GET", "/v8/{module}", list_records),
    RouteSpec("GET", "/v8/{module}/{id}", read_record),
]
