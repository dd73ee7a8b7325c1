"""A chat channel whose members follow a predicate over records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crmbridge.domain.records import Json, RecordKey


class Members(StrEnum):
    """Whom a matching record brings."""

    CONTACTS = "contacts"
    OWNER = "owner"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`rules` is the predicate as saved; `epoch` counts its edits, so that late workers of an older one lose.

    `include_closed`: groups take open deals unless told otherwise. `connections` are those it draws from; empty: all.
    """

    id: str
    workspace: str
    name: str
    channel: str
    rules: Mapping[str, Json]
    members: Members = Members.CONTACTS
    include_closed: bool = False
    connections: tuple[str, ...] = ()
    epoch: int = 1
    created_by: str = ""
    created_at: datetime
    evaluated_at: datetime | None = None
    paused: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Support:
    """One record's reason for one person to be in one group. `person` is a case-folded e-mail; `proof` says why."""

    group: str
    person: str
    record: RecordKey
    epoch: int
    proof: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The wanted state of (group, person). `sequence` rises with every change of `wanted`; the chat app keeps the
    highest it has seen. `delivered` is the last sequence the chat app acknowledged."""

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


@dataclass(frozen=True, slots=True)
class Held:
    """What one record supports. `version` guards the next change; `groups_version` names the list of groups that it
    was decided with."""

    supports: tuple[Support, ...] = ()
    groups_version: int = 0
    version: int = 0
