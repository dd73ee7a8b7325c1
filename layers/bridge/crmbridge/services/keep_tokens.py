"""Access tokens that are always fresh: one refresh per connection at a time, whoever needs it and wherever."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.domain.connections import AppCredentials, Connection, Health, HeldTokens, TokenSet
from crmbridge.domain.errors import NotFound, PlatformError, ReauthRequired, Stale, Throttled, Unavailable
from crmbridge.platforms import oauth
from crmbridge.platforms.spec import Platform
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.notify_chat import notify_chat
from crmbridge.services.ports import Deps

LEASE: Final = timedelta(seconds=30)
"""Longer than the token endpoint may take to answer; a refresher that died is replaced after it."""
PATIENCE: Final = timedelta(seconds=40)
"""How long somebody without a living token waits for the one who refreshes: past the lease of one who died."""
BARELY_ALIVE: Final = timedelta(seconds=10)
"""A token is good while it outlives the request it is sent with."""


@dataclass(slots=True)
class KeptTokens:
    """Where one connection's requests get their bearer token. `patience` bounds the wait for somebody's refresh."""

    deps: Deps
    platform: Platform
    app: AppCredentials
    connection: Connection
    patience: timedelta = PATIENCE
    moved: Callable[[str], None] = lambda _: None
    """Told where the account's API lives, which a refresh may change."""
    _held: HeldTokens | None = None
    _holder: str = field(default="", repr=False)

    def current(self, refused: str | None = None) -> str:
        """A token that lives, refreshed ahead of its end. Raises ReauthRequired when the authorisation is gone."""
        held = self._held or self._read()
        if not self._is_fresh(held, refused):
            held = self._read()
        if not self._is_fresh(held, refused):
            held = self._renew(held, refused)
        self._held = held
        if held.tokens.base_url:
            self.moved(held.tokens.base_url)
        return held.tokens.access_token

    def _read(self) -> HeldTokens:
        return self.deps.vault.read(self.connection)

    def _is_fresh(self, held: HeldTokens, refused: str | None) -> bool:
        early = timedelta(seconds=self.platform.oauth.refresh_early_seconds)
        return _lives(held.tokens, refused, self.deps.now() + early)

    def _is_alive(self, held: HeldTokens, refused: str | None) -> bool:
        return _lives(held.tokens, refused, self.deps.now() + BARELY_ALIVE)

    def _renew(self, held: HeldTokens, refused: str | None) -> HeldTokens:
        """Be the one who refreshes, or use what another one stored; while the old token lives, nobody waits."""
        give_up_at = self.deps.now() + self.patience
        while self.deps.now() < give_up_at:
            paused_until = self.deps.guards.held_until(self._pause)
            if not paused_until and self._is_elected():
                return self._refresh_under_lease(refused)
            if self._is_alive(held, refused):
                return held
            if paused_until:
                raise self._throttled(paused_until)
            self.deps.sleep(random.uniform(0.1, 0.4))
            held = self._read()
            if self._is_alive(held, refused):
                return held
        raise Unavailable(
            f"the {self.platform.title} token is being refreshed elsewhere",
            platform=self.platform.name,
            retry_after=5.0,
        )

    def _throttled(self, until: datetime) -> Throttled:
        """The CRM asked for a pause: waiting for it is a row's business, not a worker's."""
        left = max(0.0, (until - self.deps.now()).total_seconds())
        message = f"{self.platform.title} gives no tokens for {left:.0f} more seconds"
        return Throttled(message, platform=self.platform.name, retry_after=left, pool="tokens", status=0)

    def _is_elected(self) -> bool:
        self._holder = self._holder or self.deps.new_id()
        return self.deps.guards.acquire(self._lease, self._holder, LEASE)

    @property
    def _lease(self) -> str:
        return f"refresh#{self.connection.workspace}#{self.connection.id}"

    @property
    def _pause(self) -> str:
        return f"pause#{self.connection.workspace}#{self.connection.id}"

    def _refresh_under_lease(self, refused: str | None) -> HeldTokens:
        """Look again first: the one before us may have stored a new token just now. A token endpoint in trouble is
        nobody's business while the old token lives; where it asked for a pause, nobody asks again before its end."""
        held, pause = self._read(), 0.0
        try:
            return held if self._is_fresh(held, refused) else self._refresh(held, refused)
        except PlatformError as error:
            pause = error.retry_after if isinstance(error, Throttled) else 0.0
            if isinstance(error, ReauthRequired) or not self._is_alive(held, refused):
                raise
            return held
        finally:
            self._let_go(pause)

    def _let_go(self, pause: float) -> None:
        if pause:
            self.deps.guards.acquire(self._pause, self._holder, timedelta(seconds=pause))
        self.deps.guards.release(self._lease, self._holder)

    def _refresh(self, held: HeldTokens, refused: str | None) -> HeldTokens:
        try:
            return self._save(held, self._ask(held.tokens))
        except ReauthRequired as error:
            return self._rescued(held, refused, error)

    def _ask(self, tokens: TokenSet) -> TokenSet:
        auth = self.connection.auth
        return oauth.renew(self.platform, self.app, self.deps.http, tokens, self.deps.now(), auth)

    def _save(self, held: HeldTokens, fresh: TokenSet) -> HeldTokens:
        """A late loser's answer is dropped: what the winner stored is newer."""
        fresh = replace(fresh, refresh_token=fresh.refresh_token or held.tokens.refresh_token)
        try:
            saved = self.deps.vault.replace(self.connection, held, fresh)
        except Stale:
            return self._read()
        if fresh.base_url and fresh.base_url != self.connection.base_url:
            self._note_move(fresh.base_url)
        return saved

    def _note_move(self, base_url: str) -> None:
        """The account's API lives elsewhere now. Requests follow the tokens; this is what others are shown, and where
        records are looked at is asked for again."""
        with suppress(NotFound, Stale):  # disconnected meanwhile; or left for the next refresh
            rewrite_connection(
                self.deps,
                self.connection.workspace,
                self.connection.id,
                lambda stored: replace(stored, base_url=base_url, names_loaded_at=None),
            )

    def _rescued(self, held: HeldTokens, refused: str | None, error: ReauthRequired) -> HeldTokens:
        """The refresh token was refused: perhaps somebody stored another one, or a crash lost the one after the
        previous. Otherwise the authorisation is gone."""
        now_held = self._read()
        if now_held.version != held.version and self._is_alive(now_held, refused):
            return now_held
        previous = self.deps.vault.previous(self.connection)
        if previous and previous.tokens.refresh_token not in ("", held.tokens.refresh_token):
            try:
                return self._save(now_held, self._ask(previous.tokens))
            except ReauthRequired:
                pass
        require_reconnect(self.deps, self.connection, str(error), version=now_held.version)
        raise error


