"""`/crm/v4/...associations...`: read in bulk or for one record, link, label, unlink."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from starlette.responses import Response

from local.simulators.clock import iso
from local.simulators.hubspot.api import Call, RouteSpec, found, no_content
from local.simulators.hubspot.errors import ApiError, item_error, validation
from local.simulators.hubspot.objects_api import association_type, target_id
from local.simulators.hubspot.portal import kind_of
from local.simulators.hubspot.schema import (
    ASSOCIATION_BY_ID,
    AssociationType,
    ObjectType,
    default_between,
    types_between,
)
from local.simulators.hubspot.writes import link_types

MAX_READ, MAX_CREATE, MAX_ARCHIVE_SOURCES = 1_000, 2_000, 100
PAGE = 500


def read_batch(call: Call) -> Response:
    """207 as soon as one input has no association; such inputs are missing from `results`."""
    source, target = _pair(call)
    results, errors = [], []
    for each in call.inputs(MAX_READ):
        text = str(each.get("id", ""))
        page = _page(call, source, text, target, str(each.get("after") or "0"), PAGE)
        if page["results"]:
            entry = {"from": {"id": text}, "to": page["results"]}
            results.append(entry | ({"paging": page["paging"]} if "paging" in page else {}))
        else:
            errors.append(_nothing(source, text, target))
    return _batch(call, results, errors, 200)


def list_one(call: Call) -> Response:
    source, target = kind_of(call.param("type")), kind_of(call.param("to"))
    call.need(source.read_scope)
    call.need(target.read_scope)
    record = call.desk.record(source, call.param("id"))
    limit = call.limit(PAGE, PAGE)
    return found(_page(call, source, str(record.id), target, call.query("after", "0"), limit))


def put_default(call: Call) -> Response:
    source, target = _pair(call, write=True)
    return _batch(call, _associated(call, source, target, call.param("id"), call.param("to_id")), [], 200)


def put_labels(call: Call) -> Response:
    source, target = _pair(call, write=True)
    if not isinstance(call.body, list) or not call.body:
        raise validation("Invalid input JSON: expected a list of association types")
    kinds = [association_type(source, spec, target) for spec in call.body]
    return found(_labelled(call, source, target, call.param("id"), call.param("to_id"), kinds), 201)


def delete_one(call: Call) -> Response:
    source, target = _pair(call, write=True)
    start, end = call.param("id"), call.param("to_id")
    if start.isdecimal() and end.isdecimal():
        call.desk.disassociate(source, int(start), target, int(end))
    return no_content()


def create_batch(call: Call) -> Response:
    source, target = _pair(call, write=True)
    results, errors = [], []
    for each in call.inputs(MAX_CREATE):
        try:
            kinds = [association_type(source, spec, target) for spec in each.get("types") or []]
            results.append(_labelled(call, source, target, *_ends(each), kinds))
        except ApiError as error:
            errors.append(_item(error))
    return _batch(call, results, errors, 200 if call.is_dated else 201)


def default_batch(call: Call) -> Response:
    source, target = _pair(call, write=True)
    results, errors = [], []
    for each in call.inputs(MAX_CREATE):
        try:
            results += _associated(call, source, target, *_ends(each))
        except ApiError as error:
            errors.append(_item(error))
    return _batch(call, results, errors, 200)


def archive_batch(call: Call) -> Response:
    source, target = _pair(call, write=True)
    inputs = call.inputs(MAX_CREATE)
    if len({str((each.get("from") or {}).get("id")) for each in inputs}) > MAX_ARCHIVE_SOURCES:
        raise validation(f"At most {MAX_ARCHIVE_SOURCES} distinct `from` records can be archived at once")
    for each in inputs:
        for end in each.get("to") or []:
            call.desk.disassociate(source, int(each["from"]["id"]), target, int(end["id"]))
    return no_content()


def archive_labels(call: Call) -> Response:
    source, target = _pair(call, write=True)
    for each in call.inputs(MAX_CREATE):
        only = frozenset(association_type(source, spec, target).id for spec in each.get("types") or [])
        start, end = _ends(each)
        call.desk.disassociate(source, int(start), target, int(end), only)
    return no_content()


def labels(call: Call) -> Response:
    kinds = types_between(*_pair(call))
    return found({"results": [{"category": each.category, "typeId": each.id, "label": each.label} for each in kinds]})


def _pair(call: Call, *, write: bool = False) -> tuple[ObjectType, ObjectType]:
    source, target = kind_of(call.param("from")), kind_of(call.param("to"))
    for each in (source, target):
        call.need(each.write_scope if write else each.read_scope)
    return source, target


def _page(call: Call, source: ObjectType, text: str, target: ObjectType, after: str, limit: int) -> dict[str, Any]:
    """`toObjectId` is a number here although ids are text elsewhere; the cursor is opaque."""
    start = int(after) if after.isdecimal() else 0
    store = call.portal.stores[source.name]
    record = store.find(int(text)) if text.isdecimal() else None
    links = call.portal.links.of(source, record.id, target) if record else {}
    rest = ((each, types) for each, types in links.items() if each > start)
    shown = list(islice(rest, limit + 1))
    body: dict[str, Any] = {"results": [_linked(each, types) for each, types in shown[:limit]]}
    if len(shown) > limit:
        last = str(shown[limit - 1][0])
        body["paging"] = {"next": {"after": last, "link": f"{call.hub.public_url}{call.request.url.path}?after={last}"}}
    return body


def _linked(target_id: int, types: Iterable[int]) -> dict[str, Any]:
    kinds = [ASSOCIATION_BY_ID[each] for each in sorted(types)]
    told = [{"category": kind.category, "typeId": kind.id, "label": kind.label} for kind in kinds]
    return {"toObjectId": target_id, "associationTypes": told}


def _nothing(source: ObjectType, text: str, target: ObjectType) -> dict[str, Any]:
    message = f"No {target.singular} is associated with {source.singular} {text}."
    context = {"fromObjectId": [text], "fromObjectType": [source.singular], "toObjectType": [target.singular]}
    return item_error("OBJECT_NOT_FOUND", message, context, "crm.associations.NO_ASSOCIATIONS_FOUND")


def _associated(call: Call, source: ObjectType, target: ObjectType, start: str, end: str) -> list[dict[str, Any]]:
    kind = default_between(source, target)
    if kind is None:
        raise validation(f"{source.name} cannot be associated with {target.name}")
    one, other = _checked_ends(call, source, target, start, end)
    call.desk.associate(link_types(kind, call.portal, one), one, other)
    back = ASSOCIATION_BY_ID[kind.inverse]
    return [_told(kind, one, other), _told(back, other, one)]


def _told(kind: AssociationType, start: int, end: int) -> dict[str, Any]:
    spec = {"associationCategory": kind.category, "associationTypeId": kind.id}
    return {"from": {"id": str(start)}, "to": {"id": str(end)}, "associationSpec": spec}


def _labelled(call: Call, source: ObjectType, target: ObjectType, start: str, end: str,
              kinds: list[AssociationType]) -> dict[str, Any]:  # fmt: skip
    one, other = _checked_ends(call, source, target, start, end)
    for kind in kinds:
        call.desk.associate(kind, one, other)
    return {
        "fromObjectTypeId": source.type_id,
        "fromObjectId": one,
        "toObjectTypeId": target.type_id,
        "toObjectId": other,
        "labels": [kind.label for kind in kinds if kind.label],
    }


def _checked_ends(call: Call, source: ObjectType, target: ObjectType, start: str, end: str) -> tuple[int, int]:
    one, other = target_id(call.portal, source, start), target_id(call.portal, target, end)
    if source is target and one == other:
        raise validation(f"Object {one} cannot be associated to itself ({other})")
    return one, other


def _ends(each: dict[str, Any]) -> tuple[str, str]:
    return str((each.get("from") or {}).get("id", "")), str((each.get("to") or {}).get("id", ""))


def _item(error: ApiError) -> dict[str, Any]:
    return {"status": "error", **error.body}


def _batch(call: Call, results: list[dict[str, Any]], errors: list[dict[str, Any]], good: int) -> Response:
    now = iso(call.hub.clock.now_ms())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return found(body, 207 if errors else good)


BATCH = "/crm/v4/associations/{from}/{to}"
SINGLE = "/crm/v4/objects/{from}/{id}/associations"
ROUTES: list[RouteSpec] = [
    ("POST", f"{BATCH}/batch/read", read_batch),
    ("POST", f"{BATCH}/batch/create", create_batch),
    ("POST", f"{BATCH}/batch/associate/default", default_batch),
    ("POST", f"{BATCH}/batch/archive", archive_batch),
    ("POST", f"{BATCH}/batch/labels/archive", archive_labels),
    ("GET", f"{BATCH}/labels", labels),
    ("GET", "/crm/v4/objects/{type}/{id}/associations/{to}", list_one),
    ("PUT", f"{SINGLE}/default/{{to}}/{{to_id}}", put_default),
    ("PUT", f"{SINGLE}/{{to}}/{{to_id}}", put_labels),
    ("DELETE", f"{SINGLE}/{{to}}/{{to_id}}", delete_one),
]
