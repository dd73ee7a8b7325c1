"""Values on their way in and out: from JSON or CSV to what a row holds, and back."""

import re
from datetime import UTC, date, datetime
from typing import Any

from local.simulators.salesforce.errors import Refused, unparsable
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.ids import long_id

EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}$")
MOMENT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)$")
SCALES = {"currency": 2, "double": 2, "percent": 0}  # what is sent more precisely is rounded
PARTS = ("Street", "City", "State", "PostalCode", "Country")


def stored(field: Field, value: Any) -> Any:
    """What a row holds for a value that came in; raises what Salesforce says to a bad one."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    readers = {"boolean": _boolean, "datetime": _moment, "date": _day, "reference": _id, "id": _id}
    return (_number if field.is_number else readers.get(field.type, _text))(field, value)


def parsed_moment(text: str) -> int | None:
    """Milliseconds since 1970; Salesforce keeps whole seconds."""
    found = MOMENT.match(text)
    if not found:
        return None
    body, zone = found.groups()
    whole = body if len(body) == 19 else f"{body}:00"
    offset = "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    try:
        return int(datetime.fromisoformat(whole + offset).timestamp()) * 1000
    except ValueError:
        return None


def parsed_day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    except ValueError:
        return None


def shown_moment(milliseconds: int, zone: str = "+0000") -> str:
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%S}.000{zone}"


def day_of(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).date().isoformat()


def shown(field: Field, value: Any) -> Any:
    return shown_moment(value) if field.type == "datetime" and value is not None else value


def shown_address(prefix: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """The compound of the parts; null when all of them are."""
    parts = {part[0].lower() + part[1:]: row.get(f"{prefix}{part}") for part in PARTS}
    if all(value is None for value in parts.values()):
        return None
    none = dict.fromkeys(("geocodeAccuracy", "latitude", "longitude"))
    return dict(sorted({**parts, **none}.items()))


def in_csv(field: Field | None, value: Any) -> str:
    """Bulk writes moments with a Z, booleans in small letters, and nothing at all for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if field is not None and field.type == "datetime":
        return shown_moment(value, "Z")
    return str(value)


def _mismatch(field: Field, value: Any) -> Refused:
    token = "VALUE_STRING" if isinstance(value, str) else "START_OBJECT" if isinstance(value, dict) else "VALUE_NUMBER"
    kind = {"reference": "reference", "int": "int"}.get(field.type, field.type)
    return unparsable(
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required"
        " field at [line:1, column:2]"
    )


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _mismatch(field, value)


def _number(field: Field, value: Any) -> float | int:
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None or (field.type == "int" and not number.is_integer()):
        raise _mismatch(field, value)
    return int(number) if field.type == "int" else round(number, SCALES[field.type])


def _moment(field: Field, value: Any) -> int:
    found = parsed_moment(value) if isinstance(value, str) else None
    if found is None and isinstance(value, str) and parsed_day(value):
        found = parsed_moment(f"{value}T00:00:00Z")
    if found is None:
        raise _mismatch(field, value)
    return found


def _day(field: Field, value: Any) -> str:
    text = value if isinstance(value, str) else ""
    found = parsed_day(text) or (parsed_day(text[:10]) if parsed_moment(text) is not None else None)
    if found is None:
        raise _mismatch(field, value)
    return found


def _id(field: Field, value: Any) -> str:
    found = long_id(value)
    if found is None:
        shown_label = field.label or field.name.removesuffix("Id") + " ID"
        raise Refused(400, "MALFORMED_ID", f"{shown_label}: id value of incorrect type: {value}", [field.name])
    return found


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _mismatch(field, value)
    text = value.strip() if field.type != "textarea" else value
    label = field.label or field.wire()["label"]
    if field.length and len(text) > field.length:
        shown_value = text if len(text) <= 255 else text[:255]
        message = f"{label}: data value too large: {shown_value} (max length={field.length})"
        raise Refused(400, "STRING_TOO_LONG", message, [field.name])
    if field.type == "email" and not EMAIL.match(text):
        raise Refused(400, "INVALID_EMAIL_ADDRESS", f"{label}: invalid email address: {text}", [field.name])
    if field.restricted and text not in {choice.value for choice in field.choices}:
        message = f"{label}: bad value for restricted picklist field: {text}"
        raise Refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    return text or None  # type: ignore[return-value]  # blanks alone are stored as null
