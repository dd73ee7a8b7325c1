"""v2: pipelines, stages and field definitions."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.responses import Response

from local.simulators.pipedrive import fields
from local.simulators.pipedrive.call import Call, Handler, Op, found, one_of
from local.simulators.pipedrive.company import Company, Pipeline, Stage
from local.simulators.pipedrive.errors import Refused, bad_request, invalid, not_found
from local.simulators.pipedrive.events import Author, News
from local.simulators.pipedrive.kinds import ACTIVITIES, DEALS, ORGANIZATIONS, PERSONS, Kind
from local.simulators.pipedrive.listing import paged
from local.simulators.pipedrive.times import moment
from local.simulators.pipedrive.values import percent, short_text, truth, whole

EXTRAS = frozenset({"ui_visibility", "important_fields", "required_fields"})
READERS = DEALS.read_scopes | {"admin"}
ORDERS = ("id", "update_time", "add_time")
PERSON_FIELDS = one_of("contact-fields:full", "admin")
FIELD_SCOPES = {"deals": one_of("deal-fields:full", "admin"), "persons": PERSON_FIELDS, "organizations": PERSON_FIELDS,
                "activities": one_of("admin")}  # fmt: skip
# What can be written of a pipeline and of a stage: where it is kept, and how it is checked.
Writable = dict[str, tuple[str, Callable[..., Any]]]
OF_PIPELINES: Writable = {"name": ("name", short_text), "is_deal_probability_enabled": ("probabilities", truth)}
OF_STAGES: Writable = {"name": ("name", short_text), "deal_probability": ("probability", percent),
                       "days_to_rotten": ("rotten", whole), "pipeline_id": ("pipeline", whole)}  # fmt: skip


def list_pipelines(call: Call) -> Response:
    rows = [each.wire() for each in call.company.pipelines.values() if not each.deleted]
    return paged(call, rows, sortable=ORDERS)


def list_stages(call: Call) -> Response:
    """Deleted ones stay out, and those of deleted pipelines with them."""
    pipeline, company = call.number("pipeline_id"), call.company
    rows = [
        each.wire() for each in company.stages.values()
        if not each.deleted and not company.pipelines[each.pipeline].deleted and pipeline in (None, each.pipeline)
    ]  # fmt: skip
    return paged(call, rows, sortable=(*ORDERS, "order_nr"))


def get_pipeline(call: Call) -> Response:
    return found(_pipeline(call).wire())


def get_stage(call: Call) -> Response:
    return found(_stage(call).wire())


def create_pipeline(call: Call) -> Response:
    asked = _asked(call, OF_PIPELINES, ("name",))
    return found(new_pipeline(call.company, asked, _announcer(call)).wire(), 201)


def create_stage(call: Call) -> Response:
    asked = _asked(call, OF_STAGES, ("name", "pipeline_id"))
    if asked["pipeline"] not in call.company.pipelines:
        raise invalid("pipeline_id: pipeline not found")
    return found(new_stage(call.company, asked, _announcer(call)).wire(), 201)


def update_pipeline(call: Call) -> Response:
    return found(change(call.company, _pipeline(call), _asked(call, OF_PIPELINES, ()), _announcer(call)).wire())


def update_stage(call: Call) -> Response:
    return found(change(call.company, _stage(call), _asked(call, OF_STAGES, ()), _announcer(call)).wire())


def delete_pipeline(call: Call) -> Response:
    pipeline = remove(call.company, _pipeline(call), _announcer(call))
    return found({"id": pipeline.id})


def delete_stage(call: Call) -> Response:
    stage = remove(call.company, _stage(call), _announcer(call))
    return found({"id": stage.id})


Place = Pipeline | Stage
T = TypeVar("T", Pipeline, Stage)
Announce = Callable[[Company, str, Place, dict[str, Any] | None], None]


def new_pipeline(company: Company, asked: dict[str, Any], announce: Announce) -> Pipeline:
    now = moment(company.clock.now_ms())
    pipeline = Pipeline(company.number(), asked["name"], len(company.pipelines) + 1, now, now)
    pipeline.probabilities = asked.get("probabilities", False)
    company.pipelines[pipeline.id] = pipeline
    announce(company, "create", pipeline, None)
    return pipeline


def new_stage(company: Company, asked: dict[str, Any], announce: Announce) -> Stage:
    now, order = moment(company.clock.now_ms()), len(company.stages_of(asked["pipeline"])) + 1
    likely = asked.get("probability", 100)
    stage = Stage(company.number(), asked["name"], asked["pipeline"], order, likely, now, now)
    stage.rotten = asked.get("rotten")
    company.stages[stage.id] = stage
    announce(company, "create", stage, None)
    return stage


def change(company: Company, place: T, asked: dict[str, Any], announce: Announce) -> T:
    before = place.wire()
    for name, value in asked.items():
        setattr(place, name, value)
    place.changed = moment(company.clock.now_ms())
    announce(company, "change", place, before)
    return place


def remove(company: Company, place: T, announce: Announce) -> T:
    before = place.wire()
    place.deleted, place.changed = True, moment(company.clock.now_ms())
    announce(company, "delete", place, before)
    return place


def announcer(tell: Callable[[Company, News, Author], None], author: Author) -> Announce:
    def announce(company: Company, action: str, place: Place, before: dict[str, Any] | None) -> None:
        entity = "pipeline" if isinstance(place, Pipeline) else "stage"
        now = place.wire()
        old = before and {name: value for name, value in before.items() if action == "delete" or value != now[name]}
        tell(company, News(action, entity, place.id, None if action == "delete" else now, old), author)

    return announce


def list_fields(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        return paged(call, _definitions(call, kind))

    return handler


def get_field(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        code = call.param("code")
        body = next((each for each in _definitions(call, kind) if each["field_code"] == code), None)
        if body is None:
            raise _no_field()
        return found(body)

    return handler


def create_field(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        body, company = call.fields(), call.company
        unknown = set(body) - {"field_name", "field_type", "options", "description", *EXTRAS}
        if unknown:
            raise invalid(f"unrecognized key {min(unknown)!r}")
        first = 1 + company.number() * 100
        made = fields.new_custom(body, f"{company.id}:{kind.name}:{company.number()}", first)
        company.customs[kind.name][made.key] = made
        return found(made.wire(frozenset()), 201)

    return handler


def update_field(kind: Kind) -> Handler:
    """Name and description; type and key stay."""

    def handler(call: Call) -> Response:
        made, body = _custom(call, kind), call.fields()
        if not body or set(body) - {"field_name", "description", *EXTRAS}:
            raise invalid("body: only field_name, description and visibility can be changed")
        made.name = short_text(call.company, "field_name", body.get("field_name", made.name))
        made.description = body.get("description", made.description)
        return found(made.wire(frozenset()))

    return handler


def delete_field(kind: Kind) -> Handler:
    def handler(call: Call) -> Response:
        made = _custom(call, kind)
        del call.company.customs[kind.name][made.key]
        return found(made.wire(frozenset()))

    return handler


def _definitions(call: Call, kind: Kind) -> list[dict[str, Any]]:
    more, company = frozenset(call.names("include_fields")), call.company
    if more - EXTRAS:
        raise invalid(f"include_fields: must be one of {', '.join(sorted(EXTRAS))}")
    known = [each for each in kind.fields if "-" not in each.flags and company.has(each.flags)]
    rows = [fields.built_in(each, company.options[kind.name], more) for each in known]
    rows += [fields.optional(code, more) for code in kind.optional if kind.field(code) is None]
    return rows + [each.wire(more) for each in company.customs.get(kind.name, {}).values()]


def _custom(call: Call, kind: Kind) -> fields.Custom:
    code = call.param("code")
    if kind.field(code):
        raise bad_request("Only custom fields can be changed")
    if code not in call.company.customs[kind.name]:
        raise _no_field()
    return call.company.customs[kind.name][code]


def _no_field() -> Refused:
    return not_found("field")


def _pipeline(call: Call) -> Pipeline:
    found_one = call.company.pipelines.get(int(call.param("id")))
    if found_one is None or found_one.deleted:
        raise not_found("pipeline")
    return found_one


def _stage(call: Call) -> Stage:
    found_one = call.company.stages.get(int(call.param("id")))
    if found_one is None or found_one.deleted:
        raise not_found("stage")
    return found_one


def _asked(call: Call, known: Writable, required: tuple[str, ...]) -> dict[str, Any]:
    body = call.fields()
    for name in [*(name for name in required if name not in body), *(name for name in body if name not in known)]:
        raise invalid(f"{name}: is required" if name in required else f"unrecognized key {name!r}")
    return {known[name][0]: known[name][1](call.company, name, value) for name, value in body.items()}


def _announcer(call: Call) -> Announce:
    return announcer(call.drive.teller.tell, Author(call.grant.user, "api"))


ADMIN = one_of("admin")
OPS = [
    Op("GET", "/api/v2/pipelines", list_pipelines, 5, READERS),
    Op("POST", "/api/v2/pipelines", create_pipeline, 5, ADMIN),
    Op("GET", "/api/v2/pipelines/{id:int}", get_pipeline, 1, READERS),
    Op("PATCH", "/api/v2/pipelines/{id:int}", update_pipeline, 5, ADMIN),
    Op("DELETE", "/api/v2/pipelines/{id:int}", delete_pipeline, 3, ADMIN),
    Op("GET", "/api/v2/stages", list_stages, 5, READERS),
    Op("POST", "/api/v2/stages", create_stage, 5, ADMIN),
    Op("GET", "/api/v2/stages/{id:int}", get_stage, 1, READERS),
    Op("PATCH", "/api/v2/stages/{id:int}", update_stage, 5, ADMIN),
    Op("DELETE", "/api/v2/stages/{id:int}", delete_stage, 3, ADMIN),
]
for _kind in (DEALS, PERSONS, ORGANIZATIONS, ACTIVITIES):
    _path, _scopes = f"/api/v2/{_kind.singular}Fields", FIELD_SCOPES[_kind.name]
    _readers = _scopes if _kind is ACTIVITIES else _scopes | _kind.read_scopes
    OPS += [
        Op("GET", _path, list_fields(_kind), 10, _readers),
        Op("GET", _path + "/{code}", get_field(_kind), 1, _readers),
    ]
    if _kind is not ACTIVITIES:
        OPS += [
            Op("POST", _path, create_field(_kind), 5, _scopes),
            Op("PATCH", _path + "/{code}", update_field(_kind), 5, _scopes),
            Op("DELETE", _path + "/{code}", delete_field(_kind), 3, _scopes),
        ]
