"""What a platform is: a frozen value made of data and small functions. Nobody else asks which CRM this is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from crmbridge.domain.budgets import Pool, Slots
from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import Account, AppCredentials, Identity, TokenSet
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import PlatformError
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Json, Kind, Link, Record
from crmbridge.platforms.channels import ChannelRequest, ChannelSpec
from crmbridge.platforms.http import Api, Explain
from crmbridge.platforms.listening import WebhookSpec
from crmbridge.platforms.object_spec import ObjectSpec
from crmbridge.platforms.questions import QuerySpec
from crmbridge.platforms.ways import AskTokens, Input, Way, bearer, token_way

LIMIT_SECONDS: Final = 900.0
"""The longest of what the four say about themselves are Salesforce's ten minutes for a request; the others say nothing.
Half as long again, for the way."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission and what breaks without it."""

    name: str
    why: str
    kinds: tuple[Kind, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class OAuthSpec:
    """The constants and small functions of one OAuth dance; the dance itself is written once in `platforms.oauth`."""

    authorize_path: str
    token_path: str
    scopes: tuple[Scope, ...]
    read_tokens: Callable[[Json, datetime], TokenSet]
    """Turn the token endpoint's JSON into tokens; must survive absent optional fields."""
    revoke: Callable[[Api, TokenSet, AppCredentials], None]
    scope_separator: str = " "
    optional_scope_parameter: str = ""
    """Where the CRM wants scopes that an install may go without; empty: with the others."""
    token_on_api: bool = False
    """The token endpoint lives on the API's host, not on the host of the consent page."""
    pkce: bool = False
    basic_auth: bool = False
    refresh_early_seconds: int = 300
    sends_scopes: bool = True
    """False: the app has them fixed, and the consent page is not asked for any."""
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    token_extra: Mapping[str, str] = field(default_factory=dict)
    """Constant parameters of the consent page and of every token request."""
    login_hosts: Mapping[str, str] = field(default_factory=dict)
    """Name -> URL of other places to log in (sandbox, data centres); an admin may choose one at the start."""
    login_pattern: str = ""
    """Other hosts that may be chosen or answered with, matched in full (a customer's own domain). Our client secret is
    posted there: let in nothing that somebody else could register."""
    callback_host: str = ""
    """The parameter of the callback that names the login host which the code is good at."""
    refusal: Callable[[int, Mapping[str, Json]], str] = lambda _status, _body: ""
    """What an error of the token endpoint means: gone, app, busy; empty: by the usual words."""
    uninstalled: Callable[[Delivery, AppCredentials], str] | None = None
    """Proves a DELETE on the callback that tells of an uninstallation, and returns the account it is about."""
    busy_seconds: float = 10.0
    """How long a token endpoint that wants fewer requests is left alone, where its answer does not say."""
    idle_days: int | None = None
    """After so many days without a refresh the CRM forgets a refresh token; it is used well before."""


@dataclass(frozen=True, slots=True)
class Window:
    """Half open: start <= modified < end."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """`cursor` is what the last page of this step returned, empty at the beginning; `window` None asks for everything.

    `step` is one of the object's listings or changes."""

    object: str
    directories: Directories
    step: str = "list"
    cursor: Mapping[str, Json] = field(default_factory=dict)
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next` None: this was the last page. `total` when the CRM says how many there are.

    `wait_seconds`: there is nothing yet (a bulk job is at work); the task waits as a row, then goes on with `next`.
    `indexed`: the fields come out of a search index, or out of a snapshot made some time ago, and prove only how a
    record was at its own date. `read_started_at`: when that snapshot was ordered; None: when this page was asked for.
    """

    seen: Sequence[Sighting]
    next: Mapping[str, Json] | None
    total: int | None = None
    wait_seconds: float = 0.0
    indexed: bool = False
    read_started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """One action, ready for a CRM: our field names, ISO text for dates, numbers as Decimal or text.

    `key` is carried by the write so that `look_up` can find it again (its short form, `ref 4F7K2Q`, where only a text
    field can hold it). `external_id` is set for updates. `asked_at` stands in for a date that the CRM insists on.
    """

    type: str
    kind: Kind
    fields: Mapping[str, Json]
    custom_fields: Mapping[str, Json] = field(default_factory=dict)
    object: str
    external_id: str | None = None
    links: tuple[Link, ...] = ()
    key: str
    directories: Directories
    asked_at: datetime
    timeout: float = 20.0


@dataclass(frozen=True, slots=True)
class Written:
    """What the CRM answered: the object's id, and the record as read back where the answer holds *all* of it."""

    object: str
    external_id: str
    seen: Sighting | None = None


class ReadFunction(Protocol):
    def __call__(
        self,
        kind: Kind | str,
        raw: Json,
        context: ReadContext | None = None,
        *,
        object: str | None = None,
        links: Mapping[str, tuple[Link, ...]] | None = None,
    ) -> Record:
        """Pure; never raises on odd values; works without context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Creates of one object that the CRM takes in one call. `send` answers each for itself, in their order; what it
    raises befell all of them, and a Rejected says that none was written. `takes`: this one can go along."""

    send: Callable[[Api, Sequence[WriteRequest]], Sequence[Written | PlatformError]]
    takes: Callable[[WriteRequest], bool] = lambda _: True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """How one action type is written, and how its outcome is looked up by an unlagged key.

    `look_up` returns what the key (or the id) finds, or None; where a create takes several writes, it sends those that
    are missing. `unique_key`: the CRM itself refuses the key a second
    time, so that sending again after None can never write twice; False where only a marker in a text can be found.
    `limit_seconds` is how long after our timeout a request may still land, `lag_seconds` how far what `look_up` asks
    lags behind. `object_for` chooses among several objects of the kind by the fields of the request (a lead or a
    contact, by its lifecycle); of an update, the target decides.
    """

    object: str
    send: Callable[[Api, WriteRequest], Written]
    look_up: Callable[[Api, WriteRequest], Written | None]
    unique_key: Callable[[Directories], bool]
    lag_seconds: float = 0.0
    limit_seconds: float = LIMIT_SECONDS
    copies: Callable[[Api, WriteRequest], Sequence[Written]] = lambda _api, _request: ()
    """Everything that carries the marker of a create: more than one where a request too many has landed."""
    is_traceable: Callable[[WriteRequest], bool] = lambda _: True
    """False: nothing would tell that this create was done, so that not to find it says nothing."""
    object_for: Callable[[Mapping[str, Json]], str] | None = None
    check: Callable[[WriteRequest], None] = lambda _: None
    """Raises Rejected with what the CRM cannot take, under our names; asks nobody. Called before anything is promised,
    as far as the account's directories are known."""
    pack: Pack | None = None
    """Where several that have waited may go together; None: one by one."""

    def made(self, fields: Mapping[str, Json]) -> str:
        """The object that a create with these fields makes."""
        return self.object_for(fields) if self.object_for else self.object


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One CRM."""

    name: str
    title: str
    description: str
    logo: str
    auth: tuple[str, ...]
    api_url: str
    auth_url: str
    oauth: OAuthSpec
    objects: Mapping[str, ObjectSpec]
    """Those we keep."""
    webhook: WebhookSpec
    pools: tuple[Pool, ...]
    explain: Explain
    read: ReadFunction
    identify: Callable[[Api, TokenSet], Identity]
    """The connection test: who, where, which scopes, what is left of the quota."""
    load_directories: Callable[[Api], Directories]
    """Names: loaded with every full run, when they are older than `names_age`, when the CRM tells of a change to them,
    and when a record that has changed names what they do not know."""
    page: Callable[[Api, PageRequest], Page]
    fetch: Callable[[Api, str, Sequence[str], Directories], list[Sighting]]
    """Re-read (object, ids) in batches; every id asked for is answered, a vanished one as archived, merged, hidden."""
    record_url: Callable[[Account, str, str], str]
    actions: Mapping[str, ActionSpec]
    prepare: Callable[[Api, Directories], Mapping[str, str]]
    """Once at connect: create what later writes need (a unique key property); returns facts to keep."""
    find: Callable[[Api, str, str, Directories], list[Sighting]]
    """Live look-up of (object, e-mail)."""
    query: QuerySpec | None = None
    """Read-only questions in the CRM's own language."""
    incremental_lag_seconds: int = 90
    overlap_seconds: int = 300
    slots: tuple[Slots, ...] = ()
    """How many requests may be under way at the same time."""
    channels: ChannelSpec | None = None
    """How deliveries to one connection are subscribed to; None: the CRM delivers to one address for the whole app."""
    ways: Mapping[str, Way] = field(default_factory=dict)
    """The names in `auth` besides oauth."""
    linked_only: Mapping[str, str] = field(default_factory=dict)
    """Objects that we keep no records of, though links to them are read and written -> the scope that it takes."""
    names_age: timedelta = timedelta(hours=1)
    """A renamed stage arrives within this time and one incremental run."""
    told_fields: str = ""
    """A pattern, matched in full: keys of fields that a record shows though nobody asked for them by name, so that one
    which no directory knows is a new one."""
    page_url: Callable[[str], str] = lambda url: url
    """An address as people copy it from their browser -> as `record_url` makes it."""
    headers: Callable[[str, str], Mapping[str, str]] = bearer
    """(one of `auth`, token) -> the headers that carry it."""


__all__ = [
    "ActionSpec",
    "Api",
    "AppCredentials",
    "AskTokens",
    "ChannelRequest",
    "ChannelSpec",
    "Input",
    "OAuthSpec",
    "ObjectSpec",
    "Pack",
    "Page",
    "PageRequest",
    "Platform",
    "Pool",
    "QuerySpec",
    "Scope",
    "Slots",
    "Way",
    "WebhookSpec",
    "Window",
    "WriteRequest",
    "Written",
    "bearer",
    "token_way",
]
