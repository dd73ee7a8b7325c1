"""Access tokens, refresh tokens and API tokens: who may do what in which company, until when."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import unauthorized
from local.simulators.pipedrive.options import Settings
from local.simulators.pipedrive.times import DAY

CODE_SECONDS = 300


@dataclass(slots=True)
class Grant:
    """What a request comes with; `scopes` None: an API token, which has all of its user's power and no end."""

    token: str
    company: Company
    user: int
    scopes: frozenset[str] | None = None
    expires_ms: int | None = None
    revoked: bool = False

    @property
    def is_app(self) -> bool:
        return self.scopes is not None


@dataclass(slots=True)
class Code:
    company: Company
    user: int
    redirect_uri: str
    expires_ms: int


@dataclass(slots=True)
class Install:
    """A refresh token: one per user and company. It dies when unused for 60 days; `callback` is told of the end."""

    refresh_token: str
    company: Company
    user: int
    callback: str
    used_ms: int


@dataclass(slots=True)
class Tokens:
    clock: Clock
    settings: Settings
    seed: int
    scopes: frozenset[str]
    codes: dict[str, Code] = field(default_factory=dict)
    installs: dict[str, Install] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    _made: int = 0

    def add_api_token(self, token: str, company: Company, user: int) -> None:
        self.grants[token] = Grant(token, company, user)

    def regenerate(self, company: Company, user: int) -> str:
        """A new API token; the old one is no longer known."""
        old = [token for token, each in self.grants.items() if self._is_api(each, company) and each.user == user]
        for token in old:
            del self.grants[token]
        fresh = self._new("api-token")[:40]
        self.add_api_token(fresh, company, user)
        return fresh

    def api_tokens(self, company: Company) -> dict[str, int]:
        live = (each for each in self.grants.values() if self._is_api(each, company) and not each.revoked)
        return {each.token: each.user for each in live}

    def grant_for(self, token: str, *, app: bool) -> Grant:
        """A bearer token is never an API token, nor the other way round."""
        grant = self.grants.get(token)
        if grant is None or grant.is_app != app or grant.revoked:
            raise unauthorized()
        if grant.expires_ms is not None and grant.expires_ms <= self.clock.now_ms():
            raise unauthorized()
        return grant

    def approve(self, company: Company, user: int, redirect_uri: str) -> str:
        code = self._new("code")[:40]
        self.codes[code] = Code(company, user, redirect_uri, self.clock.now_ms() + CODE_SECONDS * 1000)
        return code

    def use_code(self, code: str, redirect_uri: str) -> Code | None:
        """A code works once, also when the attempt to use it was wrong."""
        found = self.codes.pop(code, None)
        if found is None or found.redirect_uri != redirect_uri or found.expires_ms <= self.clock.now_ms():
            return None
        return found

    def install(self, code: Code) -> Install:
        mine = (each for each in self.installs.values() if each.company is code.company and each.user == code.user)
        held = next(mine, None)
        token = held.refresh_token if held else self._refresh_token(code.company, code.user)
        install = Install(token, code.company, code.user, code.redirect_uri, self.clock.now_ms())
        self.installs[token] = install
        return install

    def refresh(self, refresh_token: str) -> Install | None:
        """Using it gives it another 60 days."""
        install = self.installs.get(refresh_token)
        idle = self.settings.refresh_idle_days * DAY
        if install is None or self.clock.now_ms() - install.used_ms > idle:
            return None
        install.used_ms = self.clock.now_ms()
        if self.settings.refresh_returns == "rotated":
            del self.installs[refresh_token]
            install.refresh_token = self._refresh_token(install.company, install.user)
            self.installs[install.refresh_token] = install
        return install

    def issue(self, install: Install) -> Grant:
        expires = self.clock.now_ms() + self.settings.token_seconds * 1000
        token = "v1u:" + "".join(self._new("access") for _ in range(6)) + ":" + self._new("signature")
        grant = Grant(token, install.company, install.user, self.scopes, expires)
        self.grants[token] = grant
        return grant

    def uninstall(self, install: Install) -> None:
        """The app goes from a company, with the access tokens and webhooks of the user who had installed it."""
        self.installs.pop(install.refresh_token, None)
        for grant in self.grants.values():
            if grant.is_app and grant.company is install.company and grant.user == install.user:
                grant.revoked = True
        now = self.clock.now_ms()
        for hook in install.company.webhooks.values():
            if hook.app and hook.user == install.user and not hook.removed_ms:
                hook.removed_ms, hook.reason = now, "app uninstalled"

    def installs_of(self, company: Company) -> list[Install]:
        return [each for each in self.installs.values() if each.company is company]

    def revoke(self, token: str) -> bool:
        """An access or API token; the app stays installed."""
        grant = self.grants.get(token)
        if grant:
            grant.revoked = True
        return grant is not None

    def expire(self, company: Company | None = None, token: str | None = None) -> int:
        """Make access tokens of a company (or one of them) expire a second ago."""
        due = [
            each for each in self.grants.values()
            if each.is_app and company in (None, each.company) and token in (None, each.token)
        ]  # fmt: skip
        for grant in due:
            grant.expires_ms = self.clock.now_ms() - 1000
        return len(due)

    def live(self, company: Company) -> Iterable[Grant]:
        return (each for each in self.grants.values() if each.company is company and not each.revoked)

    def _is_api(self, grant: Grant, company: Company) -> bool:
        return not grant.is_app and grant.company is company

    def _refresh_token(self, company: Company, user: int) -> str:
        return f"{company.id}:{user}:{self._new('refresh')[:40]}"

    def _new(self, purpose: str) -> str:
        self._made += 1
        return hashlib.sha256(f"{self.seed}:{purpose}:{self._made}".encode()).hexdigest()
