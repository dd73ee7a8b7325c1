"""Our fields and values into Zoho's JSON; what Zoho cannot take is refused before anything is sent."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.directories import Field, Stage
from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_number, zone_of
from crmbridge.platforms.spec import WriteRequest
from crmbridge.platforms.zoho.objects import NAME, OBJECTS
from crmbridge.platforms.zoho.words import DIRECTIONS, PRIORITIES, STATUSES, backwards

Body = dict[str, Json]
Encode = Callable[[WriteRequest, Any], Body]
"""Raises ValueError with what would be valid."""

NOT_WRITTEN: Final[Mapping[str, frozenset[str]]] = {
    "Contacts": frozenset({"subtype", "lifecycle_stage"}),
    "Leads": frozenset({"subtype", "lifecycle_stage"}),
    "Tasks": frozenset({"type"}),
    "Calls": frozenset({"type"}),
    "Events": frozenset({"type", "outcome", "duration_seconds", "direction"}),
    "Notes": frozenset({"type", "occurred_at", "outcome"}),
}
"""Of a create, what the module says already, Zoho itself, or `bodies` in its own way."""

SAID: Final = frozenset({"type", "subtype"})
"""Of an update, what the module says already."""


def outgoing(request: WriteRequest) -> Body:
    """Every field that was given, and the customer's own. None clears. Raises Rejected naming all that cannot be."""
    found: Body = {}
    wrong: dict[str, str] = {}
    for name, value in request.fields.items():
        if name in (SAID if request.external_id else NOT_WRITTEN.get(request.object, SAID)):
            continue
        try:
            found |= _encoded(request, name, value)
        except ValueError as error:
            wrong[name] = str(error)
    for key, value in request.custom_fields.items():
        try:
            found[key] = _custom(request, request.directories.fields.get(request.object, {}).get(key), value)
        except ValueError as error:
            wrong[key] = str(error)
    if wrong:
        raise refused(wrong)
    return found


def refused(wrong: Mapping[str, str]) -> Rejected:
    told = "; ".join(f"{name}: {why}" for name, why in wrong.items())
    return Rejected(f"Zoho cannot take this: {told}", platform=NAME, fields=wrong)


def _encoded(request: WriteRequest, name: str, value: Any) -> Body:
    special = SPECIAL.get((request.object, name))
    if special:
        return special(request, value)
    remote = OBJECTS[request.object].remote.get(name)
    if remote is None or name in ("created_date", "completed_at"):
        raise ValueError("Zoho has no such field, or does not let it be written")
    if value is None:
        return {remote: None}
    return {remote: ENCODE[name](request, value) if name in ENCODE else plain(value)}


def plain(value: Any) -> Json:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)


def instant_text(moment: datetime) -> str:
    """An offset, and no fractions: Zoho takes no other form."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def moment_of(value: Any) -> date | datetime:
    """ISO text, or the value itself."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value) if len(value) == len("2026-01-31") else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is neither a day (2026-01-31) nor an instant (2026-01-31T09:00:00Z)") from None
    if isinstance(value, date):
        return value
    raise ValueError("neither a day nor an instant")


