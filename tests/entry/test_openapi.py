"""The API's description is current, complete, and says what can go wrong."""

from typing import Any

import orjson
import pytest
from crmbridge.entry.console import answer
from crmbridge.entry.openapi import DOCUMENT, document, operations

from local.engine.routes import template_routes
from local.engine.template import read_template


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def test_the_document_that_is_served_is_current(described: dict[str, Any]) -> None:
    assert orjson.loads(DOCUMENT.read_bytes()) == described, "python -m crmbridge.entry.openapi writes it anew"


def test_it_describes_exactly_the_routes_of_the_template(described: dict[str, Any]) -> None:
    said = {f"{method.upper()} {path}" for path, method, _ in operations(described)}

    assert said == {route.key for route in template_routes(read_template())}


def test_a_route_is_public_here_where_it_is_public_there(described: dict[str, Any]) -> None:
    open_here = {f"{m.upper()} {path}" for path, m, operation in operations(described) if not operation["security"]}

    assert open_here == {route.key for route in template_routes(read_template()) if route.authorizer is None}


def test_every_route_says_which_problems_it_has(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        codes = set(operation["responses"])
        assert {"429", "500"} < codes, path
        assert not operation["security"] or {"401", "403", "404"} < codes, path
        assert "{" not in path or "404" in codes, path
        assert "400" in codes or not (operation.get("parameters") or operation.get("requestBody")), path
        assert "409" in codes or method == "get", path


def test_every_route_says_what_it_is_for_and_what_it_answers(described: dict[str, Any]) -> None:
    for path, _, operation in operations(described):
        assert operation["summary"], path
        assert any(code.startswith("2") for code in operation["responses"]), path


def test_every_reference_is_defined(described: dict[str, Any]) -> None:
    text = orjson.dumps(described).decode()
    named = {part.split('"')[0] for part in text.split('"$ref":"#/components/schemas/')[1:]}

    assert named <= set(described["components"]["schemas"])


def test_no_two_operations_share_a_name(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]

    assert len(names) == len(set(names))


def test_it_is_served_as_it_lies_there() -> None:
    answered = answer({"routeKey": "GET /v1/openapi.json"})

    assert answered["statusCode"] == 200
    assert answered["body"] == DOCUMENT.read_text()
