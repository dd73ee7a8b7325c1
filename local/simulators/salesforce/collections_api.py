"""`/composite/sobjects`: up to 200 records in one request, each with its own outcome, in the order they came."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply, unparsable
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.sobjects_api import created, fields_named, key_field, key_matches, shown_row, upserted

MOST, MOST_READ = 200, 2_000
Item = dict[str, Any]
ROLLED_BACK = Refused(
    400,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


def create(call: Call) -> Reply:
    def one(record: Item) -> Item:
        if any(name.casefold() == "id" for name in record):
            raise Refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
        return created(call.desk.create(_kind_of(call, record), record))

    return _each(call, _records(call), one, call.fields().get("allOrNone"))


def update(call: Call) -> Reply:
    def one(record: Item) -> Item:
        kind, row_id = _kind_of(call, record), _id_of(record)
        return created(call.desk.update(kind, row_id, record))

    return _each(call, _records(call), one, call.fields().get("allOrNone"))


def upsert(call: Call) -> Reply:
    kind = call.kind
    key = key_field(kind, call.params["key"])

    def one(record: Item) -> Item:
        names = {name.casefold(): name for name in record}
        value = record.get(names.get(key.name.casefold(), ""))
        if value in (None, ""):
            raise Refused(400, "MISSING_ARGUMENT", f"{key.name} not specified")
        wish = {name: each for name, each in record.items() if name.casefold() != key.name.casefold()}
        matches = key_matches(call, kind, key, str(value))
        if len(matches) > 1:
            message = f"{key.name}: more than one record found for external id field: [{', '.join(matches)}]"
            raise Refused(400, "DUPLICATE_EXTERNAL_ID", message, [key.name])
        row, is_new = upserted(call, kind, key, str(value), wish, matches)
        return created(row) | {"created": is_new}

    return _each(call, _records(call), one, call.fields().get("allOrNone"))


def delete(call: Call) -> Reply:
    ids = [each for each in call.query.get("ids", "").split(",") if each]
    _bound(len(ids), MOST)

    def one(text: str) -> Item:
        row_id = long_id(text)
        name = call.org.object_of(row_id) if row_id else None
        if row_id is None or name is None:
            raise Refused(400, "MALFORMED_ID", f"malformed id {text}")
        call.desk.delete(call.org.kinds[name], row_id)
        return {"id": row_id, "success": True, "errors": []}

    return _each(call, ids, one, call.query.get("allOrNone", "false").lower() == "true")


def read(call: Call) -> Reply:
    ids = [each for each in call.query.get("ids", "").split(",") if each]
    return _read(call, ids, [each for each in call.query.get("fields", "").split(",") if each])


def read_many(call: Call) -> Reply:
    wish = call.fields()
    for name in ("ids", "fields"):
        if not isinstance(wish.get(name), list) or not all(isinstance(each, str) for each in wish[name]):
            raise unparsable(f"{name} is required and must be a list of strings")
    return _read(call, wish["ids"], wish["fields"])


def tree(call: Call) -> Reply:
    """Records with children inside them; any refusal undoes all."""
    records = _records(call)
    if not all(isinstance(record.get("attributes"), dict) for record in records):
        raise unparsable("The attributes of a record are missing")
    grove = Grove(call)
    with call.org.transaction() as roll_back:
        try:
            for record in records:
                grove.plant(call.kind, record, {})
        except Refused as refused:
            roll_back()
            errors = [{"referenceId": grove.at, "errors": refused.item()["errors"]}]
            return Reply(400, {"hasErrors": True, "results": errors})
    return Reply(201, {"hasErrors": False, "results": grove.results})


@dataclass(slots=True)
class Grove:
    """What a tree request has planted so far, and the reference of the record that it is at."""

    call: Call
    results: list[Item] = field(default_factory=list)
    at: str | None = None

    def plant(self, kind: Kind, record: Item, parent: Item) -> None:
        self.at = (record.get("attributes") or {}).get("referenceId")
        below = {name: value for name, value in record.items() if isinstance(value, dict) and "records" in value}
        plain = {name: value for name, value in record.items() if name not in below}
        row = self.call.desk.create(kind, {**plain, **parent})
        self.results.append({"referenceId": self.at, "id": row["Id"]})
        for name, group in below.items():
            child = kind.child(name)
            if child is None:
                raise Refused(400, "INVALID_FIELD", f"No such relation '{name}' on sobject of type {kind.name}")
            for each in group["records"]:
                self.plant(self.call.org.kinds[child.object], each, {child.field: row["Id"]})


def _read(call: Call, ids: list[str], names: list[str]) -> Reply:
    _bound(len(ids), MOST_READ)
    kind = call.kind
    fields = fields_named(kind, [*dict.fromkeys(["Id", *names])])
    store = call.org.stores[kind.name]
    rows = [store.seen(long_id(each) or "") for each in ids]
    return Reply(200, [shown_row(call, kind, row, fields) if row and not row.get("IsDeleted") else None
                       for row in rows])  # fmt: skip


def _each(call: Call, records: list[Any], one: Callable[[Any], Item], all_or_none: object) -> Reply:
    """Every record alone; with `allOrNone` a single refusal undoes the others, and says so in their places."""
    results: list[Item] = []
    with call.org.transaction() as roll_back:
        for record in records:
            results.append(_outcome(call, record, one))
        if all_or_none and not all(result["success"] for result in results):
            roll_back()
            results = [ROLLED_BACK.item() if result["success"] else result for result in results]
    return Reply(200, results)


def _outcome(call: Call, record: Any, one: Callable[[Any], Item]) -> Item:
    """What one record did before it was refused is undone by itself."""
    with call.org.transaction() as undo:
        try:
            return one(record)
        except Refused as refused:
            undo()
            return refused.item()


def _records(call: Call) -> list[Item]:
    records = call.fields().get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise Refused(400, "JSON_PARSER_ERROR", "The records are missing from the request")
    _bound(len(records), MOST)
    return records


def _bound(count: int, most: int) -> None:
    if not count:
        raise Refused(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required")
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this operation"
        raise Refused(400, "EXCEEDED_MAX_SIZE_REQUEST", message)


def _kind_of(call: Call, record: Item) -> Kind:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    kind = call.org.known(str(name))
    if kind is None:
        raise Refused(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return kind


def _id_of(record: Item) -> str:
    text = next((value for name, value in record.items() if name.casefold() == "id"), None)
    if text is None:
        raise Refused(400, "MISSING_ARGUMENT", "Id not specified in an update call")
    found = long_id(text)
    if found is None:
        raise Refused(400, "MALFORMED_ID", f"malformed id {text}")
    return found


ROUTES: list[RouteSpec] = [
    ("POST", "/composite/sobjects", create),
    ("PATCH", "/composite/sobjects", update),
    ("DELETE", "/composite/sobjects", delete),
    ("GET", "/composite/sobjects/{object}", read),
    ("POST", "/composite/sobjects/{object}", read_many),
    ("PATCH", "/composite/sobjects/{object}/{key}", upsert),
    ("POST", "/composite/tree/{object}", tree),
]
