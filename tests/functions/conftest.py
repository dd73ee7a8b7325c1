"""A deployment in memory, with what the events in `events/` speak of: one connection, a deal, a group, an action."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.actions import Action, ActionStatus, Receipt, Target, action_id
from crmbridge.domain.changes import Cause, Origin
from crmbridge.domain.connections import Account, AppCredentials, Connection, TokenSet
from crmbridge.domain.directories import Directories
from crmbridge.domain.groups import Group, Held, Support
from crmbridge.domain.installations import Installation
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, RecordKey
from crmbridge.domain.rules import On, Rule, Trigger
from crmbridge.domain.runs import Run, RunType, Status
from crmbridge.domain.templates import ActionTemplate
from crmbridge.domain.workspaces import ApiKey, Endpoint
from crmbridge.services.ports import Deps
from crmbridge.services.store_sightings import store_sightings
from requests.adapters import BaseAdapter

from tests.memory_deps import memory_deps

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
CONNECTION = "01K9QJ5V7M3C0N7WQ2H8D4B6C1"
GROUP = "01K9QJ5V7M3C0N7WQ2H8D4B6G1"
RULE = "01K9QJ5V7M3C0N7WQ2H8D4B6U1"
RUN = "01K9QJ5V7M3C0N7WQ2H8D4B6R1"
KEY = "01K9QJ5V7M3C0N7WQ2H8D4B6K1"
OUTBOUND = "01K9QJ5V7M3C0N7WQ2H8D4B601"
FAILED_EVENT = "9f1c.failed.0"
TEMPLATE = "01K9QJ5V7M3C0N7WQ2H8D4B777"
ACTION, PENDING, DONE = (action_id("acme", "U-ADA", key) for key in ("click-1", "pending", "done"))
DEAL = {
    "id": "9001",
    "properties": {"dealname": "Renewal", "amount": "40000", "pipeline": "default"},
    "archived": False,
}


APPS = {
    "hubspot": AppCredentials("client", "app-secret", app_id="990012"),
    "slack": AppCredentials("1.2", "client-secret", webhook_secret="slack-signing-secret"),
}
INSTALLATION = Installation(
    workspace="acme", team="T0ACME", team_name="Acme", bot="U0BOT", installer="U0ADA", installed_by="U-ADA",
    installed_at=NOW,
)  # fmt: skip


@dataclass
class ChatApp:
    heard: list[str] = field(default_factory=list)

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Any) -> None:
        self.heard.append(event["type"])


class ClosedCrm(BaseAdapter):
    """A CRM that takes no token."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 401, request.url or "", request
        response._content = b'{"status":"error","message":"no","category":"INVALID_AUTHENTICATION"}'
        return response

    def close(self) -> None:
        """Nothing is open."""


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
def chat() -> ChatApp:
    return ChatApp()


@pytest.fixture
def deps(chat: ChatApp) -> Deps:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ClosedCrm())
    where = {"public_url": "https://bridge.acme.example", "return_urls": ("https://chat.acme.example/",)}
    made = memory_deps(lambda: NOW, lambda seconds: None, apps=APPS, chat=chat, http=session, **where)
    furnish(made)
    return made


