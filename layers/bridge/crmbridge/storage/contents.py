"""The content of a record as one JSON text: its fields by their types, custom fields as they came, and its dates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from crmbridge.domain.records import FIELDS, Json, Kind, Labelled, Record, Type
from crmbridge.storage.codec import json_text


@dataclass(frozen=True, slots=True)
class _Form:
    """How values of one type are told, made ready for orjson (which writes instants and days itself, in a seventh of
    the time, and Decimal as text), and read."""

    holds: type | tuple[type, ...]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _in_utc(moment: date) -> date:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _moment(text: str) -> date:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _write_labelled(values: tuple[Labelled, ...]) -> Json:
    return [tuple(value) for value in values]


def _read_labelled(values: list[Any]) -> tuple[Labelled, ...]:
    return tuple(Labelled(*value) for value in values)


_NUMBER: Final = _Form((Decimal, int), _same, Decimal)
_FORMS: Final[Mapping[Type, _Form]] = {
    Type.MONEY: _NUMBER,
    Type.NUMBER: _NUMBER,
    Type.INSTANT: _Form(datetime, _in_utc, datetime.fromisoformat),
    Type.DAY: _Form(date, _day, date.fromisoformat),
    Type.MOMENT: _Form(date, _in_utc, _moment),
    Type.IDS: _Form(tuple, _same, tuple),
    Type.LABELLED: _Form(tuple, _write_labelled, _read_labelled),
}
"""All other types are JSON's own."""
_BY_KIND: Final = {
    kind: [(name, _FORMS[type]) for name, type in fields.items() if type in _FORMS] for kind, fields in FIELDS.items()
}


def content_text(record: Record) -> str:
    """A value that is not of its field's type is kept as JSON has it, and marked odd."""
    odd = set(record.odd)
    written = dict(record.fields)
    for name, form in _BY_KIND[record.kind]:
        value = written.get(name)
        if value is None or name in odd:
            continue
        if isinstance(value, form.holds) and value is not True and value is not False:
            written[name] = form.write(value)
        else:
            odd.add(name)
    return json_text(
        {
            "platform": record.platform,
            "fields": written,
            "custom_fields": record.custom_fields,
            "odd": sorted(odd),
            "created": record.remote_created_at and _in_utc(record.remote_created_at),
            "updated": record.remote_updated_at and _in_utc(record.remote_updated_at),
        }
    )


def changed_fields(before: str, after: str) -> tuple[str, ...]:
    """The names of fields that differ between two contents; the CRM's own as `custom_fields.<name>`."""
    old, new = orjson.loads(before), orjson.loads(after)
    ours = _differing(old.get("fields", {}), new.get("fields", {}))
    customs = _differing(old.get("custom_fields", {}), new.get("custom_fields", {}))
    return (*ours, *(f"custom_fields.{name}" for name in customs))


def _differing(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """A field that is not there and one that is empty are the same to whoever reads them."""
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def read_content(kind: Kind, text: str) -> dict[str, Any]:
    """The attributes of a Record that its content decides."""
    stored = orjson.loads(text)
    odd, fields = frozenset(stored["odd"]), stored["fields"]
    for name, form in _BY_KIND[kind]:
        if fields.get(name) is not None and name not in odd:
            fields[name] = form.read(fields[name])
    return {
        "platform": stored["platform"],
        "fields": fields,
        "custom_fields": stored["custom_fields"],
        "odd": odd,
        "remote_created_at": stored["created"] and datetime.fromisoformat(stored["created"]),
        "remote_updated_at": stored["updated"] and datetime.fromisoformat(stored["updated"]),
    }
