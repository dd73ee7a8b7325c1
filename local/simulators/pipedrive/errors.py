"""Pipedrive's refusals: mostly one shape, with fields that come and go."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

INFO = "Please check developers.pipedrive.com"
CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1><p>You are unable to access pipedrive.com</p></body></html>"
)


@dataclass(slots=True)
class Refused(Exception):
    """`html` replaces the body."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    html: str | None = None

    def __str__(self) -> str:
        return str(self.body.get("error") or self.body.get("errors") or self.status)


def respond(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json; charset=utf-8")


def refusal(refused: Refused) -> Response:
    if refused.html is not None:
        return Response(refused.html, refused.status, refused.headers, media_type="text/html; charset=UTF-8")
    return respond(refused.body, refused.status, refused.headers)


def refused(status: int, error: str, **more: Any) -> Refused:
    body = {"success": False, "error": error, "error_info": INFO, "data": None, "additional_data": None}
    return Refused(status, body | more)


def invalid(message: str) -> Refused:
    """What v2 says to input that breaks its schema."""
    return refused(400, f"Validation failed: {message}", code="ERR_SCHEMA_VALIDATION_FAILED")


def bad_request(message: str) -> Refused:
    return refused(400, message)


def not_found(singular: str) -> Refused:
    return refused(404, f"{singular.capitalize()} not found")


def gone(singular: str) -> Refused:
    return refused(410, f"{singular.capitalize()} has been deleted")


def unauthorized() -> Refused:
    body = {"success": False, "error": "unauthorized access", "errorCode": 401, "error_info": INFO}
    return Refused(401, body, {"x-401-by-gw": "true", "x-correlation-id": str(uuid.uuid4())})


def malformed_header() -> Refused:
    return bad_request("Malformed Authorization header")


def scope_mismatch() -> Refused:
    return Refused(403, {"success": False, "error": "Scope and URL mismatch", "errorCode": 403, "error_info": INFO})


def forbidden(message: str) -> Refused:
    return refused(403, message)


def unpaid() -> Refused:
    return refused(402, "Payment Required: this company's account is closed")


def over_limit(headers: Mapping[str, str]) -> Refused:
    return Refused(429, {"success": False, "error": "request over limit", "errorCode": 429}, headers)


def blocked() -> Refused:
    """What Cloudflare says in Pipedrive's stead to a client that did not listen to 429s."""
    return Refused(403, {}, {"server": "cloudflare", "cf-ray": uuid.uuid4().hex[:16] + "-TLL"}, CLOUDFLARE)


def webhook_error(status: int, **errors: list[str]) -> Refused:
    return Refused(status, {"status": "error", "success": False, "errors": errors})


def no_grant(error: str, message: str, status: int = 400) -> Refused:
    return Refused(status, {"success": False, "error": error, "message": message})
