"""The API's description: one OpenAPI document out of the routers, kept beside this file.

`python -m crmbridge.entry.openapi` writes it anew; a test says when it is not current.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from crmbridge.entry import (
    actions,
    connections,
    group_members,
    groups,
    messages,
    oauth,
    platforms,
    previews,
    problems,
    queries,
    records,
    rules,
    runs,
    sidepanels,
    slack,
    templates,
    workspaces,
)
from crmbridge.entry.http import HttpDoor

DOCUMENT: Final = Path(__file__).with_name("openapi.json")
ROUTERS: Final = (
    platforms.router, oauth.router, connections.router, queries.router, runs.router, records.router, sidepanels.router,
    actions.router, templates.router, groups.router, group_members.router, previews.router, rules.router,
    messages.router, workspaces.router, slack.router,
)  # fmt: skip
DESCRIPTION: Final = (
    "CRM Bridge keeps a chat app and its customers' CRMs in step. Errors are RFC 9457 problem documents: `detail` says "
    "what happened, `errors` which fields are wrong, `next_step` what to do, `request_id` what to quote."
)
PUBLIC: Final = frozenset(
    {
        "/v1/platforms", "/v1/oauth/{platform}/callback", "/v1/openapi.json", "/v1/chat/slack/callback",
        "/v1/chat/slack/commands", "/v1/chat/slack/interactions", "/v1/chat/slack/events",
    }
)  # fmt: skip
"""And webhooks, which prove themselves in their CRM's own way."""

Json = dict[str, Any]


def document() -> Json:
    """Every route with its models, and with what can go wrong."""
    schema = HttpDoor(*ROUTERS).app.get_openapi_json_schema(title="CRM Bridge", version="1", description=DESCRIPTION)
    found: Json = orjson.loads(schema)
    found.pop("servers", None)
    found["paths"] |= BARE
    for path, method, operation in operations(found):
        operation["responses"] = _responses(path, method, operation)
        operation["security"] = [] if _is_public(path) else [{"caller": []}]
    components = found["components"]
    components["schemas"] = {n: each for n, each in components["schemas"].items() if "ValidationError" not in n}
    components["schemas"] |= {"Problem": PROBLEM, "GateRefusal": GATE_REFUSAL}
    components["securitySchemes"] = {"caller": CALLER}
    return {**found, "paths": dict(sorted(found["paths"].items()))}


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith("/v1/webhooks/")


def _responses(path: str, method: str, operation: Mapping[str, Any]) -> Json:
    """What it answers when all is well, and the problems that this kind of route has."""
    good = {code: each for code, each in operation["responses"].items() if code < "400"}
    if "204" in good:
        good["204"] = {"description": good["204"]["description"]}
    if (method, path) in PAGES:
        return good | _pages()
    if path in BARE and method == "post":
        return good | {code: {"description": words} for code, words in DELIVERED.items()}
    refusals = {**ALWAYS, **_of_caller(path), **_of_request(method)}
    if (method, path) in ASKING:
        refusals |= {"409": "The connection must be renewed", "422": "The CRM refused", "502": "The CRM went wrong"}
    return good | {code: _refusal(code, words) for code, words in sorted(refusals.items())}


def _of_caller(path: str) -> Mapping[str, str]:
    if not _is_public(path):
        return {"401": "No valid token or key", "403": "Not allowed for this role", "404": NOT_THERE}
    return {"404": NOT_THERE} if "{" in path else {}


def _of_request(method: str) -> Mapping[str, str]:
    """A query parameter that nobody knows is wrong everywhere."""
    wrong = {"400": "The request is not valid; `errors` names the fields"}
    writes = {"409": "It contradicts what is there", "413": "It is too large", "422": "The CRM cannot do that"}
    return wrong if method == "get" else wrong | writes


