"""The engine serves the template's routes: all of them, no other, behind the same authorizers."""

from pathlib import Path

import pytest

from local.engine.deploy import Stack
from local.engine.routes import Route, logical, spell_out_routes, template_routes
from local.engine.template import of_type, read_template, translate

STACKS = [
    pytest.param("small", "app/template.yaml", id="the small application"),
    pytest.param("stack", "../../template.yaml", id="template.yaml"),
]


@pytest.mark.journey
@pytest.mark.parametrize(("deployed", "template"), STACKS)
def test_the_engine_serves_exactly_the_routes_of_the_template(
    deployed: str, template: str, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(deployed)

    assert stack.routes() == template_routes(read_template(Path(__file__).parent / template))


def test_a_template_says_its_routes_with_function_and_authorizer(app: Path) -> None:
    assert template_routes(read_template(app)) == {
        Route("GET /v1/notes/{id}", "NotesFunction", "Caller"),
        Route("POST /v1/notes", "NotesFunction", "Caller"),
        Route("ANY /open", "NotesFunction", None),
    }


def test_routes_become_resources_and_the_openapi_body_goes(app: Path) -> None:
    template = spell_out_routes(translate(read_template(app), {}))

    keys = {properties["RouteKey"] for _, properties in of_type(template, "AWS::ApiGatewayV2::Route")}
    assert keys == {route.key for route in template_routes(read_template(app))}
    assert all("Body" not in properties for _, properties in of_type(template, "AWS::ApiGatewayV2::Api"))


def test_route_keys_that_look_alike_have_different_logical_ids() -> None:
    assert len({logical(key) for key in ("GET /a-b", "GET /a/b", "GET /a{b}", "GET /ab")}) == 4


def test_translating_leaves_the_template_as_it_was(app: Path) -> None:
    template = read_template(app)

    translate(template, {})

    assert template == read_template(app)
