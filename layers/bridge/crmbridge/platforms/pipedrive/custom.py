"""Custom fields of a write: each under its hash, in the form that its type has in version 2."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.directories import Field
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import day_in, to_moment, to_number, zone_of
from crmbridge.platforms.spec import WriteRequest

NOON: Final = time(12)
Encode = Callable[[WriteRequest, Field, Any], Json]
"""Raises ValueError with what would be valid."""


def custom_values(request: WriteRequest) -> dict[str, Json]:
    """What belongs at the root (a deal's `status` or `lost_reason`), and the customer's own fields in their place.
    None clears."""
    known = request.directories.fields.get(request.object, {})
    root: dict[str, Json] = {}
    custom: dict[str, Json] = {}
    for key, value in request.custom_fields.items():
        field = known.get(key)
        place = custom if _is_custom(key, field) else root
        place[key] = _placed(request, field, value)
    return root | ({"custom_fields": custom} if custom else {})


def _placed(request: WriteRequest, field: Field | None, value: Json) -> Json:
    """Null clears, but for a list of Pipedrive's own, which is emptied."""
    if value is None and field and field.raw_type == "set" and not field.custom:
        return []
    return plain(value) if value is None or field is None else _encoded(request, field, value)


def _is_custom(key: str, field: Field | None) -> bool:
    return field.custom if field else len(key) == 40


def _encoded(request: WriteRequest, field: Field, value: Any) -> Json:
    """An object is taken for what Pipedrive wants."""
    if isinstance(value, dict):
        return plain(value)
    encoders = ENCODE if field.custom else {**ENCODE, **AT_ROOT}
    try:
        return encoders.get(field.raw_type, _plain)(request, field, value)
    except ValueError as error:
        raise ValueError(f"{field.label}: {error}") from None


def plain(value: Any) -> Json:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)


def _plain(request: WriteRequest, field: Field, value: Any) -> Json:
    del request, field
    return plain(value)


def _text(request: WriteRequest, field: Field, value: Any) -> Json:
    del request, field
    return str(value)


def _day(request: WriteRequest, field: Field, value: Any) -> Json:
    """Which day an instant is, the account's time zone says."""
    del field
    return day_in(request.directories.account.time_zone)(value).isoformat()


def _day_or_instant(request: WriteRequest, field: Field, value: Any) -> Json:
    """Pipedrive's own fields of this type are dates, but for those that are named times: a day is its noon there."""
    if not field.key.endswith("_time"):
        return _day(request, field, value)
    moment = to_moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, NOON, tzinfo=zone_of(request.directories.account.time_zone))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(request: WriteRequest, field: Field, value: Any) -> Json:
    del request, field
    return _quantity(value)


def _quantity(value: Any) -> int | float:
    try:
        number = to_number(str(value) if isinstance(value, Decimal) else value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    return int(number) if number == int(number) else float(number)


def _money(request: WriteRequest, field: Field, value: Any) -> Json:
    """An amount alone is in the account's currency."""
    del field
    return {"value": _quantity(value), "currency": request.directories.account.currency}


def _wrapped(request: WriteRequest, field: Field, value: Any) -> Json:
    """Address, time: an object with its text for a value."""
    del request, field
    return {"value": str(value)}


def _option(request: WriteRequest, field: Field, value: Any) -> Json:
    del request
    return _id_of(field, value)


def _options(request: WriteRequest, field: Field, value: Any) -> Json:
    """Several; none of them is null and not an empty list."""
    del request
    parts = value if isinstance(value, list | tuple) else [value]
    return [_id_of(field, part) for part in parts] or None


def _id_of(field: Field, value: Any) -> Json:
    """By id or label. Most options have numbers for ids; a deal's status has words."""
    for option in field.options:
        if str(value) == option.value or str(value).strip().casefold() == option.label.strip().casefold():
            return int(option.value) if option.value.isdecimal() else option.value
    there = ", ".join(option.label for option in field.options)
    raise ValueError(f"{value!r} is no option; there are {there}")


def _id(request: WriteRequest, field: Field, value: Any) -> Json:
    del request, field
    number = _quantity(value)
    if not isinstance(number, int):
        raise ValueError(f"{value!r} is not a whole number")
    return number


ENCODE: Final[Mapping[str, Encode]] = {
    "varchar": _text, "varchar_auto": _text, "text": _text, "phone": _text, "date": _day, "double": _number,
    "int": _id, "monetary": _money, "enum": _option, "status": _option, "visible_to": _option, "set": _options,
    "address": _wrapped, "time": _wrapped,
    **dict.fromkeys(("user", "org", "people", "deal", "project", "stage", "pipeline"), _id),
}  # fmt: skip
AT_ROOT: Final[Mapping[str, Encode]] = {"time": _text, "date": _day_or_instant}
"""What has another form among Pipedrive's own fields: `due_time`, `close_time`."""
