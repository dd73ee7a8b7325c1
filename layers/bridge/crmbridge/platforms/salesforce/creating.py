"""What a new record is made of: the fields asked for, what Salesforce insists on, its links, and our key."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from crmbridge.domain.directories import Field
from crmbridge.domain.records import Json, Kind, Link
from crmbridge.platforms.markers import marker
from crmbridge.platforms.salesforce.directories import key_field
from crmbridge.platforms.salesforce.outgoing import Writing, day_text, instant_text, outgoing_fields, refused
from crmbridge.platforms.salesforce.words import LEAD_STAGES
from crmbridge.platforms.spec import WriteRequest

UNKNOWN: Final = "[not provided]"
"""Salesforce's own word for a lead without a company."""
DAYS_TO_CLOSE: Final = 30
MAX_TOGETHER: Final = 24
"""A composite request has room for 25 parts."""
TITLE: Final = 80

_SETS: Final[Mapping[tuple[str, Kind], Mapping[str, Json]]] = {
    ("Task", Kind.TASK): {"Status": "Not Started", "Priority": "Normal"},
    ("Task", Kind.ACTIVITY): {"Subject": "Call", "Status": "Completed", "TaskSubtype": "Call"},
    ("Event", Kind.ACTIVITY): {"Subject": "Meeting", "DurationInMinutes": 60},
}
"""What nobody asked for, as far as the org's own lists allow it."""
_WHO: Final = ("Contact", "Lead")
_WHAT: Final = ("Opportunity", "Account")


def person_object(fields: Mapping[str, Json]) -> str:
    """Somebody at an early stage of life is a lead, and so is whoever is called one."""
    is_lead = fields.get("subtype") == "lead" or fields.get("lifecycle_stage") in LEAD_STAGES
    return "Lead" if is_lead else "Contact"


def new_fields(request: WriteRequest) -> dict[str, Json]:
    """Raises Rejected for what cannot be made."""
    writing = Writing(request.object, request.directories)
    sets = {
        column: value
        for column, value in _SETS.get((request.object, request.kind), {}).items()
        if not isinstance(value, str) or writing.allows(column, value)
    }
    fields = {**sets, **_dated(request), **outgoing_fields(request), **_references(request)}
    if name := _NAMED.get(request.object):
        name(request, fields)
    key = key_field(request.directories, request.object)
    known, marked = request.directories.fields.get(request.object, {}), marked_field(request.object)
    if key:
        fields[key] = request.key
    elif not known or marked in known:
        fields[marked] = _with_reference(known.get(marked), marked, str(fields.get(marked) or ""), request.key)
    return fields


def _with_reference(field: Field | None, marked: str, text: str, key: str) -> str:
    between = " " if marked == "Title" else "\n"
    whole = between.join(part for part in (text, marker(key)) if part)
    if field and field.length and len(whole) > field.length:
        room = field.length - (len(whole) - len(text))
        name = "subject" if marked == "Title" else "body"
        raise refused({name: f"at most {room} characters, for a short reference follows"})
    return whole


def marked_field(object: str) -> str:
    """Where the marker goes on an object without the key field."""
    return "Title" if object == "ContentNote" else "Description"


def _dated(request: WriteRequest) -> dict[str, Json]:
    """What happened without a date happened when it was asked for."""
    if request.kind is not Kind.ACTIVITY:
        return {}
    if request.object == "Task":
        return {"ActivityDate": day_text(request.directories, request.asked_at)}
    return {"StartDateTime": instant_text(request.asked_at)} if request.object == "Event" else {}


def _name_person(request: WriteRequest, fields: dict[str, Json]) -> None:
    """Both need a last name, a lead a company, too."""
    if not fields.get("LastName"):
        fields["LastName"] = fields.pop("FirstName", None) or fields.get("Email") or fields.get("Phone")
    if not fields["LastName"]:
        raise refused({"last_name": f"a {request.object.lower()} needs a name, an e-mail or a phone number"})
    if request.object == "Lead" and not fields.get("Company"):
        fields["Company"] = UNKNOWN


