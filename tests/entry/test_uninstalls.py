"""A CRM calls back when the app was removed there: over HTTP, proven by our own client credentials."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.connections import AppCredentials, Health
from crmbridge.entry import oauth
from crmbridge.entry.http import HttpDoor
from crmbridge.platforms.registry import platform
from crmbridge.services.ports import Deps
from crmbridge.storage.vault import MemoryVault

from tests.clock import Clock
from tests.little_crm import LittleCrm, make_connection, make_deps

COMPANY = "5550001"
SAID = {"client_id": "id", "company_id": int(COMPANY), "user_id": 77, "timestamp": "2026-05-01T10:00:00Z"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.fixture
def deps() -> Deps:
    """One company of Pipedrive's, connected by two workspaces; in one of them also by an API token."""
    vault = MemoryVault({"pipedrive": AppCredentials("id", "secret"), "hubspot": AppCredentials("id", "secret")})
    deps = make_deps(LittleCrm(Clock()), platform=platform, vault=vault)
    for id, workspace, auth in (("c1", "acme", "oauth"), ("c2", "other", "oauth"), ("c3", "acme", "token")):
        make_connection(deps, id=id, workspace=workspace, auth=auth, platform="pipedrive", account=COMPANY)
    return deps


@pytest.fixture
def tell(deps: Deps, asking: Any) -> Callable[..., int]:
    """The CRM's own call: nobody is let in by the authorizer. Answers with the status."""

    def told(crm: str = "pipedrive", body: Any = SAID, headers: dict[str, str] | None = None) -> int:
        event = asking("DELETE", f"/v1/oauth/{crm}/callback", body, headers=headers or {}, role="")
        return int(HttpDoor(oauth.router)(deps, event, None)["statusCode"])

    return told


def healths(deps: Deps) -> list[Health]:
    places = (("acme", "c1"), ("other", "c2"), ("acme", "c3"))
    return [deps.connections.get(*place).health for place in places]


def test_every_connection_of_the_company_is_to_be_renewed_but_the_one_by_api_token(
    deps: Deps, tell: Callable[..., int]
) -> None:
    status = tell(headers=basic("id", "secret"))

    assert status == 204
    assert healths(deps) == [Health.NEEDS_RECONNECT, Health.NEEDS_RECONNECT, Health.CONNECTED]


def test_the_chat_app_of_each_workspace_is_told(deps: Deps, tell: Callable[..., int]) -> None:
    tell(headers=basic("id", "secret"))
    tell(headers=basic("id", "secret"))

    sent = deps.queues.chat.sent  # type: ignore[attr-defined]  # the memory twin's
    assert sorted(message.body["workspace"] for message in sent) == ["acme", "other"]


@pytest.mark.parametrize(
    ("crm", "body", "headers", "status"),
    [
        ("pipedrive", SAID, {}, 401),
        ("pipedrive", SAID, basic("id", "wrong"), 401),
        ("pipedrive", {"user_id": 77}, basic("id", "secret"), 400),
        ("pipedrive", "no json", basic("id", "secret"), 400),
        ("pipedrive", None, basic("id", "secret"), 400),
        ("pipedrive", {**SAID, "company_id": 1}, basic("id", "secret"), 204),
        ("hubspot", SAID, basic("id", "secret"), 404),
        ("sugar", SAID, basic("id", "secret"), 404),
    ],
)
def test_what_proves_nothing_or_concerns_nobody_here_changes_nothing(
    deps: Deps, tell: Callable[..., int], crm: str, body: Any, headers: dict[str, str], status: int
) -> None:
    assert tell(crm, body, headers) == status
    assert healths(deps) == [Health.CONNECTED] * 3


def test_the_body_is_read_as_json_only_where_it_is(deps: Deps, tell: Callable[..., int]) -> None:
    assert tell(body=orjson.dumps(SAID).decode(), headers=basic("id", "secret")) == 204
