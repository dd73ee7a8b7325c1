"""Events as AWS sends them, and Lambda's context."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson
import pytest

Event = dict[str, Any]


class Asking(Protocol):
    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        role: str = "admin",
        **authorizer: Any,
    ) -> Event: ...


class Context:
    """Lambda's, as far as we look at it."""

    function_name = "function"
    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def asking() -> Asking:
    """An HTTP API event; `role` empty: nobody was let in by the authorizer."""

    def event(
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        role: str = "admin",
        **authorizer: Any,
    ) -> Event:
        known = {"workspace": "acme", "user": "ada", "role": role, "email": "ada@acme.example", **authorizer}
        return {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json", **(headers or {})},
            "queryStringParameters": dict(query or {}),
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "requestId": "req-1",
                "authorizer": {"lambda": known} if role else {},
            },
            "body": body if isinstance(body, str) or body is None else orjson.dumps(body).decode(),
            "isBase64Encoded": False,
        }

    return event


@pytest.fixture
def queued() -> Callable[..., Event]:
    """An SQS event; `groups` makes it one of a FIFO queue."""

    def event(*bodies: Any, groups: tuple[str, ...] = ()) -> Event:
        queue = "arn:aws:sqs:us-east-1:123456789012:queue" + (".fifo" if groups else "")
        return {
            "Records": [
                {
                    "messageId": f"m{number}",
                    "body": body if isinstance(body, str) else orjson.dumps(body).decode(),
                    "eventSourceARN": queue,
                    "attributes": {"ApproximateReceiveCount": "1"}
                    | ({"MessageGroupId": groups[number]} if groups else {}),
                }
                for number, body in enumerate(bodies)
            ]
        }

    return event
