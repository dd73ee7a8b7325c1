"""A door to one connection's CRM: fresh tokens, the shared budget, and patience with reads that failed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from crmbridge.domain.connections import AppCredentials, Connection, Health, TokenSet
from crmbridge.domain.errors import Misconfigured, ReauthRequired, Throttled, Unavailable
from crmbridge.platforms.http import Answer, Api, Call, Tokens
from crmbridge.platforms.spec import Platform
from crmbridge.services.keep_tokens import PATIENCE, KeptTokens, require_reconnect
from crmbridge.services.ports import Deps

READ_ATTEMPTS: Final = 3
LONGEST_PAUSE: Final = 5.0
"""Seconds. A CRM that wants more is asked again by a row that waits, not by a worker that sleeps."""
CLICK_PATIENCE: Final = timedelta(seconds=5)


@dataclass(slots=True)
class PatientApi(Api):
    """Reads are tried again a few times; a write never is, for nobody knows what became of it."""

    sleep: Callable[[float], None] = lambda _: None
    gone: Callable[[ReauthRequired], None] = lambda _: None
    """Told when the CRM takes neither the token nor the one that replaced it."""

    def call(self, call: Call) -> Answer:
        for attempt in range(1, 1 if call.writes else READ_ATTEMPTS):
            try:
                return self._once(call)
            except (Unavailable, Throttled) as error:
                pause = _pause(error, attempt)
                if pause > LONGEST_PAUSE:
                    raise
                self.sleep(pause)
        return self._once(call)

    def _once(self, call: Call) -> Answer:
        try:
            return Api.call(self, call)
        except ReauthRequired as error:
            self.gone(error)
            raise


@dataclass(frozen=True, slots=True)
class GivenTokens:
    """Tokens that no connection keeps yet."""

    platform: str
    title: str
    tokens: TokenSet

    def current(self, refused: str | None = None) -> str:
        if refused == self.tokens.access_token:
            raise ReauthRequired(f"{self.title} does not accept this token", platform=self.platform)
        return self.tokens.access_token


def open_api(deps: Deps, connection: Connection, lane: str) -> Api:
    """Lanes: click, webhook, incremental, full. Raises ReauthRequired while the connection may not be used."""
    platform = deps.platform(connection.platform)
    if connection.health is not Health.CONNECTED:
        raise ReauthRequired(
            f"{connection.display_name} is not connected to {platform.title} ({connection.health})",
            platform=platform.name,
        )
    app = app_of(deps, platform, connection.auth)
    patience = CLICK_PATIENCE if lane == "click" else PATIENCE
    tokens = KeptTokens(deps, platform, app, connection, patience)
    api = open_with(deps, platform, app, tokens, connection.account, lane, auth=connection.auth)
    api.base_url = app.api_url or connection.base_url or platform.api_url
    tokens.moved = partial(setattr, api, "base_url")
    api.gone = lambda error: require_reconnect(deps, connection, str(error))
    return api


def open_given(deps: Deps, platform: Platform, app: AppCredentials, tokens: TokenSet, auth: str) -> PatientApi:
    """A door for tokens that no connection keeps yet."""
    given = GivenTokens(platform.name, platform.title, tokens)
    api = open_with(deps, platform, app, given, tokens.account, "click", auth=auth)
    api.base_url = tokens.base_url or api.base_url
    return api


def open_with(
    deps: Deps, platform: Platform, app: AppCredentials, tokens: Tokens, account: str, lane: str, *, auth: str
) -> PatientApi:
    """A door for tokens wherever they come from; `auth` is the way they were granted."""
    return PatientApi(
        platform=platform.name,
        base_url=app.api_url or platform.api_url,
        tokens=tokens,
        gate=deps.guards.budget(f"{platform.name}#{account}#{app.app_id}", platform.pools, lane, platform.slots),
        explain=platform.explain,
        session=deps.http,
        authorization=partial(platform.headers, auth),
        sleep=deps.sleep,
    )


def app_of(deps: Deps, platform: Platform, auth: str) -> AppCredentials:
    """Our app with that CRM; a connection by a token made by hand works without one."""
    try:
        return deps.vault.app(platform.name)
    except Misconfigured:
        if auth == "oauth":
            raise
        return AppCredentials("", "")


def _pause(error: Unavailable | Throttled, attempt: int) -> float:
    """Seconds: what the CRM asked for, else longer every time. The budget itself has waited as long as it may."""
    if isinstance(error, Throttled) and error.status == 0:
        return LONGEST_PAUSE + 1
    return error.retry_after + random.uniform(0.1, 0.4) * float(2**attempt)
