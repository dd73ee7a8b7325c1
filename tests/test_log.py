"""What people and CRMs trust us with is tried to be leaked in every way a log line offers, and must not come out."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from crmbridge.log import log, redacted

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
API_KEY = "cb_acme_01J8ZQ4W7N_s3cr3ts3cr3t"
ACCESS_TOKEN = "CJSP5qf1KhICAQEYs-gDIIGOBii1hQIyGQAf3xBKmlwHjX7OIpuIFEavB2"
EMAIL = "ada.lovelace+crm@example.com"
SECRETS = (JWT, API_KEY, ACCESS_TOKEN, EMAIL)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the log writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(log.registered_formatter)
    log.addHandler(handler)
    yield written
    log.handlers.remove(handler)


def raise_with(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_fact_does_not_come_out(lines: io.StringIO, secret: str) -> None:
    log.info("something happened", note=f"got {secret} from there", nested={"list": [f"<{secret}>"]})

    assert "something happened" in lines.getvalue()
    assert secret not in lines.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_an_exception_does_not_come_out(lines: io.StringIO, secret: str) -> None:
    try:
        raise_with(f"bad token {secret}")
    except ValueError:
        log.exception("bug")

    assert "ValueError" in lines.getvalue()
    assert secret not in lines.getvalue()


def test_a_traceback_says_where_whatever_the_length_of_a_path() -> None:
    line = '  File "/opt/python/aws_lambda_powertools/event_handler/middlewares/openapi_validation.py", line 20, in get'

    assert redacted(f"{line}\nValueError: {ACCESS_TOKEN}") == f"{line}\nValueError: [redacted]"


@pytest.mark.parametrize(
    "name",
    ["access_token", "refresh-token", "Authorization", "body", "headers", "query", "email", "client_secret", "person"],
)
def test_what_a_private_name_holds_does_not_come_out(lines: io.StringIO, name: str) -> None:
    facts: dict[str, Any] = {name: "hush", "more": {name: {"inner": "hush"}}}

    log.info("something happened", **facts)

    assert "hush" not in lines.getvalue()


def test_query_strings_and_webhook_credentials_are_cut_off(lines: io.StringIO) -> None:
    log.info(
        "called",
        url="https://api.example/contacts?email=hush&hapikey=hush",
        path="/v1/webhooks/pipedrive/01J8/hush",
    )

    said = orjson.loads(lines.getvalue())
    assert said["url"].startswith("https://api.example/contacts?")
    assert said["path"].startswith("/v1/webhooks/pipedrive/01J8/")
    assert "hush" not in lines.getvalue()


@pytest.mark.parametrize("scheme", ["Bearer", "basic", "Zoho-oauthtoken"])
def test_an_authorization_value_is_known_by_its_scheme(scheme: str) -> None:
    assert "s3cr3t" not in redacted(f"sent {scheme} s3cr3t")


def test_what_helps_to_find_the_cause_stays() -> None:
    facts = {
        "request_id": "6f18f21e-a743-4509-b7fd-1a5e632fffa1",
        "connection": "01J8ZQ4W7NDT4R5A0GXV1C2B3M",
        "route": "GET /v1/connections/{id}",
        "action": "0f" * 16,
        "status": 429,
        "ok": True,
        "none": None,
    }

    assert redacted(facts) == facts


@pytest.mark.parametrize("piece", ["/", "a", "a/", "?", "bearer ", 'File "'])
def test_a_long_text_is_looked_through_once(piece: str) -> None:
    """Where each letter began another search, this took hours."""
    text = f"{piece * (1_000_000 // len(piece))} {EMAIL}"

    assert EMAIL not in redacted(text)
