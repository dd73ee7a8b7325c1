"""From a request to a handler: path families, credentials, rate limits, scopes, and errors in HubSpot's shape."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.hubspot.errors import (
    ApiError,
    correlation,
    error_response,
    missing_scopes,
    not_found,
    respond,
    throttled,
    validation,
)
from local.simulators.hubspot.events import Author
from local.simulators.hubspot.portal import Portal, kind_of
from local.simulators.hubspot.schema import ObjectType
from local.simulators.hubspot.tokens import Grant
from local.simulators.hubspot.writes import Desk

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

LONGEST_URL = 8_000
# What a handler stumbles over when a request's JSON has another shape than it should.
BAD_SHAPES = (KeyError, TypeError, AttributeError, ValueError)
VERSION = "(?:2026-03|2026-09)"
FAMILIES = [
    (re.compile(rf"^/crm/objects/{VERSION}/([^/]+/[^/]+/associations/.+)$"), r"/crm/v4/objects/\1"),
    (re.compile(rf"^/crm/objects/{VERSION}/(.+)$"), r"/crm/v3/objects/\1"),
    (re.compile(rf"^/crm/associations/{VERSION}/(.+)$"), r"/crm/v4/associations/\1"),
    (re.compile(rf"^/crm/(owners|properties|pipelines)/{VERSION}(/.*)?$"), r"/crm/v3/\1\2"),
    (re.compile(rf"^/account-info/{VERSION}/(.+)$"), r"/account-info/v3/\1"),
    (re.compile(r"^/app-webhooks/2026-09/(.+)$"), r"/webhooks/v3/\1"),
    (re.compile(r"^/webhooks/2026-03/(.+)$"), r"/webhooks/v3/\1"),
    (re.compile(rf"^/appinstalls/{VERSION}/(.+)$"), r"/appinstalls/v3/\1"),
    (re.compile(rf"^/oauth/(?:{VERSION}|v3)/token(.*)$"), r"/oauth/dated/token\1"),
]


def classic_path(path: str) -> str:
    """The classic name of a dated path; both families are served by the same handlers."""
    for pattern, replacement in FAMILIES:
        changed, hits = pattern.subn(replacement, path)
        if hits:
            return changed.rstrip("/")
    return path.rstrip("/") or "/"


@dataclass(slots=True)
class Call:
    """One authenticated request on behalf of one portal."""

    hub: "Hub"
    request: Request
    grant: Grant
    body: Any
    is_dated: bool

    @property
    def portal(self) -> Portal:
        return self.grant.portal

    @property
    def desk(self) -> Desk:
        return Desk(self.portal, self.hub.teller, Author("INTEGRATION", str(self.hub.options.app_id)))

    @property
    def kind(self) -> ObjectType:
        return kind_of(self.param("type"))

    def param(self, name: str) -> str:
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return str(self.request.query_params.get(name, default))

    def names(self, name: str) -> list[str]:
        """A list given as `a,b` or by repetition."""
        return [part for each in self.request.query_params.getlist(name) for part in each.split(",") if part]

    def flag(self, name: str) -> bool:
        return self.query(name).lower() == "true"

    def limit(self, default: int, maximum: int) -> int:
        return whole_number("limit", self.query("limit", str(default)), maximum)

    def need(self, *scopes: str) -> None:
        if not self.grant.scopes & set(scopes):
            raise missing_scopes(scopes)

    def inputs(self, maximum: int) -> list[dict[str, Any]]:
        inputs = self.fields().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
            raise validation("Invalid input JSON: Some required fields were not set: [inputs]")
        if len(inputs) > maximum:
            raise validation(f"The maximum number of inputs supported in a batch request is {maximum}")
        return inputs

    def fields(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise validation("Invalid input JSON on line 1, column 1: Cannot deserialize value from the request body")
        return self.body


Handler = Callable[[Call], Response]
Pool = Literal["burst", "search"]
RouteSpec = tuple[str, str, Handler]


def whole_number(name: str, text: object, maximum: int) -> int:
    try:
        number = int(str(text))
    except ValueError:
        raise validation(f'Cannot deserialize value of type `int` from String "{text}": not a valid `{name}`') from None
    if not 0 <= number <= maximum:
        raise validation(f"Invalid request: {name} must be between 0 and {maximum}, but was {number}")
    return number


def api_route(hub: "Hub", method: str, path: str, handler: Handler) -> Route:
    """A route that charges the caller's rate pool; searches have a pool of their own."""
    pool: Pool = "search" if path.endswith("/search") else "burst"

    async def endpoint(request: Request) -> Response:
        correlation_id = correlation()
        request.scope["sim.pool"] = pool
        headers: dict[str, str] = {}
        try:
            grant = hub.tokens.grant_for(request.headers.get("authorization"))
            request.scope["sim.account"] = str(grant.portal.account.id)
            headers = _charged(hub, grant, pool)
            call = Call(hub, request, grant, await _body(request), "sim.dated" in request.scope)
            response = handler(call)
        except ApiError as error:
            response = error_response(error, correlation_id)
        except BAD_SHAPES as wrong:
            response = error_response(_misshapen(wrong), correlation_id)
        response.headers.update({"x-hubspot-correlation-id": correlation_id, "x-request-id": correlation_id, **headers})
        return response

    return Route(path, endpoint, methods=[method])


