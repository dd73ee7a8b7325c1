"""Every route of the API, asked by people who may not and with what makes no sense: a 4xx that says so, and no harm."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from local.engine.process import ROOT
from local.journey import steps
from local.journey.client import Bridge
from local.journey.steps import Story
from tests.journeys.belongings import RULE, address

pytestmark = pytest.mark.journey

Json = Any
Route = tuple[str, str]

DOCUMENT = json.loads((ROOT / "layers/bridge/crmbridge/entry/openapi.json").read_text())
ROUTES: Mapping[Route, Json] = {
    (method.upper(), path): told for path, methods in DOCUMENT["paths"].items() for method, told in methods.items()
}
GUARDED = [route for route, told in ROUTES.items() if told.get("security")]
WITH_BODY = [route for route, told in ROUTES.items() if "requestBody" in told]
WITH_ID = [(method, path) for method, path in GUARDED if "{id}" in path]
PAGED = [
    route for route, told in ROUTES.items() if any(each["name"] == "cursor" for each in told.get("parameters", ()))
]
FOR_ADMINS = [
    ("POST", "/v1/connections"),
    ("PATCH", "/v1/connections/{id}"),
    ("DELETE", "/v1/connections/{id}"),
    ("POST", "/v1/connections/{id}/sync"),
    ("POST", "/v1/connections/{id}/test"),
    ("POST", "/v1/connections/{id}/query"),
    ("POST", "/v1/oauth/{platform}/start"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/keys"),
    ("DELETE", "/v1/keys/{id}"),
    ("PUT", "/v1/workspace"),
    ("PUT", "/v1/people"),
    ("GET", "/v1/people"),
    ("PUT", "/v1/chat-endpoint"),
    ("GET", "/v1/chat-endpoint"),
    ("POST", "/v1/chat-endpoint/secret"),
    ("POST", "/v1/chat-endpoint/test"),
    ("GET", "/v1/chat-endpoint/failed"),
    ("POST", "/v1/chat-endpoint/failed/resend"),
    ("POST", "/v1/chat-endpoint/failed/{id}/resend"),
    ("PUT", "/v1/groups/check"),
    ("POST", "/v1/rules"),
    ("PATCH", "/v1/rules/{id}"),
    ("DELETE", "/v1/rules/{id}"),
    ("POST", "/v1/rules/{id}/test"),
    ("POST", "/v1/action-templates"),
    ("PATCH", "/v1/action-templates/{id}"),
    ("DELETE", "/v1/action-templates/{id}"),
    ("POST", "/v1/chat/slack/install"),
    ("PUT", "/v1/chat/slack"),
    ("DELETE", "/v1/chat/slack"),
]
RIGHT: Mapping[Route, Json] = {
    ("POST", "/v1/chat/slack/install"): {},
    ("PUT", "/v1/chat/slack"): {"shows_amounts": False},
    ("POST", "/v1/actions"): {"connection": "c", "type": "create_task", "fields": {"subject": "s"}},
    ("POST", "/v1/actions/{id}/settle"): {"done": False},
    ("PUT", "/v1/chat-endpoint"): {"url": "https://chat.test/hook"},
    ("POST", "/v1/action-templates"): {"name": "t", "type": "create_task"},
    ("PATCH", "/v1/action-templates/{id}"): {"name": "Mine now"},
    ("POST", "/v1/action-templates/{id}/preview"): {},
    ("POST", "/v1/action-templates/{id}/actions"): {},
    ("POST", "/v1/chat-endpoint/secret"): {"grace_hours": 1},
    ("PUT", "/v1/chats/{chat}/sidepanel"): {"open": True},
    ("POST", "/v1/chats/{chat}/sidepanel/suggestions"): {"emails": ["a@b.test"]},
    ("POST", "/v1/connections"): {"platform": "hubspot", "token": "t"},
    ("PATCH", "/v1/connections/{id}"): {"display_name": "Mine now"},
    ("POST", "/v1/connections/{id}/query"): {"object": "deals", "search": {}},
    ("POST", "/v1/connections/{id}/sync"): {"type": "full"},
    ("POST", "/v1/groups"): {"name": "g", "channel": "C", "rules": steps.RULES},
    ("PUT", "/v1/groups/check"): {"minutes": 60},
    ("POST", "/v1/groups/preview"): {"rules": steps.RULES},
    ("PATCH", "/v1/groups/{id}"): {"name": "Mine now"},
    ("POST", "/v1/keys"): {"name": "k"},
    ("POST", "/v1/messages"): {"chat": "my-chat", "message": {"id": "1"}, "labels": ["quote"]},
    ("POST", "/v1/rules"): RULE,
    ("PATCH", "/v1/rules/{id}"): {"name": "Mine now"},
    ("POST", "/v1/rules/{id}/test"): {},
    ("POST", "/v1/oauth/{platform}/start"): {},
    ("PATCH", "/v1/records/{connection}/{object}/{id}"): {"fields": {"title": "Mine now"}},
    ("PUT", "/v1/people"): {"people": {"a@b.test": "U1"}},
    ("PUT", "/v1/workspace"): {"currency": "EUR"},
}
WITH_KEY = [
    route
    for route, told in ROUTES.items()
    if any(each["name"].casefold() == "idempotency-key" for each in told.get("parameters", ()))
]
WRONG: Mapping[str, Json] = {"string": {"a": 1}, "integer": "many", "boolean": "maybe", "array": "a", "object": "o"}


@pytest.fixture(scope="module")
def owner(mine: dict[str, str], shared: Story) -> Bridge:
    """Return whose they are."""
    return shared.world.sign_in(workspace=mine["workspace"])


@pytest.fixture(scope="module")
def strangers(shared: Story) -> dict[str, Bridge]:
    """Return an admin of another workspace, with a token and with an API key."""
    return {"token": shared.admin, "key": Bridge(shared.world.api_url, shared.api_key)}


def call(caller: Bridge, route: Route, path: str, **arguments: Any) -> requests.Response:
    headers = {"Idempotency-Key": f"wall-{time.time_ns()}"} if route in WITH_KEY else {}
    return caller.raw(route[0], path, headers=headers, **arguments)


def problem(answer: requests.Response) -> Json:
    """Any refusal is a problem document with its status and a request id."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"].startswith("application/problem+json")
    document = answer.json()
    assert (document["status"], bool(document["title"])) == (answer.status_code, True)
    assert document["request_id"]
    return document


