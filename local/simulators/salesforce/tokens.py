"""Sessions, approvals and codes: who may do what in which org, and until when."""

import base64
import hashlib
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.salesforce.errors import OAuthRefused, no_session
from local.simulators.salesforce.options import Settings
from local.simulators.salesforce.org import Org

CODE_SECONDS = 900


@dataclass(slots=True)
class Session:
    """An access token; each use lengthens its life. `lasts` False: good until it is revoked."""

    token: str
    org: Org
    user_id: str
    scopes: frozenset[str]
    expires_ms: int
    refresh_token: str | None = None
    revoked: bool = False
    lasts: bool = False


@dataclass(slots=True)
class Code:
    org: Org
    user_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    expires_ms: int


@dataclass(slots=True)
class Approval:
    """A refresh token; a user may hold a few per app, then the oldest goes."""

    refresh_token: str
    org: Org
    user_id: str
    scopes: frozenset[str]
    refreshed_ms: int = 0


@dataclass(slots=True)
class Tokens:
    clock: Clock
    settings: Settings
    seed: int
    codes: dict[str, Code] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    _made: int = 0

    def add_lasting(self, token: str, org: Org, scopes: frozenset[str]) -> None:
        self.sessions[token] = Session(token, org, org.user_id, scopes, 0, lasts=True)

    def session_for(self, authorization: str | None) -> Session:
        scheme, _, token = (authorization or "").partition(" ")
        session = self.sessions.get(token) if scheme.lower() in {"bearer", "oauth"} else None
        if session is None or not self.is_live(session):
            raise no_session()
        session.expires_ms = self._session_end()
        return session

    def is_live(self, session: Session) -> bool:
        return not session.revoked and (session.lasts or session.expires_ms > self.clock.now_ms())

    def approve(self, org: Org, redirect_uri: str, scopes: frozenset[str], challenge: str | None) -> str:
        code = f"aPrx{self._new('code')}=="
        expires = self.clock.now_ms() + CODE_SECONDS * 1000
        self.codes[code] = Code(org, org.user_id, redirect_uri, scopes, challenge, expires)
        return code

    def use_code(self, text: str, redirect_uri: str, verifier: str | None) -> Code:
        """A code works once, also when the attempt to use it was wrong."""
        code = self.codes.pop(text, None)
        if code is None:
            raise OAuthRefused("invalid_grant", "invalid authorization code")
        if code.expires_ms <= self.clock.now_ms():
            raise OAuthRefused("invalid_grant", "expired authorization code")
        if code.redirect_uri != redirect_uri:
            raise OAuthRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge is not None and (verifier is None or challenge_of(verifier) != code.challenge):
            raise OAuthRefused("invalid_grant", "invalid code verifier")
        return code

    def keep(self, org: Org, user_id: str, scopes: frozenset[str]) -> Approval:
        """A new refresh token; one more than a user may hold pushes out the oldest."""
        approval = Approval(f"5Aep861{self._new('refresh')}", org, user_id, scopes)
        self.approvals[approval.refresh_token] = approval
        held = [each for each in self.approvals.values() if each.org is org and each.user_id == user_id]
        for each in held[: -self.settings.max_approvals]:
            self.revoke(each.refresh_token)
        return approval

    def issue(self, org: Org, user_id: str, scopes: frozenset[str], refresh_token: str | None = None) -> Session:
        token = f"{org.facts.id[:15]}!AQ{self._new('session')}"
        self.sessions[token] = Session(token, org, user_id, scopes, self._session_end(), refresh_token)
        return self.sessions[token]

    def rotate(self, approval: Approval) -> Approval:
        del self.approvals[approval.refresh_token]
        fresh = Approval(f"5Aep861{self._new('refresh')}", approval.org, approval.user_id, approval.scopes,
                         approval.refreshed_ms)  # fmt: skip
        self.approvals[fresh.refresh_token] = fresh
        for session in self.sessions.values():
            if session.refresh_token == approval.refresh_token:
                session.refresh_token = fresh.refresh_token
        return fresh

    def revoke(self, token: str) -> bool:
        """A refresh token takes its sessions with it; a session goes alone."""
        if token in self.approvals:
            del self.approvals[token]
            for session in self.sessions.values():
                session.revoked = session.revoked or session.refresh_token == token
            return True
        found = self.sessions.get(token)
        if found is None or found.revoked:
            return False
        found.revoked = True
        return True

    def revoke_all(self, org: Org) -> None:
        for token in [each.refresh_token for each in self.approvals.values() if each.org is org]:
            self.revoke(token)
        for session in self.sessions.values():
            session.revoked = session.revoked or session.org is org

    def expire(self, org: Org | None = None, token: str | None = None) -> int:
        """End the sessions of an org (or one of them) as their timeout would."""
        due = [
            each for each in self.sessions.values()
            if not each.lasts and org in (None, each.org) and token in (None, each.token)
        ]  # fmt: skip
        for session in due:
            session.expires_ms = self.clock.now_ms() - 1000
        return len(due)

    def _session_end(self) -> int:
        return self.clock.now_ms() + self.settings.session_seconds * 1000

    def _new(self, purpose: str) -> str:
        self._made += 1
        digest = hashlib.sha512(f"{self.seed}:{purpose}:{self._made}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().replace("=", "").replace("-", ".")


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
