"""The JSON API's door: what is let in, who is asking, and how refusals read."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any

import orjson
import pytest
from aws_lambda_powertools.event_handler.openapi.params import Query
from crmbridge.domain.errors import Busy, Clash
from crmbridge.entry.http import MAX_BODY_BYTES, Ask, HttpDoor, new_router
from crmbridge.entry.models import Given, Shown

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


class Line(Given):
    amount: int


class Order(Given):
    name: str
    lines: list[Line]


class Receipt(Shown):
    buyer: str
    lines: int


@pytest.fixture
def door() -> Any:
    """A shop with one route per way of going wrong; called with an event, it answers (status, document, headers)."""
    router = new_router()

    @router.post("/v1/orders", status_code=201)
    def order(ask: Ask, order: Order) -> Receipt:
        return Receipt(buyer=ask.caller.user, lines=len(order.lines))

    @router.get("/v1/orders/<id>")
    def read(ask: Ask, id: str, limit: Annotated[int, Query(ge=1, le=10)] = 5) -> Receipt:
        errors: dict[str, Exception] = {"busy": Busy("table x"), "bug": KeyError("hush"), "clash": Clash("twice")}
        if id in errors:
            raise errors[id]
        return Receipt(buyer=ask.caller.user, lines=limit)

    @router.delete("/v1/orders/<id>", status_code=204)
    def delete(ask: Ask, id: str) -> None:
        return None

    @router.get("/v1/broken")
    def broken() -> Receipt:
        return {"buyer": 1}  # type: ignore[return-value] # a bug of ours

    shop = HttpDoor(router)
    deps: Any = SimpleNamespace(now=lambda: NOW)

    def ask(event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        answer = shop(deps, event, None)
        return answer["statusCode"], orjson.loads(answer["body"] or "null"), answer["headers"]

    return ask


def fields(document: Any) -> list[str]:
    return [each["field"] for each in document["errors"]]


def test_a_request_is_answered_for_its_caller(door: Any, asking: Any) -> None:
    status, document, headers = door(asking("POST", "/v1/orders", {"name": "x", "lines": [{"amount": 1}]}))

    assert (status, document) == (201, {"buyer": "ada", "lines": 1})
    assert headers["content-type"] == "application/json"


def test_nothing_is_kept_by_caches(door: Any, asking: Any) -> None:
    assert door(asking("GET", "/v1/orders/1"))[2]["cache-control"] == "no-store"


def test_an_answer_without_content_has_no_body(door: Any, asking: Any) -> None:
    assert door(asking("DELETE", "/v1/orders/1"))[:2] == (204, None)


def test_nobody_is_let_in_without_the_authorizers_word(door: Any, asking: Any) -> None:
    status, document, _ = door(asking("GET", "/v1/orders/1", role=""))

    assert (status, document["request_id"]) == (401, "req-1")


@pytest.mark.parametrize(("seconds", "status"), [(1, 200), (0, 401), (-30, 401)])
def test_a_token_ends_when_it_ends_though_the_gateway_remembers_it(
    door: Any, asking: Any, seconds: int, status: int
) -> None:
    event = asking("GET", "/v1/orders/1", expires_at=NOW.timestamp() + seconds)

    assert door(event)[0] == status


@pytest.mark.parametrize("body", ["{", "[1]", '"text"', "1", "null", "\ud800", "[" * 10_000])
def test_a_body_that_is_no_json_object_is_named(door: Any, asking: Any, body: str) -> None:
    status, document, headers = door(asking("POST", "/v1/orders", body))

    assert (status, fields(document)) == (400, ["body"])
    assert headers["content-type"] == "application/problem+json"


def test_a_body_in_base64_is_read(door: Any, asking: Any) -> None:
    event = asking("POST", "/v1/orders", "eyJuYW1lIjoieCIsImxpbmVzIjpbXX0=") | {"isBase64Encoded": True}

    assert door(event)[0] == 201


def test_bytes_that_are_no_text_are_no_json(door: Any, asking: Any) -> None:
    event = asking("POST", "/v1/orders", "/w==") | {"isBase64Encoded": True}

    assert door(event)[0] == 400


def test_a_body_that_is_missing_is_named(door: Any, asking: Any) -> None:
    status, document, _ = door(asking("POST", "/v1/orders"))

    assert (status, fields(document)) == (400, ["body"])


def test_a_body_that_is_too_large_is_refused(door: Any, asking: Any) -> None:
    assert door(asking("POST", "/v1/orders", {"name": "x" * MAX_BODY_BYTES}))[0] == 413


def test_every_wrong_field_is_named_by_its_path(door: Any, asking: Any) -> None:
    status, document, _ = door(asking("POST", "/v1/orders", {"lines": [{"amount": "1"}, {}], "zzz": 1}))

    assert status == 400
    assert sorted(fields(document)) == ["lines[0].amount", "lines[1].amount", "name", "zzz"]


@pytest.mark.parametrize("limit", ["0", "11", "many", "1.5", ""])
def test_a_limit_out_of_range_is_named(door: Any, asking: Any, limit: str) -> None:
    status, document, _ = door(asking("GET", "/v1/orders/1", query={"limit": limit}))

    assert (status, fields(document)) == (400, ["limit"])


@pytest.mark.parametrize(("name", "fix"), [("limt", "did you mean limit?"), ("x", "leave it out; there are limit")])
def test_a_question_that_nobody_knows_is_named(door: Any, asking: Any, name: str, fix: str) -> None:
    status, document, _ = door(asking("GET", "/v1/orders/1", query={name: "5"}))

    assert (status, document["errors"]) == (400, [{"field": name, "message": "is not known here", "fix": fix}])


def test_what_is_wrong_is_told_in_plain_words(door: Any, asking: Any) -> None:
    lines: Any = [{"amount": "1"}]

    _, wrong, _ = door(asking("POST", "/v1/orders", {"name": 1, "lines": lines}))
    _, large, _ = door(asking("GET", "/v1/orders/1", query={"limit": "11"}))

    assert [each["message"] for each in wrong["errors"]] == ["must be a text", "must be a whole number"]
    assert large["errors"] == [{"field": "limit", "message": "is too large", "fix": "at most 10"}]


def test_an_id_longer_than_any_there_is_is_not_found(door: Any, asking: Any) -> None:
    assert [door(asking("GET", f"/v1/orders/{'a' * length}"))[0] for length in (500, 501)] == [200, 404]


def test_another_content_type_is_refused(door: Any, asking: Any) -> None:
    event = asking("POST", "/v1/orders", {"name": "x", "lines": []}, headers={"content-type": "text/csv"})

    assert door(event)[0] == 400


def test_an_unknown_route_is_not_found(door: Any, asking: Any) -> None:
    assert door(asking("GET", "/v1/nothing"))[0] == 404


@pytest.mark.parametrize(("id", "status"), [("clash", 409), ("busy", 503), ("bug", 500)])
def test_errors_become_problems(door: Any, asking: Any, id: str, status: int) -> None:
    answered, document, _ = door(asking("GET", f"/v1/orders/{id}"))

    assert (answered, document["status"], document["request_id"]) == (status, status, "req-1")
    assert "hush" not in str(document)
    assert "table x" not in str(document)


def test_an_answer_that_is_not_as_promised_is_a_bug_of_ours(door: Any, asking: Any) -> None:
    assert door(asking("GET", "/v1/broken"))[0] == 500