def holdings(owner: Bridge, mine: Mapping[str, str]) -> Json:
    return [
        owner.get(f"/v1/connections/{mine['connections']}"),
        owner.get(f"/v1/connections/{mine['connections']}/runs"),
        owner.get(f"/v1/groups/{mine['groups']}"),
        owner.get(f"/v1/rules/{mine['rules']}"),
        owner.get(f"/v1/actions/{mine['actions']}"),
        owner.get("/v1/keys"),
        owner.get("/v1/action-templates"),
        owner.get("/v1/chat-endpoint"),
        owner.get("/v1/chats/my-chat/sidepanel")["linked"],
    ]


def test_the_routes_tried_here_are_those_that_are_served(shared: Story) -> None:
    served = shared.admin.get("/v1/openapi.json")

    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    assert set(RIGHT) == set(WITH_BODY)


@pytest.mark.parametrize("how", ["token", "key"])
def test_what_is_another_workspaces_is_not_there(
    how: str, strangers: dict[str, Bridge], owner: Bridge, mine: dict[str, str]
) -> None:
    before = holdings(owner, mine)

    answers = {route: call(strangers[how], route, address(route[1], mine), json=RIGHT.get(route)) for route in WITH_ID}

    assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(WITH_ID, 404)
    assert holdings(owner, mine) == before


def test_unknown_and_foreign_look_alike(strangers: dict[str, Bridge], mine: dict[str, str]) -> None:
    for collection in ("connections", "groups", "rules", "actions", "runs"):
        foreign, unknown = (
            problem(strangers["token"].raw("GET", f"/v1/{collection}/{id}")) for id in (mine[collection], "nothing")
        )

        assert (foreign["title"], foreign["type"]) == (unknown["title"], unknown["type"])
        assert foreign["detail"].replace(mine[collection], "nothing") == unknown["detail"]


