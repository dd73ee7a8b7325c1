"""What Zoho makes of a value: reads what is written, checks it, and shows what is kept."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from local.simulators.zoho.errors import Refused, invalid
from local.simulators.zoho.fields import POINTERS, Field
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row

EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]{2,}")
PHONE = re.compile(r"[\d\s+\-()./;#a-zA-Z]{0,30}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")
DEFAULT_EMPTY = {"boolean": False}


class Wish(NamedTuple):
    """A value that somebody wants to write, and where it stood in the request."""

    org: Org
    field: Field
    value: Any
    path: str


def accepted(wish: Wish) -> Any:
    """The value as it will be kept; None empties the field."""
    if wish.value is None or wish.value == "":
        return None
    reader: Callable[[Wish], Any] = READERS.get(wish.field.type, _text)
    return reader(wish)


def moment_ms(text: str) -> int | None:
    """Milliseconds of a moment with an offset and no fraction; None when it is not one."""
    if not MOMENT.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp()) * 1000
    except ValueError:
        return None


def pointed_at(value: Any) -> str | None:
    """The id in `{"id": "1"}`, `{"id": 1}` or a bare id."""
    found = value.get("id") if isinstance(value, dict) else value
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def _wrong_type(wish: Wish, expected: str) -> Refused:
    return invalid(wish.field.name, wish.path, expected_data_type=expected)


def _text(wish: Wish) -> str:
    if isinstance(wish.value, dict | list | bool):
        raise _wrong_type(wish, "string")
    value = str(wish.value)
    if len(value) > wish.field.length:
        raise invalid(wish.field.name, wish.path, maximum_length=wish.field.length)
    return value.strip()


def _matching(pattern: re.Pattern[str], expected: str) -> Callable[[Wish], str]:
    def read(wish: Wish) -> str:
        value = _text(wish)
        if not pattern.fullmatch(value):
            raise invalid(wish.field.name, wish.path, expected_data_type=expected)
        return value

    return read


def _number(wish: Wish) -> float:
    if isinstance(wish.value, bool) or not isinstance(wish.value, int | float):
        raise _wrong_type(wish, "double")
    return round(float(wish.value), 2)


def _integer(wish: Wish) -> int:
    if isinstance(wish.value, bool) or not isinstance(wish.value, int):
        raise _wrong_type(wish, "integer")
    if len(str(abs(wish.value))) > wish.field.length:
        raise invalid(wish.field.name, wish.path, maximum_length=wish.field.length)
    return wish.value


def _boolean(wish: Wish) -> bool:
    if not isinstance(wish.value, bool):
        raise _wrong_type(wish, "boolean")
    return wish.value


def _date(wish: Wish) -> str:
    try:
        return date.fromisoformat(wish.value if len(wish.value) == 10 else "").isoformat()
    except (TypeError, ValueError):
        raise _wrong_type(wish, "date") from None


def _moment(wish: Wish) -> int:
    found = moment_ms(str(wish.value))
    if found is None:
        raise _wrong_type(wish, "datetime")
    return found


def _choice(wish: Wish) -> str:
    """Ordinary picklists take any text; the stage must be one that there is."""
    value = _text(wish)
    found = wish.field.choice(value)
    if found is None and wish.field.name in {"Stage", "Pipeline"}:
        raise invalid(wish.field.name, wish.path)
    return found.actual if found else value


def _choices(wish: Wish) -> list[str]:
    if not isinstance(wish.value, list):
        raise _wrong_type(wish, "jsonarray")
    return list(dict.fromkeys(_choice(wish._replace(value=each)) for each in wish.value))


def _user(wish: Wish) -> str:
    user = wish.org.users.get(pointed_at(wish.value) or "")
    if user is None or user.status != "active":
        raise invalid(wish.field.name, wish.path)
    return user.id


def _lookup(wish: Wish) -> str:
    """`What_Id` may point anywhere: its module is said by `$se_module`, which the desk checks."""
    found = pointed_at(wish.value)
    modules = [wish.field.lookup] if wish.field.lookup else list(wish.org.stores)
    if found is None:
        raise _wrong_type(wish, "jsonobject")
    if not any(found in wish.org.stores[each].rows for each in modules):
        raise invalid("id", f"{wish.path}.id", "the related id given seems to be invalid")
    return found


def _rows(wish: Wish) -> list[dict[str, Any]]:
    if not isinstance(wish.value, list) or not all(isinstance(each, dict) for each in wish.value):
        raise _wrong_type(wish, "jsonarray")
    return [{"id": wish.org.next_id(), **each} for each in wish.value]


READERS: dict[str, Callable[[Wish], Any]] = {
    "email": _matching(EMAIL, "email"),
    "phone": _matching(PHONE, "phone"),
    "integer": _integer,
    "double": _number,
    "currency": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _moment,
    "picklist": _choice,
    "multiselectpicklist": _choices,
    "ownerlookup": _user,
    "lookup": _lookup,
    "parent": _lookup,
    "subform": _rows,
    "participants": _rows,
}


def shown(org: Org, field: Field, row: Row) -> Any:
    """The value as the API gives it; a pointer whose record is gone shows as empty."""
    value = row.get(field.name)
    if value is None:
        return DEFAULT_EMPTY.get(field.type)
    if field.type in POINTERS:
        return _pointed(org, field, row, value)
    if field.type == "datetime":
        return org.moment(value)
    if field.type == "picklist":
        return _label(org, field, value)
    if field.type == "multiselectpicklist":
        return [_label(org, field, each) for each in value]
    return value


def shown_row(org: Org, module: str, row: Row, names: list[str]) -> dict[str, Any]:
    """`id` first, then what was asked for; names that the module does not have are passed over."""
    fields = org.modules[module].fields
    body = {"id": row["id"], **{name: shown(org, fields[name], row) for name in names if name in fields}}
    if {"What_Id", "Parent_Id", "$se_module"} & set(names) and "$se_module" in row:
        body["$se_module"] = row["$se_module"]
    return body


def whole_row(org: Org, module: str, row: Row) -> dict[str, Any]:
    """Everything, with the keys of Zoho's own that nobody asked for."""
    body = shown_row(org, module, row, list(org.modules[module].fields))
    system = {"$approved": True, "$editable": True, "$in_merge": False, "$approval_state": "approved",
              "$state": "save", "$zia_visions": None, "$currency_symbol": org.facts.symbol}  # fmt: skip
    if module == "Leads":
        system["$converted"] = bool(row.get("Converted__s"))
    return body | system


def _label(org: Org, field: Field, value: str) -> str:
    found = field.choice(value) if org.settings.picklists_show == "display" else None
    return found.display if found else value


def _pointed(org: Org, field: Field, row: Row, value: str) -> Mapping[str, Any] | None:
    if field.type in {"ownerlookup", "userlookup"}:
        user = org.users.get(value)
        return {"name": user.name, "id": user.id, "email": user.email} if user else None
    module = field.lookup or str(row.get("$se_module", ""))
    target = org.stores[module].rows.get(value) if module in org.stores else None
    if target is None:
        return None
    body: dict[str, Any] = {"name": org.title(module, target), "id": value}
    if field.type == "parent":
        body["module"] = {"api_name": module, "id": org.modules[module].id}
    return body
