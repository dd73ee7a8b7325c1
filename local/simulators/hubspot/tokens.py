"""The tokens of the app and of the private apps: who may do what, until when."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.hubspot.errors import expired, no_credentials
from local.simulators.hubspot.options import Settings
from local.simulators.hubspot.portal import Portal

CODE_SECONDS = 600
USER_ID = 5501


@dataclass(slots=True)
class Grant:
    """An access token and what it opens; `expires_ms` None: a private-app token, good until revoked."""

    token: str
    portal: Portal
    scopes: frozenset[str]
    expires_ms: int | None = None
    refresh_token: str | None = None
    revoked: bool = False

    @property
    def private(self) -> bool:
        return self.expires_ms is None


@dataclass(slots=True)
class Code:
    portal: Portal
    redirect_uri: str
    scopes: frozenset[str]
    expires_ms: int


@dataclass(slots=True)
class Install:
    """A refresh token; it has no expiry and dies with the installation."""

    refresh_token: str
    portal: Portal
    scopes: frozenset[str]


@dataclass(slots=True)
class Tokens:
    clock: Clock
    settings: Settings
    seed: int
    codes: dict[str, Code] = field(default_factory=dict)
    installs: dict[str, Install] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    _made: int = 0

    def add_private(self, token: str, portal: Portal, scopes: frozenset[str]) -> None:
        self.grants[token] = Grant(token, portal, scopes)

    def grant_for(self, authorization: str | None) -> Grant:
        """The live grant of a bearer token, or the 401 that HubSpot gives."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise no_credentials()
        grant = self.grants.get(token)
        if grant is None and not token.startswith("pat-"):
            raise expired(0, self.clock.now_ms())
        if grant is None or grant.revoked:
            raise no_credentials()
        if grant.expires_ms is not None and grant.expires_ms <= self.clock.now_ms():
            raise expired(grant.expires_ms, self.clock.now_ms())
        grant.portal.is_covered = True
        return grant

    def approve(self, portal: Portal, redirect_uri: str, scopes: Iterable[str]) -> str:
        code = self._new("code")
        expires = self.clock.now_ms() + CODE_SECONDS * 1000
        self.codes[code] = Code(portal, redirect_uri, frozenset(scopes), expires)
        return code

    def use_code(self, code: str, redirect_uri: str) -> Code | None:
        """A code works once, also when the attempt to use it was wrong."""
        found = self.codes.pop(code, None)
        if found is None or found.redirect_uri != redirect_uri or found.expires_ms <= self.clock.now_ms():
            return None
        return found

    def install(self, code: Code) -> Install:
        held = next((each for each in self.installs.values() if each.portal is code.portal), None)
        refresh_token = held.refresh_token if held else f"{code.portal.account.data_centre}-{self._new('refresh')}"
        self.installs[refresh_token] = Install(refresh_token, code.portal, code.scopes)
        code.portal.is_covered = True
        return self.installs[refresh_token]

    def issue(self, install: Install) -> Grant:
        expires = self.clock.now_ms() + self.settings.token_seconds * 1000
        token = f"C{self._new('access')}"
        grant = Grant(token, install.portal, install.scopes, expires, install.refresh_token)
        self.grants[token] = grant
        return grant

    def rotate(self, install: Install) -> Install:
        """A new refresh token that makes the old one useless."""
        del self.installs[install.refresh_token]
        fresh = f"{install.portal.account.data_centre}-{self._new('refresh')}"
        self.installs[fresh] = Install(fresh, install.portal, install.scopes)
        return self.installs[fresh]

    def revoke_refresh(self, token: str) -> bool:
        """Access tokens that were issued already live out their time."""
        return self.installs.pop(token, None) is not None

    def uninstall(self, portal: Portal) -> None:
        self.installs = {token: each for token, each in self.installs.items() if each.portal is not portal}
        for grant in self.grants.values():
            if grant.portal is portal and not grant.private:
                grant.revoked = True
        portal.is_covered = False

    def revoke(self, token: str) -> bool:
        grant = self.grants.get(token)
        if grant:
            grant.revoked = True
        return grant is not None or self.revoke_refresh(token)

    def revoke_all(self, portal: Portal) -> None:
        self.uninstall(portal)
        for grant in self.grants.values():
            grant.revoked = grant.revoked or grant.portal is portal

    def expire(self, portal: Portal | None = None, token: str | None = None) -> int:
        """Make access tokens of a portal (or one of them) expire a second ago."""
        due = [
            grant for grant in self.grants.values()
            if not grant.private and portal in (None, grant.portal) and token in (None, grant.token)
        ]  # fmt: skip
        for grant in due:
            grant.expires_ms = self.clock.now_ms() - 1000
        return len(due)

    def _new(self, purpose: str) -> str:
        self._made += 1
        digest = hashlib.sha256(f"{self.seed}:{purpose}:{self._made}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:44]}"
