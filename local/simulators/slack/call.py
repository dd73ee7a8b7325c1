"""From a request to a method: arguments from a form, a query or JSON; token, scopes, rate limits; Slack's answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from local.simulators.slack.errors import SlackError, answer, bad_arguments, missing_field, missing_scope, refusal
from local.simulators.slack.team import Team
from local.simulators.slack.tokens import Token

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

Json = dict[str, Any]


@dataclass(slots=True)
class Call:
    """One authenticated call of one method."""

    place: "Workplace"
    token: Token
    arguments: Mapping[str, Any]

    @property
    def team(self) -> Team:
        return self.token.team

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name, default)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        if not self.text(name):
            raise missing_field(name)
        return self.text(name)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"1", "true"}

    def number(self, name: str, default: int, most: int) -> int:
        text = self.text(name, str(default)) or str(default)
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise SlackError("invalid_limit")
        return int(text)

    def structure(self, name: str) -> Any:
        """JSON as such, or as text in a form."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad_arguments(f"invalid JSON [json-pointer:/{name}]") from None

    def need(self, *scopes: str) -> None:
        """One of these is enough."""
        if not set(scopes) & set(self.token.scopes):
            raise missing_scope(",".join(scopes), self.token.provided)


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """`scopes`: each is needed; `takes_json` is false for those that read JSON bodies as empty."""

    name: str
    handler: Handler
    tier: str
    scopes: tuple[str, ...] = ()
    takes_json: bool = True


async def respond(place: "Workplace", methods: Mapping[str, Method], request: Request) -> Response:
    name = request.path_params["method"]
    request.scope["sim.pool"] = name
    try:
        arguments, warning = await read_arguments(request, methods.get(name))
        token = place.tokens.find(_token_of(request, arguments))
        request.scope["sim.account"] = token.team.id
        body = _carried_out(place, methods, name, Call(place, token, arguments))
    except SlackError as error:
        return refusal(error)
    headers = {"X-OAuth-Scopes": token.provided}
    if methods[name].scopes:
        headers["X-Accepted-OAuth-Scopes"] = ",".join(methods[name].scopes)
    if warning:
        told = body.get("response_metadata", {}) | {"warnings": [warning]}
        body |= {"warning": warning, "response_metadata": told}
    return answer({"ok": True, **body}, headers=headers)


def _carried_out(place: "Workplace", methods: Mapping[str, Method], name: str, call: Call) -> Json:
    method = methods.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    place.limits.charge(call.team.id, name, method.tier)
    for scope in method.scopes:
        call.need(scope)
    if name in place.settings.restricted.split():
        raise SlackError("restricted_action")
    try:
        return method.handler(call)
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise bad_arguments(f"{type(wrong).__name__}: {wrong}") from wrong


async def read_arguments(request: Request, method: Method | None = None) -> tuple[dict[str, Any], str]:
    """The arguments, and a warning about how they came."""
    arguments: dict[str, Any] = dict(request.query_params)
    raw, kind = await request.body(), request.headers.get("content-type", "")
    if not raw:
        return arguments, ""
    if "multipart/form-data" in kind:
        form = await request.form()
        return arguments | {name: str(value) for name, value in form.items()}, ""
    if "json" not in kind:
        return arguments | dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)), ""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    held = body if method is None or method.takes_json else {}
    return arguments | held, "" if "charset" in kind else "missing_charset"


def _token_of(request: Request, arguments: Mapping[str, Any]) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(arguments.get("token") or "")


def paged(call: Call, rows: Sequence[Any], *, default: int = 100, most: int = 1_000) -> tuple[list[Any], Json]:
    """A page and its `response_metadata`; the cursor is a place, spelt as Slack spells it."""
    limit, cursor = call.number("limit", default, most), call.text("cursor")
    text = cursor.removeprefix("dXNlcjpV").removesuffix("=")
    if cursor and not text.isdecimal():
        raise SlackError("invalid_cursor")
    start = int(text) if cursor else 0
    more = len(rows) > start + limit
    return list(rows[start : start + limit]), {"next_cursor": f"dXNlcjpV{start + limit}=" if more else ""}
