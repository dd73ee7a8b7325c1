"""Actions: one write each, and how its outcome is looked up by SOQL or by key, neither of which lags."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.directories import Directories
from crmbridge.domain.errors import Duplicate, RecordGone, Unavailable
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_instant, to_number
from crmbridge.platforms.http import Api, Call
from crmbridge.platforms.markers import marker
from crmbridge.platforms.salesforce import paths
from crmbridge.platforms.salesforce.connecting import whoami
from crmbridge.platforms.salesforce.creating import hung_on, marked_field, new_fields, person_object
from crmbridge.platforms.salesforce.directories import key_field
from crmbridge.platforms.salesforce.objects import NAME, PEOPLE, PREFIXES
from crmbridge.platforms.salesforce.outgoing import outgoing_fields, refused
from crmbridge.platforms.salesforce.queries import Soql, both, instant, literal, run
from crmbridge.platforms.spec import ActionSpec, WriteRequest, Written

CLOCKS: Final = timedelta(minutes=10)
"""How far its clock and ours may differ."""
NEWEST: Final = 200
NO_CHANGE: Final = {"fields": "nothing was given to change"}
HALTED: Final = "PROCESSING_HALTED"


def check_create(request: WriteRequest) -> None:
    new_fields(request)
    hung_on(request)


def check_update(request: WriteRequest) -> None:
    if not outgoing_fields(request):
        raise refused(NO_CHANGE)


def create(api: Api, request: WriteRequest) -> Written:
    """One request, with the key and the links inside: there is no moment between two calls to die in.

    Raises Duplicate, with what is there already where it can be found: people are looked for by e-mail first, because
    Salesforce itself minds two with one address only where a duplicate rule says so."""
    fields, more = new_fields(request), hung_on(request)
    if request.object in PEOPLE and (earlier := _earlier_person(api, request)):
        return earlier
    try:
        made = _make_together(api, request, fields, more) if more else _make(api, request, fields)
    except Duplicate as error:
        return _earlier(api, request, error)
    return Written(request.object, made)


def look_up_created(api: Api, request: WriteRequest) -> Written | None:
    """By the key, then by what carries it where an object has none: the field may be younger than the write."""
    return _by_key(api, request) or next(iter(copies(api, request)), None)


def update(api: Api, request: WriteRequest) -> Written:
    """One PATCH of absolute values, which answers nothing; repeating it changes nothing more."""
    fields, id = outgoing_fields(request), _id_of(request)
    if not fields:
        raise refused(NO_CHANGE)
    _write(api, "PATCH", paths.record(request.object, id), fields, request.timeout)
    return Written(request.object, id)


def look_up_updated(api: Api, request: WriteRequest) -> Written | None:
    """The record, if it holds everything that was asked for; a note's text cannot be asked for, and is sent again."""
    fields, id = outgoing_fields(request), _id_of(request)
    if "Content" in fields:
        return None
    rows = run(api, Soql(("Id", *fields), request.object, f"Id = {literal(id)}")).records
    if rows and all(_is_same(sent, rows[0].get(column)) for column, sent in fields.items()):
        return Written(request.object, id)
    return None


def _make(api: Api, request: WriteRequest, fields: Mapping[str, Json]) -> str:
    answer = _write(api, "POST", paths.objects(request.object), fields, request.timeout)
    return _id_in(answer)


def _make_together(
    api: Api, request: WriteRequest, fields: Mapping[str, Json], more: list[tuple[str, dict[str, Json]]]
) -> str:
    """All or nothing."""
    bodies: dict[str, tuple[str, Mapping[str, Json]]] = {"it": (request.object, fields)}
    bodies |= {f"more{number}": part for number, part in enumerate(more)}
    parts = [
        {"method": "POST", "url": paths.objects(name), "referenceId": reference, "body": body}
        for reference, (name, body) in bodies.items()
    ]
    answer = _write(api, "POST", paths.COMPOSITE, {"allOrNone": True, "compositeRequest": parts}, request.timeout)
    told = answer.get("compositeResponse") if isinstance(answer, dict) else None
    failed = [part for part in told or () if part["httpStatusCode"] >= 300]
    for part in sorted(failed, key=lambda part: HALTED in str(part["body"])):
        raise api.explain(part["httpStatusCode"], {}, orjson.dumps(part["body"]), sent_write=True)
    return _id_in(told[0]["body"] if told else None)


def _write(api: Api, method: str, path: str, body: Json, timeout: float) -> Any:
    return api.call(Call(method=method, path=path, body=body, writes=True, timeout=timeout)).json


def _id_in(answer: Any) -> str:
    try:
        return str(answer["id"])
    except (TypeError, KeyError):
        message = "Salesforce accepted the write and did not say which record it is"
        raise Unavailable(message, platform=NAME, outcome_unknown=True) from None