def _quantity(request: WriteRequest, value: Any) -> Json:
    del request
    try:
        number = to_number(str(value) if isinstance(value, Decimal) else value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    return int(number) if number == int(number) else float(number)


def _day(request: WriteRequest, value: Any) -> Json:
    """A task and a deal are due on a day; which one an instant falls on depends on where the account is."""
    moment = moment_of(value)
    if not isinstance(moment, datetime):
        return moment.isoformat()
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return aware.astimezone(zone_of(request.directories.account.time_zone)).date().isoformat()


def _instant(request: WriteRequest, value: Any) -> Json:
    moment = moment_of(value)
    if isinstance(moment, datetime):
        return instant_text(moment)
    zone = zone_of(request.directories.account.time_zone)
    return instant_text(datetime(moment.year, moment.month, moment.day, 12, tzinfo=zone))


def _lookup(request: WriteRequest, value: Any) -> Json:
    del request
    return {"id": str(value)}


def _word(words: Mapping[str, str], key: str) -> Callable[[WriteRequest, Any], Json]:
    """Ours as theirs; or one of the account's own, by its label."""
    theirs = backwards(words)

    def encode(request: WriteRequest, value: Any) -> Json:
        field = request.directories.fields.get(request.object, {}).get(key)
        label = option_label(field, theirs.get(str(value), str(value)))
        if label is None:
            raise ValueError(f"{value!r} does not exist here; there are {', '.join(sorted(theirs))}")
        return label

    return encode


def option_label(field: Field | None, text: str) -> str | None:
    """What Zoho takes for an option, by label or by the name it had at first; any text where none are known."""
    if field is None or not field.options:
        return text
    wanted = text.strip().casefold()
    return next(
        (one.label for one in field.options if wanted in (one.label.strip().casefold(), one.value.casefold())), None
    )


def _duration(request: WriteRequest, value: Any) -> Body:
    """Minutes and seconds."""
    if value is None:
        return {"Call_Duration": None}
    seconds = int(Decimal(str(_quantity(request, value))))
    return {"Call_Duration": f"{seconds // 60:02}:{seconds % 60:02}"}


def _domain(request: WriteRequest, value: Any) -> Body:
    """Zoho has websites only; the domain of one is the website where nothing else is said."""
    return {} if request.fields.get("website") else {"Website": value}


def _outcome(request: WriteRequest, value: Any) -> Body:
    """A result that a person may choose, else what became of the call; another text is told in the description."""
    fields = request.directories.fields.get(request.object, {})
    for key in ("Call_Result", "Outbound_Call_Status"):
        field = fields.get(key)
        if value is not None and field and field.options and (label := option_label(field, str(value))):
            return {key: label}
    return {} if value is not None else {"Call_Result": None}


def _stage(request: WriteRequest, value: Any) -> Body:
    """By label; a deal has no stage that its account has not. One of another pipeline takes the deal there."""
    stages = request.directories.stages
    if not stages:
        return {"Stage": str(value)}
    stage = stage_named(stages, str(value))
    if stage is None:
        raise ValueError(f"there is no stage {value!r}; there are {', '.join(stages)}")
    has_pipelines = "Pipeline" in request.directories.fields.get(request.object, {})
    moves = has_pipelines and stage.pipeline and not request.fields.get("pipeline")
    return {"Stage": stage.label, **({"Pipeline": stage.pipeline} if moves else {})}


def stage_named(stages: Mapping[str, Stage], name: str) -> Stage | None:
    wanted = name.strip().casefold()
    return stages.get(name) or next((one for one in stages.values() if one.label.strip().casefold() == wanted), None)


def _custom(request: WriteRequest, field: Field | None, value: Any) -> Json:
    """In the form of its type; options by label."""
    if value is None or field is None or isinstance(value, Mapping):
        return plain(value)
    if field.raw_type in TYPED:
        return TYPED[field.raw_type](request, value)
    if field.raw_type == "multiselectpicklist":
        parts = value if isinstance(value, list | tuple) else [value]
        return [_option(field, part) for part in parts]
    return _option(field, value) if field.raw_type == "picklist" else plain(value)


def _option(field: Field, value: Any) -> str:
    label = option_label(field, str(value))
    if label is None:
        raise ValueError(f"{value!r} is no option; there are {', '.join(one.label for one in field.options)}")
    return label


ENCODE: Final[Mapping[str, Callable[[WriteRequest, Any], Json]]] = {
    "amount": _quantity, "annual_revenue": _quantity, "employee_count": _quantity, "probability": _quantity,
    "close_date": _day, "due_at": _day, "occurred_at": _instant, "owner_id": _lookup, "company_id": _lookup,
    "status": _word(STATUSES, "Status"), "priority": _word(PRIORITIES, "Priority"),
    "direction": _word(DIRECTIONS, "Call_Type"),
}  # fmt: skip
TYPED: Final[Mapping[str, Callable[[WriteRequest, Any], Json]]] = {
    "lookup": _lookup, "ownerlookup": _lookup, "userlookup": _lookup, "date": _day, "datetime": _instant,
    **dict.fromkeys(("bigint", "currency", "decimal", "double", "integer", "percent"), _quantity),
}  # fmt: skip
"""By the type of a field that the account has: numbers are told as text, too, and days for instants."""
SPECIAL: Final[Mapping[tuple[str, str], Encode]] = {
    ("Accounts", "domain"): _domain, ("Calls", "duration_seconds"): _duration, ("Calls", "outcome"): _outcome,
    ("Deals", "stage"): _stage,
}  # fmt: skip
