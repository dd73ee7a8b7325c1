"""v1: notes and call logs."""

from typing import Any

from starlette.responses import Response

from local.simulators.pipedrive.call import Call, Op, found, one_of
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import bad_request, gone, not_found, respond
from local.simulators.pipedrive.fields import key_for
from local.simulators.pipedrive.kinds import ACTIVITIES, DEALS, NOTES, PERSONS
from local.simulators.pipedrive.offsets import offset_page, v1_number
from local.simulators.pipedrive.store import Record, Values
from local.simulators.pipedrive.times import from_v1, in_v1
from local.simulators.pipedrive.values import a_lead

NUMBERS = ("user_id", "deal_id", "person_id", "org_id", "project_id", "task_id")
FLAGS = tuple(f"pinned_to_{name}_flag" for name in ("lead", "deal", "person", "organization", "project", "task"))
OUTCOMES = ("connected", "no_answer", "left_message", "left_voicemail", "wrong_number", "busy")
SORTABLE = ("id", "user_id", "deal_id", "person_id", "org_id", "content", "add_time", "update_time")
MOST_CALLS = 50
PHONE = one_of("phone-integration")
READERS = DEALS.read_scopes | PERSONS.read_scopes
WRITERS = DEALS.write_scopes | PERSONS.write_scopes


def list_notes(call: Call) -> Response:
    """`sort` is `field ASC` or `field DESC`; without it the order is by id."""
    since = call.moment("updated_since")
    wanted: Values = {name: call.number(name) for name in NUMBERS}
    wanted |= {name: bool(int(call.query(name))) if call.query(name) else None for name in FLAGS}
    wanted["lead_id"] = call.query("lead_id") or None
    filters = {name: value for name, value in wanted.items() if value is not None}
    notes = [
        note for note in call.company.stores["notes"].live()
        if all(note.values[name] == value for name, value in filters.items())
        and (since is None or note.values["update_time"] >= since)
        and (call.query("start_date") or "") <= note.values["add_time"][:10] <= (call.query("end_date") or "9")
    ]  # fmt: skip
    if call.query("sort"):
        field, _, direction = call.query("sort").split(",", maxsplit=1)[0].partition(" ")
        if field not in SORTABLE:
            raise bad_request(f"sort: cannot sort by {field}")
        notes.sort(key=lambda note: (note.values[field] or 0, note.id), reverse=direction.upper() == "DESC")
    return offset_page(call, [note_wire(call, note) for note in notes])


def get_note(call: Call) -> Response:
    return found(note_wire(call, call.desk.record(NOTES, call.param("id"))))


def create_note(call: Call) -> Response:
    return found(note_wire(call, call.desk.create(NOTES, note_wishes(call.fields()))))


def update_note(call: Call) -> Response:
    desk = call.desk
    note = desk.update(NOTES, desk.record(NOTES, call.param("id")), note_wishes(call.fields()))
    return found(note_wire(call, note))


def delete_note(call: Call) -> Response:
    desk = call.desk
    desk.delete(NOTES, desk.record(NOTES, call.param("id")))
    return found(True)


def note_wishes(body: dict[str, Any]) -> Values:
    """v1 takes numbers as text, flags as 0 and 1, its own form of time, and drops what it does not know."""
    wishes: Values = {name: v1_number(body, name) for name in NUMBERS if name in body}
    wishes |= {name: body[name] for name in ("content", "lead_id") if name in body}
    for name in FLAGS:
        if name in body:
            if body[name] not in (0, 1) or isinstance(body[name], bool):
                raise bad_request(f"{name} must be 0 or 1")
            wishes[name] = bool(body[name])
    if body.get("add_time"):
        wishes["add_time"] = from_v1(str(body["add_time"]))
    if wishes.get("user_id", 0) is None:
        del wishes["user_id"]
    return wishes


def note_wire(call: Call, note: Record) -> Values:
    company, values = call.company, note.values
    body = {name: value for name, value in values.items() if name != "is_deleted"}
    body |= {name: in_v1(values[name]) for name in ("add_time", "update_time")}
    body["active_flag"] = not note.is_deleted
    for name, store, title in (("deal", "deals", "title"), ("person", "persons", "name"),
                               ("organization", "organizations", "name")):  # fmt: skip
        number = values["org_id" if name == "organization" else f"{name}_id"]
        body[name] = None if number is None else {title: company.title(store, number)}
    user = company.users.get(values["user_id"])
    facts = {"email": user.email, "name": user.name} if user else {}
    body["user"] = {**facts, "icon_url": None, "is_you": values["user_id"] == call.grant.user}
    return body


