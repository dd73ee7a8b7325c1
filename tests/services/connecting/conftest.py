"""The dance with a HubSpot that answers as the real one does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import (
    Refused,
)
from crmbridge.platforms.hubspot import HUBSPOT
from crmbridge.services.finish_connect import Connected, finish_connect
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import start_connect

TOKEN_PATH = "/oauth/2026-03/token"
SCOPES = [scope.name for scope in HUBSPOT.oauth.scopes]
ADA = Caller("w1", "u1", "admin")


@dataclass
class HubSpot:
    """Codes name the portal they are for; tokens carry it. `broken` maps a path to what it answers instead."""

    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    broken: dict[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Any) -> Any:
        if asked.path in self.broken:
            return self.broken[asked.path]
        if asked.path == TOKEN_PATH:
            return self.token(asked.body)
        if asked.path == "/account-info/v3/details":
            return self.account(asked.headers.get("Authorization") or asked.headers["x-api-token"])
        return (204, None) if asked.method == "DELETE" else (200, {"results": []})

    def token(self, form: dict[str, str]) -> Any:
        portal = form.get("code", form.get("refresh_token", "")).partition("-")[2]
        if not portal.isdecimal():
            return 400, {"error": "invalid_grant", "status": "BAD_AUTH_CODE", "correlationId": "4c1e"}
        given = {"access_token": f"at-{portal}", "refresh_token": f"rt-{portal}", "expires_in": 1800}
        return 200, {**given, "hub_id": int(portal), "user_id": 5501, "scopes": self.scopes}

    def account(self, authorization: str) -> Any:
        portal = authorization.rpartition("-")[2]
        if not portal.isdecimal():
            return 401, {"status": "error", "category": "INVALID_AUTHENTICATION", "correlationId": "77aa"}
        return 200, {"portalId": int(portal), "timeZone": "Europe/Berlin", "companyCurrency": "EUR"}


@pytest.fixture
def hubspot(remote: Any) -> HubSpot:
    remote.answer = answer = HubSpot()
    return answer


@pytest.fixture
def begin(deps: Deps, hubspot: HubSpot) -> Callable[..., str]:
    """Start the dance; returns the state that the CRM will give back."""

    def start(caller: Caller = ADA, **wish: Any) -> str:
        url = start_connect(deps, caller, "hubspot", **{"return_url": "https://chat.test/done", **wish})
        return parse_qs(urlsplit(url).query)["state"][0]

    return start


@pytest.fixture
def connect(deps: Deps, begin: Callable[..., str]) -> Callable[..., Connected]:
    """The whole dance for one portal."""

    def dance(caller: Caller = ADA, portal: int = 48, **wish: Any) -> Connected:
        return finish_connect(deps, "hubspot", {"state": begin(caller, **wish), "code": f"code-{portal}"})

    return dance


@pytest.fixture
def refusal(deps: Deps) -> Callable[..., Refused]:
    """Why a callback with that query was refused."""

    def refused(**query: str) -> Refused:
        with pytest.raises(Refused) as caught:
            finish_connect(deps, "hubspot", query)
        return caught.value

    return refused