def _earlier(api: Api, request: WriteRequest, error: Duplicate) -> Written:
    """What stands in the way may be our own write, sent before and landed late."""
    ours = _by_key(api, request)
    if ours:
        return ours
    existing = error.existing_id
    raise Duplicate(
        str(error),
        platform=NAME,
        existing_id=existing,
        existing_object=PREFIXES.get(existing[:3]) if existing else None,
        status=error.status,
        request_id=error.request_id,
    ) from None


def _earlier_person(api: Api, request: WriteRequest) -> Written | None:
    """Our own, sent before; raises Duplicate for somebody who was there before."""
    email = request.fields.get("email")
    for object in (*PEOPLE,) if email else ():
        found = _people_with(api, object, str(email).strip(), request.directories)
        key = key_field(request.directories, object) or ""
        for row in found:
            if row.get(key) == request.key or marker(request.key) in str(row.get(marked_field(object))):
                return Written(object, row["Id"])
        if found:
            raise Duplicate(
                f"Salesforce has a {object.lower()} with this e-mail already",
                platform=NAME,
                existing_id=found[0]["Id"],
                existing_object=object,
            )
    return None


def _people_with(api: Api, object: str, email: str, directories: Directories) -> list[dict[str, Any]]:
    if directories.fields and object not in directories.fields:
        return []
    key = key_field(directories, object)
    where = both(f"Email = {literal(email)}", "IsConverted = false" if object == "Lead" else "")
    names = ("Id", marked_field(object), *((key,) if key else ()))
    return run(api, Soql(names, object, where, "CreatedDate, Id", 10)).records


def _by_key(api: Api, request: WriteRequest) -> Written | None:
    field = key_field(request.directories, request.object)
    if field is None:
        return None
    try:
        found = api.get(paths.by_key(request.object, field, request.key))
    except RecordGone:
        return None
    return Written(request.object, str(found["Id"]))


def copies(api: Api, request: WriteRequest) -> list[Written]:
    """Among what the connected user has made since; a description cannot be asked for, so it is matched here."""
    me = str(whoami(api).get("user_id") or "")
    fields = new_fields(request)
    around = next((f"{end} = {literal(str(fields[end]))}" for end in ("WhoId", "WhatId") if fields.get(end)), "")
    where = both(
        f"CreatedDate >= {instant(request.asked_at - CLOCKS)}",
        f"CreatedById = {literal(me)}" if me else "",
        around,
    )
    marked = marked_field(request.object)
    found = run(api, Soql(("Id", marked), request.object, where, "CreatedDate DESC", NEWEST)).records
    return [Written(request.object, row["Id"]) for row in found if marker(request.key) in str(row.get(marked))]


def _id_of(request: WriteRequest) -> str:
    if not request.external_id:
        raise refused({"target": "an update names the record it changes"})
    return request.external_id


def _is_same(sent: Any, held: Any) -> bool:
    """Salesforce normalises: numbers, instants and texts are compared as what they are."""
    if held in (None, "") or sent in (None, ""):
        return sent in (None, "") and held in (None, "")
    return any(left == right and left is not None for left, right in zip(_readings(sent), _readings(held), strict=True))


def _readings(value: Any) -> tuple[str, Decimal | None, datetime | None]:
    number = moment = None
    with suppress(ValueError):
        number = to_number(value)
    with suppress(ValueError):
        moment = to_instant(value.isoformat() if isinstance(value, date) else value)
    return str(value).casefold(), number, moment


def _creates(object: str) -> ActionSpec:
    def unique_key(directories: Directories) -> bool:
        return key_field(directories, object) is not None

    return ActionSpec(
        object=object,
        send=create,
        look_up=look_up_created,
        unique_key=unique_key,
        copies=copies,
        object_for=person_object if object in PEOPLE else None,
        check=check_create,
    )


def _updates(object: str) -> ActionSpec:
    return ActionSpec(
        object=object, send=update, look_up=look_up_updated, unique_key=lambda _: True, check=check_update
    )


_ALL: Final[Mapping[str, ActionSpec]] = {
    "create_task": _creates("Task"),
    "update_task": _updates("Task"),
    "create_deal": _creates("Opportunity"),
    "update_deal": _updates("Opportunity"),
    "log_call": _creates("Task"),
    "log_meeting": _creates("Event"),
    "create_note": _creates("ContentNote"),
    "update_activity": _updates("Task"),
    "create_contact": _creates("Contact"),
    "update_contact": _updates("Contact"),
    "create_company": _creates("Account"),
    "update_company": _updates("Account"),
}
ACTIONS: Final[Mapping[str, ActionSpec]] = {name: _ALL[name] for name in ACTION_TYPES if name in _ALL}
"""Those that may be asked for."""
