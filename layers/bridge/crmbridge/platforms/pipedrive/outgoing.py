"""Our fields and values into Pipedrive's JSON; what it cannot take is refused before anything is sent.

Version 2 takes typed values only: ids and numbers as numbers, flags as flags, days and times apart, and in UTC.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from crmbridge.domain.directories import Field, Option
from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.pipedrive.custom import custom_values
from crmbridge.platforms.pipedrive.objects import NAME
from crmbridge.platforms.pipedrive.texts import to_html
from crmbridge.platforms.pipedrive.words import ACTIVITY_TYPES, DONE, NEXT_BEST, NOT_DONE, TASK
from crmbridge.platforms.spec import WriteRequest

Body = dict[str, Json]
Encode = Callable[[WriteRequest, Any], Body]
"""Raises ValueError with what would be valid."""


def outgoing(request: WriteRequest) -> Body:
    """Everything but names, addresses and stages, which take more than a table. None clears. Raises Rejected naming
    every field that cannot be."""
    encoders = ENCODE.get(request.object, {})
    found: Body = {}
    wrong: dict[str, str] = {}
    for name, value in request.fields.items():
        if name in ELSEWHERE.get(request.object, ()):
            continue
        try:
            if name not in encoders:
                raise ValueError("Pipedrive has no such field, or does not let it be written")
            found |= encoders[name](request, value)
        except ValueError as error:
            wrong[name] = str(error)
    try:
        custom = custom_values(request)
    except ValueError as error:
        wrong["custom_fields"], custom = str(error), {}
    if wrong:
        raise refused(wrong)
    return found | custom


def refused(wrong: Mapping[str, str]) -> Rejected:
    told = "; ".join(f"{name}: {why}" for name, why in wrong.items())
    return Rejected(f"Pipedrive cannot take this: {told}", platform=NAME, fields=wrong)


def whole(value: Any) -> int:
    """An id, or another whole number."""
    try:
        number = to_number(value if not hasattr(value, "is_finite") else str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    if number != int(number):
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def quantity(value: Any) -> int | float:
    try:
        number = to_number(value if not hasattr(value, "is_finite") else str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    return int(number) if number == int(number) else float(number)


def moment_of(value: Any) -> date | datetime:
    """ISO text, or the value itself; an instant in UTC."""
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == len("2026-01-31") else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is neither a day (2026-01-31) nor an instant (2026-01-31T09:00:00Z)") from None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return value
    raise ValueError("neither a day nor an instant")


def when(value: Any, *, again: bool = False) -> Body:
    """A day has no time; an instant has both, apart. `again`: there may be a time that has to go."""
    if value is None:
        return {"due_date": None, "due_time": None}
    moment = moment_of(value)
    if isinstance(moment, datetime):
        return {"due_date": moment.date().isoformat(), "due_time": moment.strftime("%H:%M")}
    return {"due_date": moment.isoformat()} | ({"due_time": None} if again else {})


def _when(request: WriteRequest, value: Any) -> Body:
    return when(value, again=request.external_id is not None)


def _as(key: str, convert: Callable[[Any], Json]) -> Encode:
    return lambda _request, value: {key: None if value is None else convert(value)}


def _must(key: str, convert: Callable[[Any], Json]) -> Encode:
    """What every record has, and what cannot be emptied."""

    def encode(request: WriteRequest, value: Any) -> Body:
        del request
        if value is None:
            raise ValueError("it cannot be emptied at Pipedrive")
        return {key: convert(value)}

    return encode


def _day(value: Any) -> str:
    moment = moment_of(value)
    return (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def _domain(request: WriteRequest, value: Any) -> Body:
    """There is a website, and no domain."""
    return {} if request.fields.get("website") or value is None else {"website": str(value)}


def _industry(request: WriteRequest, value: Any) -> Body:
    return {"industry": None if value is None else option(request, "industry", value)}


def _priority(request: WriteRequest, value: Any) -> Body:
    """An option of the account; what is urgent is high where it has none that is urgent."""
    named = value if _found(_field(request, "priority"), value) else NEXT_BEST.get(value, value)
    return {"priority": None if value is None else option(request, "priority", named)}


def option(request: WriteRequest, key: str, value: Any) -> int:
    """By id or label."""
    field = _field(request, key)
    if found := _found(field, value):
        return whole(found.value)
    if field is None and str(value).isdecimal():
        return whole(value)
    there = ", ".join(known.label for known in field.options) if field else "none known"
    raise ValueError(f"{value!r} is no option of this account; there are {there}")


def _field(request: WriteRequest, key: str) -> Field | None:
    return request.directories.fields.get(request.object, {}).get(key)


def _found(field: Field | None, value: Any) -> Option | None:
    text = str(value)
    wanted = text.strip().casefold()
    options = field.options if field else ()
    return next((one for one in options if text == one.value or wanted == one.label.strip().casefold()), None)


def _title(request: WriteRequest, value: Any) -> Body:
    """Refused with 403 where the company does not sync contacts, which shows in the list of fields."""
    fields = request.directories.fields.get("persons")
    if fields is not None and "job_title" not in fields:
        raise ValueError("this Pipedrive account has no job titles (contact sync is off)")
    return {"job_title": value}


def _probability(request: WriteRequest, value: Any) -> Body:
    del request
    return {"probability": None if value is None else whole(value)}


def _status(request: WriteRequest, value: Any) -> Body:
    del request
    if value not in (DONE, NOT_DONE, None):
        raise ValueError(f"a task at Pipedrive is {NOT_DONE} or {DONE}")
    return {"done": value == DONE}


def _task_type(request: WriteRequest, value: Any) -> Body:
    del request
    if value not in (TASK, *ACTIVITY_TYPES):
        raise ValueError(f"there are {', '.join((TASK, *sorted(ACTIVITY_TYPES)))}")
    return {"type": value}


def _duration(request: WriteRequest, value: Any) -> Body:
    """Minutes, begun ones in full."""
    del request
    if value is None:
        return {"duration": None}
    minutes = -(-int(to_number(str(value))) // 60)
    return {"duration": f"{minutes // 60:02}:{minutes % 60:02}"}


_OWNER: Final[Mapping[str, Encode]] = {"owner_id": _must("owner_id", whole)}
_ACTIVITY: Final[Mapping[str, Encode]] = {
    "subject": _must("subject", str), "type": _task_type, **_OWNER,
    "body": lambda _request, value: {"note": "" if value is None else to_html(str(value))},
}  # fmt: skip
ENCODE: Final[Mapping[str, Mapping[str, Encode]]] = {
    "organizations": {
        "name": _must("name", str), "website": _as("website", str), "domain": _domain, "industry": _industry,
        "employee_count": _as("employee_count", whole), "annual_revenue": _as("annual_revenue", whole), **_OWNER,
    },
    "persons": {"title": _title, "company_id": _as("org_id", whole), **_OWNER},
    "deals": {
        "name": _must("title", str), "amount": _as("value", quantity), "currency": _must("currency", str),
        "close_date": _as("expected_close_date", _day), "probability": _probability,
        "company_id": _as("org_id", whole), **_OWNER,
    },
    "activities": {
        **_ACTIVITY, "status": _status, "priority": _priority,
        "due_at": _when, "occurred_at": _when,
        "duration_seconds": _duration,
    },
    "notes": {
        "body": _must("content", lambda value: to_html(str(value))), "owner_id": _must("user_id", whole),
    },
}  # fmt: skip
ELSEWHERE: Final[Mapping[str, frozenset[str]]] = {
    "persons": frozenset({"first_name", "last_name", "email", "emails", "phone", "phones", "subtype"}),
    "deals": frozenset({"stage", "pipeline"}),
    "activities": frozenset({"outcome", "direction"}),
    "notes": frozenset({"type", "occurred_at", "subject"}),
}
"""Fields that `bodies` puts together."""
