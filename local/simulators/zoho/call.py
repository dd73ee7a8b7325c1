"""One authenticated request to the API, and the table that finds who answers it and what it costs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from local.simulators.zoho.errors import (
    Refused,
    Reply,
    invalid_method,
    invalid_param,
    invalid_url,
    not_permitted,
    unreadable,
)
from local.simulators.zoho.org import Org
from local.simulators.zoho.tokens import Access
from local.simulators.zoho.values import moment_ms
from local.simulators.zoho.writes import Desk

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

Handler = Callable[["Call"], Reply]
VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "PATCH": "UPDATE", "DELETE": "DELETE"}
LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is what follows `/crm`; headers have small names."""

    suite: "Suite"
    access: Access
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def org(self) -> Org:
        return self.access.org

    @property
    def desk(self) -> Desk:
        return Desk(self.org, self.access.user_id)

    def module(self, name: str = "module") -> str:
        """The module of the path, if there is one and the user may see it."""
        module = self.org.module(self.params[name])
        if "view" in module.forbidden:
            raise not_permitted(module.name)
        return module.name

    def body(self) -> dict[str, Any]:
        try:
            body = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            raise unreadable() from None
        if not isinstance(body, dict):
            raise unreadable()
        return body

    def need(self, group: str, name: str = "", verb: str = "") -> None:
        if not self.access.allows(group, name, verb or VERBS[self.method]):
            status = self.suite.settings.scope_mismatch_status
            raise Refused(status, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def since(self) -> int | None:
        """`If-Modified-Since` in milliseconds."""
        text = self.headers.get("if-modified-since")
        if text is None:
            return None
        found = moment_ms(text)
        if found is None:
            raise Refused(400, "INVALID_DATA", "invalid data", header_name="If-Modified-Since")
        return found

    def number(self, name: str, default: int, most: int | None = None) -> int:
        text = self.query.get(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise invalid_param(name)
        if most is not None and int(text) > most:
            raise Refused(400, "LIMIT_EXCEEDED", "limit exceeded", param_name=name, limit=most)
        return int(text)

    def page(self) -> tuple[int, int]:
        """(page, per_page)"""
        return self.number("page", 1), self.number("per_page", LONGEST_PAGE, LONGEST_PAGE)


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """`credits` may depend on what is asked."""

    method: str
    template: str
    handler: Handler
    credits: Callable[[Call], int] | int = 1
    heavy: Callable[[Call], bool] | bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A call that has found its handler."""

    call: Call
    spec: RouteSpec

    @property
    def credits(self) -> int:
        return self.spec.credits(self.call) if callable(self.spec.credits) else self.spec.credits

    @property
    def heavy(self) -> bool:
        return self.spec.heavy(self.call) if callable(self.spec.heavy) else self.spec.heavy

    def answer(self) -> Reply:
        return self.spec.handler(self.call)


@dataclass(slots=True)
class Table:
    """Routes in order: those with fixed words come before those that take any module."""

    routes: list[tuple[re.Pattern[str], RouteSpec]] = field(default_factory=list)

    def add(self, specs: list[RouteSpec]) -> None:
        for spec in specs:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", spec.template)
            self.routes.append((re.compile(f"^{pattern}/?$"), spec))

    def find(self, call: Call) -> Task:
        known = False
        for pattern, spec in self.routes:
            found = pattern.match(call.path)
            if found and spec.method == call.method:
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                return Task(replace(call, params=params), spec)
            known = known or found is not None
        raise invalid_method() if known else invalid_url()
