"""The engine serves the template's routes: all of them, no other, behind the same authorizers."""

from pathlib import Path

import pytest

from local.engine.deploy import Stack, for_engine
from local.engine.process import EngineFailed
from local.engine.routes import Route, logical, spell_out_routes, template_routes
from local.engine.template import TEMPLATE, of_type, read_template, translate

TEMPLATES = {"small": Path(__file__).parent / "app" / "template.yaml", "stack": TEMPLATE}


@pytest.mark.journey
@pytest.mark.parametrize("deployed", TEMPLATES)
def test_the_engine_serves_exactly_the_routes_of_the_template(deployed: str, request: pytest.FixtureRequest) -> None:
    stack: Stack = request.getfixturevalue(deployed)

    assert stack.routes() == template_routes(read_template(TEMPLATES[deployed]))


@pytest.mark.parametrize("path", TEMPLATES.values(), ids=TEMPLATES)
def test_what_a_template_says_of_cors_outlives_its_translation(path: Path) -> None:
    """Given an intrinsic for AllowOrigins, SAM takes it for the whole configuration; inside a list it does not."""
    template = read_template(path)

    [(name, said)] = of_type(template, "AWS::Serverless::HttpApi")
    body = dict(of_type(translate(template, {}), "AWS::ApiGatewayV2::Api"))[name]["Body"]

    meant = {key[0].lower() + key[1:] for key in said["CorsConfiguration"]}
    assert meant == set(body["x-amazon-apigateway-cors"])


def test_an_intrinsic_that_sam_would_take_for_all_of_cors_is_refused(app: Path) -> None:
    template = read_template(app)
    template["Resources"]["Api"]["Properties"]["CorsConfiguration"]["AllowOrigins"] = {"Fn::Split": [",", "a,b"]}

    with pytest.raises(EngineFailed, match="AllowOrigins must be a list"):
        spell_out_routes(translate(template, {}))


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


def test_a_demand_for_tls_is_not_made_of_an_engine_that_has_none() -> None:
    template = read_template(TEMPLATE)

    body = for_engine(template, {}, "10ca1001")

    assert not list(of_type(body, "AWS::S3::BucketPolicy"))
    assert list(of_type(body, "AWS::S3::Bucket"))
