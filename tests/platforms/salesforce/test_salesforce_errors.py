"""Salesforce's refusals in our words."""

from typing import Any

import orjson
import pytest
import requests
from crmbridge.domain.errors import (
    Duplicate,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    TokenExpired,
    Unavailable,
)
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.platforms.salesforce.errors import hear_daily

Headers = requests.structures.CaseInsensitiveDict


def explained(status: int, *errors: dict[str, Any], body: bytes | None = None, sent_write: bool = True) -> Any:
    return SALESFORCE.explain(status, Headers(), body or orjson.dumps(errors), sent_write=sent_write)


def error(code: str, message: str = "said", **more: Any) -> dict[str, Any]:
    return {"message": message, "errorCode": code, **more}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "INVALID_SESSION_ID", TokenExpired),
        (404, "NOT_FOUND", RecordGone),
        (400, "ENTITY_IS_DELETED", RecordGone),
        (400, "INVALID_FIELD", Rejected),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Rejected),
        (403, "INSUFFICIENT_ACCESS", Rejected),
        (403, "API_DISABLED_FOR_ORG", Rejected),
        (412, "PRECONDITION_FAILED", Rejected),
        (400, "UNABLE_TO_LOCK_ROW", Throttled),
        (400, "QUERY_TIMEOUT", Unavailable),
        (503, "SERVER_UNAVAILABLE", Unavailable),
        (420, "UNKNOWN_EXCEPTION", Unavailable),
        (429, "", Throttled),
    ],
)
def test_a_refusal_says_whose_move_it_is(status: int, code: str, kind: type[PlatformError]) -> None:
    found = explained(status, error(code))

    assert type(found) is kind
    assert found.status == status


def test_the_limit_of_a_day_is_a_403_and_waits_for_some_of_it_to_come_back() -> None:
    found = explained(403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))

    assert isinstance(found, Throttled)
    assert (found.pool, found.retry_after) == ("daily", 900)


def test_too_many_long_requests_are_another_limit() -> None:
    found = explained(403, error("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded"))

    assert isinstance(found, Throttled)
    assert (found.pool, found.retry_after) == ("concurrent", 20)


def test_a_session_that_no_refresh_can_save_needs_reconnecting() -> None:
    said = "This session is not valid for use with the REST API"

    assert isinstance(explained(401, error("INVALID_SESSION_ID", said)), ReauthRequired)


def test_a_rejection_names_the_code_the_fields_and_why() -> None:
    found = explained(
        400, error("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields=["LastName"])
    )

    assert (found.code, found.fields) == (
        "REQUIRED_FIELD_MISSING",
        {"LastName": "Required fields are missing: [LastName]"},
    )
    assert "Required fields are missing" in str(found)


def test_an_errors_item_of_a_composite_answer_is_read_as_well() -> None:
    found = explained(400, {"statusCode": "MALFORMED_ID", "message": "malformed id x", "fields": []})

    assert (found.code, "malformed id x" in str(found)) == ("MALFORMED_ID", True)


def test_a_duplicate_of_a_unique_field_names_the_other_record() -> None:
    said = "duplicate value found: CrmBridgeKey__c duplicates value on record with id: 0031I0000081tbP"

    found = explained(400, error("DUPLICATE_VALUE", said))

    assert isinstance(found, Duplicate)
    assert found.existing_id == "0031I0000081tbPQAQ"


@pytest.mark.parametrize("spelling", ["duplicateResult", "duplicateResut"])
def test_a_duplicate_rule_lists_what_it_matched(spelling: str) -> None:
    match: Any = {"matchRecords": [{"record": {"attributes": {"type": "Lead"}, "Id": "00Q5g00000Abc35AAC"}}]}

    told: dict[str, Any] = {spelling: {"matchResults": [match]}}

    found = explained(400, error("DUPLICATES_DETECTED", **told))

    assert found.existing_id == "00Q5g00000Abc35AAC"


def test_several_records_with_one_key_are_no_answer() -> None:
    assert explained(300, body=b'["/services/data/v62.0/sobjects/Task/a"]').code == "SEVERAL"


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b'[{"mess', b"[1]", b"{}"])
def test_a_failure_with_any_body_leaves_a_writes_outcome_unknown(body: bytes) -> None:
    found = SALESFORCE.explain(502, Headers(), body, sent_write=True)

    assert isinstance(found, Unavailable)
    assert found.outcome_unknown


def test_a_read_that_failed_leaves_nothing_unknown() -> None:
    assert not explained(503, error("SERVER_UNAVAILABLE"), sent_write=False).outcome_unknown


def test_every_answer_says_what_is_left_of_the_day() -> None:
    heard = hear_daily(Headers({"sforce-limit-info": "api-usage=114000/115000"}), 200)
    over = hear_daily(Headers({"Sforce-Limit-Info": "api-usage=115010/115000; per-app-api-usage=1/250"}), 200)

    assert (heard.left, heard.limit) == (1_000, 115_000)
    assert (over.left, over.limit) == (0, 115_000)
    assert hear_daily(Headers(), 200).left is None
