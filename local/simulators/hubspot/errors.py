"""HubSpot's error bodies. Every field is optional and the shape differs from API to API."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from local.simulators.clock import iso

Context = Mapping[str, list[str]]


class ApiError(Exception):
    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("message"))
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why one property value is not accepted."""

    name: str
    code: str
    message: str


def respond(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = b"" if content is None else orjson.dumps(content)
    return Response(body, status, headers, media_type="application/json;charset=utf-8")


def error_response(error: ApiError, correlation_id: str) -> Response:
    return respond({"status": "error", **error.body, "correlationId": correlation_id}, error.status, error.headers)


def correlation() -> str:
    return str(uuid.uuid4())


def refused(status: int, category: str | None, message: str, **more: Any) -> ApiError:
    body: dict[str, Any] = {"message": message, **more}
    return ApiError(status, body | ({"category": category} if category else {}))


def validation(message: str, sub_category: str | None = None, **more: Any) -> ApiError:
    extra = {"subCategory": sub_category} if sub_category else {}
    return refused(400, "VALIDATION_ERROR", message, **extra, **more)


def invalid_values(flaws: Iterable[Flaw]) -> ApiError:
    """The message carries JSON as text; `errors` says the same in a structured way."""
    flaws = list(flaws)
    told = [{"isValid": False, "message": each.message, "error": each.code, "name": each.name} for each in flaws]
    errors = [
        {"message": each.message, "code": each.code, "context": {"propertyName": [each.name]}} for each in flaws
    ]  # fmt: skip
    return validation(f"Property values were not valid: {orjson.dumps(told).decode()}", errors=errors)


def conflict(singular: str, existing: int) -> ApiError:
    return refused(409, "CONFLICT", f"{singular.capitalize()} already exists. Existing ID: {existing}")


def not_found() -> ApiError:
    return ApiError(404, {"message": "resource not found"})


def object_not_found(singular: str, record_id: str) -> ApiError:
    message = f"Object not found.  objectId are usually numeric. {singular.upper()} {record_id}"
    return refused(404, "OBJECT_NOT_FOUND", message)


def unknown_type(name: str) -> ApiError:
    return refused(400, None, f"Unable to infer object type from: {name}")


def no_credentials() -> ApiError:
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
        " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return refused(401, "INVALID_AUTHENTICATION", message)


def expired(expired_ms: int, now_ms: int) -> ApiError:
    """A token that HubSpot cannot decode counts as one that expired in 1970."""
    seconds = max(0, (now_ms - expired_ms) // 1000)
    ago = f"{seconds} second(s)" if seconds < 86_400 else f"{seconds // 86_400} day(s)"
    message = f"The OAuth token used to make this call expired {ago} ago."
    return refused(401, "EXPIRED_AUTHENTICATION", message, context={"expire time": [iso(expired_ms)]})


def missing_scopes(scopes: Iterable[str]) -> ApiError:
    context = {"requiredGranularScopes": sorted(scopes), "links": ["https://developers.hubspot.com/scopes"]}
    return refused(403, "MISSING_SCOPES", "One or more of the following scopes are required.", context=context)


LIMITS = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "DAILY": "You have reached your daily limit.",
}


def throttled(policy: str, headers: Mapping[str, str]) -> ApiError:
    """`RATE_LIMITS` stands for the variant that names a category instead of a policy."""
    if policy == "RATE_LIMITS":
        return ApiError(429, {"message": "You have reached your rate limit.", "category": "RATE_LIMITS"}, headers)
    body = {"errorType": "RATE_LIMIT", "policyName": policy, "requestId": correlation()}
    return ApiError(429, {"message": LIMITS.get(policy, "You have reached your limit."), **body}, headers)


def item_error(category: str, message: str, context: Context, sub_category: str | None = None) -> dict[str, Any]:
    """One entry of `errors` in a 207."""
    entry = {"status": "error", "category": category, "message": message, "context": dict(context)}
    return entry | ({"subCategory": sub_category} if sub_category else {})
