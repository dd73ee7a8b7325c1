"""Zoho's answers and error bodies: one envelope, alone or once per record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

Item = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """`body` None is an answer without a body: 204 and 304."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json;charset=UTF-8"


class Refused(Exception):
    """A whole request, or within a batch one record, that Zoho does not accept."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(f"{code}: {message} {details or ''}".strip())
        self.status = status
        self.headers: dict[str, str] = {}
        self.item: Item = {"code": code, "details": details, "message": message, "status": "error"}


def reply_to(refused: Refused) -> Reply:
    return Reply(refused.status, refused.item, dict(refused.headers))


def response(reply: Reply) -> Response:
    if reply.raw is not None:
        return Response(reply.raw, reply.status, reply.headers, media_type=reply.media_type)
    if reply.body is None:
        return Response(None, reply.status, reply.headers)
    return Response(orjson.dumps(reply.body), reply.status, reply.headers, media_type=reply.media_type)


def success(message: str, details: Mapping[str, Any], **more: Any) -> Item:
    return {"code": "SUCCESS", "details": dict(details), "message": message, "status": "success", **more}


def invalid_token() -> Refused:
    return Refused(401, "INVALID_TOKEN", "invalid oauth token")


def no_authentication() -> Refused:
    return Refused(401, "AUTHENTICATION_FAILURE", "Authentication failed")


def invalid_module(place: int = 0) -> Refused:
    return Refused(400, "INVALID_MODULE", "the module name given seems to be invalid", resource_path_index=place)


def invalid_url() -> Refused:
    return Refused(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")


def invalid_method() -> Refused:
    return Refused(405, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")


def missing_param(name: str) -> Refused:
    return Refused(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name=name)


def invalid_param(name: str, message: str = "the value given seems to be invalid", **more: Any) -> Refused:
    return Refused(400, "INVALID_DATA", message, param_name=name, **more)


def invalid_record(place: int = 1) -> Refused:
    return Refused(400, "INVALID_DATA", "the id given seems to be invalid", resource_path_index=place)


def not_permitted(module: str = "") -> Refused:
    permissions = [f"Crm_Implied_View_{module}"] if module else []
    return Refused(403, "NO_PERMISSION", "permission denied", permissions=permissions)


def too_many() -> Refused:
    return Refused(429, "TOO_MANY_REQUESTS", "You have made too many requests. Please try again after some time")


def unreadable() -> Refused:
    return Refused(400, "INVALID_DATA", "body", expected_data_type="jsonobject")


def mandatory(name: str, path: str) -> Refused:
    return Refused(400, "MANDATORY_NOT_FOUND", "required field not found", api_name=name, json_path=path)


def invalid(name: str, path: str, message: str = "invalid data", **more: Any) -> Refused:
    return Refused(400, "INVALID_DATA", message, api_name=name, json_path=path, **more)


def duplicate(name: str, path: str, held_by: str) -> Refused:
    return Refused(400, "DUPLICATE_DATA", "duplicate data", api_name=name, json_path=path, id=held_by)
