"""Actions: one write each, and how its outcome is looked up: by the key, or by a reference in the text (never by
Zoho's search, which lags)."""

from base64 import b32encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Duplicate, MissingScope, Rejected, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.http import Answer, Api
from crmbridge.platforms.spec import ActionSpec, WriteRequest, Written
from crmbridge.platforms.zoho import errors, paths
from crmbridge.platforms.zoho.connecting import key_field
from crmbridge.platforms.zoho.fetching import find
from crmbridge.platforms.zoho.objects import NAME, SE_MODULE
from crmbridge.platforms.zoho.outgoing import Body, instant_text, outgoing, refused
from crmbridge.platforms.zoho.queries import Row, all_pages, by_ids, literal, query
from crmbridge.platforms.zoho.values import to_instant, to_number
from crmbridge.platforms.zoho.words import LEAD_STAGES

SKEW: Final = timedelta(minutes=5)
"""How far Zoho's clock may be behind ours."""
PAGES: Final = 10
TEXTS: Final[Mapping[str, str]] = {"Tasks": "Description", "Calls": "Description", "Notes": "Note_Content"}
"""Where the reference goes in a module whose records carry no key."""
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "Tasks": ("Contacts", "Deals", "Accounts", "Leads"), "Calls": ("Contacts", "Deals", "Accounts", "Leads"),
}  # fmt: skip


def create(api: Api, request: WriteRequest) -> Written:
    """One insert, with the key and the links inside; never an upsert, which would match on e-mail or name. Raises
    Duplicate, with the id that is there already."""
    body = _new_body(request)
    if request.object in ("Contacts", "Leads") and request.fields.get("email"):
        earlier = _with_email(api, request)
        if earlier:
            return earlier
    try:
        return _sent(api, request, "POST", paths.records(request.object), body)
    except Duplicate as error:
        return _earlier(api, request, error)


def look_up_created(api: Api, request: WriteRequest) -> Written | None:
    if request.object in TEXTS:
        return _by_marker(api, request)
    return _by_key(api, request) or _by_likeness(api, request)


def update(api: Api, request: WriteRequest) -> Written:
    """One write of absolute values; repeating it changes nothing more."""
    body = _changed_body(request)
    return _sent(api, request, "PUT", paths.record(request.object, _id_of(request)), body)


def look_up_updated(api: Api, request: WriteRequest) -> Written | None:
    """The record, if it holds everything that was asked for."""
    body = _changed_body(request)
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


def _new_body(request: WriteRequest) -> Body:
    """What was asked for, what Zoho insists on, and the key, or its short form in the text."""
    body = {**outgoing(request), **_links(request)}
    if request.object in ("Contacts", "Leads"):
        body["Last_Name"] = body.get("Last_Name") or _called(request)
    if request.object == "Tasks":
        body.setdefault("Status", "Not Started")
    if request.object == "Calls":
        body = _call_defaults(request) | body
    if key := key_field(request.directories, request.object):
        body[key] = request.key
    if text := TEXTS.get(request.object):
        told = [body.get(text), _untold(request, body), marker(request.key)]
        body[text] = "\n".join(str(part) for part in told if part)
    return body


def _called(request: WriteRequest) -> str:
    """Zoho wants a family name; who has none is called by what else is known."""
    for name in ("first_name", "email", "phone"):
        if told := request.fields.get(name):
            return str(told)
    raise refused({"last_name": "a contact needs a name, an e-mail or a phone"})


def _call_defaults(request: WriteRequest) -> Body:
    """What was logged has happened; Zoho asks how long it took, and which way it went."""
    incoming = request.fields.get("direction") == "inbound"
    return {
        "Subject": "Call",
        "Call_Type": "Inbound" if incoming else "Outbound",
        "Call_Start_Time": instant_text(request.asked_at),
        "Call_Duration": "00:00",
        **({} if incoming else {"Outbound_Call_Status": "Completed"}),
    }


def _untold(request: WriteRequest, body: Body) -> str:
    """An outcome that is none of the account's options."""
    outcome = request.fields.get("outcome")
    told = {str(body.get(key)).casefold() for key in ("Call_Result", "Outbound_Call_Status")}
    is_untold = request.object == "Calls" and outcome and str(outcome).casefold() not in told
    return f"Outcome: {outcome}" if is_untold else ""


def marker(key: str) -> str:
    """Short and plain, because sellers see it."""
    return f"ref {b32encode(sha256(key.encode()).digest())[:6].decode()}"


def _links(request: WriteRequest) -> Body:
    """One contact in `Who_Id`, and one of anything else in `What_Id`, whose module is told beside it."""
    body: Body = {}
    for link in request.links:
        key, value = _place(request.object, link.object, link.external_id)
        if not key:
            raise refused({"links": f"{request.object} cannot be linked to {link.object}"})
        if key in body and body[key]["id"] != link.external_id:
            raise refused({"links": f"one of {request.object} is linked to one contact and to one other record"})
        body[key] = value
        if key == "What_Id":
            body[SE_MODULE] = link.object
    return body


def _place(object: str, target: str, id: str) -> tuple[str, Json]:
    lookup: Json = {"id": id}
    if object == "Notes":
        return "Parent_Id", {"module": {"api_name": target}, **lookup}
    if target in _PLACES.get(object, ()):
        return ("Who_Id" if target == "Contacts" else "What_Id"), lookup
    placed = {
        ("Contacts", "Accounts"): "Account_Name", ("Deals", "Accounts"): "Account_Name",
        ("Deals", "Contacts"): "Contact_Name",
    }  # fmt: skip
    return placed.get((object, target), ""), lookup


def _changed_body(request: WriteRequest) -> Body:
    body = {**outgoing(request), **_links(request)}
    if not body:
        raise refused({"fields": "nothing was given to change"})
    return body


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
    body = _new_body(request)
    for row in _recent(api, request, paths.records(request.object), (*body, "Created_Time")):
        if _is_new(request, row) and holds(body, row):
            return Written(request.object, str(row["id"]))
    return None


def _by_marker(api: Api, request: WriteRequest) -> Written | None:
    """Among the newest of what it hangs on: COQL has no criteria for long texts."""
    text = TEXTS[request.object]
    path = paths.records(request.object)
    if request.links:
        parent = next((link for link in request.links if link.object != "Contacts"), request.links[0])
        path = paths.related(parent.object, parent.external_id, request.object)
    for row in _recent(api, request, path, (text, "Created_Time")):
        if marker(request.key) in str(row.get(text)):
            return Written(request.object, str(row["id"]))
    return None


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


def _has_key(directories: Directories) -> bool:
    return all(key_field(directories, object) for object in ("Contacts", "Leads"))


ACTIONS: Final[Mapping[str, ActionSpec]] = {
    "create_task": ActionSpec(object="Tasks", send=create, look_up=look_up_created, unique_key=lambda _: False),
    "log_call": ActionSpec(object="Calls", send=create, look_up=look_up_created, unique_key=lambda _: False),
    "create_contact": ActionSpec(
        object="Contacts",
        send=create,
        look_up=look_up_created,
        unique_key=_has_key,
        lag_seconds=10.0,
        object_for=choose_person,
    ),
    "update_deal": ActionSpec(object="Deals", send=update, look_up=look_up_updated, unique_key=lambda _: True),
}
"""How soon a query shows a create is not documented: a few seconds are allowed for it."""
