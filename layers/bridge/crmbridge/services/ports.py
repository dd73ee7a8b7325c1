"""What the use cases need from the world. Storage keeps these promises twice: in DynamoDB and in memory."""

from __future__ import annotations  # see below

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:  # everything imports this file; the doors that answer at once do not pay for what others need
    import requests

    from crmbridge.domain.actions import Action
    from crmbridge.domain.budgets import Pool, Slots
    from crmbridge.domain.channels import Door
    from crmbridge.domain.connections import AppCredentials, Connection, HeldTokens, Pending, TokenSet
    from crmbridge.domain.directories import Directories
    from crmbridge.domain.installations import Installation
    from crmbridge.domain.merging import Head, RecordWrite
    from crmbridge.domain.messages import Message
    from crmbridge.domain.records import Json, Kind, RecordKey
    from crmbridge.domain.runs import Run, Task
    from crmbridge.domain.stored import PageOf, Stored
    from crmbridge.domain.workspaces import Endpoint
    from crmbridge.platforms.http import Gate
    from crmbridge.platforms.listening import WebhookSpec
    from crmbridge.platforms.spec import Platform
    from crmbridge.services.group_ports import Groups, Memberships
    from crmbridge.services.rule_ports import Firings, Occasions, Rules
    from crmbridge.services.slack.ports import Installations
    from crmbridge.services.workspace_ports import Outbound, Sidepanels, Templates, Workspaces

T = TypeVar("T")
MAX_GROUPS = 1000
MAX_RULES = 100

Clock = Callable[[], datetime]
"""Aware UTC."""
NewId = Callable[[], str]
"""A ULID: sortable by time, unique."""


class Begin(Protocol):
    def __call__(self, call: Callable[[], T]) -> Callable[[], T]:
        """Return what waits for the result, or raises what the call raised."""


def in_its_turn(call: Callable[[], T]) -> Callable[[], T]:
    """Nothing is begun before its result is asked for."""
    return call


class Records(Protocol):
    def heads(self, keys: Sequence[RecordKey], targets: Collection[str] | None = None) -> Mapping[RecordKey, Head]:
        """What is known of each; unknown keys are missing. Of links only those to `targets` (None: all, which reads
        whole records)."""

    def write(self, writes: Sequence[RecordWrite]) -> Sequence[RecordKey]:
        """Write each record with its edges, all or nothing per record; returns the keys whose expectation failed.

        Raises TooLarge with the `keys` that no item can hold, after the others were written or `refused`."""

    def get(self, key: RecordKey) -> Stored | None: ...

    def get_many(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, Stored]: ...

    def linked(self, key: RecordKey, object: str, *, limit: int | None = None) -> Sequence[str]:
        """Ids of `object` records that own a link to this one (a company's contacts): the reverse edges, all of them
        or the first so many."""

    def ids(
        self, workspace: str, connection: str, object: str, shard: int, after: str = ""
    ) -> Iterator[tuple[str, str]]:
        """(external id, state) of one shard of 16, in the store's order, beyond the id `after`."""

    def scan(self, workspace: str, connection: str, object: str, shard: int) -> Iterator[Stored]: ...

    def page(
        self, workspace: str, connection: str, object: str, *, limit: int, cursor: str | None
    ) -> PageOf[Stored]: ...

    def by_email(self, workspace: str, email: str) -> Sequence[Stored]: ...

    def by_name(self, workspace: str, kind: Kind, prefix: str, *, limit: int, cursor: str | None) -> PageOf[Stored]: ...

    def forget(self, workspace: str, connection: str, *, limit: int) -> int:
        """Delete up to so many of the items that a connection's records and their edges are; 0: none are left."""


