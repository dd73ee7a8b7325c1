"""What describes an org: itself, its users, modules, fields, layouts, pipelines and currencies."""

import re
from collections.abc import Callable
from typing import Any

from local.simulators.zoho.call import Call, RouteSpec
from local.simulators.zoho.catalogue import RATES, exchange_rate
from local.simulators.zoho.errors import Refused, Reply, invalid, invalid_param, mandatory, missing_param, success
from local.simulators.zoho.fields import Field
from local.simulators.zoho.modules import Module
from local.simulators.zoho.org import FORECASTS, Org, Pipeline, Stage, User
from local.simulators.zoho.write_api import items_of

RELATED = {"Accounts": ("Notes", "Contacts", "Deals", "Tasks", "Calls", "Events"),
           "Contacts": ("Notes", "Deals", "Tasks", "Calls", "Events"), "Leads": ("Notes", "Tasks", "Calls", "Events"),
           "Deals": ("Notes", "Contact_Roles", "Tasks", "Calls", "Events")}  # fmt: skip
RELATED_MODULES = {"Contact_Roles": "Contacts"}
KINDS: dict[str, Callable[[User], bool]] = {
    "AllUsers": lambda user: user.status != "deleted",
    "ActiveUsers": lambda user: user.status == "active",
    "DeactiveUsers": lambda user: user.status == "disabled",
    "ConfirmedUsers": lambda user: user.status in {"active", "disabled"},
    "DeletedUsers": lambda user: user.status == "deleted",
    "AdminUsers": lambda user: user.profile == "Administrator" and user.status == "active",
    "ActiveConfirmedUsers": lambda user: user.status == "active",
}


def read_org(call: Call) -> Reply:
    call.need("org")
    facts, me = call.org.facts, call.org.me()
    licence = {"paid_expiry": None, "users_license_purchased": len(call.org.users), "trial_type": None,
               "trial_expiry": None, "paid": True, "paid_type": "enterprise", "trial_action": None}  # fmt: skip
    org = {
        "id": facts.id, "zgid": facts.zgid, "company_name": facts.name, "domain_name": f"org{facts.zgid}",
        "alias": None, "primary_email": me.email, "primary_zuid": me.zuid, "type": "Production",
        "time_zone": facts.time_zone, "currency": facts.currency, "iso_code": facts.iso_code,
        "currency_symbol": facts.symbol, "currency_locale": "en_US", "mc_status": facts.several_currencies,
        "country": None, "country_code": None, "state": None, "city": None, "street": None, "zip": None, "fax": None,
        "mobile": None, "phone": None, "website": f"https://www.{facts.domain}", "description": None, "photo_id": None,
        "employee_count": str(len(call.org.users)), "gapps_enabled": False, "translation_enabled": False,
        "privacy_settings": False, "hipaa_compliance_enabled": False, "lite_users_enabled": False,
        "max_per_page": 200, "ezgid": f"{facts.number:032x}", "oauth_presence": False, "zia_portal_id": None,
        "deletable_org_account": False, "license_details": licence, "created_time": call.org.moment(1_577_880_000_000),
        "hierarchy_preferences": {"type": "Role_Hierarchy", "strictly_reporting": False},
        "checkin_preferences": {"restricted_event_types": None},
    }  # fmt: skip
    return Reply(200, {"org": [org]})


def list_currencies(call: Call) -> Reply:
    call.need("org")
    if not call.org.facts.several_currencies:
        raise Refused(403, "FEATURE_NOT_SUPPORTED", "multi currency is not enabled")
    home = call.org.facts.iso_code
    shown = [{"iso_code": code, "name": f"{name} - {code}", "symbol": symbol, "is_base": code == home,
              "is_active": True, "exchange_rate": f"{exchange_rate(code, home):.9f}"}
             for code, (name, symbol, _) in RATES.items()]  # fmt: skip
    return Reply(200, {"currencies": shown})


