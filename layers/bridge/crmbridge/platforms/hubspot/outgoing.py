"""Our fields and values into HubSpot's properties; what HubSpot cannot take is refused before anything is sent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.directories import Directories, Field, Option, Stage
from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Json, Kind, Type
from crmbridge.platforms.conversions import to_number, zone_of
from crmbridge.platforms.hubspot.objects import NAME, OBJECTS
from crmbridge.platforms.hubspot.words import (
    ACTIVITY_TYPES,
    CALL_DIRECTIONS,
    CALL_STATUSES,
    EMAIL_DIRECTIONS,
    HIGHEST,
    LIFECYCLES,
    PRIORITIES,
    STATUSES,
    TASK_TYPES,
    TO_DOS,
)
from crmbridge.platforms.spec import WriteRequest

NOT_WRITABLE: Final = frozenset({
    "amount_home", "home_currency", "probability", "is_closed", "is_won", "created_date", "completed_at", "company_id",
    "lead_source",
})  # fmt: skip
"""Calculated by HubSpot, or a link and no property."""
MEETING_TIMES: Final = ("occurred_at", "duration_seconds")
NOON: Final = time(12)
"""A day is written as its noon in the account's zone, so that it stays that day wherever it is looked at."""


@dataclass(frozen=True, slots=True)
class Writing:
    """`name` is the field of ours that is being written."""

    object: str
    directories: Directories
    name: str = ""

    @property
    def field(self) -> Field | None:
        """What the account's schema says of the property that it goes into."""
        return self.directories.fields.get(self.object, {}).get(OBJECTS[self.object].remote.get(self.name, ""))


Encode = Callable[[Writing, Any], str]
"""Raises ValueError with what would be valid."""


def outgoing_properties(request: WriteRequest) -> dict[str, str]:
    """Everything but stages (see `stages_named`).

    None clears. Raises Rejected naming every field that cannot be."""
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, value in request.fields.items():
        try:
            found |= _encoded(request, Writing(request.object, request.directories, name), value)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise refused(wrong)
    return found | _custom_properties(request)


def _encoded(request: WriteRequest, writing: Writing, value: Any) -> Mapping[str, str]:
    """The properties that one field of ours goes into."""
    name, remote = writing.name, OBJECTS[request.object].remote
    if name in ("stage", "pipeline"):
        return {}
    if request.kind is Kind.ACTIVITY and name == "type":
        return _unchanged_type(request.object, value)
    if request.object == "meetings" and name in MEETING_TIMES:
        return _meeting_time(request, writing)
    if name not in remote or name in NOT_WRITABLE:
        raise ValueError("HubSpot does not let it be written")
    key = "hs_call_status" if name == "outcome" and _is_call_status(writing, value) else remote[name]
    return {key: "" if value is None else _ENCODE.get(name, _plain)(writing, value)}


def _unchanged_type(object: str, value: Any) -> Mapping[str, str]:
    """The object says it already, and a call cannot become a meeting."""
    if value != ACTIVITY_TYPES[object]:
        raise ValueError(f"it is a {ACTIVITY_TYPES[object]} and stays one")
    return {}


def _meeting_time(request: WriteRequest, writing: Writing) -> Mapping[str, str]:
    """A meeting has a start and an end, no duration: of one that exists both must be told."""
    start, seconds = (request.fields.get(name) for name in MEETING_TIMES)
    if start is None or (request.external_id and "duration_seconds" not in request.fields):
        raise ValueError(f"HubSpot keeps a start and an end; name {' and '.join(MEETING_TIMES)} together")
    begins = _moment(writing, start)
    ends = ""
    if seconds is not None:
        length = timedelta(seconds=float(_quantity(seconds)))
        ends = _instant_text(datetime.fromisoformat(begins) + length)
    return {"hs_timestamp": begins, "hs_meeting_start_time": begins, "hs_meeting_end_time": ends}


def refused(wrong: Mapping[str, str]) -> Rejected:
    told = "; ".join(f"{name}: {why}" for name, why in wrong.items())
    return Rejected(f"HubSpot cannot take this: {told}", platform=NAME, fields=wrong)


def _custom_properties(request: WriteRequest) -> dict[str, str]:
    """Under their remote keys; labels of options become values."""
    known = request.directories.fields.get(request.object, {})
    try:
        return {
            key: _custom(request.directories, known.get(key), value) for key, value in request.custom_fields.items()
        }
    except ValueError as error:
        raise refused({"custom_fields": str(error)}) from None


def _custom(directories: Directories, field: Field | None, value: Json) -> str:
    """A date takes no instant."""
    if value is None:
        return ""
    if field and field.type is Type.INSTANT:
        return moment(directories, value)
    if field and field.type is Type.DAY:
        return _day(directories, value)
    parts = value if isinstance(value, list | tuple) else [value]
    return ";".join(_option(field, _text(part)) for part in parts)


def _day(directories: Directories, value: Any) -> str:
    """Which day an instant is, the account's time zone says."""
    told = _parsed(value) if isinstance(value, str) else value
    return (
        told.astimezone(zone_of(directories.account.time_zone)).date() if isinstance(told, datetime) else told
    ).isoformat()


