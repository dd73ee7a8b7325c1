"""Writing records: each of up to a hundred gets its own answer, in the order of the request."""

from collections.abc import Callable, Mapping
from typing import Any

from local.simulators.zoho.call import VERBS, Call, RouteSpec
from local.simulators.zoho.errors import (
    Item,
    Refused,
    Reply,
    invalid,
    invalid_module,
    mandatory,
    missing_param,
    success,
)
from local.simulators.zoho.merges import convert, merge
from local.simulators.zoho.store import Row
from local.simulators.zoho.values import moment_ms
from local.simulators.zoho.writes import Wishes

MOST = 100
Doing = Callable[[Wishes, str], Item]


def create(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module)

    def one(wishes: Wishes, path: str) -> Item:
        return _done(call, "record added", call.desk.create(module, wishes, path))

    return _each(call, one, 201)


def update(call: Call) -> Reply:
    """Of many, each with its `id`; or of the one in the path."""
    module = call.module()
    call.need("modules", module)
    named = call.params.get("id")

    def one(wishes: Wishes, path: str) -> Item:
        row_id = str(named or wishes.get("id") or "")
        if not row_id:
            raise mandatory("id", f"{path}.id")
        _check_unmodified(call, module, row_id)
        if row_id not in call.org.stores[module].rows:
            raise invalid("id", f"{path}.id", "the id given seems to be invalid")
        return _done(call, "record updated", call.desk.update(module, row_id, wishes, path))

    return _each(call, one, 200, most=1 if named else MOST)


def upsert(call: Call) -> Reply:
    module = call.org.modules[call.module()]
    call.need("modules", module.name, "CREATE")
    if not module.upserts:
        raise invalid_module()
    checks = _checks(call, module.upserts, module.unique_names())

    def one(wishes: Wishes, path: str) -> Item:
        name, row_id = _twin(call, module.name, checks, wishes)
        if row_id is None:
            made = call.desk.create(module.name, wishes, path)
            return _done(call, "record added", made) | {"action": "insert", "duplicate_field": None}
        _check_unmodified(call, module.name, row_id)
        row = call.desk.update(module.name, row_id, wishes, path)
        return _done(call, "record updated", row) | {"action": "update", "duplicate_field": name}

    return _each(call, one, 200)


def delete(call: Call) -> Reply:
    module = call.module()
    call.need("modules", module)
    ids = [each for each in call.query.get("ids", call.params.get("id", "")).split(",") if each]
    if not ids:
        raise missing_param("ids")
    if len(ids) > MOST:
        raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", param_name="ids", limit=MOST)

    def one(row_id: str) -> Item:
        try:
            call.desk.delete(module, row_id)
        except Refused as refused:
            refused.item["details"].setdefault("id", row_id)
            return refused.item
        return success("record deleted", {"id": row_id})

    return answered(call, [one(each) for each in ids], 200)


def convert_lead(call: Call) -> Reply:
    call.need("modules", "Leads", "CREATE")

    def one(wishes: Wishes, path: str) -> Item:
        lead = convert(call.desk, call.params["id"], wishes, path)
        links = {"Accounts": "Converted_Account", "Contacts": "Converted_Contact", "Deals": "Converted_Deal"}
        made = {name: _small(call, name, lead.get(link)) for name, link in links.items()}
        return success("The record has been converted successfully", made)

    return _each(call, one, 200, most=1)


def merge_records(call: Call) -> Reply:
    """`{"merge": [{"data": [{"id": ...}, ...]}]}`: the losers; the master is in the path."""
    module = call.module()
    call.need("modules", module, "UPDATE")
    orders = call.body().get("merge")
    if not isinstance(orders, list) or len(orders) != 1 or not isinstance(orders[0], dict):
        raise mandatory("merge", "$.merge")
    losers = [str(each["id"]) for each in orders[0].get("data", []) if isinstance(each, dict) and "id" in each]
    row = merge(call.desk, module, call.params["id"], losers)
    return Reply(200, {"merge": [success("Merge has been done successfully", {"id": row["id"]})]})


def items_of(call: Call, most: int = MOST, key: str = "data") -> list[Wishes]:
    items = call.body().get(key)
    if items is None:
        raise mandatory(key, f"$.{key}")
    if not isinstance(items, list) or not items:
        raise invalid(key, f"$.{key}", expected_data_type="jsonarray")
    if len(items) > most:
        details = {"limit": most, "api_name": key, "json_path": f"$.{key}"}
        raise Refused(400, "LIMIT_EXCEEDED", "the maximum number of records is exceeded", **details)
    return items


