"""Every file in `events/` is fed to its function, so that samples cannot rot."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from crmbridge.entry.authorizer import answer
from crmbridge.services.ports import Deps

STATUS = {
    "connections": {
        "platforms": 200, "list": 200, "add_by_token": 400, "read": 200, "edit": 200, "disconnect": 204, "test": 200,
        "sync": 202, "query": 422, "runs": 200, "run": 200, "fields": 200, "people": 200, "map_people": 200,
        "keys": 200,
        "add_key": 201, "delete_key": 204, "endpoint": 200, "set_endpoint": 200, "workspace": 200, "set_workspace": 200,
        "rotate_secret": 200, "test_endpoint": 200, "failed_events": 200, "resend": 202, "resend_all": 202,
    },
    "chat": {"command": 200, "command_forged": 401, "click": 200, "link_shared": 200, "url_verification": 200},
    "oauth": {
        "install_slack": 200, "slack_callback": 400, "read_slack": 200, "set_slack": 200, "uninstall_slack": 204,
        "start": 200, "callback": 400, "callback_denied": 400,
    },
    "records": {
        "list": 200, "by_email": 200, "by_name": 200, "read": 200, "edit": 202, "edit_moved": 409, "chats": 200,
        "panel": 200, "set_panel": 200, "unlink": 204, "suggest": 200,
    },
    "actions": {
        "ask": 202, "ask_without_key": 400, "read": 200, "retry": 202, "settle": 409, "cancel": 200, "undo": 202,
        "of_chat": 200,
        "list_templates": 200, "create_template": 201, "create_wrong_template": 400, "read_template": 200,
        "edit_template": 200, "delete_template": 204, "fill_template": 200, "use_template": 202, "message": 202,
    },
    "groups": {
        "list": 200, "create": 201, "create_wrong": 400, "read": 200, "edit": 200, "delete": 204, "members": 200,
        "sync": 202, "why": 200, "preview": 200, "pin": 200, "unpin": 204, "exclude": 200, "readmit": 204,
        "history": 200, "approve_removals": 202, "reject_removals": 200,
        "read_check": 200, "set_check": 200,
    },
    "rules": {
        "list": 200, "create": 201, "create_wrong": 400, "read": 200, "edit": 200, "delete": 204, "test": 200,
        "firings": 200,
    },
    "webhooks": {"hubspot": 200, "hubspot_forged": 401, "of_connection": 404},
    "console": {"openapi": 200},
}  # fmt: skip
"""What each request is answered with."""
WORK = {
    "apply_deliveries": ["delivery"],
    "sync_pages": ["task"],
    "evaluate_groups": ["records", "settle", "scan"],
    "run_rules": ["occasions"],
    "execute_action": ["action", "together"],
    "deliver_to_chat": ["members", "event", "moved", "slack", "card"],
}
FILES = [(path.parent.name, path.stem) for path in sorted((Path(__file__).parents[2] / "events").glob("*/*.json"))]

Handler = Callable[[str], ModuleType]
Event = Callable[[str, str], Any]


def requests() -> list[Any]:
    return [pytest.param(f, n, status, id=f"{f}-{n}") for f, names in STATUS.items() for n, status in names.items()]


def batches() -> list[Any]:
    return [pytest.param(function, name, id=f"{function}-{name}") for function, names in WORK.items() for name in names]


def test_every_event_is_fed_to_its_function() -> None:
    others = {("authorizer", "token"), ("schedule_syncs", "tick")}
    others |= {("fan_out_changes", name) for name in ("deal_changed", "deal_removed", "member_touched")}

    fed = {(function, name) for table in (STATUS, WORK) for function, names in table.items() for name in names}

    assert fed | others == set(FILES)


@pytest.mark.parametrize(("function", "name", "status"), requests())
def test_a_request_is_answered(
    deps: Deps, handler: Handler, event: Event, context: Any, function: str, name: str, status: int
) -> None:
    answer = handler(function).answer
    bare = {"webhooks": lambda given: answer(deps, given), "chat": lambda given: answer(deps, given), "console": answer}
    ask = bare.get(function, lambda given: answer(deps, given, context))

    answered = ask(event(function, name))

    assert answered["statusCode"] == status, answered["body"]


@pytest.mark.parametrize(("function", "name"), batches())
def test_a_batch_is_worked_off(
    deps: Deps, handler: Handler, event: Event, context: Any, function: str, name: str
) -> None:
    assert handler(function).answer(deps, event(function, name), context) == {"batchItemFailures": []}


def test_a_proven_delivery_is_on_the_queue(deps: Deps, handler: Handler, event: Event) -> None:
    handler("webhooks").answer(deps, event("webhooks", "hubspot"))

    (message,) = sent(deps.queues.deliveries)
    assert (message.body["platform"], message.group) == ("hubspot", "hubspot#8801")


def test_an_asked_action_is_on_the_queue(deps: Deps, handler: Handler, event: Event, context: Any) -> None:
    answered = handler("actions").answer(deps, event("actions", "ask"), context)

    (message,) = sent(deps.queues.actions)
    assert answered["headers"]["location"] == f"/v1/actions/{message.body['action']}"


def test_wrong_fields_of_a_group_are_named(deps: Deps, handler: Handler, event: Event, context: Any) -> None:
    answered = handler("groups").answer(deps, event("groups", "create_wrong"), context)

    assert {each["field"] for each in orjson.loads(answered["body"])["errors"]} == {"name", "colour"}


def test_wrong_parts_of_a_rule_are_named(deps: Deps, handler: Handler, event: Event, context: Any) -> None:
    answered = handler("rules").answer(deps, event("rules", "create_wrong"), context)

    named = {each["field"] for each in orjson.loads(answered["body"])["errors"]}
    assert named == {"condition", "actions[0].fields.subject", "actions[1].template"}


@pytest.mark.parametrize("name", ["deal_changed", "deal_removed"])
def test_a_moved_deal_is_news_for_rules(deps: Deps, handler: Handler, event: Event, name: str) -> None:
    handler("fan_out_changes").answer(deps, event("fan_out_changes", name))

    told = [id for message in sent(deps.queues.rules) for id in message.body["occasions"]]
    assert len(told) == (1 if name == "deal_changed" else 0)


def test_a_classified_message_is_news_for_rules(deps: Deps, handler: Handler, event: Event, context: Any) -> None:
    answered = handler("actions").answer(deps, event("actions", "message"), context)

    (message,) = sent(deps.queues.rules)
    assert message.body["occasions"] == [orjson.loads(answered["body"])["id"]]


def test_a_refused_connection_is_a_page_without_secrets(
    deps: Deps, handler: Handler, event: Event, context: Any
) -> None:
    answered = handler("oauth").answer(deps, event("oauth", "callback"), context)

    assert answered["headers"]["content-type"].startswith("text/html")
    assert "unknown_or_used_state" in answered["body"]
    assert event("oauth", "callback")["queryStringParameters"]["state"] not in answered["body"]


def test_a_waiting_event_reaches_the_chat_app(
    deps: Deps, handler: Handler, event: Event, context: Any, chat: Any
) -> None:
    handler("deliver_to_chat").answer(deps, event("deliver_to_chat", "event"), context)

    assert chat.heard == ["action.completed"]


def test_a_minute_rings_what_waits(deps: Deps, handler: Handler, event: Event) -> None:
    rung = handler("schedule_syncs").answer(deps, event("schedule_syncs", "tick"))

    assert (rung["events"], len(sent(deps.queues.chat))) == (1, 1)


@pytest.mark.parametrize("name", ["deal_changed", "deal_removed"])
def test_a_moved_deal_is_news_for_groups(deps: Deps, handler: Handler, event: Event, name: str) -> None:
    handler("fan_out_changes").answer(deps, event("fan_out_changes", name))

    (message,) = sent(deps.queues.groups)
    assert message.body["records"] == [["01K9QJ5V7M3C0N7WQ2H8D4B6C1", "deals", "9001"]]


def test_a_touched_member_is_news_for_the_chat_app(deps: Deps, handler: Handler, event: Event) -> None:
    handler("fan_out_changes").answer(deps, event("fan_out_changes", "member_touched"))

    (message,) = sent(deps.queues.chat)
    assert message.body["persons"] == ["grace@client.example"]


def test_a_stranger_is_not_authorized(deps: Deps, event: Event) -> None:
    assert answer(deps, event("authorizer", "token"), "https://issuer.example", "crm-bridge") == {"isAuthorized": False}


def sent(queue: Any) -> list[Any]:
    return list(queue.sent)
