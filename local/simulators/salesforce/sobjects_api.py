"""`/sobjects`: describe, read, create, update, upsert, delete; a note's content."""

import base64
from email.utils import formatdate, parsedate_to_datetime
from hashlib import md5
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply, no_external_id, not_there
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.ids import long_id
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.soql.select import attributes, shown_value
from local.simulators.salesforce.store import Row

OLD_UPSERTS = 46


def describe_global(call: Call) -> Reply:
    kinds = sorted(call.org.kinds.values(), key=lambda kind: kind.name)
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [kind.wire(call.base) for kind in kinds]}
    return Reply(200, body)


def basic_info(call: Call) -> Reply:
    return Reply(200, {"objectDescribe": call.kind.wire(call.base), "recentItems": []})


def describe(call: Call) -> Reply:
    kind = call.kind
    changed = kind.modified_ms or call.cloud.began_ms
    headers = {"Last-Modified": formatdate(changed / 1000, usegmt=True)}
    if _moment(call, "if-modified-since", -1) >= changed // 1000 * 1000:
        return Reply(304, headers=headers)
    return Reply(200, kind.describe(call.base, record_types(call, kind)), headers)


def record_types(call: Call, kind: Kind) -> list[dict[str, Any]]:
    """The master comes last and is the default where there is no other."""
    rows = [row for row in call.org.stores["RecordType"].scan() if row["SobjectType"] == kind.name]
    infos = [_record_type(row["Name"], row["DeveloperName"], row["Id"], number == 0) for number, row in enumerate(rows)]
    return [*infos, _record_type("Master", "Master", "012000000000000AAA", not rows, master=True)]


def get(call: Call) -> Reply:
    kind = call.kind
    row = _addressed(call, kind)
    if call.headers.get("if-none-match") == etag(row) and kind.name == "Account":
        return Reply(304)
    if _moment(call, "if-modified-since", -1) >= row["LastModifiedDate"]:
        return Reply(304)
    return Reply(200, shown_row(call, kind, row, _wanted(call, kind)), _headers(call, kind, row))


def create(call: Call) -> Reply:
    row = call.desk.create(call.kind, _without_id(call))
    return Reply(201, created(row), {"Location": f"{call.base}/sobjects/{call.kind.name}/{row['Id']}"})


def update(call: Call) -> Reply:
    kind = call.kind
    row = _addressed(call, kind)
    _unless_changed(call, kind, row)
    call.desk.update(kind, row["Id"], _without_id(call))
    return Reply(204)


def delete(call: Call) -> Reply:
    kind = call.kind
    row = _addressed(call, kind)
    _unless_changed(call, kind, row)
    call.desk.delete(kind, row["Id"])
    return Reply(204)


def get_by_key(call: Call) -> Reply:
    kind = call.kind
    key = key_field(kind, call.params["key"])
    matches = key_matches(call, kind, key, call.params["value"])
    if not matches:
        raise not_there()
    if len(matches) > 1:
        return _several(call, kind, matches)
    row = call.desk.row(kind, matches[0])
    return Reply(200, shown_row(call, kind, row, _wanted(call, kind)), _headers(call, kind, row))


def upsert(call: Call) -> Reply:
    kind, wish = call.kind, _without_id(call)
    key = key_field(kind, call.params["key"])
    matches = key_matches(call, kind, key, call.params["value"])
    if len(matches) > 1:
        return _several(call, kind, matches)
    row, is_new = upserted(call, kind, key, call.params["value"], wish, matches)
    if is_new:
        return Reply(201, created(row) | {"created": True})
    if call.version < OLD_UPSERTS or not call.cloud.settings.upsert_answers_body:
        return Reply(204)
    return Reply(200, created(row) | {"created": False})


def delete_by_key(call: Call) -> Reply:
    kind = call.kind
    matches = key_matches(call, kind, key_field(kind, call.params["key"]), call.params["value"])
    if not matches:
        raise not_there()
    if len(matches) > 1:
        return _several(call, kind, matches)
    call.desk.delete(kind, matches[0])
    return Reply(204)


def note_content(call: Call) -> Reply:
    return _file(call, "ContentNote", "Content")


def version_data(call: Call) -> Reply:
    return _file(call, "ContentVersion", "VersionData")


def _file(call: Call, object: str, field: str) -> Reply:
    """What a base64 field holds, whole and as bytes; a row shows only this address."""
    row = call.desk.row(call.org.kinds[object], long_id(call.params["id"]) or "")
    return Reply(200, raw=base64.b64decode(row.get(field, "")), media_type="application/octetstream")


