"""The routes of an HTTP API.

SAM puts them into the API's OpenAPI body, which the engine takes and ignores: the stack is complete and every request
is answered 404. So a stack for the engine gets them as resources of their own, which the engine does understand.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from local.engine.process import EngineFailed
from local.engine.template import Json, of_type

API = "AWS::ApiGatewayV2"
METHODS = {"x-amazon-apigateway-any-method": "ANY"}


class Route(NamedTuple):
    """One route, in the template's words."""

    key: str
    function: str
    authorizer: str | None


def template_routes(template: Json) -> set[Route]:
    """Return the routes the functions ask for, read from the SAM template itself."""
    defaults = {
        name: api.get("Auth", {}).get("DefaultAuthorizer")
        for name, api in of_type(template, "AWS::Serverless::HttpApi")
    }
    return {
        Route(f"{event['Method'].upper()} {event['Path']}", function, authorizer_of(event, defaults))
        for function, properties in of_type(template, "AWS::Serverless::Function")
        for event in http_events(properties)
    }


def http_events(function: Json) -> Iterator[Json]:
    for event in function.get("Events", {}).values():
        if event["Type"] == "HttpApi":
            yield event["Properties"]


def authorizer_of(event: Json, defaults: dict[str, str | None]) -> str | None:
    named = event.get("Auth", {}).get("Authorizer") or defaults[event["ApiId"]["Ref"]]
    return None if named == "NONE" else named


def engine_routes(gateway: Any, api: str, functions: dict[str, str]) -> set[Route]:
    """Return the routes the engine serves; `functions` maps a function's name to its logical id."""
    uris = {each["IntegrationId"]: each["IntegrationUri"] for each in gateway.get_integrations(ApiId=api)["Items"]}
    names = {each["AuthorizerId"]: each["Name"] for each in gateway.get_authorizers(ApiId=api)["Items"]}
    return {
        Route(
            each["RouteKey"],
            functions[function_name(uris[each["Target"].removeprefix("integrations/")])],
            names.get(each.get("AuthorizerId", "")),
        )
        for each in gateway.get_routes(ApiId=api)["Items"]
    }


def function_name(integration_uri: str) -> str:
    return integration_uri.removesuffix("/invocations").rsplit(":", 1)[-1]


def spell_out_routes(template: Json) -> Json:
    """Return translated CloudFormation in which every OpenAPI body is spelled out as resources."""
    added: Json = {}
    for name, properties in of_type(template, f"{API}::Api"):
        body = properties.pop("Body")
        # The engine stores this as it comes and reads it in the API's spelling, not in CloudFormation's.
        if cors := body.get("x-amazon-apigateway-cors"):
            properties["CorsConfiguration"] = checked(cors)
        properties |= {"Name": name, "ProtocolType": "HTTP"}
        added |= dict(resources_of(name, body))
    return {**template, "Resources": template["Resources"] | added}


def checked(cors: Json) -> Json:
    """Refuse what SAM makes of an intrinsic in AllowOrigins: it stands in for the whole configuration, on AWS too."""
    if any(key == "Ref" or key.startswith("Fn::") for key in cors):
        raise EngineFailed("AllowOrigins must be a list in the template; an intrinsic may be an element of it.")
    return cors


def resources_of(api: str, body: Json) -> Iterator[tuple[str, Json]]:
    """Yield an authorizer per scheme, and an integration and a route per operation."""
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        yield f"{api}{name}Authorizer", authorizer(api, name, scheme["x-amazon-apigateway-authorizer"])
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            key = f"{METHODS.get(method, method.upper())} {path}"
            stem = f"{api}{logical(key)}"
            yield f"{stem}Integration", integration(api, operation["x-amazon-apigateway-integration"])
            yield f"{stem}Route", route(api, key, f"{stem}Integration", operation.get("security", []))


def logical(key: str) -> str:
    """Return a logical id for a route key; `/a-b` and `/a/b` differ in it."""
    return re.sub(r"[^A-Za-z0-9]", lambda sign: f"x{ord(sign[0]):x}", key)


def authorizer(api: str, name: str, scheme: Json) -> Json:
    properties = {
        "ApiId": {"Ref": api},
        "Name": name,
        "AuthorizerType": scheme["type"].upper(),
        "AuthorizerUri": scheme["authorizerUri"],
        "AuthorizerPayloadFormatVersion": scheme["authorizerPayloadFormatVersion"],
        "AuthorizerResultTtlInSeconds": scheme.get("authorizerResultTtlInSeconds", 0),
        "EnableSimpleResponses": scheme.get("enableSimpleResponses", False),
        "IdentitySource": list(scheme["identitySource"]),
    }
    return {"Type": f"{API}::Authorizer", "Properties": properties}


def integration(api: str, asked: Json) -> Json:
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": asked["uri"],
        "PayloadFormatVersion": asked["payloadFormatVersion"],
    }
    return {"Type": f"{API}::Integration", "Properties": properties}


def route(api: str, key: str, integration_id: str, security: list[dict[str, list[str]]]) -> Json:
    properties: Json = {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Sub": f"integrations/${{{integration_id}}}"},
    }
    for name in (name for scheme in security for name in scheme if name != "NONE"):
        properties |= {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": f"{api}{name}Authorizer"}}
    return {"Type": f"{API}::Route", "Properties": properties}
