"""A CRM's rate limits, shared by every worker of one account and app."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """One rate limit: at most `calls` in any `seconds`; `reserve` is the share kept for clicks."""

    name: str
    calls: int
    seconds: float
    reserve: float = 0.1
