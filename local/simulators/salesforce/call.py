"""One authenticated request to the REST API, and the table that finds who answers it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from local.simulators.salesforce.errors import Refused, Reply, not_there, reply_to, unparsable
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.tokens import Session
from local.simulators.salesforce.writes import Desk

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

Handler = Callable[["Call"], Reply]
RouteSpec = tuple[str, str, Handler]
VERSIONED = re.compile(r"^/services/data/v(\d\d)\.0(/.*)?$")
OLDEST, NEWEST = 31, 67


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is what follows the version; a composite request makes further calls out of its own."""

    cloud: "Cloud"
    session: Session
    method: str
    version: int
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def org(self) -> Org:
        return self.session.org

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}.0"

    @property
    def desk(self) -> Desk:
        allowed = "allowsave=true" in self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Desk(self.org, self.session.user_id, allow_duplicates=allowed)

    @property
    def kind(self) -> Kind:
        return self.org.kind(self.params["object"])

    def body(self) -> Any:
        if "json" not in self.headers.get("content-type", "application/json"):
            message = "Content-Type header specified in HTTP request is not supported: use application/json"
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", message)
        try:
            return orjson.loads(self.raw)
        except orjson.JSONDecodeError as broken:
            raise unparsable(f"{broken} at [line:1, column:1]") from broken

    def fields(self) -> dict[str, Any]:
        body = self.body()
        if not isinstance(body, dict):
            raise unparsable("The HTTP entity body is required to be an object")
        return body

    def inner(self, method: str, url: str, body: Any, headers: Mapping[str, str] | None = None) -> "Call":
        """A request inside this one; it is charged to nobody."""
        if not isinstance(headers or {}, dict):
            raise unparsable("httpHeaders must be an object")
        parts = urlsplit(url if url.startswith("/") else f"/services/data/{url}")
        found = VERSIONED.match(parts.path)
        if found is None:
            raise not_there()
        return replace(
            self,
            method=method.upper(),
            version=int(found[1]),
            path=found[2] or "/",
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): str(value) for name, value in (headers or {}).items()},
            raw=b"" if body is None else orjson.dumps(body),
            params={},
        )


@dataclass(slots=True)
class Table:
    """Routes in order; a path that is known with another method answers 405."""

    routes: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)

    def add(self, specs: list[RouteSpec]) -> None:
        for method, template, handler in specs:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
            self.routes.append((method, re.compile(f"^{pattern}/?$"), handler))

    def answer(self, call: Call) -> Reply:
        """A refusal is an answer like any other."""
        try:
            return self._handled(call)
        except Refused as refused:
            return reply_to(refused)

    def _handled(self, call: Call) -> Reply:
        known = False
        for method, pattern, handler in self.routes:
            found = pattern.match(call.path)
            if found and method == call.method:
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                return handler(replace(call, params=params))
            known = known or found is not None
        if known:
            message = f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE"
            raise Refused(405, "METHOD_NOT_ALLOWED", message)
        raise not_there()
