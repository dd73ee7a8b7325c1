"""The tokens of the app: who let it in where, with which scopes, until when."""

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.zoho.centres import Centre
from local.simulators.zoho.errors import invalid_token, no_authentication
from local.simulators.zoho.options import Settings
from local.simulators.zoho.org import Org

WINDOW_SECONDS = 600.0
EVERYTHING = ("ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.users.ALL", "ZohoCRM.org.ALL",
              "ZohoCRM.coql.READ", "ZohoCRM.bulk.ALL", "ZohoCRM.notifications.ALL")  # fmt: skip


class Throttled(Exception):
    """Too many tokens in too short a time; the grant itself is fine."""


@dataclass(frozen=True, slots=True)
class Code:
    """`redirect_uri` None: a grant code of a self client."""

    org: Org
    user_id: str
    redirect_uri: str | None
    scopes: tuple[str, ...]
    offline: bool
    expires: float


@dataclass(slots=True)
class Grant:
    """A refresh token: it never expires and never changes. `issued` are the access tokens of the current window."""

    refresh_token: str
    org: Org
    user_id: str
    scopes: tuple[str, ...]
    issued: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class Access:
    """`expires` None: the long-lived token of a test."""

    token: str
    org: Org
    user_id: str
    scopes: tuple[str, ...]
    expires: float | None = None
    grant: Grant | None = None

    def allows(self, group: str, name: str, verb: str) -> bool:
        """`ZohoCRM.modules.contacts.READ` is also granted by `.contacts.ALL`, `.modules.READ` and `.modules.ALL`."""
        held = {each.lower() for each in self.scopes}
        paths = [f"zohocrm.{group}", *([f"zohocrm.{group}.{name}"] if name else [])]
        return any(f"{path}.{each}".lower() in held for path in paths for each in (verb, "all"))


@dataclass(slots=True)
class Tokens:
    clock: Clock
    settings: Settings
    seed: int
    codes: dict[str, Code] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    accesses: dict[str, Access] = field(default_factory=dict)
    _granted: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _made: int = 0

    def add_lasting(self, token: str, org: Org, scopes: Iterable[str]) -> None:
        self.accesses[token] = Access(token, org, org.me().id, tuple(scopes) or EVERYTHING)

    def access_for(self, authorization: str | None, centre: Centre | None) -> Access:
        """The live token of a request. One of another data centre is as good as none."""
        scheme, _, token = (authorization or "").partition(" ")
        if not token or scheme.lower() not in {"zoho-oauthtoken", "bearer"}:
            raise no_authentication()
        access = self.accesses.get(token)
        if access is None or (scheme.lower() == "bearer" and not self.settings.bearer_works):
            raise invalid_token()
        if access.expires is not None and access.expires <= self.clock.now():
            raise invalid_token()
        user = access.org.users[access.user_id]
        if user.status != "active" or centre not in (None, access.org.facts.centre):
            raise invalid_token()
        return access

    def approve(self, org: Org, user_id: str, redirect_uri: str | None, scopes: Iterable[str], *, offline: bool) -> str:
        code = self._new("code")
        expires = self.clock.now() + self.settings.code_seconds
        self.codes[code] = Code(org, user_id, redirect_uri, tuple(scopes), offline, expires)
        return code

    def has_grant(self, org: Org, user_id: str) -> bool:
        return any(each.org is org and each.user_id == user_id for each in self.grants.values())

    def take_code(self, code: str) -> Code | None:
        """A code works once."""
        found = self.codes.pop(code, None)
        return found if found and found.expires > self.clock.now() else None

    def grant(self, code: Code) -> Grant:
        """A further refresh token of the same user; the twenty-first ends the oldest without a word."""
        key, now = (code.org.facts.id, code.user_id), self.clock.now()
        recent = self._granted.setdefault(key, deque())
        _forget(recent, now - 60)
        if len(recent) >= self.settings.refresh_tokens_per_minute:
            raise Throttled
        recent.append(now)
        held = [each for each in self.grants.values() if (each.org.facts.id, each.user_id) == key]
        for old in held[: max(0, len(held) + 1 - self.settings.max_refresh_tokens)]:
            self.revoke(old.refresh_token)
        grant = Grant(self._new("refresh"), code.org, code.user_id, code.scopes)
        self.grants[grant.refresh_token] = grant
        return grant

    def issue(self, code: Code) -> Access:
        """An access token without a refresh token behind it."""
        return self._access(code.org, code.user_id, code.scopes, None)

    def refresh(self, grant: Grant) -> Access:
        now = self.clock.now()
        if grant.issued and grant.issued[0] <= now - WINDOW_SECONDS:
            grant.issued.clear()
        if len(grant.issued) >= self.settings.tokens_per_window:
            raise Throttled
        grant.issued.append(now)
        live = [each for each in self.accesses.values() if each.grant is grant and (each.expires or 0) > now]
        for old in live[: max(0, len(live) + 1 - self.settings.max_access_tokens)]:
            del self.accesses[old.token]
        return self._access(grant.org, grant.user_id, grant.scopes, grant)

    def revoke(self, token: str) -> bool:
        """A refresh token takes its access tokens with it."""
        grant = self.grants.pop(token, None)
        self.accesses = {
            name: each
            for name, each in self.accesses.items()
            if name != token and (not grant or each.grant is not grant)
        }
        return grant is not None

    def revoke_all(self, org: Org) -> None:
        self.grants = {name: each for name, each in self.grants.items() if each.org is not org}
        self.accesses = {name: each for name, each in self.accesses.items() if each.org is not org}

    def uninstall(self, org: Org) -> None:
        self.grants = {name: each for name, each in self.grants.items() if each.org is not org}
        self.accesses = {
            name: each for name, each in self.accesses.items() if each.org is not org or each.expires is None
        }

    def expire(self, org: Org | None = None, token: str | None = None) -> int:
        due = [
            each for each in self.accesses.values()
            if each.expires is not None and org in (None, each.org) and token in (None, each.token)
        ]  # fmt: skip
        for access in due:
            access.expires = self.clock.now() - 1
        return len(due)

    def is_let_in(self, org: Org, user_id: str) -> bool:
        """Whether the app may still act for this user: what a notification channel depends on."""
        lasting = any(each.expires is None and each.org is org and each.user_id == user_id
                      for each in self.accesses.values())  # fmt: skip
        return lasting or self.has_grant(org, user_id)

    def _access(self, org: Org, user_id: str, scopes: tuple[str, ...], grant: Grant | None) -> Access:
        token, expires = self._new("access"), self.clock.now() + self.settings.token_seconds
        self.accesses[token] = Access(token, org, user_id, scopes, expires, grant)
        return self.accesses[token]

    def _new(self, purpose: str) -> str:
        """As `1000.<32 hex>.<32 hex>`."""
        self._made += 1
        digest = hashlib.sha256(f"{self.seed}:{purpose}:{self._made}".encode()).hexdigest()
        return f"1000.{digest[:32]}.{digest[32:]}"


def _forget(moments: deque[float], before: float) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
