"""Slack's way of saying no: HTTP 200, `ok` false and one word."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

MOST_TOLD = 20


class SlackError(Exception):
    """`more` goes into the body beside `ok` and `error`; only rate limits have another status than 200."""

    def __init__(self, error: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"ok": False, "error": error, **more}


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json; charset=utf-8")


def refusal(error: SlackError) -> Response:
    return answer(error.body, error.status, error.headers)


def bad_arguments(*messages: str) -> SlackError:
    told = [f"[ERROR] {each}" for each in messages[:MOST_TOLD]]
    return SlackError("invalid_arguments", response_metadata={"messages": told})


def missing_field(name: str) -> SlackError:
    return bad_arguments(f"missing required field: {name}")


def missing_scope(needed: str, provided: str) -> SlackError:
    return SlackError("missing_scope", needed=needed, provided=provided)


def rate_limited(seconds: int) -> SlackError:
    return SlackError("ratelimited", status=429, headers={"Retry-After": str(seconds)})