def open_route(path: str, handler: Callable[[Request], Coroutine[Any, Any, Response]], methods: list[str]) -> Route:
    """A route that checks its own credentials: OAuth and the app's settings."""

    async def endpoint(request: Request) -> Response:
        correlation_id = correlation()
        request.scope["sim.pool"] = "oauth" if path.startswith("/oauth") else "app"
        try:
            response = await handler(request)
        except ApiError as error:
            response = error_response(error, correlation_id)
        except BAD_SHAPES as wrong:
            response = error_response(_misshapen(wrong), correlation_id)
        response.headers["x-hubspot-correlation-id"] = correlation_id
        return response

    return Route(path, endpoint, methods=methods)


async def http_error(_: Request, error: Exception) -> Response:
    """No such route, or not with this verb."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    reason = error.detail if isinstance(error, HTTPException) else "internal error"
    known = not_found() if status == 404 else ApiError(status, {"message": reason})
    return error_response(known, correlation())


def too_long() -> Response:
    return Response("<html><head><title>414 Request-URI Too Large</title></head></html>", 414, media_type="text/html")


def forced_throttle(hub: "Hub", policy: str | None, retry_after: int | None, request: Request) -> Response:
    """A 429 that a fault rule asked for. The token endpoint's one names seconds, the API's ones usually do not."""
    path = classic_path(request.url.path)
    default = "SECONDLY" if path.endswith("/search") else "TEN_SECONDLY_ROLLING"
    headers: dict[str, str] = {}
    if retry_after is not None or path.startswith("/oauth"):
        headers["Retry-After"] = str(retry_after or 1)
    if not path.endswith("/search") and not path.startswith("/oauth"):
        headers |= {"X-HubSpot-RateLimit-Max": str(hub.settings.burst), "X-HubSpot-RateLimit-Remaining": "0"}
        headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = "10000"
    return error_response(throttled(policy or default, headers), correlation())


def no_content() -> Response:
    return Response(None, 204)


def found(content: Any, status: int = 200) -> Response:
    return respond(content, status)


def _misshapen(wrong: Exception) -> ApiError:
    return validation(
        f"Invalid input JSON on line 1, column 1: Cannot deserialize value ({type(wrong).__name__}: {wrong})"
    )


def _charged(hub: "Hub", grant: Grant, pool: Pool) -> dict[str, str]:
    account = grant.portal.account
    if pool == "burst":
        return hub.limits.charge(account, grant.token if grant.private else "app", private=grant.private)
    if grant.private:
        hub.limits.charge_day(account)
    return hub.limits.charge_search(account)


async def _body(request: Request) -> Any:
    raw = await request.body()
    if not raw:
        return None
    if "json" not in request.headers.get("content-type", "application/json"):
        raise ApiError(415, {"message": "Unsupported Media Type: the request body must be application/json"})
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        raise validation(f"Invalid input JSON on line 1, column 1: {broken}") from broken
