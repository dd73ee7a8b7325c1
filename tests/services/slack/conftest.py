"""A Slack team in memory: it answers our calls, remembers them, and signs what its people do as Slack signs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from crmbridge.domain.changes import Delivery, Response
from crmbridge.domain.connections import Account, AppCredentials, Connection
from crmbridge.domain.directories import Directories, Stage
from crmbridge.domain.installations import Installation
from crmbridge.domain.records import Kind
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.ports import Deps
from crmbridge.services.slack.receive_request import receive_request
from crmbridge.services.slack.serve_request import serve_request
from crmbridge.services.slack.show_card import show_card
from crmbridge.storage.vault import MemoryVault
from slack_sdk.signature import SignatureVerifier

from local.simulators.slack.blocks import check_message, check_view

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, CHANNEL = "T0TEAM", "C0DEALS"
NOBODY = {"ok": False, "error": "user_not_found"}


@dataclass
class SlackTeam:
    """`calls` are (method, arguments) in order; `refuses` maps a method to the answer it gives instead."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: dict[str, Any] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)

    def answer(self, asked: Any) -> tuple[int, Any] | tuple[int, Any, Mapping[str, str]]:
        method = asked.path.rpartition("/")[2]
        if asked.path.startswith("/response"):
            self.calls.append(("respond", asked.body))
            check_message(asked.body["blocks"])
            return 200, None
        given = {name: _read(value) for name, value in (asked.body or {}).items()}
        self.calls.append((method, given))
        _check_bounds(given)
        refusal = self.refuses.get(method)
        refusal = refusal(given) if callable(refusal) else refusal
        if isinstance(refusal, tuple):
            return refusal
        if refusal:
            return 200, {"ok": False, **refusal} if isinstance(refusal, dict) else {"ok": False, "error": refusal}
        known = getattr(self, "_" + method.replace(".", "_"), None)
        return 200, known(given) if known else {"ok": True}

    def called(self, method: str) -> list[dict[str, Any]]:
        return [given for name, given in self.calls if name == method]

    def add(self, user: str, email: str, **more: Any) -> None:
        self.users[user] = {"id": user, "team_id": TEAM, "tz": "Europe/Berlin", "profile": {"email": email}, **more}

    def _users_info(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "user": self.users[given["user"]]} if given["user"] in self.users else NOBODY

    def _users_lookupByEmail(self, given: dict[str, Any]) -> Any:
        found = [user for user in self.users.values() if user["profile"].get("email") == given["email"]]
        return {"ok": True, "user": found[0]} if found else {"ok": False, "error": "users_not_found"}

    def _views_open(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "view": {"id": f"V{len(self.called('views.open'))}"}}

    def _chat_postMessage(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "channel": given["channel"], "ts": f"{len(self.called('chat.postMessage'))}.1"}

    def _conversations_info(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "channel": {"id": given["channel"], "is_ext_shared": given["channel"] in self.shared}}

    def _conversations_members(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "members": sorted(self.members[given["channel"]])}

    def _conversations_join(self, given: dict[str, Any]) -> Any:
        self.members[given["channel"]].add("UBOT")
        return {"ok": True}

    def _conversations_invite(self, given: dict[str, Any]) -> Any:
        self.members[given["channel"]] |= set(given["users"].split(","))
        return {"ok": True}

    def _conversations_kick(self, given: dict[str, Any]) -> Any:
        self.members[given["channel"]].discard(given["user"])
        return {"ok": True}

    def _oauth_v2_access(self, given: dict[str, Any]) -> Any:
        team = {"id": TEAM, "name": "Acme"}
        return {
            "ok": True, "token_type": "bot", "access_token": "xoxb-1", "bot_user_id": "UBOT", "team": team,
            "scope": "commands,chat:write", "authed_user": {"id": "UADA"},
        }  # fmt: skip


def _check_bounds(given: Mapping[str, Any]) -> None:
    """As Slack holds us to: lengths, counts, names that are there twice."""
    if "view" in given:
        check_view(given["view"])
    for blocks in (given.get("blocks"), *(card["blocks"] for card in given.get("unfurls", {}).values())):
        check_message(blocks)


def _read(text: str) -> Any:
    return orjson.loads(text) if text[:1] in "[{" or text in ("true", "false") else text


@pytest.fixture
def slack(remote: Any) -> SlackTeam:
    team = SlackTeam(members={CHANNEL: {"UBOT"}})
    team.add("UADA", "ada@example.test")
    team.add("UMAX", "max@example.test")
    remote.answer = team.answer
    return team