def upserted(call: Call, kind: Kind, key: Field, value: str, wish: dict[str, Any],
             matches: list[str]) -> tuple[Row, bool]:  # fmt: skip
    if any(name.casefold() == key.name.casefold() for name in wish) and key.type != "id":
        message = f"The {key.name} field should not be specified in the sobject data."
        raise Refused(400, "INVALID_FIELD", message, [key.name])
    if matches:
        return call.desk.update(kind, matches[0], wish), False
    if key.type == "id":
        raise not_there()
    return call.desk.create(kind, {**wish, key.name: value}), True


def key_field(kind: Kind, name: str) -> Field:
    field = kind.find(name)
    if field is None or not (field.external_id or field.type == "id"):
        raise no_external_id(name)
    return field


def key_matches(call: Call, kind: Kind, key: Field, value: str) -> list[str]:
    if key.type == "id":
        found = long_id(value)
        return [found] if found and call.desk.row(kind, found) else []
    store = call.org.stores[kind.name]
    return [each for each in store.holders(key.name, value) if store.seen(each)]


def created(row: Row) -> dict[str, Any]:
    return {"id": row["Id"], "success": True, "errors": []}


def shown_row(call: Call, kind: Kind, row: Row, fields: list[Field]) -> dict[str, Any]:
    body: dict[str, Any] = {"attributes": attributes(call.base, kind.name, row["Id"])}
    return body | {field.name: shown_value(call.base, kind.name, field, row) for field in fields}


def fields_named(kind: Kind, names: list[str]) -> list[Field]:
    fields = []
    for name in names:
        field = kind.find(name)
        if field is None:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        fields.append(field)
    return fields


def etag(row: Row) -> str:
    return f'"{md5(str(sorted(row.items())).encode(), usedforsecurity=False).hexdigest()}"'


def _without_id(call: Call) -> dict[str, Any]:
    """The id of a record is said in the address and nowhere else."""
    wish = call.fields()
    if any(name.casefold() == "id" for name in wish):
        raise Refused(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"])
    return wish


def _wanted(call: Call, kind: Kind) -> list[Field]:
    names = [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]
    fields = fields_named(kind, names) if names else kind.visible()
    has_id = not names or any(field.name == "Id" for field in fields)
    return fields if has_id else [*fields, kind.fields["Id"]]


def _addressed(call: Call, kind: Kind) -> Row:
    row_id = long_id(call.params["id"])
    if row_id is None:
        raise no_external_id(call.params["id"])
    return call.desk.row(kind, row_id)


def _several(call: Call, kind: Kind, matches: list[str]) -> Reply:
    return Reply(300, [f"{call.base}/sobjects/{kind.name}/{each}" for each in matches])


def _headers(call: Call, kind: Kind, row: Row) -> dict[str, str]:
    """Only Account has entity tags."""
    headers = {"Last-Modified": formatdate(row["LastModifiedDate"] / 1000, usegmt=True)}
    is_tagged = kind.name == "Account" and call.cloud.settings.etags
    return headers | ({"ETag": etag(row)} if is_tagged else {})


def _unless_changed(call: Call, kind: Kind, row: Row) -> None:
    """Somebody else's write since then makes the precondition fail; it is precise to the second."""
    since = _moment(call, "if-unmodified-since", row["LastModifiedDate"])
    wanted = call.headers.get("if-match") if kind.name == "Account" and call.cloud.settings.etags else None
    if row["LastModifiedDate"] > since or wanted not in {None, "*", etag(row)}:
        message = "This resource has been modified since the time specified in the request"
        raise Refused(412, "PRECONDITION_FAILED", message)


def _moment(call: Call, header: str, default: int) -> int:
    text = call.headers.get(header)
    if text is None:
        return default
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 1000
    except ValueError:
        return default


def _record_type(
    name: str, developer_name: str, type_id: str, default: bool, *, master: bool = False
) -> dict[str, Any]:
    return {"active": True, "available": True, "defaultRecordTypeMapping": default, "developerName": developer_name,
            "master": master, "name": name, "recordTypeId": type_id}  # fmt: skip


ROUTES: list[RouteSpec] = [
    ("GET", "/sobjects", describe_global),
    ("GET", "/sobjects/{object}", basic_info),
    ("POST", "/sobjects/{object}", create),
    ("GET", "/sobjects/{object}/describe", describe),
    ("GET", "/sobjects/ContentNote/{id}/Content", note_content),
    ("GET", "/sobjects/ContentVersion/{id}/VersionData", version_data),
    ("GET", "/sobjects/{object}/{id}", get),
    ("PATCH", "/sobjects/{object}/{id}", update),
    ("DELETE", "/sobjects/{object}/{id}", delete),
    ("GET", "/sobjects/{object}/{key}/{value}", get_by_key),
    ("PATCH", "/sobjects/{object}/{key}/{value}", upsert),
    ("DELETE", "/sobjects/{object}/{key}/{value}", delete_by_key),
]
