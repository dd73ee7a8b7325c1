"""Every error a person can meet has an entry, and its document says what happened and what to do."""

import inspect

import pytest
from crmbridge.domain import errors
from crmbridge.entry.problems import BUG, KINDS, headers, kind_of, problem

EVERY = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.BridgeError)]


@pytest.mark.parametrize("error", EVERY)
def test_every_error_has_an_entry_of_its_own(error: type[Exception]) -> None:
    assert error in KINDS


@pytest.mark.parametrize("error", EVERY)
def test_everything_a_person_meets_says_what_to_do(error: type[Exception]) -> None:
    assert KINDS[error].title
    assert KINDS[error].next_step or issubclass(error, errors.PlatformError)


def test_wrong_fields_are_named() -> None:
    error = errors.Invalid(
        errors.Problem("rules[0].value", "is not a number", "50000"), errors.Problem("name", "is missing")
    )

    document = problem(error, "req-1")

    assert (document["status"], document["request_id"]) == (400, "req-1")
    assert document["errors"] == [
        {"field": "rules[0].value", "message": "is not a number", "fix": "50000"},
        {"field": "name", "message": "is missing"},
    ]


def test_both_values_are_told_of_a_field_that_has_moved_on() -> None:
    document = problem(errors.MovedOn("changed", {"amount": ("40000", "50000")}), "req-1")

    assert document["status"] == 409
    assert document["errors"] == [{"field": "base.amount", "message": "has changed", "base": "40000", "now": "50000"}]


def test_a_crms_refusal_names_the_crm_its_request_and_the_next_step() -> None:
    error = errors.MissingScope("no access to deals", platform="hubspot", scopes=["deals.read"], request_id="hs-7")

    document = problem(error, "req-1")

    assert (document["platform"], document["platform_request_id"]) == ("hubspot", "hs-7")
    assert document["missing_scopes"] == ["deals.read"]
    assert "reconnects" in document["next_step"]


def test_a_rate_limit_says_when_to_come_again() -> None:
    error = errors.Throttled("slow down", platform="hubspot", retry_after=12.4)

    assert headers(error) == {"retry-after": "13"}
    assert "Retry-After" in problem(error, "")["next_step"]


def test_a_crms_complaints_about_fields_are_passed_on() -> None:
    error = errors.Rejected("no", platform="hubspot", fields={"amount": "must be a number"})

    assert problem(error, "")["errors"] == [{"field": "amount", "message": "must be a number"}]


def test_a_bug_gives_nothing_away() -> None:
    document = problem(KeyError("access_token=hush"), "req-1")

    assert "hush" not in str(document)
    assert (document["status"], document["request_id"]) == (500, "req-1")


def test_a_wrong_deployment_is_ours_to_know() -> None:
    assert kind_of(errors.Misconfigured("the secret prod/apps/hubspot is missing")) is BUG
