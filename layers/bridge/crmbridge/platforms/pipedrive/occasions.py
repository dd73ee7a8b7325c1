"""When an activity is, what it came to, and whether it is done: tasks, calls, meetings, notes."""

from datetime import UTC, datetime
from typing import Any

from crmbridge.platforms.conversions import to_instant, zone_of
from crmbridge.platforms.draft import Reading
from crmbridge.platforms.pipedrive.values import start_of, to_day, to_flag, to_id, to_seconds, to_time
from crmbridge.platforms.pipedrive.words import ACTIVITY_TYPES, DONE, NOT_DONE, PLANNED, TASK


def derive_task(reading: Reading) -> None:
    fields, raw = reading.fields, reading.raw
    done = reading.value("status", "done", to_flag)
    if isinstance(done, bool):
        fields["status"] = DONE if done else NOT_DONE
    if "type" in raw:
        fields["type"] = reading.value("type", "type", _to_word)
    if "marked_as_done_time" in raw:
        fields["completed_at"] = reading.value("completed_at", "marked_as_done_time", to_instant)
    if "due_date" in raw or "due_time" in raw:
        day = reading.value("due_at", "due_date", to_day)
        clock = reading.value("due_at", "due_time", to_time)
        fields["due_at"] = day if day is None or clock is None else datetime.combine(day, clock, tzinfo=UTC)
        if day is None and clock is not None:
            reading.custom["due_time"] = raw["due_time"]
    if raw.get("duration") not in (None, ""):
        reading.custom["duration"] = raw["duration"]
    _derive_priority(reading)


def _derive_priority(reading: Reading) -> None:
    """Options of the account: an id, whose label is the word."""
    if "priority" not in reading.raw:
        return
    value = reading.value("priority", "priority", to_id)
    known = reading.context.fields.get("priority")
    labels = {option.value: option.label.strip().casefold() for option in known.options} if known else {}
    reading.fields["priority"] = labels.get(str(value), value)


def derive_activity(reading: Reading) -> None:
    """When it takes place: on a whole day, from its beginning where the account is. One that the customer defined is
    of another type, and its own is kept."""
    fields, raw = reading.fields, reading.raw
    type = raw.get("type")
    known = isinstance(type, str) and type in ACTIVITY_TYPES
    fields["type"] = type if known else "other"
    if type is not None and not known:
        reading.custom["type"] = type
    done = reading.value("outcome", "done", to_flag)
    if isinstance(done, bool):
        fields["outcome"] = DONE if done else PLANNED
    if "duration" in raw:
        fields["duration_seconds"] = reading.value("duration_seconds", "duration", to_seconds)
    if "due_date" in raw or "due_time" in raw:
        fields["occurred_at"] = _occurred(reading)
    for key in ("priority", "marked_as_done_time"):
        if raw.get(key) not in (None, ""):
            reading.custom[key] = raw[key]


def _occurred(reading: Reading) -> datetime | None:
    day = reading.value("occurred_at", "due_date", to_day)
    clock = reading.value("occurred_at", "due_time", to_time)
    if day is None:
        if clock is not None:
            reading.custom["due_time"] = reading.raw["due_time"]
        return None
    if clock is not None:
        return datetime.combine(day, clock, tzinfo=UTC)
    reading.custom["due_date"] = reading.raw["due_date"]
    return start_of(day, zone_of(reading.time_zone))


def derive_note(reading: Reading) -> None:
    reading.fields["type"] = "note"


def _to_word(value: Any) -> str:
    if value != TASK:
        raise ValueError("another type than a task's")
    return TASK
