"""Actions: one write each, and how its outcome is looked up by what does not lag (never by search)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmbridge.domain.directories import Directories, Stage
from crmbridge.domain.errors import Duplicate, RecordGone, Rejected, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.http import Answer, Api
from crmbridge.platforms.hubspot import paths
from crmbridge.platforms.hubspot.connecting import has_key
from crmbridge.platforms.hubspot.marked import BODIES, copies, is_traceable
from crmbridge.platforms.hubspot.objects import ASSOCIATION_TYPES, KEY_PROPERTY, NAME, PRIMARY_TYPES
from crmbridge.platforms.hubspot.outgoing import labels, moment, outgoing_properties, refused, stages_named
from crmbridge.platforms.hubspot.pages import read_batch
from crmbridge.platforms.hubspot.values import to_instant
from crmbridge.platforms.markers import marker
from crmbridge.platforms.spec import ActionSpec, WriteRequest, Written

DATED: Final = frozenset({"tasks", "calls", "notes", "meetings"})
"""What HubSpot takes with a date only."""
DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "tasks": {"hs_task_status": "NOT_STARTED", "hs_task_type": "TODO"},
    "calls": {"hs_call_status": "COMPLETED"},
}
NO_CHANGE: Final = {"fields": "nothing was given to change"}


def check_create(request: WriteRequest) -> None:
    new_properties(request)
    list(new_associations(request))


def check_update(request: WriteRequest) -> None:
    properties = outgoing_properties(request)
    _check_pipeline(request)
    if not properties and not request.fields.keys() & {"stage", "pipeline"}:
        raise refused(NO_CHANGE)


def create(api: Api, request: WriteRequest) -> Written:
    """One POST, with the key and the associations inside: there is no moment between two calls to die in.

    Raises Duplicate, with the id that is there already where it can be found."""
    properties = new_properties(request) | _stage_properties(api, request)
    body = {"properties": properties, "associations": list(new_associations(request))}
    try:
        answer = api.write("POST", paths.objects(request.object), body, timeout=request.timeout)
    except Duplicate as error:
        return _earlier(api, request, error)
    return _written(request, answer)


def look_up_created(api: Api, request: WriteRequest) -> Written | None:
    """By the key, then by what carries it where an object has none: the property may be younger than the write."""
    return _by_key(api, request) or next(iter(copies(api, request)), None) or _by_email(api, request)


def update(api: Api, request: WriteRequest) -> Written:
    """One PATCH of absolute values; repeating it changes nothing more.

    HubSpot drops a lifecycle stage's step back without a word, unless it was emptied before."""
    properties = outgoing_properties(request) | _stage_properties(api, request)
    if not properties:
        raise refused(NO_CHANGE)
    answer = _patch(api, request, properties)
    lifecycle = properties.get("lifecyclestage")
    if lifecycle and _answered(answer, "lifecyclestage") not in (None, lifecycle):
        _patch(api, request, {"lifecyclestage": ""})
        answer = _patch(api, request, {"lifecyclestage": lifecycle})
    return _written(request, answer)


def _patch(api: Api, request: WriteRequest, properties: Mapping[str, str]) -> Answer:
    path = paths.record(request.object, _id_of(request))
    return api.write("PATCH", path, {"properties": properties}, timeout=request.timeout)


def _answered(answer: Answer, name: str) -> Any:
    properties = answer.json.get("properties") if isinstance(answer.json, dict) else None
    return (properties or {}).get(name)


def look_up_updated(api: Api, request: WriteRequest) -> Written | None:
    """The record, if it holds everything that was asked for."""
    properties = outgoing_properties(request) | _stage_properties(api, request)
    found = read_batch(api, request.object, [_id_of(request)], list(properties))
    for envelope in found:
        if all(_is_same(sent, envelope["properties"].get(key)) for key, sent in properties.items()):
            return Written(request.object, str(envelope["id"]))
    return None


def new_properties(request: WriteRequest) -> dict[str, str]:
    """What was asked for, what HubSpot insists on, and the key, or its short form in the text."""
    properties = {**DEFAULTS.get(request.object, {}), **outgoing_properties(request)}
    if request.object == "contacts" and not any(properties.get(key) for key in ("email", "firstname", "lastname")):
        raise refused({"email": "a contact needs an e-mail or a name"})
    if has_key(request.directories, request.object):
        properties[KEY_PROPERTY] = request.key
    body = BODIES.get(request.object)
    if request.object in DATED and not properties.get("hs_timestamp"):
        properties["hs_timestamp"] = moment(request.directories, request.asked_at)
    if body and KEY_PROPERTY not in properties:
        properties[body] = "\n".join(text for text in (properties.get(body), marker(request.key)) if text)
    return properties


def new_associations(request: WriteRequest) -> Iterator[Json]:
    for link in request.links:
        ends = (request.object, link.object)
        if ends not in ASSOCIATION_TYPES:
            raise refused({"links": f"{request.object} cannot be linked to {link.object}"})
        type = PRIMARY_TYPES.get(ends) if link.primary else None
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type or ASSOCIATION_TYPES[ends]}
        yield {"to": {"id": link.external_id}, "types": [spec]}


