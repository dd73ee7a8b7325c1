"""From a request to a handler: credentials, scopes, token costs, and refusals in Pipedrive's shape."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.errors import (
    Refused,
    bad_request,
    invalid,
    malformed_header,
    refusal,
    refused,
    respond,
    scope_mismatch,
    unauthorized,
    unpaid,
)
from local.simulators.pipedrive.events import Author
from local.simulators.pipedrive.times import parsed_moment
from local.simulators.pipedrive.tokens import Grant
from local.simulators.pipedrive.writes import Desk

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

MOST = 500
DEFAULT = 100
# What a handler stumbles over when a request's JSON has another shape than it should.
BAD_SHAPES = (KeyError, TypeError, AttributeError, ValueError)


@dataclass(slots=True)
class Call:
    """One authenticated request in one company."""

    drive: "Drive"
    request: Request
    grant: Grant
    body: Any

    @property
    def company(self) -> Company:
        return self.grant.company

    @property
    def desk(self) -> Desk:
        return Desk(self.company, self.drive.teller, Author(self.grant.user, "api"))

    def param(self, name: str) -> str:
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return str(self.request.query_params.get(name, default))

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.query(name).split(",") if part.strip()]

    def flag(self, name: str) -> bool | None:
        """`true`, `false`, or not given; 1 and 0 are neither."""
        text = self.query(name)
        if text not in {"", "true", "false"}:
            raise invalid(f"{name}: expected boolean")
        return {"true": True, "false": False}.get(text)

    def number(self, name: str) -> int | None:
        text = self.query(name)
        if text and not text.isdecimal():
            raise invalid(f"{name}: expected integer")
        return int(text) if text else None

    def moment(self, name: str) -> str | None:
        text = self.query(name)
        found = parsed_moment(text)
        if text and found is None:
            raise invalid(f"{name}: expected an RFC 3339 date-time without fractions")
        return found

    def limit(self, most: int = MOST, default: int = DEFAULT) -> int:
        wanted = self.number("limit")
        if wanted is None:
            return default
        if wanted > most and self.company.settings.too_large_limit == "clamp":
            return most
        if not 1 <= wanted <= most:
            raise invalid(f"limit: must be between 1 and {most}")
        return wanted

    def fields(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise invalid("body: expected object")
        return self.body


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Op:
    """A route: what it costs, and the scopes of which one is needed."""

    method: str
    path: str
    handler: Handler
    cost: int
    scopes: frozenset[str]

    @property
    def is_search(self) -> bool:
        return self.path.endswith(("/search", "/itemSearch"))

    @property
    def is_v1(self) -> bool:
        return self.path.startswith("/api/v1/")


def one_of(*scopes: str) -> frozenset[str]:
    return frozenset(scopes)


def api_route(drive: "Drive", op: Op) -> Route:
    async def endpoint(request: Request) -> Response:
        request.scope["sim.pool"] = "search" if op.is_search else "api"
        headers: dict[str, str] = {}
        try:
            grant = grant_of(drive, request)
            _admit(grant, op)
            write = request.method in {"POST", "PUT"}
            headers = drive.limits.charge(grant, op.cost, search=op.is_search, write=write)
            response = await _answer(drive, request, grant, op)
        except Refused as reason:
            response = refusal(reason)
        response.headers.update(headers)
        return response

    return Route(op.path, endpoint, methods=[op.method])


async def _answer(drive: "Drive", request: Request, grant: Grant, op: Op) -> Response:
    try:
        return op.handler(Call(drive, request, grant, await _body(request)))
    except Refused as reason:
        response = refusal(reason)
    except BAD_SHAPES as wrong:
        text = f"{type(wrong).__name__}: {wrong}"
        response = refusal(bad_request(text) if op.is_v1 else invalid(text))
    if not drive.settings.failed_calls_cost:
        drive.limits.refund(grant, op.cost)
    return response


def grant_of(drive: "Drive", request: Request) -> Grant:
    """A bearer token, or an API token in its header or (as in the old days) in the query."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise malformed_header()
        return drive.tokens.grant_for(token.strip(), app=True)
    token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
    if not token:
        raise unauthorized()
    return drive.tokens.grant_for(token, app=False)


def _admit(grant: Grant, op: Op) -> None:
    if grant.company.closed:
        raise unpaid()
    if grant.scopes is not None and not grant.scopes & op.scopes:
        raise scope_mismatch()


async def _body(request: Request) -> Any:
    raw = await request.body()
    if not raw:
        return {} if request.method in {"POST", "PUT", "PATCH"} else None
    kind = request.headers.get("content-type", "application/json")
    if "json" not in kind:
        raise refused(415, "Unsupported Media Type: application/json is expected")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        raise bad_request(f"Request body could not be parsed: {broken}") from broken


async def http_error(_: Request, error: Exception) -> Response:
    """No such route, or not with this verb."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    reason = {404: "Unknown method .", 405: "Method not allowed"}.get(status, "Internal server error")
    return refusal(refused(status, reason, errorCode=status))


def found(data: Any, status: int = 200) -> Response:
    return respond({"success": True, "data": data}, status)


def page(data: Any, cursor: str | None) -> Response:
    return respond({"success": True, "data": data, "additional_data": {"next_cursor": cursor}})
