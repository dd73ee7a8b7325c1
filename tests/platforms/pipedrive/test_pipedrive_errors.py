"""Pipedrive's refusals in our words, and what its headers say of its limits."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from crmbridge.domain.errors import (
    MissingScope,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.pipedrive import PIPEDRIVE
from crmbridge.platforms.pipedrive.connecting import refusal
from crmbridge.platforms.pipedrive.errors import hear_burst, hear_daily, hear_search
from requests.structures import CaseInsensitiveDict

HTML = {"Content-Type": "text/html; charset=UTF-8"}
DAY = "x-daily-ratelimit-token-remaining"
LEFT = "x-ratelimit-remaining"


def explained(
    status: int, body: Any = None, headers: Mapping[str, str] | None = None, *, sent_write: bool = True
) -> Exception:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return PIPEDRIVE.explain(status, CaseInsensitiveDict(headers or {}), content, sent_write=sent_write)


FAILED = {"success": False, "error": "words", "error_info": "Please check", "data": None}
SHAPES: list[tuple[int, Any, type[PlatformError]]] = [
    (400, {**FAILED, "code": "ERR_SCHEMA_VALIDATION_FAILED"}, Rejected),
    (401, {**FAILED, "errorCode": 401}, TokenExpired),
    (402, FAILED, ReauthRequired),
    (403, {**FAILED, "error": "Scope and URL mismatch", "errorCode": 403}, MissingScope),
    (403, {**FAILED, "code": "feature_capping_deals_limit"}, Rejected),
    (404, FAILED, RecordGone),
    (405, FAILED, Rejected),
    (410, FAILED, RecordGone),
    (415, b"", Rejected),
    (422, {"errors": {"subscription_url": ["invalid", "non-reachable"]}}, Rejected),
    (429, {"success": False, "error": "request over limit", "errorCode": 429}, Throttled),
    (500, b"<html>", Unavailable),
    (501, FAILED, Rejected),
    (502, b"", Unavailable),
    (302, b"", Unavailable),
]


@pytest.mark.parametrize(("status", "body", "error"), SHAPES)
def test_every_shape_is_an_error_of_ours(status: int, body: Any, error: type[PlatformError]) -> None:
    found = explained(status, body, {"x-correlation-id": "r-1"})

    assert type(found) is error
    assert isinstance(found, PlatformError)
    assert (found.platform, found.request_id) == ("pipedrive", "r-1")


def test_a_refusal_says_what_pipedrive_said() -> None:
    found = explained(400, {**FAILED, "code": "ERR_SCHEMA_VALIDATION_FAILED"})

    assert isinstance(found, Rejected)
    assert (str(found), found.code) == ("Pipedrive refused: words", "ERR_SCHEMA_VALIDATION_FAILED")


def test_a_refused_webhook_names_its_fields() -> None:
    found = explained(400, {"status": "error", "success": False, "errors": {"subscription_url": ["invalid URL"]}})

    assert isinstance(found, Rejected)
    assert found.fields == {"subscription_url": "invalid URL"}
    assert "subscription_url: invalid URL" in str(found)


@pytest.mark.parametrize(
    ("status", "sent_write", "unknown"), [(500, True, True), (500, False, False), (302, True, False)]
)
def test_only_a_failed_write_leaves_its_outcome_unknown(status: int, sent_write: bool, unknown: bool) -> None:
    found = explained(status, b"", sent_write=sent_write)

    assert isinstance(found, Unavailable)
    assert found.outcome_unknown is unknown


LIMITS: list[tuple[int, Mapping[str, str], str, float]] = [
    (429, {}, "burst", 2.0),
    (429, {LEFT: "0", "x-ratelimit-reset": "5"}, "burst", 5.0),
    (429, {DAY: "0"}, "daily", 3600.0),
    (429, {DAY: "400", LEFT: "0"}, "burst", 2.0),
    (429, {LEFT: "17"}, "daily", 3600.0),
    (403, HTML, "burst", 600.0),
]


@pytest.mark.parametrize(("status", "headers", "pool", "seconds"), LIMITS)
def test_a_limit_says_which_and_for_how_long(
    status: int, headers: Mapping[str, str], pool: str, seconds: float
) -> None:
    found = explained(status, b"<html>", headers)

    assert isinstance(found, Throttled)
    assert (found.pool, found.retry_after) == (pool, seconds)


def test_what_headers_say_corrects_the_pools() -> None:
    told = CaseInsensitiveDict(
        {LEFT: "18", "x-ratelimit-limit": "20", DAY: "29990", "x-daily-ratelimit-token-limit": "30000"}
    )

    assert (hear_burst(told, 200).left, hear_burst(told, 200).limit) == (18, 20)
    assert (hear_daily(told, 200).left, hear_daily(told, 200).limit) == (29990, 30000)
    assert hear_search(told, 200).left is None
    assert hear_daily(CaseInsensitiveDict(), 200).left is None


def test_a_used_up_day_closes_the_day_and_not_the_burst() -> None:
    told = CaseInsensitiveDict({DAY: "0"})

    assert hear_daily(told, 429).closed_seconds == 3600.0
    assert hear_burst(told, 429).closed_seconds == 0.0
    assert hear_search(told, 429).closed_seconds == 0.0


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, {"success": False, "error": "invalid_grant"}, "gone"),
        (400, {"success": False, "message": "Invalid grant: refresh token is invalid", "error": "bad"}, "gone"),
        (400, {"error": "unsupported_grant_type"}, ""),
        (400, {"error": "invalid_client"}, "app"),
        (400, {"message": "Redirect URI mismatch"}, "app"),
        (400, {"error": "wrong content type"}, ""),
        (500, {"error": "invalid_grant"}, ""),
        (200, {"access_token": "a"}, ""),
    ],
)
def test_the_token_endpoint_is_understood_by_its_words(status: int, body: Mapping[str, Any], meaning: str) -> None:
    assert refusal(status, body) == meaning