def answered(call: Call, items: list[Item], good: int, key: str = "data") -> Reply:
    """Mixed outcomes are 207; when everything failed it is an error, as which depends on how many there were."""
    failed = [item for item in items if item["status"] == "error"]
    if not failed:
        return Reply(good, {key: items})
    if len(failed) < len(items):
        return Reply(207, {key: items})
    return Reply(400 if len(items) == 1 else call.suite.settings.failed_batch_status, {key: items})


def _each(call: Call, one: Doing, good: int, most: int = MOST) -> Reply:
    return answered(call, [_attempt(one, wishes, place) for place, wishes in enumerate(items_of(call, most))], good)


def _attempt(one: Doing, wishes: Any, place: int) -> Item:
    path = f"$.data[{place}]"
    if not isinstance(wishes, dict):
        return invalid("data", path, expected_data_type="jsonobject").item
    try:
        return one(wishes, path)
    except Refused as refused:
        if refused.status == 412:
            raise
        return refused.item


def _done(call: Call, message: str, row: Row) -> Item:
    org = call.org
    created_by, modified_by = (org.users[row[name]].small() for name in ("Created_By", "Modified_By"))
    details = {
        "Modified_Time": org.moment(row["Modified_Time"]),
        "Modified_By": modified_by,
        "Created_Time": org.moment(row["Created_Time"]),
        "id": row["id"],
        "Created_By": created_by,
    }
    return success(message, details)


def _checks(call: Call, system: tuple[str, ...], unique: list[str]) -> list[str]:
    """Which fields find a duplicate: those of the body; else the system's, then the unique ones."""
    asked = call.body().get("duplicate_check_fields")
    if not asked:
        return [*system, *unique]
    for place, name in enumerate(asked):
        if name not in {*system, *unique}:
            raise invalid("duplicate_check_fields", f"$.duplicate_check_fields[{place}]")
    return list(asked)


def _twin(call: Call, module: str, checks: list[str], wishes: Wishes) -> tuple[str | None, str | None]:
    """(field, id) of the record that the wish means; its own `id` comes first."""
    store = call.org.stores[module]
    if wishes.get("id") is not None and str(wishes["id"]) in store.rows:
        return None, str(wishes["id"])
    for name in checks:
        holder = store.holder(name, wishes[name]) if wishes.get(name) else None
        if holder is not None:
            return name, holder
    return None, None


def _check_unmodified(call: Call, module: str, row_id: str) -> None:
    text = call.headers.get("if-unmodified-since")
    row = call.org.stores[module].rows.get(row_id)
    bound = moment_ms(text) if text else None
    if bound is not None and row is not None and row["Modified_Time"] > bound:
        raise Refused(412, "PRECONDITION_FAILED", "the record has been modified meanwhile", id=row_id)


def _small(call: Call, module: str, row_id: str | None) -> Mapping[str, Any] | None:
    row = call.org.stores[module].rows.get(row_id or "")
    return {"name": call.org.title(module, row), "id": row["id"]} if row else None


def _credits(call: Call) -> int:
    """One per ten records."""
    return max(1, -(-_size(call) // 10))


def _is_heavy(call: Call) -> bool:
    return _size(call) > 10


def _size(call: Call) -> int:
    if VERBS[call.method] == "DELETE":
        return call.query.get("ids", "").count(",") + 1
    try:
        items = call.body().get("data")
    except Refused:
        return 1
    return len(items) if isinstance(items, list) else 1


ROUTES = [
    RouteSpec("POST", "/v8/{module}/upsert", upsert, _credits, _is_heavy),
    RouteSpec("POST", "/v8/Leads/{id}/actions/convert", convert_lead, 5, heavy=True),
    RouteSpec("POST", "/v8/{module}/{id}/actions/merge", merge_records),
    RouteSpec("POST", "/v8/{module}", create, _credits, _is_heavy),
    RouteSpec("PUT", "/v8/{module}", update, _credits, _is_heavy),
    RouteSpec("PUT", "/v8/{module}/{id}", update),
    RouteSpec("DELETE", "/v8/{module}", delete, _credits, _is_heavy),
    RouteSpec("DELETE", "/v8/{module}/{id}", delete),
]
