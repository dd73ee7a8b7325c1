"""Fields that no single remote field fills: names, addresses, what a status says of a deal, when an activity is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.directories import ReadContext
from crmbridge.domain.records import Kind, Labelled, Link, Value
from crmbridge.platforms.pipedrive.values import (
    Convert,
    day_in,
    start_of,
    to_day,
    to_flag,
    to_id,
    to_instant,
    to_seconds,
    to_time,
    zone_of,
)
from crmbridge.platforms.pipedrive.words import ACTIVITY_TYPES, DEAL_STATUSES, DONE, NOT_DONE, PLANNED, TASK, WON


@dataclass(slots=True)
class Reading:
    """A record in the making."""

    kind: Kind
    object: str
    raw: Mapping[str, Any]
    context: ReadContext
    links: Mapping[str, tuple[Link, ...]]
    fields: dict[str, Value] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)

    @property
    def time_zone(self) -> str:
        return self.context.account.time_zone if self.context.account else "UTC"

    def keep_odd(self, name: str, key: str, value: Any) -> None:
        """As it came: a scalar in its field, anything else under its remote key."""
        self.odd.add(name)
        if isinstance(value, str | bool | int):
            self.fields[name] = value
        else:
            self.custom[key] = value

    def instant(self, name: str, key: str) -> datetime | None:
        """A date of the record itself; one that cannot be read is kept."""
        moment = self.value(name, key, to_instant)
        return moment if isinstance(moment, datetime) else None

    def value(self, name: str, key: str, convert: Convert) -> Any:
        """A remote field's value, or None; one that cannot be understood is kept under its remote key."""
        value = self.raw.get(key)
        if value is None or value == "":
            return None
        try:
            return convert(value)
        except ValueError:
            self.odd.add(name)
            self.custom[key] = value
            return None


Derive = Callable[[Reading], None]


def derive_name(reading: Reading) -> None:
    """People have one name, which Pipedrive divides; where it does not, the last word is the family's. A name that is
    not just the two put together is kept, too."""
    fields, name = reading.fields, reading.raw.get("name")
    fields["subtype"] = "contact"
    if name is None:
        return
    if isinstance(name, str) and not (fields.get("first_name") or fields.get("last_name")):
        first, _, last = name.strip().rpartition(" ")
        fields["first_name"], fields["last_name"] = first.strip() or None, last or None
    if name != " ".join(str(fields[part]) for part in ("first_name", "last_name") if fields.get(part)):
        reading.custom["name"] = name


def derive_addresses(reading: Reading) -> None:
    for scalar, name in (("email", "emails"), ("phone", "phones")):
        if name not in reading.raw:
            continue
        found = _labelled(reading.raw[name])
        if found is None:
            reading.odd.add(name)
            reading.custom[name] = reading.raw[name]
            continue
        reading.fields[name] = found
        reading.fields[scalar] = next((entry.value for entry in found if entry.primary), None)


def _labelled(entries: Any) -> tuple[Labelled, ...] | None:
    """Each value once, exactly one of them primary: the flagged one, else the first. None: no such list."""
    if entries is None:
        return ()
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        return None
    told = [entry for entry in entries if entry["value"].strip()]
    primary = next((entry["value"].strip() for entry in told if entry.get("primary") is True), None)
    found: dict[str, Labelled] = {}
    for entry in told:
        value = entry["value"].strip()
        primary = primary or value
        found.setdefault(value, Labelled(value, str(entry.get("label") or ""), value == primary))
    return tuple(found.values())


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("value"), str)


def derive_company(reading: Reading) -> None:
    if (links := reading.links.get("organizations")) is not None:
        reading.fields["company_ids"] = tuple(link.external_id for link in links)


def derive_status(reading: Reading) -> None:
    """The status alone closes a deal: a lost one keeps its stage."""
    status = reading.raw.get("status")
    if status is None:
        return
    if not isinstance(status, str) or status not in DEAL_STATUSES:
        reading.odd |= {"is_closed", "is_won"}
        reading.custom["status"] = status
        return
    reading.fields["is_closed"], reading.fields["is_won"] = DEAL_STATUSES[status]


def derive_close_date(reading: Reading) -> None:
    """The day a closed deal was closed; of an open one, the day that people expect. A forecast that was overtaken is
    kept under its own name."""
    expected = reading.value("close_date", "expected_close_date", to_day)
    closed = None
    if reading.fields.get("is_closed"):
        closed = _closed_on(reading)
    if closed and reading.raw.get("expected_close_date") is not None:
        reading.custom["expected_close_date"] = reading.raw["expected_close_date"]
    if closed or "expected_close_date" in reading.raw:
        reading.fields["close_date"] = closed or expected


def _closed_on(reading: Reading) -> Any:
    for key, convert in (("local_close_date", to_day), ("close_time", day_in(reading.time_zone))):
        try:
            return convert(reading.raw.get(key))
        except ValueError:
            continue
    return None


def derive_money(reading: Reading) -> None:
    """Amounts have a currency of their own; in the account's it is the amount at home, too."""
    fields, account = reading.fields, reading.context.account
    if account is None or not account.currency or not ("amount" in fields or "currency" in fields):
        return
    fields["home_currency"] = account.currency
    fields["currency"] = fields.get("currency") or account.currency
    if "amount" in fields and "amount" not in reading.odd and fields["currency"] == account.currency:
        fields["amount_home"] = fields["amount"]


def derive_stage(reading: Reading) -> None:
    """Won is certain and lost is certain; otherwise the deal's own probability, else its stage's."""
    fields = reading.fields
    stage = reading.context.stages.get(str(fields.get("stage")))
    if stage is not None:
        fields["stage_label"], fields["pipeline_label"] = stage.label, stage.pipeline_label
        fields["pipeline"] = fields.get("pipeline") or stage.pipeline
        if fields.get("probability") is None and stage.probability is not None:
            fields["probability"] = Decimal(stage.probability)
    status = reading.raw.get("status")
    if "probability" not in reading.odd and fields.get("is_closed"):
        own = reading.raw.get("probability")
        fields["probability"] = Decimal(100 if status == WON else 0)
        if own is not None and own != fields["probability"]:
            reading.custom["probability"] = own


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


DERIVE: Final[Mapping[tuple[str, Kind], tuple[Derive, ...]]] = {
    ("persons", Kind.CONTACT): (derive_name, derive_addresses, derive_company),
    ("deals", Kind.DEAL): (derive_status, derive_close_date, derive_money, derive_stage),
    ("activities", Kind.TASK): (derive_task,),
    ("activities", Kind.ACTIVITY): (derive_activity,),
    ("notes", Kind.ACTIVITY): (derive_note,),
}
