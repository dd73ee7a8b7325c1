"""Actions: one write each, and how its outcome is looked up: by the key, or by a reference in the text (never by
Zoho's search, which lags)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Duplicate, MissingScope, Rejected, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant, to_number
from crmbridge.platforms.http import Answer, Api
from crmbridge.platforms.markers import marker
from crmbridge.platforms.spec import ActionSpec, WriteRequest, Written
from crmbridge.platforms.zoho import errors, paths
from crmbridge.platforms.zoho.bodies import TEXTS, changed_body, new_body
from crmbridge.platforms.zoho.connecting import key_field
from crmbridge.platforms.zoho.fetching import find
from crmbridge.platforms.zoho.joining import with_people
from crmbridge.platforms.zoho.objects import NAME, SE_MODULE
from crmbridge.platforms.zoho.outgoing import Body, refused
from crmbridge.platforms.zoho.queries import Row, all_pages, by_ids, literal, query
from crmbridge.platforms.zoho.words import LEAD_STAGES

SKEW: Final = timedelta(minutes=5)
"""How far Zoho's clock may be behind ours."""
PAGES: Final = 10
LAG_SECONDS: Final = 10.0
"""How soon a query shows a create is not documented: a few seconds are allowed for it."""


def create(api: Api, request: WriteRequest) -> Written:
    """One insert, with the key and the links inside; never an upsert, which would match on e-mail or name. Raises
    Duplicate, with the id that is there already."""
    body = new_body(request)
    if request.object in ("Contacts", "Leads") and request.fields.get("email"):
        earlier = _with_email(api, request)
        if earlier:
            return with_people(api, request, earlier)
    try:
        made = _sent(api, request, "POST", paths.records(request.object), body)
    except Duplicate as error:
        made = _earlier(api, request, error)
    return with_people(api, request, made)


def look_up_created(api: Api, request: WriteRequest) -> Written | None:
    if request.object in TEXTS:
        return next(_marked(api, request), None)
    found = _by_key(api, request) or _by_likeness(api, request)
    return with_people(api, request, found) if found else None


def update(api: Api, request: WriteRequest) -> Written:
    """One write of absolute values; repeating it changes nothing more."""
    body = changed_body(request)
    return _sent(api, request, "PUT", paths.record(request.object, _id_of(request)), body)


def look_up_updated(api: Api, request: WriteRequest) -> Written | None:
    """The record, if it holds everything that was asked for."""
    body = changed_body(request)
    for row in by_ids(api, request.object, [_id_of(request)], (tuple(body),)):
        if holds(body, row):
            return Written(request.object, str(row["id"]))
    return None


def _sent(api: Api, request: WriteRequest, method: str, path: str, body: Body) -> Written:
    """An answer of 200 may hold an error, for it is told record by record."""
    answer = api.write(method, path, {"data": [body]}, timeout=request.timeout)
    failed = errors.failed_item(answer.json)
    if failed:
        raise errors.explain_item(errors.Answer(answer.status, answer.headers, failed, sent_write=True))
    return _written(request, answer)


def _written(request: WriteRequest, answer: Answer) -> Written:
    """The answer holds only the id, so that the record is read again to be stored."""
    items = errors.items_of(answer.json)
    details = items[0].get("details") if items else None
    id = details.get("id") if isinstance(details, dict) else None
    if not id:
        message = "Zoho accepted the write and did not say which record it is"
        raise Unavailable(message, platform=NAME, status=answer.status, outcome_unknown=True)
    return Written(request.object, str(id))


def _id_of(request: WriteRequest) -> str:
    if not request.external_id:
        raise refused({"target": "an update names the record it changes"})
    return request.external_id


def _with_email(api: Api, request: WriteRequest) -> Written | None:
    """Somebody who is there already, or our own write, sent before and landed late. Zoho itself would take the same
    person twice."""
    try:
        found = find(api, request.object, str(request.fields["email"]), request.directories)
    except (MissingScope, Rejected):
        return None
    key = key_field(request.directories, request.object)
    for one in found:
        if key and isinstance(one.raw, Mapping) and one.raw.get(key) == request.key:
            return Written(request.object, one.external_id, one)
    if found:
        message = "Zoho has somebody with this e-mail already"
        raise Duplicate(message, platform=NAME, existing_id=found[0].external_id)
    return None


def _earlier(api: Api, request: WriteRequest, error: Duplicate) -> Written:
    """What stands in the way may be our own write, sent before and landed late."""
    ours = _by_key(api, request)
    if ours:
        return ours
    raise error


