"""A chat channel whose members follow a predicate over records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crmbridge.domain.predicates import Predicate, compile_predicate, schema_of_types
from crmbridge.domain.records import Json, Kind, RecordKey, Type


class Members(StrEnum):
    """Whom a matching record brings."""

    CONTACTS = "contacts"
    OWNER = "owner"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`rules` is the predicate as saved, about records of `kind`; `epoch` counts its edits, so that late workers of an
    older one lose. `time_zone` (an IANA name) says what day "today" is, `currency` in what amounts are compared beside
    which the rules name none (None: as they are), `types` as what custom fields were read when the rules were saved.

    `include_closed`: groups take open deals unless told otherwise. `connections` are those it draws from; empty: all.
    A removal of more than `hold_people`, or of more than `hold_percent` of the channel, is held until it is approved.
    `owns_channel`: the chat app may also put out whom the group never brought.
    """

    id: str
    workspace: str
    name: str
    channel: str
    rules: Mapping[str, Json]
    kind: Kind = Kind.DEAL
    time_zone: str = "UTC"
    currency: str | None = None
    types: Mapping[str, Type] = field(default_factory=dict)
    members: Members = Members.CONTACTS
    include_closed: bool = False
    connections: tuple[str, ...] = ()
    epoch: int = 1
    created_by: str = ""
    created_at: datetime
    paused: bool = False
    hold_people: int = 20
    hold_percent: int = 50
    owns_channel: bool = False
    version: int = 0


def predicate_of(group: Group) -> Predicate:
    """Raises Invalid for rules that were saved by a newer version of ours."""
    schema = schema_of_types(group.types)
    return compile_predicate(group.rules, kind=group.kind, schema=schema, currency=group.currency, saved=True)


class Override(StrEnum):
    """What a person said of another, whatever the rules say."""

    PINNED = "pinned"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Support:
    """One record's reason for one person to be in one group. `person` is a case-folded e-mail; `proof` says why.

    `left_out` says why it brings nobody: `person` is then a contact (`contacts/12`) or an owner (`owner 7`) of the
    record, who is listed and never wanted."""

    group: str
    person: str
    record: RecordKey
    epoch: int
    proof: Mapping[str, Json] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The wanted state of (group, person). `sequence` rises with every change of `wanted`; the chat app keeps the
    highest it has seen. `delivered` is the last sequence the chat app acknowledged. An `override`
    wins over the rules."""

    group: str
    person: str
    wanted: str = "out"
    sequence: int = 0
    delivered: int = 0
    dirty: int = 0
    settled: int = 0
    since: datetime | None = None
    user: str | None = None
    supports: int = 0
    override: Override | None = None
    override_by: str = ""
    override_at: datetime | None = None

    @property
    def is_undecided(self) -> bool:
        """Something has touched it, and nobody has worked out yet what follows."""
        return self.dirty > self.settled


@dataclass(frozen=True, slots=True)
class Moved:
    """One change of the wanted state of a member, and why; never changed afterwards."""

    person: str
    sequence: int
    wanted: str
    at: datetime
    supports: int
    user: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What one record supports. `version` guards the next change; `groups_version` names the list of groups that it
    was decided with. `wakes_at`: when it is looked at again because of the passing of time."""

    supports: tuple[Support, ...] = ()
    groups_version: int = 0
    version: int = 0
    wakes_at: datetime | None = None


def person_of(email: str) -> str:
    """People are their e-mails, trimmed and case-folded."""
    return email.strip().casefold()
