"""Webhooks, version 2: who subscribed to what, what a POST says, and how a webhook gets banned or dies."""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from local.simulators.clock import Clock, iso
from local.simulators.deliveries import Event, Post
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.fields import Custom
from local.simulators.pipedrive.times import DAY, moment

# The outbox waits half to all of each gap.
RETRY_GAPS = (3, 30, 150)
TIMEOUT_SECONDS = 10
FAILURES_TO_BAN = 10
BAN_SECONDS = 1800
DAYS_TO_LIVE = 3
GIVEN_UP = "no successful delivery for 3 consecutive days"
OBJECTS = ("activity", "deal", "lead", "note", "organization", "person", "pipeline", "product", "stage", "user", "*")
ACTIONS = ("create", "change", "delete", "*")


@dataclass(slots=True)
class Subscription:
    """A webhook. `app` says that it was made with an OAuth token and goes when the app does."""

    id: int
    company: int
    user: int
    url: str
    action: str
    object: str
    name: str
    since_ms: int
    app: bool = False
    auth_user: str | None = None
    auth_password: str | None = None
    failures: int = 0
    banned_until_ms: int = 0
    last_success_ms: int = 0
    last_delivery: str | None = None
    last_status: int | None = None
    removed_ms: int = 0
    reason: str | None = None

    def wants(self, action: str, entity: str) -> bool:
        return not self.removed_ms and self.action in {action, "*"} and self.object in {entity, "*"}

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "company_id": self.company,
            "owner_id": self.user,
            "user_id": self.user,
            "event_action": self.action,
            "event_object": self.object,
            "subscription_url": self.url,
            "version": "2.0",
            "is_active": 0 if self.removed_ms else 1,
            "add_time": iso(self.since_ms),
            "remove_time": iso(self.removed_ms) if self.removed_ms else None,
            "type": "application" if self.app else "general",
            "http_auth_user": self.auth_user,
            "http_auth_password": self.auth_password,
            "remove_reason": self.reason,
            "last_delivery_time": self.last_delivery,
            "last_http_status": self.last_status,
            "admin_id": self.user,
            "name": self.name,
        }


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something: `app` is a person in Pipedrive itself, `api` anybody through the API."""

    user: int
    source: str = "app"
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to one record; `more` goes into `meta`."""

    action: str
    entity: str
    id: int
    data: dict[str, Any] | None
    previous: dict[str, Any] | None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Teller:
    """Hands news to the outbox, once for each webhook that wants it and is not banned."""

    clock: Clock
    companies: dict[int, Company]
    client: tuple[str, str]
    hand_on: Callable[[Event], None] = field(init=False)
    lost: int = 0

    def tell(self, company: Company, news: News, author: Author) -> None:
        now = self.clock.now_ms()
        for hook in list(company.webhooks.values()):
            if not hook.wants(news.action, news.entity):
                continue
            if hook.banned_until_ms > now:
                self.lost += 1
                continue
            body = {"meta": self._meta(company, hook, news, author), "data": news.data, "previous": news.previous}
            self.hand_on({"company": company.id, "webhook": hook.id, "body": body})

    def tell_uninstalled(self, company: Company, user: int, callback: str) -> None:
        body = {"client_id": self.client[0], "company_id": company.id, "user_id": user}
        body["timestamp"] = moment(self.clock.now_ms())
        self.hand_on({"company": company.id, "uninstalled": True, "url": callback, "body": body})

    def seal(self, events: list[Event], attempt: int) -> Post:
        event = events[0]
        if "uninstalled" in event:
            return posted(event["url"], event["body"], self.client, "DELETE")
        hook = self.companies[event["company"]].webhooks[event["webhook"]]
        meta = event["body"]["meta"] | {"attempt": attempt + 1}
        return posted(hook.url, event["body"] | {"meta": meta}, hook_auth(hook))

    def heard(self, events: list[Event], attempt: int, status: int | None, taken: bool) -> bool:
        """Keep count, and say whether the delivery is over: what was uninstalled or removed is not tried again."""
        event = events[0]
        if "uninstalled" in event:
            return True
        hook = self.companies[event["company"]].webhooks[event["webhook"]]
        now = self.clock.now_ms()
        hook.last_status, hook.last_delivery = status, iso(now)
        if taken:
            hook.last_success_ms = now
        else:
            self._count_failure(hook, attempt, now)
        if taken and attempt == 0 and self.companies[hook.company].settings.ban_counter_resets:
            hook.failures = 0
        return taken or bool(hook.removed_ms)

    def _count_failure(self, hook: Subscription, attempt: int, now: int) -> None:
        if attempt == 0:
            hook.failures += 1
        if hook.failures >= FAILURES_TO_BAN:
            hook.failures, hook.banned_until_ms = 0, now + BAN_SECONDS * 1000
        if now - max(hook.last_success_ms, hook.since_ms) >= DAYS_TO_LIVE * DAY:
            hook.removed_ms, hook.reason = now, GIVEN_UP

    def _meta(self, company: Company, hook: Subscription, news: News, author: Author) -> dict[str, Any]:
        now = self.clock.now_ms()
        return {
            "action": news.action,
            "entity": news.entity,
            "company_id": str(company.id),
            "correlation_id": author.correlation,
            "entity_id": str(news.id),
            "id": str(uuid.uuid4()),
            "is_bulk_edit": author.bulk,
            "timestamp": iso(now) if company.settings.webhook_timestamp == "iso" else str(now // 1000),
            "type": "application" if hook.app else "general",
            "user_id": str(author.user),
            "version": "2.0",
            "webhook_id": str(hook.id),
            "webhook_owner_id": str(hook.user),
            "change_source": author.source,
            "attempt": 1,
            "host": company.host,
            "permitted_user_ids": [str(user.id) for user in company.users.values() if user.active],
            **news.more,
        }


def typed(customs: Mapping[str, Custom], values: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields as webhooks show them: each value says its type."""
    return {
        key: None if value is None else _typed(customs[key].type, value) for key, value in values.items()
        if key in customs
    }  # fmt: skip


def _typed(kind: str, value: Any) -> dict[str, Any]:
    if kind in {"enum", "user", "org", "people"}:
        return {"type": kind, "id": value}
    if kind == "set":
        return {"type": kind, "values": [{"id": each} for each in value]}
    return {"type": kind, **value} if isinstance(value, dict) else {"type": kind, "value": value}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The old values of what is different now, within custom fields too."""
    old = {name: value for name, value in before.items() if value != after.get(name) and name != "custom_fields"}
    customs: Mapping[str, Any] = before.get("custom_fields", {})
    gone = {key: value for key, value in customs.items() if value != after["custom_fields"].get(key)}
    return old | ({"custom_fields": gone} if gone else {})


def hook_auth(hook: Subscription) -> tuple[str, str] | None:
    return None if hook.auth_user is None else (hook.auth_user, hook.auth_password or "")


def posted(url: str, body: Any, auth: tuple[str, str] | None, method: str = "POST") -> Post:
    headers = {"Content-Type": "application/json", "User-Agent": "Pipedrive Webhooks"}
    if auth:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    return Post(url, body if isinstance(body, bytes) else orjson.dumps(body), headers, method)


def active(hooks: Iterable[Subscription]) -> list[Subscription]:
    return [hook for hook in hooks if not hook.removed_ms]
