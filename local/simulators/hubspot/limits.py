"""HubSpot's rate limits: a rolling window per app and account, searches per account, private apps' calls per day."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from local.simulators.clock import Clock, iso
from local.simulators.hubspot.errors import throttled
from local.simulators.hubspot.options import Settings
from local.simulators.hubspot.portal import Account

BURST_SECONDS = 10.0


@dataclass(slots=True)
class Limits:
    clock: Clock
    settings: Settings
    _windows: dict[Hashable, deque[float]] = field(default_factory=dict)
    _days: dict[tuple[int, str], int] = field(default_factory=dict)

    def charge_search(self, account: Account) -> dict[str, str]:
        """Searches have their own pool and answer without any rate header."""
        left = self._take(("search", account.id), 1.0, self.settings.search_per_second)
        if left < 0:
            raise throttled("SECONDLY", {})
        return {}

    def charge(self, account: Account, caller: str, *, private: bool) -> dict[str, str]:
        limit = self.settings.private_burst if private else self.settings.burst
        left = self._take((account.id, caller), BURST_SECONDS, limit)
        headers = {
            "X-HubSpot-RateLimit-Max": str(limit),
            "X-HubSpot-RateLimit-Remaining": str(max(left, 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(BURST_SECONDS * 1000)),
        }
        if left < 0:
            raise throttled("TEN_SECONDLY_ROLLING", headers)
        return headers | (self.charge_day(account) if private else {})

    def charge_day(self, account: Account) -> dict[str, str]:
        """All private apps of an account share one count, which starts anew at midnight where the account is."""
        key = (account.id, self._local(account).date().isoformat())
        used = self._days.get(key, 0)
        left = self.settings.daily - used - 1
        headers = {
            "X-HubSpot-RateLimit-Daily": str(self.settings.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(left, 0)),
        }
        if left < 0:
            raise throttled("DAILY", headers)
        self._days[key] = used + 1
        return headers

    def daily_usage(self, account: Account) -> dict[str, Any]:
        local = self._local(account)
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self.settings.daily,
            "currentUsage": self._days.get((account.id, local.date().isoformat()), 0),
            "collectedAt": iso(self.clock.now_ms()),
            "fetchStatus": "SUCCESS",
            "resetsAt": iso(int(midnight.timestamp() * 1000)),
        }

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

    def _local(self, account: Account) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), ZoneInfo(account.time_zone))