class Connections(Protocol):
    """A disconnected one is there for nobody but who cleans up behind it."""

    def get(self, workspace: str, id: str) -> Connection:
        """Raises NotFound, for a foreign or disconnected one as for an unknown one."""

    def list(self, workspace: str) -> Sequence[Connection]: ...

    def of_account(self, platform: str, account: str) -> Sequence[Connection]:
        """Connections of every workspace that share one account."""

    def disconnected(self, workspace: str, id: str) -> Connection | None: ...

    def due(self, now: datetime) -> Sequence[Connection]:
        """Disconnected ones, too."""

    def add(self, connection: Connection) -> None: ...

    def save(self, connection: Connection) -> Connection:
        """Conditional on `version`; returns it with the next one. Raises Stale."""

    def delete(self, connection: Connection) -> None: ...

    def door(self, workspace: str, id: str) -> Door | None:
        """Where deliveries to this connection are let in. One read; nothing else is needed to prove one."""

    def save_door(self, door: Door) -> None: ...

    def directories(self, workspace: str, id: str) -> Directories | None: ...

    def save_directories(self, workspace: str, id: str, directories: Directories) -> None: ...


class TokenVault(Protocol):
    """One secret per connection."""

    def read(self, connection: Connection) -> HeldTokens: ...

    def create(self, connection: Connection, tokens: TokenSet) -> None:
        """Also replaces what an earlier connection of that id left behind."""

    def replace(self, connection: Connection, held: HeldTokens, tokens: TokenSet) -> HeldTokens:
        """A new version under a private stage, made current only if `held.version` still is. Raises Stale."""

    def previous(self, connection: Connection) -> HeldTokens | None: ...

    def delete(self, connection: Connection) -> None: ...

    def app(self, platform: str) -> AppCredentials:
        """Our app's credentials with that CRM; raises Misconfigured naming the secret."""

    def bot_token(self, installation: Installation) -> str | None:
        """Of our bot in a Slack team; None when it was taken back."""

    def keep_bot_token(self, workspace: str, token: str) -> None: ...

    def forget_bot_token(self, workspace: str) -> None: ...

    def signing_secrets(self, workspace: str, now: datetime) -> Sequence[str]:
        """The Standard Webhooks secrets (`whsec_...`) shared with the workspace's chat app, the current one first;
        for a while after a rotation the one before, too. Made when missing."""

    def rotate_signing_secret(self, workspace: str, now: datetime, grace: timedelta) -> str:
        """A new current one; that of before signs, too, until `grace` is over. Raises Stale when two rotate at once."""


class Guards(Protocol):
    def acquire(self, name: str, holder: str, ttl: timedelta) -> bool:
        """A lease: one holder until it releases or the time is over."""

    def release(self, name: str, holder: str) -> None: ...

    def held_until(self, name: str) -> datetime | None:
        """When the lease ends that somebody holds now."""

    def issue(self, pending: Pending) -> None: ...

    def consume(self, state: str) -> Pending | None:
        """One atomic delete: of two callbacks with one state, one gets it. Expired (by `now`, not by TTL) is None."""

    def budget(self, scope: str, pools: Sequence[Pool], lane: str, slots: Sequence[Slots] = ()) -> Gate:
        """The shared budget of one account and app, seen from one lane (click, webhook, incremental, full)."""

    def usage(self, scope: str, pools: Sequence[Pool]) -> Mapping[str, Mapping[str, float]]:
        """Per pool: left, limit, seconds until it is full again. Without those whose limit nobody has stated."""


