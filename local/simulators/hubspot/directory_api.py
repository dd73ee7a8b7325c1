"""What an account is made of: facts, usage, owners, properties, pipelines, and leaving it."""

from typing import Any

from starlette.responses import Response

from local.simulators.clock import iso
from local.simulators.hubspot.api import Call, RouteSpec, found, no_content
from local.simulators.hubspot.errors import not_found, refused, validation
from local.simulators.hubspot.portal import Owner, Pipeline
from local.simulators.hubspot.properties import Property, new_property
from local.simulators.hubspot.schema import ObjectType

MAX_OWNERS = 500


def account(call: Call) -> Response:
    facts = call.portal.account.wire()
    return found(facts)


def daily_usage(call: Call) -> Response:
    return found({"results": [call.hub.limits.daily_usage(call.portal.account)]})


def uninstall(call: Call) -> Response:
    call.hub.tokens.uninstall(call.portal)
    return no_content()


def list_owners(call: Call) -> Response:
    call.need("crm.objects.owners.read")
    limit, after = call.limit(100, MAX_OWNERS), call.query("after", "0")
    email = call.query("email").casefold()
    wanted = [
        owner
        for owner in sorted(call.portal.owners, key=lambda each: each.id)
        if owner.archived == call.flag("archived") and email in ("", owner.email.casefold()) and owner.id > int(after)
    ]
    body: dict[str, Any] = {"results": [owner.wire() for owner in wanted[:limit]]}
    if len(wanted) > limit:
        last = str(wanted[limit - 1].id)
        body["paging"] = {"next": {"after": last, "link": str(call.request.url.include_query_params(after=last))}}
    return found(body)


def get_owner(call: Call) -> Response:
    call.need("crm.objects.owners.read")
    wanted, by_user = call.param("owner"), call.query("idProperty", "id") == "userId"

    def matches(owner: Owner) -> bool:
        return owner.archived == call.flag("archived") and str(owner.user_id if by_user else owner.id) == wanted

    owner = next(filter(matches, call.portal.owners), None)
    if owner is None:
        raise not_found()
    return found(owner.wire())


def list_properties(call: Call) -> Response:
    _need_schema(call, call.kind)
    archived = call.flag("archived")
    known = call.portal.properties[call.kind.name].values()
    return found({"results": [prop.wire() for prop in known if prop.archived == archived]})


def get_property(call: Call) -> Response:
    _need_schema(call, call.kind)
    return found(_property(call).wire())


def create_property(call: Call) -> Response:
    kind = call.kind
    call.need(f"crm.schemas.{kind.scope}.write")
    known = call.portal.properties[kind.name]
    prop = new_property(known, kind, call.fields(), call.hub.clock.now_ms())
    known[prop.name] = prop
    if prop.unique:
        call.portal.stores[kind.name].watch_unique(prop.name)
    return found(prop.wire(), 201)


def update_property(call: Call) -> Response:
    """Label, description and options can change; whether values are unique cannot."""
    call.need(f"crm.schemas.{call.kind.scope}.write")
    prop, fields = _custom(call), call.fields()
    prop.label = str(fields.get("label", prop.label))
    prop.description = str(fields.get("description", prop.description))
    if "options" in fields:
        prop.options = {str(option["value"]): str(option["label"]) for option in fields["options"]}
    prop.updated = iso(call.hub.clock.now_ms())
    return found(prop.wire())


def archive_property(call: Call) -> Response:
    call.need(f"crm.schemas.{call.kind.scope}.write")
    _custom(call).archived = True
    return no_content()


def list_groups(call: Call) -> Response:
    _need_schema(call, call.kind)
    names = sorted({prop.group for prop in call.portal.properties[call.kind.name].values()})
    return found({"results": [{"name": name, "label": name, "displayOrder": -1, "archived": False} for name in names]})


def list_pipelines(call: Call) -> Response:
    return found({"results": [each.wire(place) for place, each in enumerate(_pipelines(call))]})


def get_pipeline(call: Call) -> Response:
    place, pipeline = _pipeline(call)
    return found(pipeline.wire(place))


def list_stages(call: Call) -> Response:
    _, pipeline = _pipeline(call)
    return found({"results": [stage.wire(place) for place, stage in enumerate(pipeline.stages)]})


def _pipelines(call: Call) -> list[Pipeline]:
    call.need(call.kind.read_scope, f"crm.schemas.{call.kind.scope}.read")
    return call.portal.pipelines_of(call.kind)


def _pipeline(call: Call) -> tuple[int, Pipeline]:
    for place, pipeline in enumerate(_pipelines(call)):
        if pipeline.id == call.param("pipeline"):
            return place, pipeline
    raise not_found()


def _need_schema(call: Call, kind: ObjectType) -> None:
    call.need(f"crm.schemas.{kind.scope}.read", kind.read_scope)


def _property(call: Call) -> Property:
    prop = call.portal.properties[call.kind.name].get(call.param("name"))
    if prop is None or prop.archived != call.flag("archived"):
        raise refused(404, "OBJECT_NOT_FOUND", f"Property {call.param('name')} does not exist")
    return prop


def _custom(call: Call) -> Property:
    prop = _property(call)
    if "k" not in prop.flags:
        raise validation(f"{prop.name} is defined by HubSpot and cannot be changed")
    return prop


ROUTES: list[RouteSpec] = [
    ("GET", "/account-info/v3/details", account),
    ("GET", "/account-info/v3/api-usage/daily/private-apps", daily_usage),
    ("DELETE", "/appinstalls/v3/external-install", uninstall),
    ("GET", "/crm/v3/owners", list_owners),
    ("GET", "/crm/v3/owners/{owner}", get_owner),
    ("GET", "/crm/v3/properties/{type}", list_properties),
    ("POST", "/crm/v3/properties/{type}", create_property),
    ("GET", "/crm/v3/properties/{type}/groups", list_groups),
    ("GET", "/crm/v3/properties/{type}/{name}", get_property),
    ("PATCH", "/crm/v3/properties/{type}/{name}", update_property),
    ("DELETE", "/crm/v3/properties/{type}/{name}", archive_property),
    ("GET", "/crm/v3/pipelines/{type}", list_pipelines),
    ("GET", "/crm/v3/pipelines/{type}/{pipeline}", get_pipeline),
    ("GET", "/crm/v3/pipelines/{type}/{pipeline}/stages", list_stages),
]
