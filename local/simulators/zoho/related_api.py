"""Related lists: the notes, activities, deals and people of a record, and the roles of a deal's contacts."""

from typing import Any

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.errors import Item, Refused, Reply, invalid_record, mandatory, missing_param, success
from local.simulators.zoho.merges import add_role, remove_role
from local.simulators.zoho.records_api import fields_of
from local.simulators.zoho.store import Row
from local.simulators.zoho.values import shown_row
from local.simulators.zoho.write_api import answered, items_of

ACTIVITIES = ("Tasks", "Calls", "Events")
# Which field of the listed module points at the parent.
LINKS = {("Accounts", "Contacts"): "Account_Name", ("Accounts", "Deals"): "Account_Name",
         ("Contacts", "Deals"): "Contact_Name"}  # fmt: skip


def list_related(call: Call) -> Reply:
    parent, wanted = call.module(), call.params["list"]
    call.need("modules", parent)
    if call.params["id"] not in call.org.stores[parent].rows:
        raise invalid_record()
    if (parent, wanted) == ("Deals", "Contact_Roles"):
        return _contact_roles(call)
    module = wanted if wanted in call.org.modules else ""
    names = fields_of(call)
    found = [(name, row) for name in _listed(module, wanted) for row in _rows(call, parent, name)]
    if not found and not _listed(module, wanted):
        raise Refused(400, "INVALID_DATA", "the related list given seems to be invalid", resource_path_index=2)
    return _paged(call, found, names)


def _listed(module: str, wanted: str) -> tuple[str, ...]:
    return ACTIVITIES if wanted == "Activities" else (module,) if module else ()


def _rows(call: Call, parent: str, module: str) -> list[Row]:
    """Newest first."""
    row_id, store = call.params["id"], call.org.stores[module]
    names = ["Parent_Id"] if module == "Notes" else ["What_Id", "Who_Id"] if module in ACTIVITIES else []
    names += [LINKS[parent, module]] if (parent, module) in LINKS else []
    found = [row for row in store.rows.values() if any(row.get(name) == row_id for name in names)]
    return sorted(found, key=lambda row: (row["Created_Time"], row["id"]), reverse=True)


def _paged(call: Call, found: list[tuple[str, Row]], names: list[str]) -> Reply:
    (page, size), since = call.page(), call.since()
    fresh = [(name, row) for name, row in found if since is None or row["Modified_Time"] > since]
    shown = fresh[(page - 1) * size : page * size]
    if not shown:
        return Reply(304 if since is not None and found else 204)
    rows = [shown_row(call.org, name, row, names) for name, row in shown]
    return Reply(200, {"data": rows, "info": _info(call, len(rows), len(fresh))})


def _contact_roles(call: Call) -> Reply:
    """The contacts of a deal, each with its role there; those that were deleted are left out."""
    names, (page, size) = fields_of(call), call.page()
    people, contacts = call.org.roles.of(call.params["id"]), call.org.stores["Contacts"].rows
    asked = {each for each in call.query.get("ids", "").split(",") if each}
    rows = [
        _with_role(call, contacts[each], role, names) for each, role in people.items()
        if each in contacts and (not asked or each in asked)
    ]  # fmt: skip
    shown = rows[(page - 1) * size : page * size]
    return Reply(200, {"data": shown, "info": _info(call, len(shown), len(rows))}) if shown else Reply(204)


def read_role(call: Call) -> Reply:
    """One contact of a deal; one that takes no part there is answered like an unknown record."""
    call.need("modules", "Deals")
    contact = call.org.stores["Contacts"].rows.get(call.params["contact"])
    role = call.org.roles.of(call.params["id"]).get(call.params["contact"])
    if call.params["id"] not in call.org.stores["Deals"].rows:
        raise invalid_record()
    if contact is None or role is None:
        return Reply(204)
    return Reply(200, {"data": [_with_role(call, contact, role, fields_of(call))]})


def _with_role(call: Call, contact: Row, role: str, names: list[str]) -> dict[str, Any]:
    body = shown_row(call.org, "Contacts", contact, names)
    if "Contact_Role" in names:
        body["Contact_Role"] = {"name": call.org.roles.names[role], "id": role} if role else None
    return body


def _info(call: Call, shown: int, total: int) -> dict[str, Any]:
    page, size = call.page()
    return {"per_page": size, "count": shown, "page": page, "more_records": total > page * size}


def put_role(call: Call) -> Reply:
    """Many, each with the contact's `id`; or the one of the path."""
    call.need("modules", "Deals")
    answers = [_put(call, wishes, place) for place, wishes in enumerate(items_of(call))]
    return answered(call, answers, 200)


def _put(call: Call, wishes: Any, place: int) -> Item:
    try:
        contact = str(call.params.get("contact") or wishes.get("id") or "")
        if not contact:
            raise mandatory("id", f"$.data[{place}].id")
        add_role(call.desk, call.params["id"], contact, wishes.get("Contact_Role"))
    except Refused as refused:
        return refused.item
    return success("contact role updated", {"id": contact})


def delete_role(call: Call) -> Reply:
    call.need("modules", "Deals")
    ids = [each for each in call.query.get("ids", call.params.get("contact", "")).split(",") if each]
    if not ids:
        raise missing_param("ids")
    return answered(call, [_remove(call, each) for each in ids], 200)


def _remove(call: Call, contact: str) -> Item:
    try:
        remove_role(call.desk, call.params["id"], contact)
    except Refused as refused:
        return refused.item
    return success("relation removed", {"id": contact})


ROUTES = [
    RouteSpec("GET", "/v8/Deals/{id}/Contact_Roles/{contact}", read_role),
    RouteSpec("PUT", "/v8/Deals/{id}/Contact_Roles", put_role),
    RouteSpec("PUT", "/v8/Deals/{id}/Contact_Roles/{contact}", put_role),
    RouteSpec("DELETE", "/v8/Deals/{id}/Contact_Roles", delete_role),
    RouteSpec("DELETE", "/v8/Deals/{id}/Contact_Roles/{contact}", delete_role),
    RouteSpec("GET", "/v8/{module}/{id}/{list}", list_related),
]