def _name_company(request: WriteRequest, fields: dict[str, Json]) -> None:
    if not fields.get("Name"):
        fields["Name"] = request.fields.get("domain") or fields.get("Website")
    if not fields["Name"]:
        raise refused({"name": "an account needs a name"})


def _name_note(request: WriteRequest, fields: dict[str, Json]) -> None:
    """By its first line."""
    if not fields.get("Title"):
        lines = str(request.fields.get("body") or "").splitlines()
        fields["Title"] = next((line.strip()[:TITLE] for line in lines if line.strip()), "Note")


def _stage_deal(request: WriteRequest, fields: dict[str, Json]) -> None:
    """A deal begins at the first open stage, and is to be closed in a month, unless somebody says otherwise."""
    stages = sorted(request.directories.stages.values(), key=lambda stage: stage.position)
    if not fields.get("StageName"):
        fields["StageName"] = next((stage.id for stage in stages if not stage.is_closed), None)
    if not fields["StageName"]:
        raise refused({"stage": "name the stage that the deal begins at"})
    if not fields.get("CloseDate"):
        fields["CloseDate"] = day_text(request.directories, request.asked_at + timedelta(days=DAYS_TO_CLOSE))


_NAMED: Final[Mapping[str, Callable[[WriteRequest, dict[str, Json]], None]]] = {
    "Contact": _name_person, "Lead": _name_person, "Account": _name_company, "ContentNote": _name_note,
    "Opportunity": _stage_deal,
}  # fmt: skip
"""What Salesforce insists on."""


def _references(request: WriteRequest) -> dict[str, Json]:
    """Links that are fields. The others are `hung_on`."""
    object, links = request.object, request.links
    if object in ("Task", "Event"):
        return _ends(links)
    if object in ("Contact", "Opportunity"):
        accounts = [link for link in links if link.object == "Account"]
        return {"AccountId": _only(accounts, "account").external_id} if accounts else {}
    if links and object != "ContentNote":
        raise refused({"links": f"Salesforce links no {links[0].object} to a new {object}"})
    return {}


def hung_on(request: WriteRequest) -> list[tuple[str, dict[str, Json]]]:
    """What is made together with the record, and refers to it: (object, fields); `@{it.id}` stands for its id."""
    if len(request.links) > MAX_TOGETHER:
        raise refused({"links": f"Salesforce makes at most {MAX_TOGETHER} of them together with a record"})
    if request.object == "ContentNote":
        share: dict[str, Json] = {"ContentDocumentId": "@{it.id}", "ShareType": "V"}
        return [("ContentDocumentLink", {**share, "LinkedEntityId": link.external_id}) for link in request.links]
    return [("OpportunityContactRole", role) for role in _roles(request)]


def _roles(request: WriteRequest) -> list[dict[str, Json]]:
    """The contacts of a new deal, the deals of a new contact."""
    own, other, target = (
        ("ContactId", "OpportunityId", "Opportunity")
        if request.object == "Contact"
        else ("OpportunityId", "ContactId", "Contact")
    )
    if request.object not in ("Contact", "Opportunity"):
        return []
    found = []
    for link in request.links:
        if link.object not in (target, "Account"):
            raise refused({"links": f"Salesforce links no {link.object} to a new {request.object}"})
        if link.object == target:
            role: dict[str, Json] = {own: "@{it.id}", other: link.external_id, "IsPrimary": link.primary}
            found.append({**role, "Role": link.label} if link.label else role)
    return found


def _ends(links: Iterable[Link]) -> dict[str, Json]:
    """One person, and one other thing: of a deal and its account the deal, through which the account is known."""
    who, what = ([link for link in links if link.object in ends] for ends in (_WHO, _WHAT))
    deals = [link for link in what if link.object == "Opportunity"] or what
    found: dict[str, Json] = {}
    if who:
        found["WhoId"] = _only(who, "person").external_id
    if deals:
        found["WhatId"] = _only(deals, "deal or account").external_id
    if len(found) == 2 and who[0].object == "Lead":
        raise refused({"links": "an activity with a lead has no deal and no account"})
    return found


def _only(links: list[Link], what: str) -> Link:
    if len(links) > 1:
        raise refused({"links": f"Salesforce takes one {what} here, not {len(links)}"})
    return links[0]
