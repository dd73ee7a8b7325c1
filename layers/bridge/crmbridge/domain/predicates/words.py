"""The names rules may use, flat, snake or camel, and the facts of a record under those names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.records import FIELDS, Kind, Record, Type, Value

PREFIX: Final = "deal_"
CUSTOM: Final = "custom_fields."

ALIASES: Final[Mapping[str, str]] = {"owner": "owner_id", "company": "company_id", "id": "external_id"}

LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "stage": ("stage", "stage_label"),
    "pipeline": ("pipeline", "pipeline_label"),
    "owner_id": ("owner_id", "owner_name", "owner_email"),
}
"""A stage, a pipeline and an owner may be named by label or by id."""

TYPES: Final[Mapping[str, Type]] = {
    **FIELDS[Kind.DEAL],
    "external_id": Type.ID,
    "owner_name": Type.TEXT,
    "owner_email": Type.TEXT,
    "remote_created_at": Type.INSTANT,
    "remote_updated_at": Type.INSTANT,
}

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Word:
    """One name of a rule: `sources` are the facts it looks at; `type` None is a custom field, typed by what it is
    compared with."""

    name: str
    type: Type | None
    sources: tuple[str, ...]


class Facts(dict[str, Value]):
    """What is known of one record under canonical names: an absent name was not read, None was read and is empty."""


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """`dealAmount`, `deal_amount` and `amount` are one name; a custom field keeps its remote key as it is."""
    for prefix in (CUSTOM, "customFields."):
        if name.startswith(prefix):
            return CUSTOM + name.removeprefix(prefix)
    snake = _HUMP.sub("_", name.strip()).lower().removeprefix(PREFIX)
    return ALIASES.get(snake, snake)


def word(name: str) -> Word | None:
    """None when no rule can use that name."""
    key = canonical(name)
    if key.startswith(CUSTOM) and key != CUSTOM:
        return Word(key, None, (key,))
    if key not in TYPES:
        return None
    return Word(PREFIX + key, TYPES[key], LABELS.get(key, (key,)))


def names() -> tuple[str, ...]:
    return tuple(PREFIX + name for name in TYPES)


def facts(record: Record | Mapping[str, Any]) -> Facts:
    """Of a record, or of a plain mapping under any spelling of the names. Made once, it serves any number of rules."""
    if isinstance(record, Facts):
        return record
    if isinstance(record, Record):
        return _facts_of_record(record)
    known = Facts({canonical(str(name)): value for name, value in record.items()})
    custom = known.pop("custom_fields", None)
    if isinstance(custom, Mapping):
        known.update({f"{CUSTOM}{name}": value for name, value in custom.items()})
    return known


def _facts_of_record(record: Record) -> Facts:
    known = Facts(record.fields)
    known["external_id"] = record.external_id
    for name in ("remote_created_at", "remote_updated_at"):
        if (moment := getattr(record, name)) is not None:
            known[name] = moment
    known.update({f"{CUSTOM}{key}": value for key, value in record.custom_fields.items()})
    return known
