"""Pipedrive's limits: tokens a day per company, requests in two seconds per token, and Cloudflare's patience."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.simulators.clock import Clock
from local.simulators.pipedrive.errors import blocked, over_limit
from local.simulators.pipedrive.options import Settings
from local.simulators.pipedrive.tokens import Grant

WINDOW = 2.0
PATIENCE_SECONDS = 60.0
WRITES_A_DAY = 10_000

Headers = dict[str, str]


@dataclass(slots=True)
class Limits:
    clock: Clock
    settings: Settings
    _windows: dict[Hashable, deque[float]] = field(default_factory=dict)
    _days: dict[tuple[Hashable, str], int] = field(default_factory=dict)
    _bans: dict[str, float] = field(default_factory=dict)

    def charge(self, grant: Grant, cost: int, *, search: bool, write: bool) -> Headers:
        """The headers of the answer; raises the 429, or the block that follows too many of them."""
        if self._bans.get(grant.token, 0) > self.clock.now():
            raise blocked()
        left = self._take((grant.token, search), WINDOW, self.burst(grant, search=search))
        headers = self.headers(grant, max(left, 0), search=search)
        if left < 0:
            self._refuse(grant, headers)
        if cost > self.settings.daily - self.used(grant):
            self._refuse(grant, headers)
        self._spend(grant.company.id, cost)
        if write and not grant.is_app:
            self._spend(grant.token, 1)
            headers["x-daily-requests-left"] = str(max(0, WRITES_A_DAY - self._days[grant.token, self._today()]))
        return headers | self._daily_headers(grant)

    def refund(self, grant: Grant, cost: int) -> None:
        self._spend(grant.company.id, -cost)

    def used(self, grant: Grant) -> int:
        return self.used_by(grant.company.id)

    def used_by(self, company: int) -> int:
        return self._days.get((company, self._today()), 0)

    def burst(self, grant: Grant, *, search: bool) -> int:
        if search:
            return self.settings.search_burst
        return self.settings.burst if grant.is_app else self.settings.token_burst

    def headers(self, grant: Grant, left: int, *, search: bool) -> Headers:
        window = self._windows.get((grant.token, search))
        reset = window[0] + WINDOW - self.clock.now() if window else WINDOW
        body = {
            "x-ratelimit-limit": str(self.burst(grant, search=search)),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(max(1, round(reset))),
        }
        return body | self._daily_headers(grant)

    def _daily_headers(self, grant: Grant) -> Headers:
        if not self.settings.daily_headers:
            return {}
        left = max(0, self.settings.daily - self.used(grant))
        return {
            "x-daily-ratelimit-token-limit": str(self.settings.daily),
            "x-daily-ratelimit-token-remaining": str(left),
        }

    def _refuse(self, grant: Grant, headers: Headers) -> None:
        """An API token that goes on hammering is shut out for a while."""
        most = self.settings.ban_after_refusals
        if not grant.is_app and self._take((grant.token, "refused"), PATIENCE_SECONDS, most) <= 0:
            self._bans[grant.token] = self.clock.now() + self.settings.ban_seconds
        raise over_limit(headers)

    def _spend(self, who: Hashable, cost: int) -> None:
        key = (who, self._today())
        self._days[key] = self._days.get(key, 0) + cost

    def _take(self, key: Hashable, seconds: float, limit: int) -> int:
        """How many more the window allows after this one; -1 when this one was too many (and does not count)."""
        now = self.clock.now()
        window = self._windows.setdefault(key, deque())
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) >= limit:
            return -1
        window.append(now)
        return limit - len(window)

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).date().isoformat()
