"""Salesforce's errors: an array of code and message for the API, an object for OAuth, another word inside items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """The API says no. At the top level a body names the code `errorCode`, in an item of a collection `statusCode`."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [entry | ({"fields": list(self.fields)} if self.fields is not None else {})]

    def item(self) -> dict[str, Any]:
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {"success": False, "errors": [error]}


class OAuthRefused(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(slots=True)
class Reply:
    """What a handler answers; `raw` stands in for JSON when it is not None."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json;charset=UTF-8"


def reply_to(refused: Refused, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(refused.status, refused.body(), dict(headers or {}))


def no_session(message: str = "Session expired or invalid") -> Refused:
    return Refused(401, "INVALID_SESSION_ID", message)


def not_there() -> Refused:
    return Refused(404, "NOT_FOUND", "The requested resource does not exist")


def no_external_id(name: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")


def deleted() -> Refused:
    return Refused(404, "ENTITY_IS_DELETED", "entity is deleted", [])


def unparsable(message: str) -> Refused:
    return Refused(400, "JSON_PARSER_ERROR", message)


def bad_reference(names: Sequence[str] = ()) -> Refused:
    return Refused(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", names)


def limit_exceeded(message: str = "TotalRequests Limit exceeded.") -> Refused:
    return Refused(403, "REQUEST_LIMIT_EXCEEDED", message)


# What a fault rule of kind `rate_limit` may name as its `policy`.
TROUBLES: dict[str, tuple[int, str, str]] = {
    "REQUEST_LIMIT_EXCEEDED": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "CONCURRENT": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
    "API_DISABLED_FOR_ORG": (403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
    "API_CURRENTLY_DISABLED": (403, "API_CURRENTLY_DISABLED", "API is currently disabled for this User"),
    "UNABLE_TO_LOCK_ROW": (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "QUERY_TIMEOUT": (400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "OPERATION_TOO_LARGE": (400, "OPERATION_TOO_LARGE", "operation too large"),
    "UNKNOWN_EXCEPTION": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    "SERVER_UNAVAILABLE": (503, "SERVER_UNAVAILABLE", "Server too busy"),
    "INVALID_SESSION_ID": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
}


def trouble(policy: str | None) -> Refused:
    return Refused(*TROUBLES.get(policy or "", TROUBLES["REQUEST_LIMIT_EXCEEDED"]))
