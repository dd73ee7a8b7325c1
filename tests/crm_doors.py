"""Doors to any CRM for tests of its adapter: a budget that counts, one token, and writes as a service asks for them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import requests
from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.directories import Directories
from crmbridge.platforms.http import Api
from crmbridge.platforms.spec import Platform, WriteRequest

ASKED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PARTS = ("links", "external_id", "key", "timeout", "custom_fields", "asked_at", "object")


@dataclass
class Counting:
    """A budget without limits that counts the calls of each pool, and what they cost."""

    entered: Counter[str] = field(default_factory=Counter)
    spent: int = 0

    def enter(self, pool: str, cost: int = 1) -> None:
        self.entered[pool] += 1
        self.spent += cost

    def left(self) -> None:
        """Nothing is held."""

    def refused(self, pool: str, seconds: float) -> None:
        """Nobody asks."""

    def heard(self, pool: str, headers: Mapping[str, str], status: int) -> None:
        """Nobody asks."""


@dataclass
class OneToken:
    token: str

    def current(self, refused: str | None = None) -> str:
        return self.token if refused is None else f"{self.token}-again"


def door(crm: Platform, url: str, session: requests.Session, token: str, auth: str = "oauth") -> Api:
    """`auth` is the way the token was granted."""
    return Api(
        crm.name, url, OneToken(token), Counting(), crm.explain, session, authorization=partial(crm.headers, auth)
    )


def asking(crm: Platform) -> Callable[..., WriteRequest]:
    """`ask("create_task", directories, subject="...")`: one write, as a service would ask for it."""

    def request(type: str, directories: Directories, /, **fields: Any) -> WriteRequest:
        parts = {name: fields.pop(name) for name in PARTS if name in fields}
        action = ACTION_TYPES[type]
        given = {**fields, **action.sets}
        known = {"key": "key-1", "asked_at": ASKED_AT, "object": crm.actions[type].made(given)}
        return WriteRequest(type=type, kind=action.kind, fields=given, directories=directories, **{**known, **parts})

    return request