def furnish(deps: Deps) -> None:
    connection = Connection(
        id=CONNECTION, workspace="acme", platform="hubspot", account="8801", display_name="HubSpot", auth="oauth",
        base_url="https://api.hubapi.com", created_at=NOW, created_by="U-ADA",
    )  # fmt: skip
    directories = Directories(Account("8801"))
    deps.connections.add(connection)
    deps.connections.save_directories("acme", CONNECTION, directories)
    deps.vault.create(connection, TokenSet(access_token="a", refresh_token="r", expires_at=NOW + timedelta(hours=1)))
    seen = Sighting(
        object="deals", external_id="9001", kind=Kind.DEAL, raw=DEAL, fingerprint="a", remote_updated_at=NOW
    )
    store_sightings(
        deps,
        deps.platform("hubspot"),
        connection,
        directories,
        [seen],
        read_started_at=NOW,
        cause=Cause(Origin.BACKFILL),
    )
    group = Group(id=GROUP, workspace="acme", name="Deals", channel="CH-1", rules=RULES, created_at=NOW)
    deps.groups.add(group, 10)
    deal = RecordKey("acme", CONNECTION, "deals", "9001")
    grace = Support(GROUP, "grace@client.example", deal, 1, {"clauses": [], "through": "contacts/7"})
    deps.memberships.settle(deal, Held(), groups_version=1, wanted=[grace])
    touched = deps.memberships.member("acme", GROUP, grace.person)
    deps.memberships.postpone("acme", touched, NOW + timedelta(hours=1))
    deps.journal.add_run(finished_run(), [])
    for action in (failed_action(), pending_action(), done_action()):
        deps.actions.claim(action)
    deps.installations.save(INSTALLATION)
    deps.vault.keep_bot_token("acme", "xoxb-1")
    deps.workspaces.add_api_key(ApiKey(KEY, "acme", "member", "U-ADA", "report", "h" * 64, NOW))
    deps.workspaces.set_endpoint("acme", Endpoint("https://chat.acme.example/hooks"))
    deps.outbound.add("acme", OUTBOUND, {"type": "action.completed", "data": {}}, NOW)
    deps.outbound.add("acme", FAILED_EVENT, {"type": "action.failed", "data": {}}, NOW)
    deps.templates.add(
        ActionTemplate(id=TEMPLATE, workspace="acme", name="Send the quote first", type="create_task", created_at=NOW)
    )
    for number, on in enumerate((On.CHANGE, On.MESSAGE), 1):
        deps.rules.add(a_rule(f"{RULE[:-1]}{number}", Trigger(on=on, labels=("quote",))), 10)
    deps.outbound.give_up("acme", FAILED_EVENT, NOW, "the chat app's endpoint answered 500")


RULES = {"operator": "AND", "rules": [{"field": "amount", "operator": "gte", "value": 50000}]}


def a_rule(id: str, trigger: Trigger) -> Rule:
    task = {"type": "create_task", "fields": {"subject": "Look at {record_name | it}"}}
    return Rule(
        id=id, workspace="acme", name="Big deals", trigger=trigger, condition=RULES, actions=(task,), acts_as="U-ADA",
        created_by="U-ADA", created_at=NOW, since=NOW,
    )  # fmt: skip


def finished_run() -> Run:
    return Run(
        id=RUN, workspace="acme", connection=CONNECTION, type=RunType.FULL, status=Status.SUCCESS, started_at=NOW,
        completed_at=NOW,
    )  # fmt: skip


def failed_action() -> Action:
    action = Action(
        id=ACTION, workspace="acme", connection=CONNECTION, type="update_deal", fields={"amount": "75000"},
        target=Target("deals", "9001"), requested_by="U-ADA", chat="CH-DEALS", body_hash="", key=ACTION, created_at=NOW,
    )  # fmt: skip
    return replace(action, status=ActionStatus.FAILED)


def pending_action() -> Action:
    return replace(failed_action(), id=PENDING, key=PENDING, status=ActionStatus.PENDING)


def done_action() -> Action:
    receipt = Receipt(
        object="deals", external_id="9001", before={"amount": "35000"}, after={"amount": "40000"}, completed_at=NOW,
        attempts=1,
    )  # fmt: skip
    return replace(failed_action(), id=DONE, key=DONE, status=ActionStatus.COMPLETED, receipt=receipt)


@pytest.fixture
def handler() -> Callable[[str], ModuleType]:
    """A function's module, as Lambda would import it."""
    return lambda name: importlib.import_module(f"functions.{name}.handler")


@pytest.fixture
def event(root: Path) -> Callable[[str, str], Any]:
    return lambda function, name: orjson.loads((root / "events" / function / f"{name}.json").read_bytes())
