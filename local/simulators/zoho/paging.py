"""Page tokens: where a listing goes on, bound to all that was asked with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import Clock
from local.simulators.zoho.errors import Refused
from local.simulators.zoho.options import Settings

FREE = {"page", "page_token"}
KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """`after` is the last (value, id) that was given; `page` the number of the page that comes."""

    bound: str
    after: tuple[Any, str] | None
    page: int
    given: int
    expires: float
    previous: str | None


@dataclass(slots=True)
class Cursors:
    clock: Clock
    settings: Settings
    _held: dict[str, Cursor] = field(default_factory=dict)
    _made: int = 0

    def keep(self, cursor: Cursor) -> str:
        self._made += 1
        digest = hashlib.sha256(f"{self._made}:{cursor.bound}".encode()).hexdigest()
        if len(self._held) >= KEPT:
            del self._held[next(iter(self._held))]
        self._held[digest] = cursor
        return digest

    def use(self, token: str, bound: str) -> Cursor:
        cursor = self._held.get(token)
        if cursor is None or cursor.bound != bound:
            message = "The page_token given seems to be invalid or input param is added or altered or deleted"
            raise Refused(400, "TOKEN_BOUND_DATA_MISMATCH", message, param_name="page_token")
        if cursor.expires <= self.clock.now():
            details = {"api_name": "page_token", "json_path": "$.query.page_token"}
            raise Refused(400, "EXPIRED_VALUE", "Page token expired", **details)
        return cursor

    def expiry(self) -> float:
        return self.clock.now() + self.settings.page_token_seconds


def binding(user_id: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """What must stay the same from page to page, the date in the header included."""
    asked = sorted((name, value) for name, value in query.items() if name not in FREE)
    return repr((user_id, path, asked, headers.get("if-modified-since")))
