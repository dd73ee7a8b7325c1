"""`/crm/v3/objects/{type}`: list, get, create, update, archive, merge, GDPR delete."""

from typing import Any

from starlette.responses import Response

from local.simulators.hubspot.api import Call, RouteSpec, found, no_content
from local.simulators.hubspot.errors import ApiError, object_not_found, refused, validation
from local.simulators.hubspot.portal import Portal, kind_of
from local.simulators.hubspot.schema import ASSOCIATION_BY_ID, AssociationType, ObjectType
from local.simulators.hubspot.store import Record
from local.simulators.hubspot.writes import link_types

MAX_PAGE = 100
MAX_PAGE_WITH_HISTORY = 50
Target = tuple[AssociationType, int]


def list_page(call: Call) -> Response:
    """By ascending id. The cursor is the id to go on from, so records made during the walk are seen."""
    kind, portal = call.kind, call.portal
    call.need(kind.read_scope)
    history = call.names("propertiesWithHistory")
    limit = call.limit(10, MAX_PAGE_WITH_HISTORY if history else MAX_PAGE)
    store = portal.stores[kind.name]
    ids = (store.archived if call.flag("archived") else store.live).page(_cursor(call), limit)
    names = portal.readable(kind, call.names("properties"))
    linked = [kind_of(name) for name in call.names("associations")]
    results = [_shown(call, kind, store.records[each], names, linked, history) for each in ids[:limit]]
    body: dict[str, Any] = {"results": results}
    if len(ids) > limit:
        after = str(ids[limit - 1] + 1)
        link = str(call.request.url.include_query_params(after=after))
        body["paging"] = {"next": {"after": after, "link": link}}
    return found(body)


def get(call: Call) -> Response:
    kind, portal = call.kind, call.portal
    call.need(kind.read_scope)
    record = _addressed(call, archived=call.flag("archived"))
    names = portal.readable(kind, call.names("properties"))
    linked = [kind_of(name) for name in call.names("associations")]
    return found(_shown(call, kind, record, names, linked, call.names("propertiesWithHistory")))


def create(call: Call) -> Response:
    kind = call.kind
    call.need(kind.write_scope)
    record = create_linked(call, call.fields())
    return found(call.portal.wire(kind, record, sorted(record.values)), 201)


def update(call: Call) -> Response:
    call.need(call.kind.write_scope)
    record = _addressed(call)
    changes = call.desk.update(call.kind, record, _properties(call.fields()))
    return found(call.portal.wire(call.kind, record, after_update(call.portal, call.kind, changes)))


def archive(call: Call) -> Response:
    """204 also when there is nothing (any more) to archive."""
    call.need(call.kind.write_scope)
    record_id = call.param("id")
    record = call.portal.stores[call.kind.name].find(int(record_id)) if record_id.isdecimal() else None
    if record:
        call.desk.archive(call.kind, record)
    return no_content()


def merge(call: Call) -> Response:
    kind, fields = call.kind, call.fields()
    call.need(kind.write_scope)
    primary, other = (str(fields.get(name, "")) for name in ("primaryObjectId", "objectIdToMerge"))
    first, second = call.desk.record(kind, primary), call.desk.record(kind, other)
    if first is second:
        raise validation(f"Cannot merge {kind.singular} {primary} with itself")
    survivor = call.desk.merge(kind, first, second)
    return found(call.portal.wire(kind, survivor, sorted(survivor.values)))


def gdpr_delete(call: Call) -> Response:
    kind, fields = call.kind, call.fields()
    call.need(kind.write_scope)
    store, wanted = call.portal.stores[kind.name], str(fields.get("objectId", ""))
    number = store.holder("email", wanted) if fields.get("idProperty") == "email" else None
    record = store.find(number or (int(wanted) if wanted.isdecimal() else 0))
    if record:
        call.desk.erase(kind, record)
    return no_content()


def create_linked(call: Call, wish: dict[str, Any]) -> Record:
    """One record with the associations that came with it: all of it, or nothing."""
    targets = targets_of(call.portal, call.kind, wish.get("associations") or [])
    record = call.desk.create(call.kind, _properties(wish))
    for kind, target in targets:
        call.desk.associate(link_types(kind, call.portal, record.id), record.id, target)
    return record


def targets_of(portal: Portal, kind: ObjectType, wishes: list[dict[str, Any]]) -> list[Target]:
    """What a new record shall be linked with; refuses types of other pairs and records that are not there."""
    targets: list[Target] = []
    for wish in wishes:
        for spec in wish.get("types") or []:
            link = association_type(kind, spec)
            targets.append((link, target_id(portal, link.target, str((wish.get("to") or {}).get("id", "")))))
    return targets


