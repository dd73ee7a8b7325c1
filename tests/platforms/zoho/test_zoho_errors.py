"""Zoho's refusals into our words, whatever status and wrapping they come in."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    PlatformError,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.zoho import ZOHO
from crmbridge.platforms.zoho.errors import hear_credits


def explained(status: int, body: Any, headers: Mapping[str, str] | None = None, *, wrote: bool = True) -> PlatformError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    error = ZOHO.explain(status, headers or {}, raw, sent_write=wrote)
    assert isinstance(error, PlatformError)
    return error


def refusal(code: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "details": details, "message": "the reason", "status": "error"}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, refusal("INVALID_TOKEN"), TokenExpired),
        (401, refusal("AUTHENTICATION_FAILURE"), TokenExpired),
        (401, refusal("INVALID_OAUTHTOKEN"), TokenExpired),
        (401, refusal("OAUTH_SCOPE_MISMATCH"), MissingScope),
        (403, refusal("OAUTH_SCOPE_MISMATCH"), MissingScope),
        (403, refusal("NO_PERMISSION"), Rejected),
        (404, refusal("RESOURCE_NOT_FOUND"), RecordGone),
        (404, refusal("INVALID_URL_PATTERN"), RecordGone),
        (400, refusal("INVALID_MODULE"), Rejected),
        (400, {"data": [refusal("INVALID_DATA", api_name="id", json_path="$.data[0].id")]}, RecordGone),
        (400, {"data": [refusal("INVALID_DATA", api_name="id", json_path="$.data[0].Who_Id.id")]}, Rejected),
        (400, {"data": [refusal("DUPLICATE_DATA", api_name="Email", id="7")]}, Duplicate),
        (202, {"data": [refusal("MANDATORY_NOT_FOUND", api_name="Last_Name")]}, Rejected),
        (207, {"data": [{"code": "SUCCESS", "status": "success"}, refusal("RECORD_LOCKED")]}, Rejected),
        (412, refusal("PRECONDITION_FAILED"), Rejected),
        (429, refusal("TOO_MANY_REQUESTS"), Throttled),
        (500, refusal("INTERNAL_ERROR"), Unavailable),
        (400, refusal("INTERNAL_SERVER_ERROR"), Unavailable),
        (502, b"<html>Bad gateway</html>", Unavailable),
        (302, b"", Unavailable),
        (400, b'{"code": 7, "details": [], "message": {}}', Rejected),
    ],
)  # fmt: skip
def test_every_shape_is_an_error_of_ours(status: int, body: Any, error: type[PlatformError]) -> None:
    assert type(explained(status, body)) is error


def test_a_refusal_names_the_field_and_what_zoho_said() -> None:
    error = explained(400, {"data": [refusal("PATTERN_NOT_MATCHED", api_name="Email")]})

    assert isinstance(error, Rejected)
    assert (error.code, error.fields) == ("PATTERN_NOT_MATCHED", {"Email": "the reason"})
    assert str(error) == "Zoho refused: the reason: Email (PATTERN_NOT_MATCHED)"


def test_a_duplicate_names_what_is_there() -> None:
    error = explained(400, {"data": [refusal("DUPLICATE_DATA", api_name="CRM_Bridge_Key", id="4150")]})

    assert isinstance(error, Duplicate)
    assert error.existing_id == "4150"


@pytest.mark.parametrize(
    ("status", "wrote", "unknown"),
    [(500, True, True), (500, False, False), (400, True, False), (429, True, False)],
)
def test_only_a_failed_write_leaves_its_outcome_unknown(status: int, wrote: bool, unknown: bool) -> None:
    error = explained(status, b"", wrote=wrote)

    assert getattr(error, "outcome_unknown", False) is unknown


@pytest.mark.parametrize(
    ("headers", "status", "left", "closed"),
    [
        ({}, 200, None, 0.0),
        ({"X-API-CREDITS-REMAINING": "1200"}, 200, 1200, 0.0),
        ({"X-API-CREDITS-REMAINING": "0"}, 429, 0, 3600.0),
        ({"X-API-CREDITS-REMAINING": "2"}, 429, 0, 3600.0),
        ({"X-API-CREDITS-REMAINING": "-40"}, 429, 0, 3600.0),
        ({"X-API-CREDITS-REMAINING": "40"}, 429, 40, 0.0),
        ({"X-API-CREDITS-REMAINING": "junk"}, 200, None, 0.0),
        ({}, 429, None, 0.0),
    ],
)
def test_what_the_header_says_corrects_the_credits(
    headers: Mapping[str, str], status: int, left: int | None, closed: float
) -> None:
    heard = hear_credits(headers, status)

    assert (heard.left, heard.closed_seconds) == (left, closed)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, {"error": "invalid_code"}, "gone"),
        (200, {"error": "invalid_client"}, "app"),
        (200, {"error": "invalid_client_secret"}, "app"),
        (400, {"error": "Access Denied", "error_description": "You have made too many requests"}, "busy"),
        (200, {"access_token": "1000.a"}, ""),
    ],
)
def test_the_token_endpoint_is_understood_by_its_words(status: int, body: Mapping[str, Any], meaning: str) -> None:
    assert ZOHO.oauth.refusal(status, body) == meaning