def list_users(call: Call) -> Reply:
    call.need("users")
    kind, (page, size), since = call.query.get("type", "AllUsers"), call.page(), call.since()
    if kind == "CurrentUser":
        found = [call.org.users[call.access.user_id]]
    elif kind in KINDS:
        found = [user for user in call.org.users.values() if KINDS[kind](user)]
    else:
        raise invalid_param("type", supported_values=[*KINDS, "CurrentUser"])
    found = [user for user in found if since is None or user.modified_ms > since]
    shown = found[(page - 1) * size : page * size]
    if not shown:
        return Reply(304 if since is not None else 204)
    info = {"per_page": size, "count": len(shown), "page": page, "more_records": len(found) > page * size}
    return Reply(200, {"users": [user_wire(call.org, user) for user in shown], "info": info})


def read_user(call: Call) -> Reply:
    call.need("users")
    user = call.org.users.get(call.params["id"])
    return Reply(200, {"users": [user_wire(call.org, user)]}) if user else Reply(204)


def user_wire(org: Org, user: User) -> dict[str, Any]:
    return {
        "id": user.id, "zuid": user.zuid, "first_name": user.first_name or None, "last_name": user.last_name,
        "full_name": user.name, "email": user.email, "status": user.status, "confirm": user.status != "deleted",
        "role": {"name": user.role, "id": f"{org.facts.number}{26005:012d}"},
        "profile": {"name": user.profile, "id": f"{org.facts.number}{26011:012d}"},
        "time_zone": org.facts.time_zone, "locale": "en_US", "language": "en_US", "country_locale": "en_US",
        "time_format": "HH:mm", "date_format": "yyyy-MM-dd", "country": None, "phone": None, "mobile": None,
        "alias": None, "type__s": "Regular User", "microsoft": False, "Isonline": False, "personal_account": False,
        "default_tab_group": "0", "Modified_Time": org.moment(user.modified_ms),
        "created_time": org.moment(user.modified_ms), "territories": [], "offset": 0, "category": "regular_user",
    }  # fmt: skip


def list_modules(call: Call) -> Reply:
    call.need("settings", "modules")
    linking = call.org.settings.roles_module
    known = [*call.org.modules.values(), *([call.org.described(linking)] if linking else [])]
    return Reply(200, {"modules": [each.wire(place) for place, each in enumerate(known, 1)]})


def read_module(call: Call) -> Reply:
    call.need("settings", "modules")
    return Reply(200, {"modules": [call.org.described(call.params["name"], 2).wire(1)]})


def list_fields(call: Call) -> Reply:
    call.need("settings", "fields")
    module = _module(call)
    return Reply(200, {"fields": [field_wire(call.org, module, each) for each in module.fields.values()]})


def field_wire(org: Org, module: Module, field: Field) -> dict[str, Any]:
    body = field.wire()
    if module.name == "Deals" and field.name == "Stage":
        body["pick_list_values"] = [
            {**choice.wire(place), **_stage_facts(org, next(s for s in org.stages() if s.actual == choice.actual))}
            for place, choice in enumerate(field.choices, 1)
        ]
    return body


def add_fields(call: Call) -> Reply:
    """What an app with the right to settings may do: a custom field, named after its label."""
    call.need("settings", "fields")
    module, answers = _module(call), []
    for place, wish in enumerate(items_of(call, 5, "fields")):
        path = f"$.fields[{place}]"
        label = wish.get("field_label")
        if not label or not wish.get("data_type"):
            raise mandatory("field_label" if not label else "data_type", f"{path}.field_label")
        name = re.sub(r"\W+", "_", str(label)).strip("_")
        if name in module.fields:
            raise Refused(400, "DUPLICATE_DATA", "duplicate data", api_name="field_label", json_path=path)
        extra = Field(name, str(wish["data_type"]), str(label), int(wish.get("length", 255)), custom=True,
                      unique=bool(wish.get("unique")))  # fmt: skip
        answers.append(success("field created", {"id": call.org.add_field(module.name, extra).id}))
    return Reply(201, {"fields": answers})