def _by_key(api: Api, request: WriteRequest) -> Written | None:
    key = key_field(request.directories, request.object)
    if key is None:
        return None
    text = f"select id from {request.object} where {key} = {literal(request.key)}"  # noqa: S608 - a literal
    rows = query(api, text, 2).records
    return Written(request.object, str(rows[0]["id"])) if rows else None


def _by_likeness(api: Api, request: WriteRequest) -> Written | None:
    """Without the key: what came since it was asked for, and is just as we asked."""
    if key_field(request.directories, request.object):
        return None
    body = new_body(request)
    for row in _recent(api, request, paths.records(request.object), (*body, "Created_Time")):
        if _is_new(request, row) and holds(body, row):
            return Written(request.object, str(row["id"]))
    return None


def copies(api: Api, request: WriteRequest) -> list[Written]:
    """Nothing where the key is in a unique field."""
    return list(_marked(api, request)) if request.object in TEXTS else []


def _marked(api: Api, request: WriteRequest) -> Iterator[Written]:
    """Among the newest of what it hangs on: COQL has no criteria for long texts."""
    text = TEXTS[request.object]
    path = paths.records(request.object)
    if request.links:
        parent = next((link for link in request.links if link.object != "Contacts"), request.links[0])
        path = paths.related(parent.object, parent.external_id, request.object)
    for row in _recent(api, request, path, (text, "Created_Time")):
        if marker(request.key) in str(row.get(text)):
            yield Written(request.object, str(row["id"]))


def _recent(api: Api, request: WriteRequest, path: str, names: tuple[str, ...]) -> Iterator[Row]:
    params = {"fields": ",".join(dict.fromkeys(name for name in names if not name.startswith("$")))}
    return all_pages(api, path, params, since=request.asked_at - SKEW, most=PAGES)


def _is_new(request: WriteRequest, row: Row) -> bool:
    try:
        return to_instant(row.get("Created_Time")) >= request.asked_at - SKEW
    except ValueError:
        return False


def holds(sent: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Everything that was sent; Zoho adds names to lookups, and its own offset to instants."""
    return all(key == SE_MODULE or _is_same(value, held.get(key)) for key, value in sent.items())


def _is_same(sent: Any, held: Any) -> bool:
    if sent is None or sent in ("", []):
        return held in (None, "", [])
    if isinstance(sent, Mapping):
        return isinstance(held, Mapping) and str(sent.get("id")) == str(held.get("id"))
    if isinstance(sent, list):
        return isinstance(held, list) and sorted(map(str, sent)) == sorted(map(str, held))
    if str(sent).strip().casefold() == str(held).strip().casefold():
        return True
    for convert in (to_number, to_instant):
        try:
            return bool(convert(sent) == convert(held))
        except ValueError:
            continue
    return False


def choose_person(fields: Mapping[str, Json]) -> str:
    """Who has not come far is a lead."""
    if fields.get("subtype") in ("lead", "contact"):
        return "Leads" if fields["subtype"] == "lead" else "Contacts"
    return "Leads" if fields.get("lifecycle_stage") in LEAD_STAGES else "Contacts"


def _creates(object: str) -> ActionSpec:
    keyed = ("Contacts", "Leads") if object == "Contacts" else (object,)

    def unique_key(directories: Directories) -> bool:
        return all(key_field(directories, name) for name in keyed)

    return ActionSpec(
        object=object,
        send=create,
        look_up=look_up_created,
        unique_key=unique_key,
        lag_seconds=LAG_SECONDS,
        copies=copies,
        object_for=choose_person if object == "Contacts" else None,
        check=_check_create,
    )


def _updates(object: str) -> ActionSpec:
    return ActionSpec(
        object=object, send=update, look_up=look_up_updated, unique_key=lambda _: True, check=_check_update
    )


def _check_create(request: WriteRequest) -> None:
    new_body(request)


def _check_update(request: WriteRequest) -> None:
    changed_body(request)


_ALL: Final[Mapping[str, ActionSpec]] = {
    "create_task": _creates("Tasks"),
    "update_task": _updates("Tasks"),
    "create_deal": _creates("Deals"),
    "update_deal": _updates("Deals"),
    "log_call": _creates("Calls"),
    "log_meeting": _creates("Events"),
    "create_note": _creates("Notes"),
    "update_activity": _updates("Calls"),
    "create_contact": _creates("Contacts"),
    "update_contact": _updates("Contacts"),
    "create_company": _creates("Accounts"),
    "update_company": _updates("Accounts"),
}
ACTIONS: Final[Mapping[str, ActionSpec]] = {name: _ALL[name] for name in ACTION_TYPES if name in _ALL}
"""Those that may be asked for."""
