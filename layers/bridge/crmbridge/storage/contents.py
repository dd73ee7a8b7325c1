"""The content of a record as one JSON text: its fields by their types, custom fields as they came, and its dates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from crmbridge.domain.records import FIELDS, Json, Kind, Labelled, Record, Type, instant_text
from crmbridge.storage.codec import json_text


@dataclass(frozen=True, slots=True)
class _Form:
    """How values of one type are told, written and read."""

    holds: type | tuple[type, ...]
    write: Callable[[Any], Json]
    read: Callable[[Any], Any]


def _moment_text(moment: date) -> str:
    return instant_text(moment) if isinstance(moment, datetime) else moment.isoformat()


def _moment(text: str) -> date:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _write_labelled(values: tuple[Labelled, ...]) -> Json:
    return [[value.value, value.label, value.primary] for value in values]


def _read_labelled(values: list[Any]) -> tuple[Labelled, ...]:
    return tuple(Labelled(*value) for value in values)


_NUMBER: Final = _Form((Decimal, int), str, Decimal)
_FORMS: Final[Mapping[Type, _Form]] = {
    Type.MONEY: _NUMBER,
    Type.NUMBER: _NUMBER,
    Type.INSTANT: _Form(datetime, instant_text, datetime.fromisoformat),
    Type.DAY: _Form(date, date.isoformat, date.fromisoformat),
    Type.MOMENT: _Form(date, _moment_text, _moment),
    Type.IDS: _Form(tuple, list, tuple),
    Type.LABELLED: _Form(tuple, _write_labelled, _read_labelled),
}
"""All other types are JSON's own."""
_BY_KIND: Final = {
    kind: {name: _FORMS[type] for name, type in fields.items() if type in _FORMS} for kind, fields in FIELDS.items()
}


def content_text(record: Record) -> str:
    """A value that is not of its field's type is kept as JSON has it, and marked odd."""
    odd = set(record.odd)
    forms = _BY_KIND[record.kind]
    written = {name: _written(name, value, forms.get(name), odd) for name, value in record.fields.items()}
    return json_text(
        {
            "platform": record.platform,
            "fields": written,
            "custom_fields": record.custom_fields,
            "odd": sorted(odd),
            "created": record.remote_created_at and instant_text(record.remote_created_at),
            "updated": record.remote_updated_at and instant_text(record.remote_updated_at),
        }
    )


def _written(name: str, value: Any, form: _Form | None, odd: set[str]) -> Json:
    if form is None or value is None or name in odd:
        return value
    if not isinstance(value, form.holds) or isinstance(value, bool):
        odd.add(name)
        return value
    return form.write(value)


def read_content(kind: Kind, text: str) -> dict[str, Any]:
    """The attributes of a Record that its content decides."""
    stored = orjson.loads(text)
    odd = frozenset(stored["odd"])
    forms = _BY_KIND[kind]
    return {
        "platform": stored["platform"],
        "fields": {name: _read(name, value, forms.get(name), odd) for name, value in stored["fields"].items()},
        "custom_fields": stored["custom_fields"],
        "odd": odd,
        "remote_created_at": stored["created"] and datetime.fromisoformat(stored["created"]),
        "remote_updated_at": stored["updated"] and datetime.fromisoformat(stored["updated"]),
    }


def _read(name: str, value: Json, form: _Form | None, odd: frozenset[str]) -> Any:
    return value if form is None or value is None or name in odd else form.read(value)