def association_type(source: ObjectType, spec: dict[str, Any], target: ObjectType | None = None) -> AssociationType:
    type_id, category = spec.get("associationTypeId"), spec.get("associationCategory")
    link = ASSOCIATION_BY_ID.get(type_id) if isinstance(type_id, int) else None
    if link is None or link.source is not source or link.category != category or target not in (None, link.target):
        place = f"{source.singular} and {target.singular}" if target else source.singular
        message = f"Invalid association type: {category} {type_id} is not valid for {place}"
        raise validation(message, "crm.associations.INVALID_ASSOCIATION_TYPE")
    return link


def target_id(portal: Portal, kind: ObjectType, text: str) -> int:
    if not text.isdecimal():
        raise validation(f"{text} is not a valid ID", "crm.associations.INVALID_IDENTIFIER", context={"id": [text]})
    record = portal.stores[kind.name].find(int(text))
    if record is None:
        message = f"No {kind.singular} with ID {text} exists"
        raise refused(400, "VALIDATION_ERROR", message, context={"id": [text]})
    return record.id


def after_update(portal: Portal, kind: ObjectType, changes: dict[str, str | None]) -> list[str]:
    """The answer to an update holds what changed and a few more, not the whole record."""
    return portal.readable(kind, [*changes, "hs_object_source", "lifecyclestage", "dealstage", "hs_task_status"])


def by_property(call: Call, name: str, value: str) -> Record | None:
    store = call.portal.stores[call.kind.name]
    if name == "hs_object_id":
        return store.find(int(value)) if value.isdecimal() else None
    if not store.is_unique(name):
        raise validation(f"Property {name} does not exist or is not a unique identifier property")
    holder = store.holder(name, value)
    return store.find(holder) if holder is not None else None


def _properties(wish: dict[str, Any]) -> dict[str, Any]:
    properties = wish.get("properties")
    if not isinstance(properties, dict):
        raise validation("Invalid input JSON: Some required fields were not set: [properties]")
    return properties


def _addressed(call: Call, *, archived: bool = False) -> Record:
    record_id, id_property = call.param("id"), call.query("idProperty")
    if not id_property:
        return call.desk.record(call.kind, record_id, archived=archived)
    record = by_property(call, id_property, record_id)
    if record is None:
        raise object_not_found(call.kind.singular, record_id)
    return record


def _cursor(call: Call) -> int:
    after = call.query("after", "0")
    if not after.isdecimal():
        raise ApiError(400, {"message": f'Cannot deserialize value of type `long` from String "{after}"'})
    return int(after)


def _shown(call: Call, kind: ObjectType, record: Record, names: list[str], linked: list[ObjectType],
           history: list[str]) -> dict[str, Any]:  # fmt: skip
    body = call.portal.wire(kind, record, names)
    if history:
        body["propertiesWithHistory"] = {name: _history(record, kind, name) for name in history}
    for target in linked:
        inline = inline_associations(call, kind, record, target)
        if inline:
            body.setdefault("associations", {})[target.name] = inline
    return body


def _history(record: Record, kind: ObjectType, name: str) -> list[dict[str, Any]]:
    """Only the present value: the simulator keeps no past."""
    if name not in record.values:
        return []
    return [{"value": record.values[name], "timestamp": record.values[kind.modified], "sourceType": "INTEGRATION"}]


def inline_associations(call: Call, kind: ObjectType, record: Record, target: ObjectType) -> dict[str, Any] | None:
    """An id comes once per association type; a record with many shows only the first page of them."""
    links = call.portal.links.of(kind, record.id, target)
    if not links:
        return None
    limit = call.hub.settings.inline_association_limit
    shown = list(links.items())[:limit]
    entries = [
        {"id": str(each), "type": ASSOCIATION_BY_ID[type_id].wire} for each, types in shown for type_id in sorted(types)
    ]
    body: dict[str, Any] = {"results": entries}
    if len(links) > limit:
        path = f"/crm/v4/objects/{kind.name}/{record.id}/associations/{target.name}"
        link = f"{call.hub.public_url}{path}?after={shown[-1][0]}"
        body["paging"] = {"next": {"after": str(shown[-1][0]), "link": link}}
    return body


ROUTES: list[RouteSpec] = [
    ("GET", "/crm/v3/objects/{type}", list_page),
    ("POST", "/crm/v3/objects/{type}", create),
    ("POST", "/crm/v3/objects/{type}/merge", merge),
    ("POST", "/crm/v3/objects/{type}/gdpr-delete", gdpr_delete),
    ("GET", "/crm/v3/objects/{type}/{id}", get),
    ("PATCH", "/crm/v3/objects/{type}/{id}", update),
    ("DELETE", "/crm/v3/objects/{type}/{id}", archive),
]
