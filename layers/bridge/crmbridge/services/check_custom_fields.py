"""Custom fields as a caller names them, checked against the CRM's own schema where it is known."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from crmbridge.domain.directories import Directories, Field, Option
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.inputs import writable
from crmbridge.domain.predicates.values import read_number
from crmbridge.domain.records import Json, Kind, Type
from crmbridge.services.check_against_schema import too_long

MAX_NAME: Final = 500
MAX_SHOWN: Final = 30


def check_custom_fields(
    kind: Kind,
    object: str,
    directories: Directories | None,
    given: Mapping[str, Json],
    *,
    clearing: bool,
    unsaid: Collection[str] = (),
) -> dict[str, Json]:
    """Return them with the labels of options as their values. Raises Invalid naming every wrong one: unknown,
    read-only, a field of ours under its remote name, of the wrong type, not in the list, or required and missing.
    `unsaid`: fields of which only the names are known yet."""
    known = directories.fields.get(object, {}) if directories else {}
    if not known:
        return dict(given)
    read: dict[str, Json] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        wrong = _refused(kind, known.get(name))
        if not wrong and name in unsaid:
            continue
        if not wrong and (value is not None or not clearing):
            read[name], wrong = _read(known[name], value)
        elif not wrong and known[name].required:
            wrong = "is required in the CRM", "another value"
        elif not wrong:
            read[name] = None
        problems += [Problem(f"custom_fields.{name[:MAX_NAME]}", *wrong)] if wrong else []
    problems += _missing(known.values(), given) if not clearing else []
    if problems:
        raise Invalid(*problems)
    return read


def _missing(fields: Iterable[Field], given: Mapping[str, Json]) -> list[Problem]:
    """What the customer has made a must. The CRM's own musts are known to its adapter, which may fill them."""
    missing = (field for field in fields if field.required and field.custom and given.get(field.key) is None)
    return [
        Problem(f"custom_fields.{field.key}", f"is required in the CRM ({field.label})", _choices(field))
        for field in missing
        if not field.read_only and not field.maps_to
    ]


def _choices(field: Field) -> str:
    return f"one of {', '.join(option.label for option in field.options[:MAX_SHOWN])}" if field.options else ""


Wrong = tuple[str, str]
"""(what is wrong, what would be valid); empty when nothing is."""


def _refused(kind: Kind, field: Field | None) -> Wrong | tuple[()]:
    if field is None:
        return "is not a field of this object in the CRM", "its name in the CRM's API, as the connection's fields say"
    if field.is_ours:
        return "is the key by which CRM Bridge finds its own writes", "leave it out"
    if field.read_only:
        return "cannot be written in the CRM", ""
    if field.maps_to and field.maps_to in writable(kind):
        return "is a field of ours", f"fields.{field.maps_to}"
    return ()


def _read(field: Field, value: Json) -> tuple[Json, Wrong | tuple[()]]:
    if field.options and not isinstance(value, bool):
        chosen = _chosen(field.options, value)
        labels = ", ".join(option.label for option in field.options[:MAX_SHOWN])
        return chosen, () if chosen is not None else ("is not in the CRM's list", f"one of {labels}")
    fits, wants = _FORMS.get(field.type, (lambda given: given is not None, "a value"))
    if not fits(value) or (field.type is Type.TEXT and field.is_plain and not isinstance(value, str)):
        return None, ("has the wrong form", "a text" if field.type is Type.TEXT else wants)
    if wrong := too_long(field, value):
        return None, wrong
    is_word = field.type is Type.FLAG and isinstance(value, str)
    return value.casefold() == "true" if is_word else value, ()


def _chosen(options: Sequence[Option], value: Json) -> Json:
    """Values as they are, labels as values; of several all, as a list or divided by semicolons. None: not in the list.

    A value that is in the list keeps the form it was given in: some CRMs number their options."""
    if isinstance(value, (list, tuple)):
        found = [_chosen(options, each) for each in value]
        return None if None in found or not found else found
    text = str(value).strip()
    if any(option.value == text for option in options):
        return value
    by_label = {option.label.strip().casefold(): option.value for option in options}
    if text.casefold() in by_label:
        return by_label[text.casefold()]
    parts = [part for part in text.split(";") if part.strip()]
    found = [_chosen(options, part.strip()) for part in parts] if len(parts) > 1 else [None]
    return None if None in found else ";".join(map(str, found))


def _is_number(value: Json) -> bool:
    return read_number(value) is not None


def _is_money(value: Json) -> bool:
    """Some CRMs take an amount with its currency."""
    return _is_number(value.get("value")) if isinstance(value, Mapping) else _is_number(value)


def _is_flag(value: Json) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.casefold() in ("true", "false"))


def _is_moment(value: Any) -> bool:
    """A day, or an instant with its offset."""
    try:
        return (len(value) == len("2026-12-31") and bool(date.fromisoformat(value))) or bool(
            datetime.fromisoformat(value).tzinfo
        )
    except (TypeError, ValueError):
        return False


_MOMENT: Final = 'a day such as "2026-12-31", or an instant with an offset'
_FORMS: Final[Mapping[Type, tuple[Callable[[Any], bool], str]]] = {
    Type.NUMBER: (_is_number, "a number"),
    Type.MONEY: (_is_money, 'a number such as 50000 or "50000.00"'),
    Type.FLAG: (_is_flag, "true or false"),
    Type.DAY: (_is_moment, _MOMENT),
    Type.INSTANT: (_is_moment, _MOMENT),
    Type.MOMENT: (_is_moment, _MOMENT),
}