def test_nothing_foreign_is_listed_or_used(strangers: dict[str, Bridge], mine: dict[str, str]) -> None:
    stranger = strangers["token"]
    wish = {"connection": mine["connections"], "type": "create_task", "fields": {"subject": "Theirs"}}
    group = {"name": "g", "channel": "C", "rules": steps.RULES, "connections": [mine["connections"]]}

    assert stranger.get("/v1/chats/my-chat/actions")["items"] == []
    assert stranger.get("/v1/chats/my-chat/sidepanel")["linked"] is None
    record = {"connection": mine["connections"], "object": "contacts", "external_id": mine["records"]}
    assert stranger.raw("PUT", "/v1/chats/my-chat/sidepanel", json={"record": record}).status_code == 404
    assert stranger.raw("GET", "/v1/records", params={"connection": mine["connections"]}).status_code == 404
    assert call(stranger, ("POST", "/v1/actions"), "/v1/actions", json=wish).status_code == 404
    assert stranger.raw("POST", "/v1/groups", json=group).status_code in (400, 404)
    started = stranger.raw("POST", "/v1/oauth/hubspot/start", json={"reconnect": mine["connections"]})
    assert started.status_code == 404


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
def test_nobody_comes_in_without_a_valid_credential(route: Route, shared: Story, mine: dict[str, str]) -> None:
    path, url = address(route[1], mine), shared.world.api_url
    other_key = shared.api_key[:-4] + "0000"

    for credential in ("junk", "cb_team-1_x_y", other_key):
        assert call(Bridge(url, credential), route, path, json=RIGHT.get(route)).status_code in (401, 403)
    assert requests.request(route[0], url + path, json=RIGHT.get(route), timeout=30).status_code in (401, 403)


def test_tokens_of_another_time_audience_or_issuer_are_refused(shared: Story) -> None:
    chat, now = shared.world.chat, int(time.time())
    wrong: list[dict[str, Json]] = [
        {"exp": now - 60},
        {"aud": "somebody-else"},
        {"iss": "https://issuer.test"},
        {"workspace": ""},
        {"workspace": "a#b"},
        {"role": "owner"},
        {"exp": None},
    ]

    for claims in wrong:
        wish = {"user": "eve", "workspace": shared.workspace, "role": "admin", "claims": claims}
        token = chat.post("token", wish)["token"]
        assert Bridge(shared.world.api_url, token).raw("GET", "/v1/connections").status_code in (401, 403), claims


@pytest.mark.parametrize("route", FOR_ADMINS, ids=" ".join)
def test_a_member_cannot_manage(route: Route, shared: Story, owner: Bridge, mine: dict[str, str]) -> None:
    member = shared.world.sign_in("ben", "member", mine["workspace"])
    before = holdings(owner, mine)

    answer = call(member, route, address(route[1], mine), json=RIGHT.get(route))

    assert (answer.status_code, problem(answer)["title"]) == (403, "You may not do this")
    assert holdings(owner, mine) == before


@pytest.mark.parametrize("route", WITH_BODY, ids=" ".join)
def test_a_body_that_is_no_json_object_or_too_large_is_refused(
    route: Route, owner: Bridge, mine: dict[str, str]
) -> None:
    path, headers = address(route[1], mine), {"content-type": "application/json", "Idempotency-Key": "junk"}

    for body in (b"not JSON", b"[]", b'"text"', b"{" * 3_000, b"[" * 100_000, b"12", b'{"a":'):
        assert "body" in problem(owner.raw(route[0], path, data=body, headers=headers))["errors"][0]["field"]
    large = owner.raw(route[0], path, data=b'{"name": "' + b"x" * 300_000 + b'"}', headers=headers)
    assert (large.status_code, problem(large)["status"]) == (413, 413)


@pytest.mark.parametrize("route", WITH_BODY, ids=" ".join)
def test_a_field_of_the_wrong_type_is_named(route: Route, owner: Bridge, mine: dict[str, str]) -> None:
    path = address(route[1], mine)

    for name, schema in {**fields_of(route), "surprise": {"type": "string"}}.items():
        wish = {**RIGHT[route], name: WRONG[type_of(schema)]}
        document = problem(call(owner, route, path, json=wish))
        assert any(each["field"].startswith(name) for each in document["errors"]), (name, document)


