"""HubSpot's error answers, sorted by whose move it is."""

from typing import Any

import orjson
import pytest
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.hubspot.errors import explain, hear_burst, hear_daily, hear_search, quota
from requests.structures import CaseInsensitiveDict

SHOE = 'Property "shoe" does not exist'


def explained(status: int, body: Any = b"", headers: dict[str, str] | None = None, *, sent_write: bool = False) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return explain(status, CaseInsensitiveDict(headers or {}), content, sent_write=sent_write)


def test_wrong_input_names_its_properties() -> None:
    error = explained(
        400,
        {
            "status": "error", "message": "Property values were not valid", "correlationId": "5e0f",
            "category": "VALIDATION_ERROR",
            "errors": [{"message": SHOE, "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["shoe"]}}],
        },
    )  # fmt: skip

    assert type(error) is Rejected
    assert (error.fields, error.code) == ({"shoe": SHOE}, "PROPERTY_DOESNT_EXIST")
    assert (error.request_id, error.platform) == ("5e0f", "hubspot")


@pytest.mark.parametrize(
    ("status", "body", "existing"),
    [
        (409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 700"}, "700"),
        (409, {"category": "CONFLICT", "message": "Contact already exists"}, None),
        (409, {"category": "CONFLICT", "message": "no", "context": {"existingId": ["701"]}}, "701"),
        (400, {"category": "VALIDATION_ERROR", "message": "x", "errors": [
            {"code": "CONFLICTING_UNIQUE_VALUE", "message": "Cannot set it. 812 already has that value."}]}, "812"),
        (400, {"message": "Contact already exists. Existing ID: 9"}, "9"),
    ],
)  # fmt: skip
def test_a_duplicate_says_which_when_hubspot_does(status: int, body: Any, existing: str | None) -> None:
    error = explained(status, body)

    assert isinstance(error, Duplicate)
    assert error.existing_id == existing


@pytest.mark.parametrize("category", ["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION"])
def test_a_token_that_is_not_accepted_may_be_refreshed_once(category: str) -> None:
    assert isinstance(explained(401, {"category": category}), TokenExpired)


@pytest.mark.parametrize(
    "body",
    [
        {"category": "MISSING_SCOPES", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}},
        {"errors": [{"context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}]},
    ],
)
def test_a_missing_scope_is_named(body: Any) -> None:
    error = explained(403, body)

    assert isinstance(error, MissingScope)
    assert error.scopes == ("crm.objects.deals.read",)
    assert "crm.objects.deals.read" in str(error)


def test_another_403_is_the_account_s_plan() -> None:
    error = explained(403, {"message": "Your account does not have access"})

    assert (type(error), error.code) == (Rejected, "FORBIDDEN")


@pytest.mark.parametrize("body", [{"category": "OBJECT_NOT_FOUND"}, {"message": "resource not found"}, b"<html>"])
def test_an_unknown_record_is_gone(body: Any) -> None:
    assert isinstance(explained(404, body), RecordGone)


@pytest.mark.parametrize(
    ("policy", "seconds", "pool"),
    [("TEN_SECONDLY_ROLLING", 10.0, "burst"), ("SECONDLY", 1.0, "search"), ("DAILY", 3600.0, "daily")],
)
def test_each_limit_has_its_own_wait(policy: str, seconds: float, pool: str) -> None:
    error = explained(429, {"errorType": "RATE_LIMIT", "policyName": policy, "correlationId": "b1c2"})

    assert isinstance(error, Throttled)
    assert (error.retry_after, error.pool, error.request_id) == (seconds, pool, "b1c2")


def test_a_wait_that_is_told_is_believed() -> None:
    assert explained(429, {"category": "RATE_LIMITS"}, {"Retry-After": "7"}).retry_after == 7.0


def test_a_locked_record_is_free_again_after_two_seconds() -> None:
    error = explained(423, {"message": "Locked"}, sent_write=True)

    assert isinstance(error, Throttled)
    assert error.retry_after == 2.0


def test_a_migration_takes_as_long_as_it_says() -> None:
    error = explained(477, b"", {"Retry-After": "7200"}, sent_write=True)

    assert isinstance(error, Unavailable)
    assert (error.retry_after, error.outcome_unknown) == (7200.0, False)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 522, 523, 524])
@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html>", b'{"status":"err', {"status": "error"}])
def test_after_a_failure_nobody_knows_whether_a_write_happened(status: int, body: Any) -> None:
    assert explained(status, body, sent_write=True).outcome_unknown
    assert not explained(status, body).outcome_unknown


@pytest.mark.parametrize("status", [405, 414, 415, 418])
def test_what_no_row_names_is_our_mistake_and_nothing_was_written(status: int) -> None:
    error = explained(status, b"<html>", sent_write=True)

    assert (type(error), error.status) == (Rejected, status)


def test_a_redirect_is_no_answer() -> None:
    assert isinstance(explained(302, b""), Unavailable)


@pytest.mark.parametrize(
    "body",
    [[], 7, "x", {"message": 7, "errors": 7, "context": [], "category": []}, {"errors": [7, {"context": 7}]}],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 423, 429, 477, 500])
def test_no_shape_of_a_body_is_a_crash(status: int, body: Any) -> None:
    assert explained(status, body).platform == "hubspot"


def test_the_request_id_is_taken_from_a_header_when_the_body_has_none() -> None:
    assert explained(502, b"<html>", {"X-HubSpot-Correlation-Id": "c0ffee"}).request_id == "c0ffee"


def test_the_headers_tell_what_is_left() -> None:
    headers = CaseInsensitiveDict({"x-hubspot-ratelimit-remaining": "99", "X-HubSpot-RateLimit-Max": "100"})

    assert (hear_burst(headers, 200).left, hear_burst(headers, 200).limit) == (99, 100)
    assert quota(headers) == {"burst": (99, 100)}


def test_a_refused_call_closes_its_pool() -> None:
    used_up = CaseInsensitiveDict({"X-HubSpot-RateLimit-Daily-Remaining": "0"})

    assert hear_burst({}, 429).closed_seconds == 10.0
    assert hear_burst(used_up, 429).closed_seconds == 0.0
    assert hear_daily(used_up, 429).closed_seconds == 3600.0
    assert hear_daily({}, 429).closed_seconds == 0.0
    assert hear_search({}, 429).closed_seconds == 1.0
    assert hear_search({}, 200).closed_seconds == 0.0


def test_junk_in_the_headers_says_nothing() -> None:
    assert hear_burst({"X-HubSpot-RateLimit-Remaining": "²"}, 200).left is None
