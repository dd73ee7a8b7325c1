"""Actions: one write each, and how its outcome is looked up in lists, which do not lag (never by search)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from crmbridge.domain.directories import Stage
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    Unavailable,
)
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.http import Answer, Api, Call
from crmbridge.platforms.markers import marker
from crmbridge.platforms.pipedrive import paths
from crmbridge.platforms.pipedrive.answers import Row
from crmbridge.platforms.pipedrive.bodies import (
    activity_defaults,
    changed_text_body,
    link_body,
    new_company_body,
    new_person_body,
    note_body,
    parts,
    person_body,
    reads_first,
    stage_body,
    stages_named,
    told_text,
)
from crmbridge.platforms.pipedrive.comparing import holds
from crmbridge.platforms.pipedrive.connecting import key_fields
from crmbridge.platforms.pipedrive.fetching import data_of, find, read_one
from crmbridge.platforms.pipedrive.objects import COUNT, NAME
from crmbridge.platforms.pipedrive.outgoing import Body, outgoing, refused
from crmbridge.platforms.pipedrive.recent import SKEW, recent
from crmbridge.platforms.pipedrive.sightings import sighting
from crmbridge.platforms.spec import ActionSpec, WriteRequest, Written

WRITE_COST: Final = 5
NOTE_WRITE_COST: Final = 10
PARTICIPANT_COST: Final = 10
NO_CHANGE: Final = {"fields": "nothing was given to change"}
TEXTS: Final[Mapping[str, str]] = {"activities": "note", "notes": "content"}
"""Where the reference goes on an object without custom fields."""


def create(api: Api, request: WriteRequest) -> Written:
    """One POST, with the key and the links inside. Pipedrive takes the same person twice; so it is asked first, and
    Duplicate raised, with the id that is there already."""
    body = _new_body(request)
    if request.object == "persons" and request.fields.get("email"):
        earlier = _with_email(api, request)
        if earlier:
            return _with_people(api, request, earlier)
    return _with_people(
        api, request, _written(request, _write(api, request, "POST", paths.objects(request.object), body))
    )


def look_up_created(api: Api, request: WriteRequest) -> Written | None:
    """Among what was touched since it was asked for, of the same parent or owner: by the key, or by the reference in
    its text; where there is neither, by being just what was asked for."""
    for raw in recent(api, request):
        if _is_ours(request, raw):
            return _with_people(api, request, _seen(request, raw))
    return None


def copies(api: Api, request: WriteRequest) -> list[Written]:
    """Only where the key or the reference tells: what merely looks alike may be somebody else's."""
    if request.object not in TEXTS and not key_fields(request.directories, request.object):
        return []
    return [_seen(request, raw) for raw in recent(api, request) if _is_ours(request, raw)]


def _with_people(api: Api, request: WriteRequest, made: Written) -> Written:
    """A deal takes one person when it is made, and each further one by a call; to add one twice changes nothing. The
    record is there by now: so whoever Pipedrive does not take is left out, and where it does not answer, the record is
    looked up later and the rest is added then. Who takes part in a deal in the end, reading it again tells."""
    joining = parts(request, made.external_id)
    for deal, person in joining:
        try:
            api.write("POST", paths.participants(deal), {"person_id": person}, cost=PARTICIPANT_COST)
        except (Rejected, RecordGone, MissingScope):
            continue
        except (Throttled, Unavailable, ReauthRequired) as error:
            message = f"the record is made, not everybody takes part yet: {error}"
            raise Unavailable(message, platform=NAME, status=error.status, outcome_unknown=True) from error
    return Written(made.object, made.external_id) if joining else made


def update(api: Api, request: WriteRequest) -> Written:
    """One PATCH of absolute values; repeating it changes nothing more."""
    body = _changed_body(api, request)
    path = paths.record(request.object, _id_of(request))
    return _written(request, _write(api, request, "PUT" if request.object == "notes" else "PATCH", path, body))


def look_up_updated(api: Api, request: WriteRequest) -> Written | None:
    """The record, if it holds everything that was asked for."""
    body = _changed_body(api, request)
    raw = read_one(api, request.object, _id_of(request))
    return _seen(request, raw) if raw and holds(body, raw) else None


def _write(api: Api, request: WriteRequest, method: str, path: str, body: Json) -> Answer:
    cost = NOTE_WRITE_COST if request.object == "notes" else WRITE_COST
    return api.call(Call(method=method, path=path, body=body, writes=True, timeout=request.timeout, cost=cost))


def _new_body(request: WriteRequest) -> Body:
    """What was asked for, what Pipedrive insists on, and the key, or its short form in the text."""
    body = outgoing(request) | link_body(request)
    reference = marker(request.key)
    if request.object == "activities":
        body = activity_defaults(request) | body
        return body | {"note": told_text(request, reference, str(body.get("note") or ""))}
    if request.object == "notes":
        return body | note_body(request, reference, str(body.get("content") or ""))
    body |= _NEW[request.object](request)
    if keys := key_fields(request.directories, request.object):
        body["custom_fields"] = {**body.get("custom_fields", {}), keys[0]: request.key}
    return body


