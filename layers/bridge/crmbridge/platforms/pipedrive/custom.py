"""Custom fields of a write: each under its hash, in the form that its type has in version 2."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from crmbridge.domain.directories import Field
from crmbridge.domain.records import Json
from crmbridge.platforms.conversions import to_number
from crmbridge.platforms.spec import WriteRequest

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
        place[key] = None if value is None or field is None else _encoded(request, field, value)
        if field is None and value is not None:
            place[key] = plain(value)
    return root | ({"custom_fields": custom} if custom else {})


def _is_custom(key: str, field: Field | None) -> bool:
    return field.custom if field else len(key) == 40


def _encoded(request: WriteRequest, field: Field, value: Any) -> Json:
    """An object is taken for what Pipedrive wants."""
    if isinstance(value, dict):
        return plain(value)
    try:
        return ENCODE.get(field.raw_type, _plain)(request, field, value)
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
        raise ValueError(f"{value!r} is not an id")
    return number


ENCODE: Final[Mapping[str, Encode]] = {
    "varchar": _text, "varchar_auto": _text, "text": _text, "phone": _text, "date": _text, "double": _number,
    "int": _number, "monetary": _money, "enum": _option, "status": _option, "set": _options, "address": _wrapped,
    "time": _wrapped, "user": _id, "org": _id, "people": _id,
}  # fmt: skip
