"""Our fields and values into Salesforce's; what it cannot take is refused before anything is sent."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from html import escape
from math import ceil
from typing import Any, Final

from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json, Kind
from crmbridge.platforms.conversions import to_number, zone_of
from crmbridge.platforms.salesforce.deriving import stage_of
from crmbridge.platforms.salesforce.objects import NAME, remote_of
from crmbridge.platforms.salesforce.words import DIRECTIONS, HIGHEST, PRIORITIES, STATUSES
from crmbridge.platforms.spec import WriteRequest

NOT_WRITABLE: Final = frozenset({"is_closed", "is_won", "created_date", "completed_at", "type"})
"""Calculated by Salesforce, or decided once."""
MADE_AT: Final = "CreatedDate"
"""When a note was: Salesforce says so."""
DECIDING: Final = frozenset({"lifecycle_stage", "subtype", "type"})
"""Fields that choose the object or its subtype when a record is made, and are nothing of their own there."""
COLUMN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
"""What a field may be called, since its name stands in a query unquoted."""
ALSO_WRITTEN: Final[Mapping[tuple[str, Kind], Mapping[str, str]]] = {
    ("Task", Kind.ACTIVITY): {"occurred_at": "ActivityDate"},
    ("Event", Kind.ACTIVITY): {"duration_seconds": "DurationInMinutes"},
    ("ContentNote", Kind.ACTIVITY): {"body": "Content"},
    ("Account", Kind.COMPANY): {"domain": "Website"},
}
"""Fields that are read out of several columns, and written into one."""
NOON: Final = time(12)
REASONS: Final[Mapping[str, str]] = {
    "company_name": "a contact's company is an account: name it in links",
    "pipeline": "Salesforce has no pipelines; name the stage alone",
    "lifecycle_stage": "a contact has none at Salesforce; convert the lead there",
    "outcome": "only a call has one: say it in the body",
    "direction": "only a call has one: say it in the body",
    "type": "what it is, it stays",
}


@dataclass(frozen=True, slots=True)
class Writing:
    object: str
    directories: Directories

    def options(self, column: str) -> tuple[str, ...]:
        """Values that may be chosen; empty where any text may be written, or nobody knows."""
        field = self.directories.fields.get(self.object, {}).get(column)
        return tuple(option.value for option in field.options) if field else ()

    def allows(self, column: str, value: str) -> bool:
        options = self.options(column)
        return not options or value in options


Encode = Callable[[Writing, Any], Json]
"""Raises ValueError with what would be valid."""


def outgoing_fields(request: WriteRequest) -> dict[str, Json]:
    """Columns and values; None clears. Raises Rejected naming every field that cannot be."""
    writing = Writing(request.object, request.directories)
    form = request.object, request.kind
    columns = {**remote_of(*form), **ALSO_WRITTEN.get(form, {})}
    found: dict[str, Json] = {}
    wrong: dict[str, str] = {}
    for name, value in request.fields.items():
        if _is_understood(request, name):
            continue
        if name in NOT_WRITABLE or columns.get(name) in (None, MADE_AT):
            wrong[name] = REASONS.get(name, "Salesforce does not let it be written")
            continue
        try:
            found[columns[name]] = None if value is None else _encoder(request.object, name)(writing, value)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise refused(wrong)
    return found | _custom_fields(request)


def refused(wrong: Mapping[str, str]) -> Rejected:
    told = "; ".join(f"{name}: {why}" for name, why in wrong.items())
    return Rejected(f"Salesforce cannot take this: {told}", platform=NAME, fields=wrong)


def _is_understood(request: WriteRequest, name: str) -> bool:
    """Fields that need not be written: what was decided by them, the currency of an org that has but one, the domain
    beside a website, and the moment of a note, which is when it is made."""
    account, value = request.directories.account, request.fields[name]
    if request.external_id is None and (name in DECIDING or (name, request.object) == ("occurred_at", "ContentNote")):
        return True
    if name == "currency":
        return not account.multi_currency and value == account.currency
    return name == "domain" and bool(request.fields.get("website"))


def _encoder(object: str, name: str) -> Encode:
    return _OF_OBJECT.get((object, name)) or _ENCODE.get(name, _plain)


def _custom_fields(request: WriteRequest) -> dict[str, Json]:
    """Under their remote names; labels of options become values."""
    known = request.directories.fields.get(request.object, {})
    if wrong := {key: "is no name of a field" for key in request.custom_fields if not COLUMN.fullmatch(key)}:
        raise refused(wrong)
    writing = Writing(request.object, request.directories)
    try:
        return {key: _custom(writing, known.get(key), value) for key, value in request.custom_fields.items()}
    except ValueError as error:
        raise refused({"custom_fields": str(error)}) from None


def _custom(writing: Writing, field: Field | None, value: Json) -> Json:
    """In the form of its type: numbers are told as text, too, and instants for days."""
    if field and field.raw_type in _TYPED and value is not None:
        return _TYPED[field.raw_type](writing, value)
    if isinstance(value, list | tuple):
        return ";".join(_option(field, str(part)) for part in value)
    return _option(field, value) if isinstance(value, str) else as_json(value)


def _option(field: Field | None, text: str) -> str:
    options = field.options if field else ()
    if any(option.value == text for option in options):
        return text
    return next((option.value for option in options if option.label.casefold() == text.casefold()), text)


def as_json(value: Any) -> Json:
    """Numbers as numbers, instants as Salesforce writes them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def instant_text(moment: datetime) -> str:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_text(directories: Directories, moment: date | datetime) -> str:
    """Which day an instant is, the org's time zone says."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone_of(directories.account.time_zone)).date()
    return moment.isoformat()


def _plain(writing: Writing, value: Any) -> Json:
    del writing
    return as_json(value)


def _number(writing: Writing, value: Any) -> Json:
    del writing
    return as_json(_quantity(value))


def _whole(writing: Writing, value: Any) -> Json:
    del writing
    return int(_quantity(value))


def _integer(writing: Writing, value: Any) -> Json:
    del writing
    number = _quantity(value)
    if number != number.to_integral_value():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def _minutes(writing: Writing, value: Any) -> Json:
    del writing
    return ceil(_quantity(value) / 60)


def _quantity(value: Any) -> Decimal:
    try:
        return to_number(str(value) if isinstance(value, Decimal) else value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None


def _day(writing: Writing, value: Any) -> Json:
    return day_text(writing.directories, _moment(value))


def _instant(writing: Writing, value: Any) -> Json:
    del writing
    moment = _moment(value)
    if not isinstance(moment, datetime):
        raise ValueError("needs a time, not only a day")
    return instant_text(moment)


def _noon(writing: Writing, value: Any) -> Json:
    """A day is its noon where the org is."""
    moment = _moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, NOON, tzinfo=zone_of(writing.directories.account.time_zone))
    return instant_text(moment)


def _markup(writing: Writing, value: Any) -> Json:
    """HTML, as base64. What people write in a chat is text."""
    del writing
    lines = escape(str(value), quote=False).splitlines()
    return b64encode("".join(f"<p>{line}</p>" for line in lines).encode()).decode()


def _moment(value: Any) -> date | datetime:
    if isinstance(value, date):
        return value
    try:
        text = str(value)
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{value!r} is neither a day (2026-01-31) nor an instant (2026-01-31T09:00:00Z)") from None


def _word(column: str, words: Mapping[str, str], next_best: Mapping[str, str] | None = None) -> Encode:
    """A word of ours, or one of the customer's own; else what comes next to it."""
    backwards = {ours: theirs for theirs, ours in words.items()}

    def encode(writing: Writing, value: Any) -> Json:
        text, options = str(value), writing.options(column)
        named = {option.casefold(): option for option in options or words}
        for candidate in (backwards.get(text), text, (next_best or {}).get(text)):
            if candidate and (found := named.get(candidate.casefold())):
                return found
        known = ", ".join(words.get(option, option) for option in options or words)
        raise ValueError(f"{value!r} does not exist in this org; there are {known}")

    return encode


