"""What a CRM tells us happened, why a record of ours changed, and the HTTP POST that told us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crmbridge.domain.records import Json, Kind, Link, RecordKey, State


class Origin(StrEnum):
    BACKFILL = "backfill"
    INCREMENTAL = "incremental"
    WEBHOOK = "webhook"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a record was written; every write carries one. Rules never fire on backfill, and `hops` cuts loops."""

    origin: Origin
    action: str | None = None
    rule: str | None = None
    hops: int = 0


class What(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    MERGED = "merged"
    CONVERTED = "converted"
    RESTORED = "restored"
    LINKED = "linked"
    RESYNC = "resync"
    """`external_id` is None: read the whole object again."""
    NAMED = "named"
    """Something that records name: a stage, a pipeline, a user. Directories are loaded again."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event of a delivery, in our words; unknown events survive as `Change(what="unknown")`.

    `account` is the platform's own account id. `fields` are the remote names and values the event itself carries (a
    hint, never the truth); `full` says that the event carried the whole record in `fields`. `losers` are ids that a
    merge swallowed, `successor` the id that lives on, of `successor_object` where that is another one (a conversion).
    """

    what: What | str
    kind: Kind | None = None
    object: str | None = None
    external_id: str | None = None
    account: str | None = None
    event_id: str | None = None
    occurred_at: datetime | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)
    link: Link | None = None
    successor: str | None = None
    successor_object: str | None = None
    losers: tuple[str, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP POST from a CRM. `url` is built from the configured public base, never from the Host header;
    `headers` are lower-cased; `body` is the raw bytes that signatures cover."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """Untrusted routing facts of a delivery, read before it is verified."""

    accounts: frozenset[str] = frozenset()
    channel: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class WebhookSecret:
    """What a delivery must prove; several values allow rotation. Has no repr: it must not reach a log."""

    values: tuple[str, ...]
    user: str | None = None
    account: str | None = None
    channels: frozenset[str] = frozenset()
    public_url: str | None = None
    allow_v1: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """What a CRM wants to hear back."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordMoved:
    """A record's item was written, as the stream showed it. A state is None where there is no item on that side;
    `parts` are those whose fingerprint changed. `kind_before` differs where a to-do became a call. `id` is the same
    however often the stream shows it; `fields` are the names that have another value, the CRM's own as
    `custom_fields.<name>`, and empty for what a full run brought. `before` and `after` are the item itself, as it is
    stored; empty where there is none."""

    key: RecordKey
    kind: Kind
    state_before: State | None
    state: State | None
    cause: Cause
    parts: tuple[str, ...] = ()
    kind_before: Kind | None = None
    id: str = ""
    fields: tuple[str, ...] = ()
    before: Mapping[str, Json] = field(default_factory=dict, compare=False, repr=False)
    after: Mapping[str, Json] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_news(self) -> bool:
        return bool(self.parts) or self.state_before is not self.state


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Another record links to this one no more; nothing that is stored says so any longer."""

    key: RecordKey


@dataclass(frozen=True, slots=True)
class MemberMoved:
    """Somebody's supports in a group were touched: the wanted state must be decided anew, or delivered."""

    workspace: str
    group: str
    person: str
