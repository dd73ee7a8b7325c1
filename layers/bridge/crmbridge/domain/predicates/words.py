"""The names rules may use, flat, snake or camel, and the facts of a record under those names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from crmbridge.domain.records import EMPTY, FIELDS, Kind, Record, Type, Value

CUSTOM: Final = "custom_fields."
KINDS: Final = (Kind.DEAL, Kind.CONTACT, Kind.COMPANY, Kind.TASK, Kind.ACTIVITY)
"""What rules may be about, and may look at across a link."""

_ALIASES: Final[Mapping[str, str]] = {"owner": "owner_id", "id": "external_id"}
ALIASES: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.DEAL: {**_ALIASES, "company": "company_id"},
    Kind.CONTACT: {**_ALIASES, "company": "company_id", "lifecycle": "lifecycle_stage"},
    Kind.COMPANY: {**_ALIASES, "employees": "employee_count", "revenue": "annual_revenue"},
    Kind.TASK: {**_ALIASES, "due": "due_at", "due_date": "due_at"},
    Kind.ACTIVITY: _ALIASES,
}

LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "stage": ("stage", "stage_label"),
    "pipeline": ("pipeline", "pipeline_label"),
    "owner_id": ("owner_id", "owner_name", "owner_email"),
}
"""A stage, a pipeline and an owner may be named by label or by id."""

OUR_WORDS: Final = frozenset({"lifecycle_stage", "status", "priority", "type", "subtype"})
"""Fields that hold words of ours, joined by underscores; people write spaces."""

TYPES: Final[Mapping[Kind, Mapping[str, Type]]] = {
    kind: {
        **FIELDS[kind],
        "external_id": Type.ID,
        "owner_name": Type.TEXT,
        "owner_email": Type.TEXT,
        "remote_created_at": Type.INSTANT,
        "remote_updated_at": Type.INSTANT,
    }
    for kind in KINDS
}

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CUSTOM: Final = re.compile(rf"(?:({'|'.join(KINDS)})[._]?)?(?:custom_fields|customFields|CustomFields)\.(.+)", re.S)


@dataclass(frozen=True, slots=True)
class Word:
    """One name of a rule: `sources` are the facts it looks at; `type` None is a custom field, typed by what it is
    compared with. `link`: of linked records of that kind, rather than of the record itself."""

    name: str
    kind: Kind
    type: Type | None
    sources: tuple[str, ...]
    link: Kind | None = None


class Facts(dict[str, Value]):
    """What is known of one record under canonical names: an absent name was not read, None was read and is empty.

    `linked` are the records it is linked to; an absent kind was not read, an empty one is linked to none.
    """

    __slots__ = ("linked",)

    def __init__(self, known: Mapping[str, Value] = EMPTY, /, **named: Value) -> None:
        super().__init__(known, **named)
        self.linked: Mapping[Kind, Sequence[Facts]] = _linked_of(known)


def _linked_of(known: Mapping[str, Value]) -> Mapping[Kind, Sequence[Facts]]:
    return known.linked if isinstance(known, Facts) else {}


def snake(name: str) -> str:
    """`dealAmount` is `deal_amount`, `notIn` is `not_in`."""
    return _HUMP.sub("_", name.strip()).lower().replace(".", "_")


@lru_cache(maxsize=4096)
def canonical(name: str, kind: Kind = Kind.DEAL) -> str:
    """`dealAmount`, `deal_amount` and `amount` are one name of a deal; a custom field keeps its remote key as it is."""
    found = _CUSTOM.fullmatch(name)
    if found and found[1] in (None, kind.value):
        return CUSTOM + found[2]
    return _own(snake(name), kind)


def _own(name: str, kind: Kind) -> str:
    bare = name.removeprefix(f"{kind.value}_")
    return ALIASES[kind].get(bare, bare)


def word(name: str, kind: Kind = Kind.DEAL) -> Word | None:
    """What a rule about records of `kind` means by that name; None when it can mean nothing."""
    if found := _CUSTOM.fullmatch(name.strip()):
        return _custom(Kind(found[1] or kind), found[2], kind)
    flat = snake(name)
    if (own := _own(flat, kind)) in TYPES[kind]:
        return _word(own, kind, None)
    for other in KINDS:
        if flat.startswith(f"{other.value}_") and (key := _own(flat, other)) in TYPES[other]:
            return _word(key, other, other)
    return None


def _custom(of: Kind, key: str, kind: Kind) -> Word:
    link = None if of is kind else of
    return Word(f"{of.value}_{CUSTOM}{key}" if link else CUSTOM + key, of, None, (CUSTOM + key,), link)


def _word(key: str, kind: Kind, link: Kind | None) -> Word:
    return Word(f"{kind.value}_{key}", kind, TYPES[kind][key], LABELS.get(key, (key,)), link)


def names(kind: Kind = Kind.DEAL) -> tuple[str, ...]:
    return tuple(f"{kind.value}_{name}" for name in TYPES[kind])


def facts(
    record: Record | Mapping[str, Any],
    kind: Kind = Kind.DEAL,
    linked: Mapping[Kind, Iterable[Record | Mapping[str, Any]]] | None = None,
) -> Facts:
    """Of a record, or of a plain mapping under any spelling of the names. Made once, it serves any number of rules.

    `linked`: per kind whose links were read, all the records at their other end.
    """
    if isinstance(record, Facts) and linked is None:
        return record
    known = _facts_of_record(record) if isinstance(record, Record) else _facts_of_mapping(record, kind)
    if linked is not None:
        known.linked = {other: tuple(facts(one, other) for one in records) for other, records in linked.items()}
    return known


def _facts_of_mapping(record: Mapping[str, Any], kind: Kind) -> Facts:
    if isinstance(record, Facts):
        return Facts(record)
    known = Facts({canonical(str(name), kind): value for name, value in record.items()})
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