@pytest.fixture
def deps(make_deps: Callable[..., Deps], slack: SlackTeam) -> Deps:
    """A workspace whose Slack has no app yet."""
    apps = {
        "hubspot": AppCredentials("client", "secret", app_id="990012"),
        "slack": AppCredentials("1.2", "client-secret", webhook_secret=SECRET),
    }
    return make_deps(vault=MemoryVault(apps))


@pytest.fixture
def installation(deps: Deps) -> Installation:
    """Our app in the team, with a token."""
    made = Installation(
        workspace="w1", team=TEAM, team_name="Acme", bot="UBOT", installer="UADA", installed_by="u1",
        installed_at=deps.now(),
    )  # fmt: skip
    deps.installations.save(made)
    deps.vault.keep_bot_token("w1", "xoxb-1")
    return made


@pytest.fixture
def hubspot(deps: Deps, make_connection: Callable[..., Connection]) -> Connection:
    """A connection with a pipeline of two stages."""
    connection = make_connection()
    stages = {
        id: Stage(id, label, "default", "Sales", at) for at, (id, label) in enumerate([("s1", "New"), ("s2", "Won")])
    }
    account = Account("48", ui_url="https://app.hubspot.com", currency="EUR")
    deps.connections.save_directories("w1", "c1", Directories(account, stages=stages))
    return connection


@pytest.fixture
def deal(hubspot: Connection, put_record: Callable[..., Any]) -> str:
    """How buttons and options name a deal of 40,000."""
    put_record(
        "deals", "9", Kind.DEAL, name="Renewal", stage="s1", pipeline="default", amount=Decimal("40000"), currency="EUR"
    )
    return "c1/deals/9"


@pytest.fixture
def post(deps: Deps) -> Callable[..., Response]:
    """Slack posts: `what` is the route, `given` the form or the JSON; headers may be replaced."""

    def send(what: str, given: Any, **headers: str) -> Response:
        body = orjson.dumps(given) if what == "events" else urlencode(given).encode()
        stamp = str(int(deps.now().timestamp()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body) or ""
        proven = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
        return receive_request(deps, what, Delivery("POST", "", {**proven, **headers}, body, deps.now()))

    return send


@pytest.fixture
def interact(post: Callable[..., Response]) -> Callable[..., Any]:
    """One interaction of UADA; returns what Slack is answered."""

    def send(type: str, **payload: Any) -> Any:
        known = {"team": {"id": TEAM}, "user": {"id": "UADA"}, "trigger_id": "1.2.3"}
        answer = post("interactions", {"payload": orjson.dumps({"type": type, **known, **payload}).decode()})
        return orjson.loads(answer.body) if answer.body else None

    return send


@pytest.fixture
def command(post: Callable[..., Response]) -> Callable[[str], Any]:
    """`/crm` and what stands behind it; returns what Slack is answered."""

    def send(text: str, user: str = "UADA") -> Any:
        given = {
            "team_id": TEAM, "channel_id": CHANNEL, "user_id": user, "command": "/crm", "text": text,
            "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/response/1",
        }  # fmt: skip
        answer = post("commands", given)
        return orjson.loads(answer.body) if answer.body else None

    return send


@pytest.fixture
def serve(deps: Deps) -> Callable[[], None]:
    """The worker takes what is on the queue."""

    def work() -> None:
        for message in deps.queues.chat.take():  # type: ignore[attr-defined]  # the memory twin
            body = orjson.loads(orjson.dumps(message.body))
            if "slack" in body:
                serve_request(deps, body["slack"], body["holder"])
            elif "card" in body:
                show_card(deps, body["workspace"], body["card"])
            else:
                deliver_outbound(deps, body["workspace"], body["outbound"])

    return work


@pytest.fixture
def submit(slack: SlackTeam, interact: Callable[..., Any]) -> Callable[..., Any]:
    """UADA sends the form that was filled last; `entered` are values by block. Returns what Slack is answered."""

    def send(**entered: str) -> Any:
        view = slack.called("views.update")[-1]["view"]
        state = {block["block_id"]: {"value": _state(block, entered)} for block in view["blocks"]}
        opened = {**view, "id": slack.called("views.update")[-1]["view_id"], "state": {"values": state}}
        return interact("view_submission", view=opened)

    return send


def _state(block: Mapping[str, Any], entered: Mapping[str, str]) -> dict[str, Any]:
    """What Slack sends of an input, with what was entered or what it began with."""
    element, name = block["element"], block["block_id"].partition("@")[0].rpartition(".")[2]
    begun = (
        element.get("initial_option", {}).get("value") or element.get("initial_date") or element.get("initial_value")
    )
    value = entered.get(name, begun)
    if "select" in element["type"]:
        return {"type": element["type"], "selected_option": {"value": value} if value else None}
    return {"type": element["type"], "selected_date" if element["type"] == "datepicker" else "value": value}
