"""The door of the JSON API: API Gateway events become calls, results and errors become answers. One log line each."""

import time
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Depends, Response
from aws_lambda_powertools.event_handler.request import Request
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Invalid, MalformedPayload, Problem, TooLarge, Unauthenticated
from crmbridge.domain.records import Json
from crmbridge.entry import problems
from crmbridge.entry.refusals import refuse_long_address, refuse_unknown_query, understood
from crmbridge.log import log
from crmbridge.services.ports import Deps

MAX_BODY_BYTES: Final = 256 * 1024
MAX_BODY_DEPTH: Final = 50
"""Twice what rules may need; far below where Python's own writers of JSON give up."""
JSON: Final = "application/json"

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is given: everything a use case may need, and who is asking."""

    deps: Deps
    event: Event

    @property
    def caller(self) -> Caller:
        return caller_of(self.event, self.deps.now())


def asked(request: Request) -> Asked:
    return Asked(request.context["deps"], request.context["event"])


Ask = Annotated[Asked, Depends(asked)]


def new_router() -> APIGatewayHttpRouter:
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # Powertools gives it no types


def caller_of(event: Event, now: datetime) -> Caller:
    """Who the authorizer says is asking. API Gateway keeps its answer for a minute, but a token ends when it ends."""
    said = event.get("requestContext", {}).get("authorizer", {}).get("lambda") or {}
    if not said.get("workspace"):
        raise Unauthenticated("no valid bearer token or API key came with the request")
    if said.get("expires_at") and float(said["expires_at"]) <= now.timestamp():
        raise Unauthenticated("the bearer token has expired")
    return Caller(said["workspace"], said.get("user", ""), said.get("role", ""), said.get("email", ""))


class HttpDoor:
    """Routers put together behind one error table; called with the dependencies, the event and Lambda's context.
    `any_query`: what others put behind an address of ours (a CRM that sends a browser back) is not ours to refuse."""

    def __init__(self, *routers: APIGatewayHttpRouter, any_query: bool = False) -> None:
        self.app = APIGatewayHttpResolver(
            enable_validation=True,
            response_validation_error_http_code=500,
            serializer=lambda body: orjson.dumps(body, default=str).decode(),
            json_body_deserializer=orjson.loads,
        )
        for router in routers:
            self.app.include_router(router)
        self.app.exception_handler(Exception)(self._refuse)
        self.app.use([refuse_long_address] if any_query else [refuse_long_address, refuse_unknown_query])

    def __call__(self, deps: Deps, event: Event, context: Any) -> dict[str, Any]:
        began = time.perf_counter()
        try:
            check_body(event)
        except Exception as error:  # noqa: BLE001 - the one place where every error becomes an answer
            answer = refusal(event, error)
        else:
            self.app.context.update(deps=deps, event=event)
            answer = self.app.resolve(dict(event), context)
        answer["headers"] = {
            "cache-control": "no-store",
            **{name.lower(): each for name, each in answer["headers"].items()},
        }
        log_answer(event, int(answer["statusCode"]), time.perf_counter() - began)
        return answer

    def _refuse(self, error: Exception) -> Response[str]:
        event = self.app.context["event"]
        error = understood(error)
        document = problem_of(event, error)
        body = orjson.dumps(document, default=str).decode()
        return Response(document["status"], problems.CONTENT_TYPE, body, problems.headers(error))


def check_body(event: Event) -> None:
    """A body is a JSON object of a sane size and depth, or there is none."""
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES:
        raise TooLarge(f"a request body may have {MAX_BODY_BYTES // 1024} KB")
    if not text:
        return
    type = event.get("headers", {}).get("content-type", JSON)
    if type.partition(";")[0].strip().lower() != JSON:
        raise MalformedPayload(f"the body must be {JSON}")
    try:
        body = orjson.loads(b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        raise Invalid(Problem("body", "is not JSON", "send a JSON object")) from None
    if not isinstance(body, dict):
        raise Invalid(Problem("body", "is not a JSON object", "send a JSON object"))
    if _is_deeper(body, MAX_BODY_DEPTH):
        raise Invalid(Problem("body", "is nested too deep", f"at most {MAX_BODY_DEPTH} levels"))


def _is_deeper(value: Json, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [inner for each in layer for inner in _inside(each)]
    return any(isinstance(each, (dict, list)) for each in layer)


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def refusal(event: Event, error: Exception) -> dict[str, Any]:
    document = problem_of(event, error)
    headers = {"content-type": problems.CONTENT_TYPE, **problems.headers(error)}
    body = orjson.dumps(document, default=str).decode()
    return {"statusCode": document["status"], "headers": headers, "body": body, "isBase64Encoded": False}


def problem_of(event: Event, error: Exception) -> dict[str, Json]:
    document = problems.problem(error, request_id(event))
    if document["status"] == 500:
        log.error("bug while answering a request", exc_info=error, route=event.get("routeKey"))
    return document


def request_id(event: Event) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))


def log_answer(event: Event, status: int, seconds: float) -> None:
    said = event.get("requestContext", {}).get("authorizer", {}).get("lambda") or {}
    log.info(
        "request answered",
        route=event.get("routeKey"),
        status=status,
        milliseconds=round(seconds * 1000),
        request_id=request_id(event),
        workspace=said.get("workspace"),
    )