_NEW: Final[Mapping[str, Callable[[WriteRequest], Body]]] = {
    "persons": new_person_body, "organizations": new_company_body, "deals": stage_body,
}  # fmt: skip


def _changed_body(api: Api, request: WriteRequest) -> Body:
    id = _id_of(request)
    body = _changes(request, (read_one(api, request.object, id) if _looks_first(request) else None) or {})
    if not body:
        raise refused(NO_CHANGE)
    return body


def _looks_first(request: WriteRequest) -> bool:
    """A label that several pipelines have means the one the deal is in; a person's lists are replaced as a whole."""
    return reads_first(request) or len(_stages(request)) > 1


def _stages(request: WriteRequest) -> list[Stage]:
    name, pipeline = request.fields.get("stage"), request.fields.get("pipeline")
    return [] if name is None else stages_named(request.directories, name, pipeline)


def _changes(request: WriteRequest, held: Row) -> Body:
    body = outgoing(request) | link_body(request)
    if request.object == "persons":
        body |= person_body(request, held)
    if request.object == "deals":
        body |= stage_body(request, held)
    return body | (changed_text_body(request) if request.object in TEXTS else {})


def check_create(request: WriteRequest) -> None:
    """Raises Rejected with what would be refused, under our names."""
    _new_body(request)


def check_update(request: WriteRequest) -> None:
    """The same; which of several stages is meant, only the deal tells."""
    stages = _stages(request)
    if not _changes(request, {"pipeline_id": stages[0].pipeline} if len(stages) > 1 else {}):
        raise refused(NO_CHANGE)


def _id_of(request: WriteRequest) -> str:
    if not request.external_id:
        raise refused({"target": "an update names the record it changes"})
    return request.external_id


def _written(request: WriteRequest, answer: Answer) -> Written:
    """The answer holds the whole record."""
    raw = data_of(answer.json)
    if raw.get("id") is None:
        message = "Pipedrive accepted the write and did not say which record it is"
        raise Unavailable(message, platform=NAME, status=answer.status, outcome_unknown=True)
    return _seen(request, raw)


def _seen(request: WriteRequest, raw: Row) -> Written:
    """What a write answers with does not tell who takes part in a deal."""
    seen = sighting(request.object, raw, request.directories.version)
    if request.object == "deals" and COUNT not in raw:
        seen = seen._replace(links={target: ends for target, ends in seen.links.items() if target != "persons"})
    return Written(request.object, seen.external_id, seen)


def _with_email(api: Api, request: WriteRequest) -> Written | None:
    """Somebody who is there already, or our own write, sent before and landed late. Without the scope to search, nobody
    is known."""
    try:
        found = find(api, "persons", str(request.fields["email"]), request.directories)
    except (MissingScope, Rejected):
        return None
    for one in found:
        if _is_keyed(request, one.raw):
            return _seen(request, one.raw)
    if found:
        message = "Pipedrive has a contact with this e-mail already"
        raise Duplicate(message, platform=NAME, existing_id=found[0].external_id)
    return None


def _is_ours(request: WriteRequest, raw: Row) -> bool:
    text = TEXTS.get(request.object)
    if text:
        return marker(request.key) in str(raw.get(text))
    if key_fields(request.directories, request.object):
        return _is_keyed(request, raw)
    return _is_new(request, raw) and holds(_new_body(request), raw)


def _is_keyed(request: WriteRequest, raw: Any) -> bool:
    custom = raw.get("custom_fields")
    held = custom if isinstance(custom, dict) else {}
    return any(held.get(key) == request.key for key in key_fields(request.directories, request.object))


def _is_new(request: WriteRequest, raw: Row) -> bool:
    try:
        return to_instant(raw.get("add_time")) >= request.asked_at - SKEW
    except ValueError:
        return False


def _creates(object: str) -> ActionSpec:
    return ActionSpec(
        object=object,
        send=create,
        look_up=look_up_created,
        copies=copies,
        unique_key=lambda _: False,
        check=check_create,
    )


def _updates(object: str) -> ActionSpec:
    return ActionSpec(
        object=object, send=update, look_up=look_up_updated, unique_key=lambda _: True, check=check_update
    )


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    "create_task": _creates("activities"),
    "update_task": _updates("activities"),
    "log_call": _creates("activities"),
    "log_meeting": _creates("activities"),
    "create_note": _creates("notes"),
    "update_activity": _updates("activities"),
    "create_contact": _creates("persons"),
    "update_contact": _updates("persons"),
    "create_company": _creates("organizations"),
    "update_company": _updates("organizations"),
    "create_deal": _creates("deals"),
    "update_deal": _updates("deals"),
}
"""Nothing at Pipedrive is unique: a create that is looked for in vain is sent once more, and no oftener."""
