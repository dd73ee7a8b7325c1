"""v1: subscribing to webhooks, which no API of a newer version does."""

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from local.simulators.pipedrive.call import Call, Op, one_of
from local.simulators.pipedrive.errors import respond, webhook_error
from local.simulators.pipedrive.events import ACTIONS, GIVEN_UP, OBJECTS, Subscription, active

MOST = 40
LONGEST_NAME = 255
FIRST_ID = 3300
ADMIN = one_of("admin")


def list_webhooks(call: Call) -> Response:
    listed = [each for each in call.company.webhooks.values() if not each.removed_ms]
    if call.company.settings.removed_webhooks_listed:
        listed = [each for each in call.company.webhooks.values() if not each.removed_ms or each.reason == GIVEN_UP]
    return respond({"status": "ok", "success": True, "data": [each.wire() for each in listed]})


def create_webhook(call: Call) -> Response:
    company, body = call.company, call.fields()
    errors = _flaws(body, https_only=company.settings.webhook_https_only)
    user = body.get("user_id", call.grant.user)
    if user not in company.users:
        errors["user_id"] = ["no such user"]
    if errors:
        raise webhook_error(400, **errors)
    if sum(1 for each in active(company.webhooks.values()) if each.user == call.grant.user) >= MOST:
        raise webhook_error(422, webhooks=[f"a user can have at most {MOST} webhooks"])
    hook = Subscription(
        FIRST_ID + company.number(),
        company.id,
        call.grant.user,
        str(body["subscription_url"]),
        body["event_action"],
        body["event_object"],
        body["name"],
        company.clock.now_ms(),
        call.grant.is_app,
        body.get("http_auth_user"),
        body.get("http_auth_password"),
    )
    company.webhooks[hook.id] = hook
    return respond({"status": "ok", "success": True, "data": hook.wire()}, 201)


def delete_webhook(call: Call) -> Response:
    hook = call.company.webhooks.get(int(call.param("id")))
    if hook is None or hook.removed_ms:
        raise webhook_error(404, id=["webhook not found"])
    hook.removed_ms, hook.reason = call.company.clock.now_ms(), "deleted"
    return respond({"status": "ok", "success": True})


def _flaws(body: dict[str, Any], *, https_only: bool) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    parts = urlsplit(str(body.get("subscription_url", "")))
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and not https_only)
    if not secure or not host or host == "pipedrive.com" or host.endswith(".pipedrive.com"):
        errors["subscription_url"] = ["invalid or non-reachable URL"]
    if body.get("event_action") not in ACTIONS:
        errors["event_action"] = [f"must be one of {', '.join(ACTIONS)}"]
    if body.get("event_object") not in OBJECTS:
        errors["event_object"] = [f"must be one of {', '.join(OBJECTS)}"]
    name = body.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = [f"is required and must not be longer than {LONGEST_NAME} characters"]
    if body.get("version", "2.0") != "2.0":
        errors["version"] = ["this simulator sends version 2.0 only"]
    return errors


OPS = [
    Op("GET", "/api/v1/webhooks", list_webhooks, 10, ADMIN),
    Op("POST", "/api/v1/webhooks", create_webhook, 10, ADMIN),
    Op("DELETE", "/api/v1/webhooks/{id:int}", delete_webhook, 6, ADMIN),
]
