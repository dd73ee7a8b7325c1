"""What v2 takes as a value: real types, known ids, nothing coerced. Each check gives the value to store, or raises."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from local.simulators.pipedrive.company import CURRENCIES, Company
from local.simulators.pipedrive.errors import invalid
from local.simulators.pipedrive.fields import ADDRESS_PARTS, Custom
from local.simulators.pipedrive.times import parsed_moment

DAY_OF = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
DURATION = re.compile(r"\d{1,3}:[0-5]\d(:[0-5]\d)?")
CODES = {code for code, *_ in CURRENCIES}
LONGEST = 255
ZONES = {1: "UTC", 2: "Europe/Tallinn", 3: "Europe/Berlin", 4: "America/New_York"}

Check = Callable[[Company, str, Any], Any]


def checked(company: Company, kind_name: str, code: str, type_name: str, value: Any) -> Any:
    """A built-in field's value."""
    if value is None:
        return None
    if type_name in {"option", "labels"}:
        return _chosen(company.options[kind_name].get(code, {}), code, value, several=type_name == "labels")
    return CHECKS[type_name](company, code, value)


def checked_custom(company: Company, field: Custom, value: Any) -> Any:
    path = f"custom_fields.{field.key}"
    if value is None:
        return None
    if field.type in {"enum", "set"}:
        return _chosen(field.options, path, value, several=field.type == "set")
    return CUSTOM_CHECKS[field.type](company, path, value)


def _chosen(options: dict[int, str], path: str, value: Any, *, several: bool) -> Any:
    wanted = value if several else [value]
    if not isinstance(wanted, list) or not all(isinstance(each, int) and not isinstance(each, bool) for each in wanted):
        raise invalid(f"{path}: expected {'an array of option ids' if several else 'an option id'}")
    unknown = [each for each in wanted if each not in options]
    if unknown:
        raise invalid(f"{path}: {unknown[0]} is not one of the field's options")
    if several and not wanted and path.startswith("custom_fields"):
        raise invalid(f"{path}: must not be empty; send null to clear it")
    return value


def a_text(_: Company, path: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"{path}: expected string, received {_kind(value)}")
    return value


def short_text(company: Company, path: str, value: Any) -> str:
    if len(a_text(company, path, value)) > LONGEST:
        raise invalid(f"{path}: must not be longer than {LONGEST} characters")
    return str(value)