def _written(request: WriteRequest, answer: Answer) -> Written:
    """The answer holds only some properties, so that the record is read again to be stored."""
    try:
        return Written(request.object, str(answer.json["id"]))
    except (TypeError, KeyError):
        message = "HubSpot accepted the write and did not say which record it is"
        raise Unavailable(message, platform=NAME, status=answer.status, outcome_unknown=True) from None


def _earlier(api: Api, request: WriteRequest, error: Duplicate) -> Written:
    """What stands in the way may be our own write, sent before and landed late."""
    ours = _by_key(api, request)
    if ours:
        return ours
    existing = error.existing_id or next((str(one["id"]) for one in _with_email(api, request, ())), None)
    raise Duplicate(
        str(error), platform=NAME, existing_id=existing, status=error.status, request_id=error.request_id
    ) from None


def _by_key(api: Api, request: WriteRequest) -> Written | None:
    """A 400 says that the object has no such property, so nothing carries the key."""
    path = f"{paths.record(request.object, request.key)}?idProperty={KEY_PROPERTY}"
    try:
        return Written(request.object, str(api.get(path)["id"]))
    except (RecordGone, Rejected):
        return None


def _by_email(api: Api, request: WriteRequest) -> Written | None:
    """A contact that is just as we asked for it is ours, or might as well be; another one was there before."""
    if request.object != "contacts":
        return None
    properties = outgoing_properties(request)
    for envelope in _with_email(api, request, tuple(properties)):
        if all(_is_same(sent, envelope["properties"].get(key)) for key, sent in properties.items()):
            return Written(request.object, str(envelope["id"]))
        message = "HubSpot has a contact with this e-mail already"
        raise Duplicate(message, platform=NAME, existing_id=str(envelope["id"]))
    return None


def _with_email(api: Api, request: WriteRequest, names: tuple[str, ...]) -> list[dict[str, Any]]:
    email = request.fields.get("email")
    if request.object != "contacts" or not email:
        return []
    inputs = [{"id": str(email).strip().lower()}]
    body = {"idProperty": "email", "inputs": inputs, "properties": list(names)}
    found: list[dict[str, Any]] = api.post(paths.batch_read(request.object), body).get("results") or []
    return found


def _id_of(request: WriteRequest) -> str:
    if not request.external_id:
        raise refused({"target": "an update names the record it changes"})
    return request.external_id


def _stage_properties(api: Api, request: WriteRequest) -> dict[str, str]:
    """A stage goes with its pipeline. A label that several pipelines have means the one the deal is in."""
    name, pipeline = request.fields.get("stage"), request.fields.get("pipeline")
    _check_pipeline(request)
    if name is None:
        return {}
    if not request.directories.stages:
        return {"dealstage": str(name)} | ({"pipeline": str(pipeline)} if pipeline else {})
    found = stages_named(request.directories, name, pipeline)
    if not found:
        known = labels(request.directories.stages.values())
        raise refused({"stage": f"there is no stage {name!r}; there are {known}"})
    stage = found[0] if len(found) == 1 else _of_pipeline(found, _current_pipeline(api, request))
    return {"dealstage": stage.id, "pipeline": stage.pipeline}


def _check_pipeline(request: WriteRequest) -> None:
    if request.fields.get("pipeline") is not None and request.fields.get("stage") is None:
        raise refused({"pipeline": "name a stage of that pipeline, too"})


def _current_pipeline(api: Api, request: WriteRequest) -> str | None:
    if not request.external_id:
        return None
    found = read_batch(api, request.object, [request.external_id], ["pipeline"])
    return next((one["properties"].get("pipeline") for one in found), None)


def _of_pipeline(stages: list[Stage], pipeline: str | None) -> Stage:
    for stage in stages:
        if stage.pipeline == pipeline:
            return stage
    pipelines = ", ".join(stage.pipeline_label for stage in stages)
    raise refused({"stage": f"several pipelines have it, and the deal is in none of them; name one of {pipelines}"})


def _is_same(sent: str, held: Any) -> bool:
    """HubSpot normalises: numbers, instants and e-mails are compared as what they are."""
    if held is None or held == "":
        return sent == ""
    if sent.casefold() == str(held).casefold():
        return True
    for convert in (to_number, to_instant):
        try:
            return bool(convert(sent) == convert(held))
        except ValueError:
            continue
    return False


def _creates(object: str) -> ActionSpec:
    def unique_key(directories: Directories) -> bool:
        return has_key(directories, object)

    return ActionSpec(
        object=object,
        send=create,
        look_up=look_up_created,
        copies=copies,
        is_traceable=is_traceable,
        unique_key=unique_key,
        check=check_create,
    )


def _updates(object: str) -> ActionSpec:
    return ActionSpec(
        object=object, send=update, look_up=look_up_updated, unique_key=lambda _: True, check=check_update
    )


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    "create_task": _creates("tasks"),
    "update_task": _updates("tasks"),
    "create_deal": _creates("deals"),
    "update_deal": _updates("deals"),
    "log_call": _creates("calls"),
    "log_meeting": _creates("meetings"),
    "create_note": _creates("notes"),
    "update_activity": _updates("calls"),
    "create_contact": _creates("contacts"),
    "update_contact": _updates("contacts"),
    "create_company": _creates("companies"),
    "update_company": _updates("companies"),
}