def require_reconnect(deps: Deps, connection: Connection, note: str, *, version: str = "") -> None:
    """Stop asking this CRM and tell the chat app, once, unless an admin has just reconnected.

    `version` names the tokens that were refused; newer ones in the vault mean that there is nothing to mark."""
    version = version or _version(deps, connection)
    with suppress(NotFound):  # disconnected meanwhile
        if deps.connections.get(connection.workspace, connection.id).health is Health.CONNECTED:
            data = {"connection": connection.id, "platform": connection.platform, "reason": note}
            event = f"needs-reconnect-{connection.id}-{version}"
            notify_chat(deps, connection.workspace, event, "connection.needs_reconnect", data)
            rewrite_connection(deps, connection.workspace, connection.id, _marking(deps, note, version))


def _marking(deps: Deps, note: str, version: str) -> Callable[[Connection], Connection]:
    def mark(stored: Connection) -> Connection:
        if stored.health is not Health.CONNECTED or _version(deps, stored) != version:
            return stored
        return replace(stored, health=Health.NEEDS_RECONNECT, health_note=note)

    return mark


def _version(deps: Deps, connection: Connection) -> str:
    """Which tokens are current; "none" when there are none."""
    try:
        return deps.vault.read(connection).version
    except ReauthRequired:
        return "none"


def _lives(tokens: TokenSet, refused: str | None, until: datetime) -> bool:
    """A token without an end lives until it is refused."""
    return tokens.access_token != refused and (tokens.expires_at is None or tokens.expires_at > until)