def whole(_: Company, path: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{path}: expected integer, received {_kind(value)}")
    return value


def a_number(_: Company, path: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise invalid(f"{path}: expected number, received {_kind(value)}")
    return value


def truth(_: Company, path: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"{path}: expected boolean, received {_kind(value)}")
    return value


def percent(company: Company, path: str, value: Any) -> int:
    if not 0 <= whole(company, path, value) <= 100:
        raise invalid(f"{path}: must be between 0 and 100")
    return int(value)


def a_day(_: Company, path: str, value: Any) -> str:
    return _matching(DAY_OF, path, value, "a date as YYYY-MM-DD")


def a_clock(_: Company, path: str, value: Any) -> str:
    return _matching(CLOCK, path, value, "a time as HH:MM or HH:MM:SS")


def a_duration(_: Company, path: str, value: Any) -> str:
    return _matching(DURATION, path, value, "a duration as HH:MM")


def a_moment(_: Company, path: str, value: Any) -> str:
    parsed = parsed_moment(value) if isinstance(value, str) else None
    if parsed is None:
        raise invalid(f"{path}: expected an RFC 3339 date-time without fractions")
    return parsed


def a_user(company: Company, path: str, value: Any) -> int:
    if whole(company, path, value) not in company.users or company.users[value].deleted:
        raise invalid(f"{path}: user {value} not found")
    return int(value)


def linked(name: str) -> Check:
    def check(company: Company, path: str, value: Any) -> int:
        if company.stores[name].find(whole(company, path, value)) is None:
            raise invalid(f"{path}: {company.stores[name].kind.singular} {value} not found")
        return int(value)

    return check


def a_stage(company: Company, path: str, value: Any) -> int:
    stage = company.stages.get(whole(company, path, value))
    if stage is None or stage.deleted:
        raise invalid(f"{path}: stage {value} not found")
    return int(value)


def a_pipeline(company: Company, path: str, value: Any) -> int:
    pipeline = company.pipelines.get(whole(company, path, value))
    if pipeline is None or pipeline.deleted:
        raise invalid(f"{path}: pipeline {value} not found")
    return int(value)


def a_currency(_: Company, path: str, value: Any) -> str:
    if value not in CODES:
        raise invalid(f"{path}: {value!r} is not a currency of this company")
    return str(value)


def a_status(_: Company, path: str, value: Any) -> str:
    if value not in {"open", "won", "lost"}:
        raise invalid(f"{path}: must be one of open, won, lost")
    return str(value)


def visibility(company: Company, path: str, value: Any) -> int:
    if whole(company, path, value) not in {1, 3, 5, 7}:
        raise invalid(f"{path}: must be one of 1, 3, 5, 7")
    return int(value)


def a_type(company: Company, path: str, value: Any) -> str:
    if value not in {each.key for each in company.types if each.active}:
        raise invalid(f"{path}: activity type {value!r} does not exist")
    return str(value)


def a_lead(_: Company, path: str, value: Any) -> str:
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise invalid(f"{path}: expected a UUID") from None


def contact_ways(_: Company, path: str, value: Any) -> list[dict[str, Any]]:
    """E-mails and phones: a list that replaces the old one; exactly one is primary."""
    listed = _objects(path, value, {"value": str, "primary": bool, "label": str})
    if any("value" not in each for each in listed):
        raise invalid(f"{path}: each entry needs a value")
    first = next((place for place, each in enumerate(listed) if each.get("primary")), 0)
    return [
        {"value": each["value"], "primary": place == first, "label": each.get("label") or "work"}
        for place, each in enumerate(listed)
    ]


def people(company: Company, path: str, value: Any) -> list[dict[str, Any]]:
    listed = _objects(path, value, {"person_id": int, "primary": bool})
    check = linked("persons")
    numbers = [check(company, f"{path}.person_id", each.get("person_id")) for each in listed]
    first = next((place for place, each in enumerate(listed) if each.get("primary")), 0)
    return [{"person_id": number, "primary": place == first} for place, number in enumerate(numbers)]


def guests(_: Company, path: str, value: Any) -> list[dict[str, Any]]:
    shape = {"email": str, "name": str, "status": str, "is_organizer": bool, "person_id": int, "user_id": int}
    listed = _objects(path, value, shape)
    return [{name: each.get(name) for name in shape} for each in listed]


def an_address(_: Company, path: str, value: Any) -> dict[str, Any]:
    """An object; a mere string is v1's form."""
    parts = _objects(path, [value], dict.fromkeys(("value", *ADDRESS_PARTS), str))[0]
    return {part: parts.get(part) for part in ("value", *reversed(ADDRESS_PARTS))}


def _money(company: Company, path: str, value: Any) -> dict[str, Any]:
    parts = _objects(path, [value], {"value": float, "currency": str})[0]
    if parts.get("value") is None:
        raise invalid(f"{path}.value: is required")
    return {"value": parts["value"], "currency": a_currency(company, path, parts.get("currency", company.currency))}


def _span(check: Check, *, zoned: bool, ends: bool) -> Check:
    def checked_span(company: Company, path: str, value: Any) -> dict[str, Any]:
        shape: dict[str, type] = dict.fromkeys(("value", "until") if ends else ("value",), str)
        parts = _objects(path, [value], shape | ({"timezone_id": int, "timezone_name": str} if zoned else {}))[0]
        body = {name: check(company, f"{path}.{name}", parts.get(name)) for name in shape}
        if zoned:
            zone = parts.get("timezone_id") or 1
            body |= {"timezone_id": zone, "timezone_name": ZONES.get(zone, "UTC")}
        return body

    return checked_span


def _objects(path: str, value: Any, shape: dict[str, type]) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise invalid(f"{path}: expected array, received {_kind(value)}")
    for each in value:
        if not isinstance(each, dict):
            raise invalid(f"{path}: expected object, received {_kind(each)}")
        for name, part in each.items():
            wanted = shape.get(name)
            if wanted is None:
                raise invalid(f"{path}: unrecognized key {name!r}")
            fits = isinstance(part, int | float) if wanted is float else isinstance(part, wanted)
            if part is not None and (not fits or (isinstance(part, bool) and wanted is not bool)):
                raise invalid(f"{path}.{name}: expected {wanted.__name__}, received {_kind(part)}")
    return value


def _matching(pattern: re.Pattern[str], path: str, value: Any, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise invalid(f"{path}: expected {what}")
    return value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}.get(type(value), "object")


CHECKS: dict[str, Check] = {
    "varchar": short_text, "text": a_text, "int": whole, "number": a_number, "boolean": truth, "date": a_day,
    "moment": a_moment, "clock": a_clock, "duration": a_duration, "user": a_user, "person": linked("persons"),
    "org": linked("organizations"), "deal": linked("deals"), "stage": a_stage, "pipeline": a_pipeline,
    "currency": a_currency, "status": a_status, "probability": percent, "visible": visibility,
    "activity_type": a_type, "lead": a_lead, "emails": contact_ways, "phones": contact_ways,
    "messengers": contact_ways, "participants": people, "attendees": guests, "address": an_address,
}  # fmt: skip
CUSTOM_CHECKS: dict[str, Check] = {
    "varchar": short_text, "varchar_auto": short_text, "text": a_text, "phone": short_text, "double": a_number,
    "date": a_day, "daterange": _span(a_day, zoned=False, ends=True), "time": _span(a_clock, zoned=True, ends=False),
    "timerange": _span(a_clock, zoned=True, ends=True), "address": an_address, "monetary": _money, "user": a_user,
    "org": linked("organizations"), "people": linked("persons"),
}  # fmt: skip
