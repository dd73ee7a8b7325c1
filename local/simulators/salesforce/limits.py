"""The daily allowance of API requests: a rolling day, and not one second less."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import Clock
from local.simulators.salesforce.errors import limit_exceeded
from local.simulators.salesforce.options import Settings
from local.simulators.salesforce.org import Org

DAY = 86_400
SLICE = 60
UNTOUCHED = {
    "ConcurrentAsyncGetReportInstances": 200, "ConcurrentSyncReportRuns": 20, "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562, "DailyBulkV2QueryJobs": 10_000, "DailyStreamingApiEvents": 50_000,
    "DataStorageMB": 5_120, "FileStorageMB": 20_480, "HourlyODataCallout": 1_000, "SingleEmail": 5_000,
}  # fmt: skip


@dataclass(slots=True)
class Limits:
    """Requests are counted by the minute."""

    clock: Clock
    settings: Settings
    _minutes: dict[str, deque[list[int]]] = field(default_factory=dict)
    bulk_jobs: dict[str, int] = field(default_factory=dict)

    def used(self, org: Org) -> int:
        minutes = self._minutes.setdefault(org.facts.id, deque())
        oldest = (self.clock.now() - DAY) // SLICE
        while minutes and minutes[0][0] <= oldest:
            minutes.popleft()
        return sum(count for _, count in minutes)

    def charge(self, org: Org) -> None:
        if self.used(org) >= self.settings.daily_requests:
            raise limit_exceeded()
        minutes, now = self._minutes[org.facts.id], int(self.clock.now() // SLICE)
        if not minutes or minutes[-1][0] != now:
            minutes.append([now, 0])
        minutes[-1][1] += 1

    def header(self, org: Org) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used(org)}/{self.settings.daily_requests}"}

    def told(self, org: Org) -> dict[str, Any]:
        used = {"DailyBulkV2QueryJobs": self.bulk_jobs.get(org.facts.id, 0)}
        daily = {"Max": self.settings.daily_requests, "Remaining": self.settings.daily_requests - self.used(org)}
        others = {name: {"Max": most, "Remaining": most - used.get(name, 0)} for name, most in UNTOUCHED.items()}
        return dict(sorted({"DailyApiRequests": daily, **others}.items()))