def _refusal(code: str, words: str) -> Json:
    content = {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if code in AT_THE_GATE:
        content["application/json"] = {"schema": {"$ref": "#/components/schemas/GateRefusal"}}
    return {"description": words, "content": content}


def _pages() -> Json:
    """For browsers. A path that no route fits is refused before anybody knows that a page was wanted."""
    shown = {
        "200": "Connected",
        "400": "Not connected",
        "404": "No such CRM",
        "409": "Not connected",
        "413": "Too large",
        "422": "Not connected",
        "429": "Later",
        "500": "Our mistake",
        "502": "Not connected",
        "503": "Later",
    }
    content = {"text/html": {"schema": _TEXT}}
    gate = {"application/json": {"schema": {"$ref": "#/components/schemas/GateRefusal"}}}
    page: Json = {
        code: {"description": words, "content": content | (gate if code in AT_THE_GATE else {})}
        for code, words in shown.items()
    }
    page["404"] = _refusal("404", shown["404"])
    page["404"]["content"] |= content
    return page | {"303": {"description": "Back to where the caller wanted the browser"}}


def _bare(id: str, summary: str, parameters: tuple[str, ...], answer: str) -> Json:
    placed = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parameters]
    found: Json = {"operationId": id, "summary": summary, "responses": {"200": {"description": answer}}}
    return found | {"tags": ["Webhooks"], "parameters": placed} if placed else found | {"tags": ["About"]}


def _slack(id: str, what: str) -> Json:
    return {
        **_bare(f"receive_slack_{id}", f"For Slack: {what}", (), "Queued, or what Slack waits for"),
        "tags": ["Slack"],
    }


BARE: Final[Json] = {
    "/v1/openapi.json": {"get": _bare("read_openapi", "This document", (), "The document")},
    "/v1/chat/slack/commands": {"post": _slack("commands", "the command /crm")},
    "/v1/chat/slack/interactions": {"post": _slack("interactions", "shortcuts, buttons, forms and their options")},
    "/v1/chat/slack/events": {"post": _slack("events", "links that were posted, Home, the app removed")},
    "/v1/webhooks/{platform}": {
        "post": _bare("receive_delivery", "For CRMs: deliveries of an app", ("platform",), "Queued, or of no interest")
    },
    "/v1/webhooks/{platform}/{connection}/{token}": {
        "post": _bare(
            "receive_delivery_of_connection",
            "For CRMs: deliveries of one connection",
            ("platform", "connection", "token"),
            "Queued, or of no interest",
        )
    },
}
"""Routes that do without a router."""

CALLER: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "A JWT of the chat app's OIDC issuer, or an API key (`cb_...`) made with POST /v1/keys",
}
_TEXT: Final = {"type": "string"}
ALWAYS: Final = {"429": "Too many requests", "500": "Something went wrong on our side", "503": "Try again later"}
DELIVERED: Final = {
    "400": "It cannot be read",
    "401": "It does not prove whom it comes from",
    "404": "There is no such address",
    "409": "Not now",
    "413": "It is too large",
    **ALWAYS,
}
NOT_THERE: Final = "There is no such thing, or it is not yours"
PAGES: Final = frozenset({("get", "/v1/oauth/{platform}/callback"), ("get", "/v1/chat/slack/callback")})
ASKING: Final = frozenset(
    {
        ("get", "/v1/records"),
        ("get", "/v1/records/{connection}/{object}/{id}"),
        ("post", "/v1/connections"),
        ("delete", "/v1/connections/{id}"),
        ("post", "/v1/connections/{id}/address"),
        ("post", "/v1/connections/{id}/query"),
        ("post", "/v1/connections/{id}/test"),
    }
)
"""Routes that ask a CRM while the caller waits."""
AT_THE_GATE: Final = frozenset({"401", "403", "413", "429", "500", "503"})
"""What API Gateway may answer before a function of ours is asked, in words of its own."""
GATE_REFUSAL: Final = {"type": "object", "required": ["message"], "properties": {"message": _TEXT}}
PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "request_id"],
    "properties": {
        "type": {**_TEXT, "description": "What kind of problem, for programs"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "What happened, for people"},
        "request_id": _TEXT,
        "next_step": {**_TEXT, "description": "What to do about it"},
        "reason": {**_TEXT, "description": "One word, where a connection was not made"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": _TEXT,
                    "message": _TEXT,
                    "fix": _TEXT,
                    "base": {"description": "What the change was decided on"},
                    "now": {"description": "What the CRM has now"},
                },
            },
        },
        "platform": {**_TEXT, "description": "The CRM it happened in"},
        "platform_status": {"type": "integer"},
        "platform_request_id": _TEXT,
        "missing_scopes": {"type": "array", "items": _TEXT},
        "existing_id": _TEXT,
    },
}


def main() -> None:
    DOCUMENT.write_bytes(orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
