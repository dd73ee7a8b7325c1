"""What a write says beside the plain fields: links, what Zoho insists on, the key, or a reference in the text."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crmbridge.domain.directories import Stage
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant
from crmbridge.platforms.markers import marker
from crmbridge.platforms.spec import WriteRequest
from crmbridge.platforms.zoho.connecting import key_field
from crmbridge.platforms.zoho.objects import AROUND, OBJECTS, SE_MODULE
from crmbridge.platforms.zoho.outgoing import Body, instant_text, outgoing, refused

TEXTS: Final[Mapping[str, str]] = {
    "Tasks": "Description", "Calls": "Description", "Events": "Description", "Notes": "Note_Content",
}  # fmt: skip
"""Where the reference goes in a module whose records carry no key."""
MEETING: Final = timedelta(hours=1)
"""For one of which nobody said how long it took."""
TITLE: Final = 120
"""Characters of a note's title."""
_LOOKUPS: Final[Mapping[tuple[str, str], str]] = {
    ("Contacts", "Accounts"): "Account_Name", ("Deals", "Accounts"): "Account_Name",
    ("Deals", "Contacts"): "Contact_Name",
}  # fmt: skip


def new_body(request: WriteRequest) -> Body:
    """What was asked for, what Zoho insists on, and the key, or its short form in the text."""
    body = {**_DEFAULTS.get(request.object, _nothing)(request), **outgoing(request), **_links(request)}
    if request.object == "Events":
        body = {"End_DateTime": _end(request, body), **body}
    if request.object == "Notes":
        body |= {"Note_Title": title} if (title := str(body.pop("Note_Title", None) or "")[:TITLE]) else {}
    if key := key_field(request.directories, request.object):
        body[key] = request.key
    if text := TEXTS.get(request.object):
        told = [body.get(text), _untold(request, body), marker(request.key)]
        body[text] = "\n".join(str(part) for part in told if part)
    return body


def changed_body(request: WriteRequest) -> Body:
    body = {**outgoing(request), **_links(request)}
    if not body:
        raise refused({"fields": "nothing was given to change"})
    return body


def _links(request: WriteRequest) -> Body:
    """One contact in `Who_Id`, and one of anything else in `What_Id`, whose module is told beside it. Of a deal's
    contacts it holds the first; the others are no part of either (`further_contacts`)."""
    body: Body = {}
    for link in sorted(request.links, key=lambda link: not link.primary):
        if (request.object, link.object) == ("Contacts", "Deals"):
            continue
        key, value = _place(request.object, link.object, link.external_id)
        if not key:
            raise refused({"links": f"{request.object} cannot be linked to {link.object}"})
        if key == "Contact_Name" and key in body:
            continue
        if key in body and body[key]["id"] != link.external_id:
            room = "one record" if key == "Parent_Id" else "one contact and to one other record"
            raise refused({"links": f"one of {request.object} is linked to {room}"})
        body[key] = value
        if key == "What_Id":
            body[SE_MODULE] = link.object
    return body


def further_contacts(request: WriteRequest) -> list[str]:
    """Those whom a deal is linked to beside the one it holds itself."""
    if request.object != "Deals":
        return []
    own = _links(request).get("Contact_Name", {}).get("id")
    people = dict.fromkeys(link.external_id for link in request.links if link.object == "Contacts")
    return [id for id in people if id != own]


def _place(object: str, target: str, id: str) -> tuple[str, Json]:
    lookup: Json = {"id": id}
    if object == "Notes" and target in OBJECTS["Notes"].links:
        return "Parent_Id", {"module": {"api_name": target}, **lookup}
    if object in AROUND and target in OBJECTS[object].links:
        return ("Who_Id" if target == "Contacts" else "What_Id"), lookup
    return _LOOKUPS.get((object, target), ""), lookup


def _nothing(request: WriteRequest) -> Body:
    del request
    return {}


def _person(request: WriteRequest) -> Body:
    """Zoho wants a family name; who has none is called by what else is known."""
    for name in ("last_name", "first_name", "email", "phone"):
        if told := request.fields.get(name):
            return {"Last_Name": str(told)}
    raise refused({"last_name": "a contact needs a name, an e-mail or a phone"})


def _account(request: WriteRequest) -> Body:
    for name in ("name", "domain", "website"):
        if told := request.fields.get(name):
            return {"Account_Name": str(told)}
    raise refused({"name": "a company needs a name"})


def _deal(request: WriteRequest) -> Body:
    """A deal begins at the first stage of its pipeline, and says in which it is where there are several."""
    stages = sorted(request.directories.stages.values(), key=lambda stage: stage.position)
    wanted = request.fields.get("pipeline")
    fitting = [stage for stage in stages if wanted is None or wanted in stage.pipelines]
    first = next((stage for stage in fitting if not stage.is_closed), None)
    body: Body = {"Stage": first.label} if first else {}
    return body | _pipeline(request, first)


def _pipeline(request: WriteRequest, stage: Stage | None) -> Body:
    has_pipelines = "Pipeline" in request.directories.fields.get("Deals", {})
    return {"Pipeline": stage.pipeline} if has_pipelines and stage and stage.pipeline else {}


def _task(request: WriteRequest) -> Body:
    del request
    return {"Status": "Not Started"}


def _call(request: WriteRequest) -> Body:
    """What was logged has happened; Zoho asks how long it took, and which way it went."""
    incoming = request.fields.get("direction") == "inbound"
    return {
        "Subject": "Call",
        "Call_Type": "Inbound" if incoming else "Outbound",
        "Call_Start_Time": instant_text(request.asked_at),
        "Call_Duration": "00:00",
        **({} if incoming else {"Outbound_Call_Status": "Completed"}),
    }


def _meeting(request: WriteRequest) -> Body:
    return {"Event_Title": "Meeting", "Start_DateTime": instant_text(request.asked_at)}


def _end(request: WriteRequest, body: Mapping[str, Any]) -> str:
    """A meeting has an end; Zoho keeps no duration of it."""
    seconds = request.fields.get("duration_seconds")
    start: datetime = to_instant(body["Start_DateTime"])
    try:
        return instant_text(start.astimezone(UTC) + (timedelta(seconds=float(seconds)) if seconds else MEETING))
    except (ValueError, OverflowError, TypeError):
        raise refused({"duration_seconds": f"{seconds!r} is not a number of seconds"}) from None


def _note(request: WriteRequest) -> Body:
    if not request.links:
        raise refused({"links": "a note belongs to a contact, a lead, an account or a deal"})
    return {}


def _untold(request: WriteRequest, body: Mapping[str, Any]) -> str:
    """An outcome that is none of the account's options."""
    outcome = request.fields.get("outcome")
    told = {str(body.get(key)).casefold() for key in ("Call_Result", "Outbound_Call_Status")}
    return f"Outcome: {outcome}" if outcome and str(outcome).casefold() not in told else ""


_DEFAULTS: Final = {
    "Contacts": _person, "Leads": _person, "Accounts": _account, "Deals": _deal, "Tasks": _task, "Calls": _call,
    "Events": _meeting, "Notes": _note,
}  # fmt: skip
