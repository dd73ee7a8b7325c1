"""A workspace's authorised link to one CRM account, and what it may be set to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from crmbridge.domain.records import Json, Type


class Health(StrEnum):
    """`needs_reconnect`: the authorisation is gone; nothing is asked of the CRM until an admin reconnects."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs_reconnect"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an admin may set. `frequency` is how often an incremental run is due; `full_every` how often a full one.

    `filters` are rules per kind: what they leave out is not kept. `filter_types` and `filter_currency` are what they
    were read with, as those of a smart group."""

    direction: str = "both"
    frequency: timedelta = timedelta(minutes=15)
    full_every: timedelta = timedelta(days=1)
    kinds: tuple[str, ...] = ("contact", "company", "deal", "task", "activity")
    filters: Mapping[str, Json] = field(default_factory=dict)
    filter_types: Mapping[str, Type] = field(default_factory=dict)
    filter_currency: str | None = None
    conflict_strategy: str = "crm_wins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`account` is the platform's own account id; `base_url` is where its API lives; `scopes` are those granted.

    `tend_due_at` is when its channel is looked after, `kept_alive_at` when its refresh token was last used on purpose.
    `names_loaded_at` is when its directories were loaded last; None: they are due, whatever their age.
    `shortened` names some of its records (`object/id`) that are too large to be stored whole, so that they were cut.
    `watermarks` maps an object to the ISO instant up to which incremental runs have stored it. `version` counts
    writes and guards every update. `forget_at`: a disconnected one is kept until then, for nobody to see.
    """

    id: str
    workspace: str
    platform: str
    account: str
    display_name: str
    auth: str
    base_url: str
    scopes: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    health: Health = Health.CONNECTED
    health_note: str = ""
    created_at: datetime
    created_by: str
    user: str = ""
    full_due_at: datetime | None = None
    incremental_due_at: datetime | None = None
    tend_due_at: datetime | None = None
    kept_alive_at: datetime | None = None
    names_loaded_at: datetime | None = None
    active_run: str | None = None
    shortened: tuple[str, ...] = ()
    forget_at: datetime | None = None
    watermarks: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TokenSet:
    """What the CRM gave us to act with. `expires_at` None means that it does not expire; where the CRM does not say, a
    guess of the platform's stands there. Has no repr on purpose.

    `base_url` is where this account's API lives, `auth_url` where its tokens are refreshed and revoked; empty: where
    the platform's do. `given` is what an admin gave instead of a consent, as far as renewing needs it.
    """

    access_token: str
    refresh_token: str = ""
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    base_url: str = ""
    account: str = ""
    auth_url: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A connect dance in flight: single use, bound to the caller who began it."""

    state: str
    workspace: str
    user: str
    platform: str
    scopes: tuple[str, ...]
    return_url: str
    expires_at: datetime
    reconnect: str | None = None
    verifier: str = ""
    auth_url: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Facts of a CRM account that readers need. `time_zone` is an IANA name; `ui_url` the base of record links."""

    id: str
    currency: str | None = None
    multi_currency: bool = False
    time_zone: str = "UTC"
    ui_url: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for, as the CRM itself says. `quota` maps a pool to (left, limit) where the CRM tells."""

    account: Account
    user: str = ""
    scopes: tuple[str, ...] = ()
    quota: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, from a verified token or key. A `rule` of theirs may ask for them; `hops` counts the rules in a
    row by then."""

    workspace: str
    user: str
    role: str
    email: str = ""
    rule: str | None = None
    hops: int = 0

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


@dataclass(frozen=True, slots=True, repr=False)
class AppCredentials:
    """Our app, as registered with one CRM. `auth_url` and `api_url` override the CRM's own hosts (simulators);
    `hosts`, separated by spaces, are other login hosts that may be trusted then. `client_secrets`: of the login hosts,
    by name, at which the app has another secret than `client_secret`.
    `webhook_secret`: one or, while it is rotated, several, separated by spaces; empty: the client secret.
    `webhook_signatures`: the versions that are accepted."""

    client_id: str
    client_secret: str
    app_id: str = ""
    auth_url: str = ""
    api_url: str = ""
    webhook_secret: str = ""
    hosts: str = ""
    client_secrets: Mapping[str, str] = field(default_factory=dict)
    webhook_signatures: str = "v3"


@dataclass(frozen=True, slots=True, repr=False)
class HeldTokens:
    """`version` names the secret version that holds the tokens and fences the next save."""

    version: str
    tokens: TokenSet