def list_layouts(call: Call) -> Reply:
    """Light: which layouts there are, with their fields in one section."""
    call.need("settings", "layouts")
    module = _module(call)
    fields = [field_wire(call.org, module, each) for each in module.fields.values()]
    section = {"name": f"{module.singular} Information", "display_label": f"{module.singular} Information",
               "sequence_number": 1, "fields": fields}  # fmt: skip
    layout = {"id": module.layout_id, "name": "Standard", "api_name": "Standard", "display_label": "Standard",
              "status": "active", "visible": True, "generated_type": "default", "sections": [section]}  # fmt: skip
    return Reply(200, {"layouts": [layout]})


def list_related_lists(call: Call) -> Reply:
    """Light: what hangs on a record, and of which module it is."""
    call.need("settings", "related_lists")
    names = RELATED.get(_module(call).name, ("Notes",))
    shown = [
        {"id": call.org.modules[RELATED_MODULES.get(name, name)].id, "api_name": name, "name": name,
         "display_label": name.replace("_", " "), "sequence_number": str(place), "type": "default", "visible": True,
         "href": f"{call.query['module']}/{{ENTITYID}}/{name}", "action": None,
         "module": {"api_name": RELATED_MODULES.get(name, name),
                    "id": call.org.modules[RELATED_MODULES.get(name, name)].id}}
        for place, name in enumerate(names, 1)
    ]  # fmt: skip
    return Reply(200, {"related_lists": shown})


def list_pipelines(call: Call) -> Reply:
    call.need("settings", "pipeline")
    layout = call.query.get("layout_id")
    if layout is None:
        raise missing_param("layout_id")
    if layout != call.org.modules["Deals"].layout_id:
        raise invalid("layout_id", "$.layout_id", "the id given seems to be invalid")
    return Reply(200, {"pipeline": [_pipeline(call.org, each, default=not place)
                                    for place, each in enumerate(call.org.pipelines)]})  # fmt: skip


def list_roles(call: Call) -> Reply:
    call.need("modules", "Contacts")
    roles = [{"id": each, "name": name, "sequence_number": place}
             for place, (each, name) in enumerate(call.org.roles.names.items(), 1)]  # fmt: skip
    return Reply(200, {"contact_roles": roles})


def _pipeline(org: Org, pipeline: Pipeline, *, default: bool) -> dict[str, Any]:
    maps = [
        {"id": each.id, "display_value": each.display, "actual_value": each.actual, "sequence_number": place,
         "colour_code": None, "delete": False, **_stage_facts(org, each)}
        for place, each in enumerate(pipeline.stages, 1)
    ]  # fmt: skip
    return {"id": pipeline.id, "display_value": pipeline.display, "actual_value": pipeline.actual, "default": default,
            "child_available": True, "parent": None, "maps": maps}  # fmt: skip


def _stage_facts(org: Org, stage: Stage) -> dict[str, Any]:
    name = FORECASTS[stage.forecast_type]
    category = {"name": name, "id": f"{org.facts.number}{6787 + 2 * list(FORECASTS.values()).index(name):012d}"}
    return {"probability": stage.probability, "forecast_type": stage.forecast_type,
            "deal_category": stage.forecast_type, "forecast_category": category}  # fmt: skip


def _module(call: Call) -> Module:
    name = call.query.get("module")
    if name is None:
        raise missing_param("module")
    found = call.org.queried(name)
    if found is None:
        raise Refused(400, "INVALID_MODULE", "the module name given seems to be invalid", param_name="module")
    return found[0]


ROUTES = [
    RouteSpec("GET", "/v8/org", read_org),
    RouteSpec("GET", "/v8/org/currencies", list_currencies),
    RouteSpec("GET", "/v8/users", list_users),
    RouteSpec("GET", "/v8/users/{id}", read_user),
    RouteSpec("GET", "/v8/settings/modules", list_modules),
    RouteSpec("GET", "/v8/settings/modules/{name}", read_module),
    RouteSpec("GET", "/v8/settings/fields", list_fields),
    RouteSpec("POST", "/v8/settings/fields", add_fields),
    RouteSpec("GET", "/v8/settings/layouts", list_layouts),
    RouteSpec("GET", "/v8/settings/related_lists", list_related_lists),
    RouteSpec("GET", "/v8/settings/pipeline", list_pipelines),
    RouteSpec("GET", "/v8/Contacts/roles", list_roles),
]
