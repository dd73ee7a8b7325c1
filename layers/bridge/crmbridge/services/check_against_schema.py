"""Fields of ours against the CRM's own schema: what must be there stays, and what has no room is not sent."""

from collections.abc import Iterator, Mapping

from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.records import FIELDS, Json, Kind, Type


def check_against_schema(kind: Kind, object: str, directories: Directories | None, fields: Mapping[str, Json]) -> None:
    """Options, stages and owners are looked up elsewhere. Raises Invalid naming every wrong field."""
    schema = directories.fields.get(object, {}) if directories else {}
    known = {field.maps_to: field for field in schema.values() if field.maps_to}
    problems = list(_problems(kind, known, fields))
    if problems:
        raise Invalid(*problems)


def _problems(kind: Kind, known: Mapping[str, Field], fields: Mapping[str, Json]) -> Iterator[Problem]:
    for name, value in fields.items():
        field = known.get(name)
        if field is None:
            continue
        if value is None and field.required:
            yield Problem(f"fields.{name}", "is required in the CRM", "another value")
        if FIELDS[kind][name] is Type.TEXT and not field.read_only and (wrong := too_long(field, value)):
            yield Problem(f"fields.{name}", *wrong)


def too_long(field: Field, value: Json) -> tuple[str, str] | None:
    """(what is wrong, what would be valid)"""
    if field.length is None or not isinstance(value, str) or len(value) <= field.length:
        return None
    return f"is too long for the CRM ({len(value)} characters)", f"at most {field.length} characters"
