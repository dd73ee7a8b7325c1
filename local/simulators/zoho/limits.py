"""Zoho's limits: credits over 24 hours per org, and how many calls may run at the same time."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.zoho.errors import too_many
from local.simulators.zoho.options import Settings
from local.simulators.zoho.org import Org

DAY_SECONDS = 86_400.0


@dataclass(slots=True)
class Purse:
    spent: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0


@dataclass(slots=True)
class Limits:
    clock: Clock
    settings: Settings
    _purses: dict[str, Purse] = field(default_factory=dict)
    _running: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def used(self, org: Org) -> int:
        purse, now = self._purses.setdefault(org.facts.id, Purse()), self.clock.now()
        while purse.spent and purse.spent[0][0] <= now - DAY_SECONDS:
            purse.total -= purse.spent.popleft()[1]
        return purse.total

    def charge(self, org: Org, credits: int) -> None:
        """What the remaining credits do not cover is refused and costs nothing."""
        if self.used(org) + credits > self.settings.daily_credits:
            refused = too_many()
            refused.headers = self.header(org)
            raise refused
        purse = self._purses[org.facts.id]
        purse.spent.append((self.clock.now(), credits))
        purse.total += credits

    def header(self, org: Org) -> dict[str, str]:
        """Told only once half of the credits are gone."""
        used = self.used(org)
        if used * 2 < self.settings.daily_credits:
            return {}
        return {"X-API-CREDITS-REMAINING": str(self.settings.daily_credits - used)}

    @contextmanager
    def running(self, org: Org, *, heavy: bool) -> Iterator[None]:
        """One of the calls that run now; heavy ones have a limit of their own besides."""
        slots = [(org.facts.id, False), *([(org.facts.id, True)] if heavy else [])]
        bounds = {False: self.settings.concurrency, True: self.settings.heavy_concurrency}
        if any(self._running[slot] >= bounds[slot[1]] for slot in slots):
            raise too_many()
        self._running.update(slots)
        try:
            yield
        finally:
            self._running.subtract(slots)