def list_calls(call: Call) -> Response:
    """One's own, and nobody else's."""
    mine = [each for each in call.company.call_logs.values() if each["user_id"] == call.grant.user]
    return offset_page(call, mine, MOST_CALLS, MOST_CALLS)


def get_call(call: Call) -> Response:
    return found(_call_log(call))


def delete_call(call: Call) -> Response:
    """The activity stays."""
    log = _call_log(call)
    del call.company.call_logs[log["id"]]
    return respond({"success": True})


def create_call(call: Call) -> Response:
    """With `activity_id` that activity becomes the call's; otherwise a new one is made."""
    body, company = call.fields(), call.company
    log = _checked_call(company, body)
    log["user_id"] = v1_number(body, "user_id") or call.grant.user
    log["activity_id"] = _activity_for(call, log, v1_number(body, "activity_id")).id
    key = key_for(f"{company.id}:call:{company.number()}")[:30]
    log |= {"id": key, "has_recording": False, "company_id": company.id}
    company.call_logs[key] = log
    return found(log)


def _checked_call(company: Company, body: dict[str, Any]) -> Values:
    missing = [name for name in ("outcome", "to_phone_number", "start_time", "end_time") if not body.get(name)]
    if missing:
        raise bad_request(f"{missing[0]} is required")
    if body["outcome"] not in OUTCOMES:
        raise bad_request(f"outcome must be one of {', '.join(OUTCOMES)}")
    times = {name: from_v1(str(body[name])) for name in ("start_time", "end_time")}
    if None in times.values():
        raise bad_request("start_time and end_time must be UTC as YYYY-MM-DD HH:MM:SS")
    if body.get("deal_id") and body.get("lead_id"):
        raise bad_request("deal_id and lead_id cannot be used together")
    log: Values = {name: body.get(name) for name in ("subject", "duration", "from_phone_number", "note")}
    log |= {"outcome": body["outcome"], "to_phone_number": str(body["to_phone_number"])}
    log |= {name: str(value).replace("Z", ".000Z") for name, value in times.items()}
    for name, store in (("person_id", "persons"), ("org_id", "organizations"), ("deal_id", "deals")):
        log[name] = v1_number(body, name)
        if log[name] is not None and company.stores[store].find(log[name]) is None:
            raise not_found(company.stores[store].kind.singular)
    log["lead_id"] = a_lead(company, "lead_id", body["lead_id"]) if body.get("lead_id") else None
    return log


def _activity_for(call: Call, log: Values, number: int | None) -> Record:
    desk = call.desk
    wishes: Values = {"type": "call", "done": True, "owner_id": log["user_id"]}
    wishes |= {name: log[name] for name in ("deal_id", "org_id", "lead_id", "note") if log[name] is not None}
    wishes |= {"due_date": log["start_time"][:10], "due_time": log["start_time"][11:16]}
    seconds = int(log["duration"] or 0)
    wishes["duration"] = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if log["person_id"] is not None:
        wishes["participants"] = [{"person_id": log["person_id"], "primary": True}]
    if log["subject"]:
        wishes["subject"] = log["subject"]
    if number is None:
        return desk.create(ACTIVITIES, wishes)
    return desk.update(ACTIVITIES, desk.record(ACTIVITIES, number), wishes)


def _call_log(call: Call) -> Values:
    log = call.company.call_logs.get(call.param("id"))
    if log is None:
        raise gone("call log") if len(call.param("id")) == 30 else not_found("call log")
    return log


OPS = [
    Op("GET", "/api/v1/notes", list_notes, 20, READERS),
    Op("POST", "/api/v1/notes", create_note, 10, WRITERS),
    Op("GET", "/api/v1/notes/{id}", get_note, 2, READERS),
    Op("PUT", "/api/v1/notes/{id}", update_note, 10, WRITERS),
    Op("DELETE", "/api/v1/notes/{id}", delete_note, 6, WRITERS),
    Op("GET", "/api/v1/callLogs", list_calls, 20, PHONE),
    Op("POST", "/api/v1/callLogs", create_call, 10, PHONE),
    Op("GET", "/api/v1/callLogs/{id}", get_call, 2, PHONE),
    Op("DELETE", "/api/v1/callLogs/{id}", delete_call, 6, PHONE),
]