def _currency(writing: Writing, value: Any) -> Json:
    """Where the org has but one, there is no column for it."""
    account = writing.directories.account
    if account.currency and not account.multi_currency:
        raise ValueError(f"this org has one currency, {account.currency}")
    return str(value)


def _stage(writing: Writing, value: Any) -> Json:
    stages = writing.directories.stages
    stage = stage_of(stages, value)
    if stage is None and stages:
        raise ValueError(f"there is no stage {value!r}; there are {', '.join(one.label for one in stages.values())}")
    return stage.id if stage else str(value)


_ENCODE: Final[Mapping[str, Encode]] = {
    "amount": _number, "probability": _number, "employee_count": _whole, "annual_revenue": _number,
    "close_date": _day, "due_at": _day, "occurred_at": _day, "duration_seconds": _whole, "stage": _stage,
    "currency": _currency, "status": _word("Status", STATUSES), "priority": _word("Priority", PRIORITIES, HIGHEST),
    "direction": _word("CallType", DIRECTIONS),
}  # fmt: skip
_TYPED: Final[Mapping[str, Encode]] = {
    "int": _integer, "long": _integer, "double": _number, "currency": _number, "percent": _number, "date": _day,
    "datetime": _noon,
}  # fmt: skip
_OF_OBJECT: Final[Mapping[tuple[str, str], Encode]] = {
    ("Event", "occurred_at"): _instant, ("Event", "duration_seconds"): _minutes, ("ContentNote", "body"): _markup,
}  # fmt: skip