@pytest.mark.parametrize("route", [route for route in WITH_BODY if RIGHT.get(route)], ids=" ".join)
def test_a_field_that_is_missing_is_named(route: Route, owner: Bridge, mine: dict[str, str]) -> None:
    for name in schema_of(route).get("required", ()):
        wish = {given: value for given, value in RIGHT[route].items() if given != name}
        document = problem(call(owner, route, address(route[1], mine), json=wish))
        assert any(each["field"].startswith(name) for each in document["errors"]), (name, document)


@pytest.mark.parametrize("route", PAGED, ids=" ".join)
def test_a_bad_cursor_or_limit_is_named(route: Route, owner: Bridge, mine: dict[str, str]) -> None:
    path = address(route[1], mine)

    for name, value in (("cursor", "junk"), ("cursor", "bnVsbA=="), ("cursor", "x" * 3_000), ("limit", "many"),
                        ("limit", "0"), ("limit", "-1"), ("limit", "1000000")):  # fmt: skip
        document = problem(owner.raw("GET", path, params={name: value}))
        assert name in document["errors"][0]["field"]


@pytest.mark.parametrize("route", WITH_ID, ids=" ".join)
def test_an_unknown_or_strange_id_is_not_found(route: Route, owner: Bridge, mine: dict[str, str]) -> None:
    for id in ("unknown", "..", "%00", "%2e%2e%2f", "a%23b", "x" * 3_000, "%F0%9F%98%80", "%FF"):
        path = address(route[1].replace("{id}", id), mine)
        answer = call(owner, route, path, json=RIGHT.get(route))
        assert answer.status_code in (400, 404, 413), (id[:20], answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"operator": "XOR", "rules": []}, "rules"),
        ({"operator": "AND", "rules": [{"field": "nope", "operator": "eq", "value": 1}]}, "rules"),
        ({"operator": "AND", "rules": [{"field": "deal_amount", "operator": "gte", "value": {"a": 1}}]}, "rules"),
        ({"operator": "AND", "rules": [{"field": "deal_amount", "operator": "like", "value": "x"}]}, "rules"),
        ({"operator": "AND", "rules": "all"}, "rules"),
        ({}, "rules"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: Json, named: str, owner: Bridge) -> None:
    document = problem(owner.raw("POST", "/v1/groups", json={"name": "g", "channel": "C", "rules": rules}))

    assert document["errors"][0]["field"].startswith(named)


def test_actions_that_make_no_sense_are_refused(owner: Bridge, mine: dict[str, str]) -> None:
    connection = mine["connections"]
    task = {"connection": connection, "type": "create_task", "fields": {"subject": "s"}}
    wishes: list[tuple[Json, str]] = [
        ({**task, "type": "drop_table"}, "type"),
        ({**task, "fields": {}}, "fields.subject"),
        ({**task, "fields": {"subject": {"a": 1}}}, "fields.subject"),
        ({**task, "fields": {"subject": "s", "due_at": "soon"}}, "fields.due_at"),
        ({**task, "fields": {"subject": "s", "surprise": 1}}, "fields.surprise"),
        ({**task, "custom_fields": {"no_such_property": 1}}, "custom_fields.no_such_property"),
        ({**task, "links": [{"object": "contacts"}]}, "links"),
        ({"connection": connection, "type": "update_deal", "fields": {"amount": 1}}, "target"),
    ]

    for wish, named in wishes:
        document = problem(call(owner, ("POST", "/v1/actions"), "/v1/actions", json=wish))
        assert document["errors"][0]["field"].startswith(named), (wish, document)


def test_the_same_key_for_another_action_is_refused(owner: Bridge, mine: dict[str, str]) -> None:
    wish = {"connection": mine["connections"], "type": "create_task", "fields": {"subject": "Not mine"}}

    answer = owner.raw("POST", "/v1/actions", json=wish, headers={"Idempotency-Key": "mine"})

    assert (answer.status_code, problem(answer)["status"]) == (409, 409)


def schema_of(route: Route) -> Json:
    given = ROUTES[route]["requestBody"]["content"]["application/json"]["schema"]
    return DOCUMENT["components"]["schemas"][given["$ref"].rpartition("/")[2]]


def fields_of(route: Route) -> Mapping[str, Json]:
    properties: Mapping[str, Json] = schema_of(route)["properties"]
    return properties


def type_of(schema: Json) -> str:
    if "anyOf" in schema:
        return type_of(schema["anyOf"][0])
    return "object" if "$ref" in schema else str(schema["type"])
