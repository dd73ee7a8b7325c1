"""Slack's rate limits: so many calls a minute per method and team, by tier; posting has one a second per channel."""

import math
from collections import deque
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.slack.errors import rate_limited
from local.simulators.slack.options import Settings

# The documented minimum per tier; `special` is that of auth.test and its like.
PER_MINUTE = {"tier1": 1, "tier2": 20, "tier3": 50, "tier4": 100, "special": 600}
# "It will generally allow an app to post 1 message per second to a specific channel", short bursts aside.
POSTS, POST_SECONDS = 3, 3.0
MINUTE = 60.0


@dataclass(slots=True)
class Limits:
    clock: Clock
    settings: Settings
    _calls: dict[tuple[str, ...], deque[float]] = field(default_factory=dict)

    def charge(self, team: str, method: str, tier: str) -> None:
        self._count((team, method), PER_MINUTE[tier] * self.settings.tier_factor, MINUTE)

    def charge_post(self, team: str, channel: str) -> None:
        self._count((team, "post", channel), POSTS * self.settings.tier_factor, POST_SECONDS)

    def _count(self, key: tuple[str, ...], most: int, seconds: float) -> None:
        """What is refused does not count."""
        if not self.settings.tiers:
            return
        now, calls = self.clock.now(), self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= most:
            raise rate_limited(max(1, math.ceil(calls[0] + seconds - now)))
        calls.append(now)
