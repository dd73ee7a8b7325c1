"""What names come from: account facts, owners, pipelines and schemas, cached per connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmbridge.domain.connections import Account
from crmbridge.domain.records import Type


@dataclass(frozen=True, slots=True)
class Owner:
    """`type` is person, queue or team; an inactive owner still names old records."""

    id: str
    name: str
    email: str = ""
    type: str = "person"
    active: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """`probability` is 0..100 when the CRM has one. `shared_by`: the pipelines that have it where several do; then
    `pipeline` is empty."""

    id: str
    label: str
    pipeline: str
    pipeline_label: str
    position: int = 0
    probability: int | None = None
    is_closed: bool = False
    is_won: bool = False
    shared_by: tuple[str, ...] = ()

    @property
    def pipelines(self) -> tuple[str, ...]:
        """All that have it; none where there are no pipelines, or none has it any more."""
        return self.shared_by or ((self.pipeline,) if self.pipeline else ())


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One remote field. `maps_to` is the field of ours it fills, if any; `custom` that the customer made it; `is_long`
    that its text has several lines, `is_multiple` that several options may be chosen; not `is_plain`: its value has
    parts or a form of its own (a range, a time, a table); `is_ours`: the key that our creates carry."""

    key: str
    label: str
    type: Type
    options: tuple[Option, ...] = ()
    maps_to: str | None = None
    custom: bool = False
    read_only: bool = False
    unique: bool = False
    required: bool = False
    """No record can be made without it."""
    is_long: bool = False
    is_multiple: bool = False
    is_plain: bool = True
    is_ours: bool = False
    raw_type: str = ""
    length: int | None = None
    """Characters that its text may have, where the CRM says so."""


@dataclass(frozen=True, slots=True)
class Directories:
    """Everything a connection's readers look names up in. `fields` is per CRM object, then per remote key."""

    account: Account
    owners: Mapping[str, Owner] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Field]] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else a platform found out about how this account works; its own words."""
    version: str = ""
    """Changes whenever something changes that a stored record was translated with; part of every fingerprint."""
    in_vain: frozenset[str] = frozenset()
    """Names that records hold and the CRM itself did not know when it was asked: nobody asks again because of them."""


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What directories know, as a reader needs it; every part may be missing. `mapping` is ours -> remote, per kind."""

    account: Account | None = None
    stages: Mapping[str, Stage] = field(default_factory=dict)
    owners: Mapping[str, Owner] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, directories: Directories, object: str, mapping: Mapping[str, str] | None = None) -> "ReadContext":
        return cls(
            directories.account,
            directories.stages,
            directories.owners,
            directories.fields.get(object, {}),
            dict(mapping or {}),
        )
