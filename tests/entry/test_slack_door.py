"""The door for Slack: answered as Slack wants it, refused as everybody is, never a crash."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from crmbridge.domain.connections import AppCredentials
from crmbridge.entry.slack_door import answer
from crmbridge.storage.vault import MemoryVault

Event = dict[str, Any]


@pytest.fixture
def deps() -> Any:
    """As much of a house as a stranger gets to see."""
    app = AppCredentials("1.2", "client-secret", webhook_secret="signing-secret")
    now = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
    return SimpleNamespace(vault=MemoryVault({"slack": app}), public_url="https://bridge.test", now=lambda: now)


def request(body: str = "{}", what: str = "events", **headers: str) -> Event:
    path = f"/v1/chat/slack/{what}"
    context = {"http": {"method": "POST", "path": path}, "requestId": "r-1"}
    return {"routeKey": f"POST {path}", "rawPath": path, "headers": headers, "requestContext": context, "body": body}


@pytest.mark.parametrize("what", ["commands", "interactions", "events"])
@pytest.mark.parametrize("headers", [{}, {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "1"}])
def test_strangers_are_refused_with_a_problem(deps: Any, what: str, headers: dict[str, str]) -> None:
    answered = answer(deps, request("junk", what, **headers))

    document = orjson.loads(answered["body"])
    assert (answered["statusCode"], document["request_id"]) == (401, "r-1")
    assert answered["headers"]["content-type"] == "application/problem+json"


@pytest.mark.parametrize("broken", [{"body": None}, {"isBase64Encoded": True, "body": "////"}, {"headers": {}}])
def test_odd_requests_are_no_crash(deps: Any, broken: Event) -> None:
    assert answer(deps, {**request(), **broken})["statusCode"] == 401