def _option(field: Field | None, text: str) -> str:
    options = field.options if field else ()
    if any(option.value == text for option in options):
        return text
    return next((option.value for option in options if option.label.casefold() == text.casefold()), text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _instant_text(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _plain(writing: Writing, value: Any) -> str:
    """As it is; where the account has a list to choose from, one of it."""
    return _chosen(writing.field, _text(value))


def _chosen(field: Field | None, text: str) -> str:
    options = field.options if field else ()
    found = _option(field, text)
    if options and all(option.value != found for option in options):
        raise ValueError(f"{text!r} cannot be chosen at HubSpot; there are {_names(options)}")
    return found


def _names(options: tuple[Option, ...]) -> str:
    return ", ".join(option.label for option in options[:30])


def _number(writing: Writing, value: Any) -> str:
    del writing
    return format(_quantity(value), "f")


def _quantity(value: Any) -> Decimal:
    try:
        return to_number(str(value) if isinstance(value, Decimal) else value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None


def _milliseconds(writing: Writing, value: Any) -> str:
    del writing
    return str(int(_quantity(value) * 1000))


def _moment(writing: Writing, value: Any) -> str:
    return moment(writing.directories, value)


def moment(directories: Directories, value: Any) -> str:
    """ISO text, or the values themselves; a day means its noon where the account is."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        zone = zone_of(directories.account.time_zone)
        return _instant_text(datetime.combine(value, NOON, tzinfo=zone))
    raise ValueError("neither a day nor an instant")


def _parsed(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a day (2026-01-31) nor an instant (2026-01-31T09:00:00Z)") from None


def _instant_text(moment: datetime) -> str:
    """HubSpot's own form: UTC, milliseconds, Z."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _word(words: Mapping[str, str | None], next_best: Mapping[str, str] | None = None) -> Encode:
    backwards = {ours: theirs for theirs, ours in words.items() if ours} | dict(next_best or {})

    def encode(writing: Writing, value: Any) -> str:
        del writing
        text = str(value)
        if text in backwards:
            return backwards[text]
        if text in words:
            return text
        raise ValueError(f"{value!r} does not exist at HubSpot; there are {', '.join(sorted(backwards))}")

    return encode


def _task_type(writing: Writing, value: Any) -> str:
    """Ours, HubSpot's own word in either case (it is read in lower case), or another that the account has."""
    text, options = str(value), writing.field.options if writing.field else ()
    if text.upper() in TASK_TYPES:
        return text.upper()
    is_made = any(text.casefold() in (option.value.casefold(), option.label.casefold()) for option in options)
    if text in TASK_TYPES.values() or (text in TO_DOS and not is_made) or not options:
        return _word(TASK_TYPES, TO_DOS)(writing, value)
    return _chosen(writing.field, text)


def _direction(writing: Writing, value: Any) -> str:
    words = EMAIL_DIRECTIONS if writing.object == "emails" else CALL_DIRECTIONS
    return _word(words)(writing, value)


def _lifecycle(writing: Writing, value: Any) -> str:
    """A canonical stage, or one that the customer made, by id or label."""
    backwards = {ours: theirs for theirs, ours in LIFECYCLES.items()}
    field = writing.directories.fields.get(writing.object, {}).get("lifecyclestage")
    return backwards.get(value) or _chosen(field, str(value))


def _outcome(writing: Writing, value: Any) -> str:
    """Of a call: a disposition, by id or label, or what the line did; else one of HubSpot's words."""
    text = str(value)
    if writing.object == "calls" and not _is_call_status(writing, value):
        return _disposition(writing, text)
    return _chosen(writing.field, text.strip().upper().replace(" ", "_"))


def _disposition(writing: Writing, text: str) -> str:
    known = writing.directories.outcomes
    if not known or text in known:
        return text
    found = _dispositions(writing).get(text.strip().casefold())
    if found is None:
        raise ValueError(f"{text!r} is no outcome of a call at HubSpot; there are {', '.join(known.values())}")
    return found


def _dispositions(writing: Writing) -> Mapping[str, str]:
    return {label.casefold(): id for id, label in writing.directories.outcomes.items()}


def _is_call_status(writing: Writing, value: Any) -> bool:
    """A word for what the line did, unless a person may choose it as an outcome, too."""
    text = str(value)
    return writing.object == "calls" and text.upper() in CALL_STATUSES and text.casefold() not in _dispositions(writing)


_ENCODE: Final[Mapping[str, Encode]] = {
    "amount": _number, "employee_count": _number, "annual_revenue": _number, "duration_seconds": _milliseconds,
    "close_date": _moment, "due_at": _moment, "occurred_at": _moment, "priority": _word(PRIORITIES, HIGHEST),
    "status": _word(STATUSES), "type": _task_type, "direction": _direction, "lifecycle_stage": _lifecycle,
    "outcome": _outcome,
}  # fmt: skip


def stages_named(directories: Directories, name: Any, pipeline: Any = None) -> list[Stage]:
    """Stages of that id or label, in all pipelines unless one is named (by id or label)."""
    stages = [stage for stage in directories.stages.values() if pipeline is None or _is_pipeline(stage, pipeline)]
    by_id = [stage for stage in stages if stage.id == str(name)]
    return by_id or [stage for stage in stages if stage.label.casefold() == str(name).strip().casefold()]


def _is_pipeline(stage: Stage, name: Any) -> bool:
    return str(name) == stage.pipeline or str(name).strip().casefold() == stage.pipeline_label.casefold()


def labels(stages: Iterable[Stage]) -> str:
    return ", ".join(dict.fromkeys(stage.label for stage in stages))