class Journal(Protocol):
    def add_run(self, run: Run, tasks: Sequence[Task]) -> None: ...

    def run(self, workspace: str, id: str) -> Run: ...

    def runs(self, workspace: str, connection: str, *, limit: int, cursor: str | None) -> PageOf[Run]: ...

    def finish_run(self, run: Run) -> bool:
        """Only while it is stored as running: True for the one call that ended it."""

    def set_totals(self, workspace: str, run: str, totals: Mapping[str, int]) -> None: ...

    def tasks(self, workspace: str, run: str) -> Sequence[Task]: ...

    def claim(self, workspace: str, task: str, until: datetime, now: datetime) -> Task | None:
        """Take the lease, one fence higher; None when somebody holds it or the task is over."""

    def checkpoint(self, task: Task, *, release: bool = False, listed: Sequence[str] = ()) -> None:
        """Save cursor, counts and status, and with them the ids that its last page of a full listing showed, for the
        sweep; raises Stale when the fence has moved on."""

    def due_tasks(self, now: datetime) -> Sequence[Task]:
        """Running tasks whose lease ran out or whose `next_attempt_at` has come: what the schedule rings again."""

    def noted_ids(self, workspace: str, task: str) -> set[str]: ...

    def log_delivery(self, workspace: str, connection: str, delivery: str, body: Mapping[str, Json]) -> bool:
        """One connection's slice of a delivery; False when it was logged before (it is applied again all the same)."""

    def deliveries(self, workspace: str, connection: str, *, limit: int) -> Sequence[Mapping[str, Json]]: ...

    def audit(self, workspace: str, what: str, who: str, detail: Mapping[str, Json]) -> None: ...


class Actions(Protocol):
    def claim(self, action: Action) -> tuple[Action, bool]:
        """Put if new. (the action, True), or (the one that is there, False)."""

    def get(self, workspace: str, id: str) -> Action: ...

    def save(self, action: Action) -> Action:
        """Conditional on `version`; raises Stale."""

    def of_chat(self, workspace: str, chat: str, *, limit: int, cursor: str | None) -> PageOf[Action]: ...

    def of_record(self, key: RecordKey, *, limit: int) -> Sequence[Action]:
        """The newest actions that change this record or name it in their links; consistently, so that what was
        asked for is there at once."""

    def hand_on(self, key: RecordKey, heir: RecordKey, *, limit: int) -> None:
        """The newest actions of a record that was merged are the heir's, too. Handing on again changes nothing."""

    def next_sequence(self, key: RecordKey) -> int:
        """Per-record order: rises by one for every update asked for."""

    def last_sequence(self, key: RecordKey, fields: Iterable[str]) -> int:
        """The highest sequence that was completed for any of these fields of the record."""

    def complete_sequence(self, key: RecordKey, sequence: int, fields: Iterable[str]) -> None: ...

    def due(self, now: datetime) -> Sequence[Action]: ...


class Queue(Protocol):
    """Messages are doorbells: an id, and what saves a read. A body too large is parked and pointed to."""

    def send(self, *messages: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class Queues:
    deliveries: Queue
    pages: Queue
    groups: Queue
    actions: Queue
    chat: Queue
    rules: Queue


class ChatDoor(Protocol):
    """How events reach a chat app's signed endpoint; raises ChatError."""

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Mapping[str, Json]) -> None:
        """Signed with each of the secrets."""


def registered_platform(name: str) -> Platform:
    """The registry knows every CRM, so it is imported when one is asked for."""
    from crmbridge.platforms.registry import platform

    return platform(name)


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything a use case may ask for, chosen once in `wiring`."""

    now: Clock
    new_id: NewId
    sleep: Callable[[float], None]
    records: Records
    connections: Connections
    vault: TokenVault
    guards: Guards
    journal: Journal
    actions: Actions
    groups: Groups
    memberships: Memberships
    rules: Rules
    occasions: Occasions
    firings: Firings
    workspaces: Workspaces
    outbound: Outbound
    sidepanels: Sidepanels
    templates: Templates
    installations: Installations
    queues: Queues
    chat: ChatDoor
    http: requests.Session
    public_url: str
    return_urls: tuple[str, ...] = ()
    platform: Callable[[str], Platform] = registered_platform
    """Raises NotFound, naming the platforms there are."""
    sync_lag_seconds: float | None = None
    """Overrides how far a platform's incremental windows stay behind the clock."""
    max_groups: int = MAX_GROUPS
    """Smart groups that one workspace may have."""
    max_rules: int = MAX_RULES
    begin: Begin = in_its_turn
    """Begins a call that may go on beside what follows."""

    def webhook(self, platform: str) -> WebhookSpec:
        """What proves that platform's deliveries; raises NotFound like `platform`."""
        return self.platform(platform).webhook
