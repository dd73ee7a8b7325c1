"""Queries in the form that COQL takes, parts of a record put together, and answers without a body."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from crmbridge.domain.directories import Directories, Field
from crmbridge.domain.errors import Rejected
from crmbridge.domain.records import Type
from crmbridge.platforms.questions import Question
from crmbridge.platforms.spec import PageRequest, Window
from crmbridge.platforms.zoho import ZOHO
from crmbridge.platforms.zoho.columns import asked_columns
from crmbridge.platforms.zoho.connecting import credits_of
from crmbridge.platforms.zoho.paths import pages_of
from crmbridge.platforms.zoho.queries import both, joined, literal

Told = Callable[..., Any]
WINDOW = Window(datetime(2026, 5, 1, 10, 0, 0, 750_000, UTC), datetime(2026, 5, 1, 11, tzinfo=UTC))


@pytest.fixture
def wide(hamburg: Directories) -> Directories:
    """With 60 fields of accounts."""
    fields = {f"Field_{n:02}": Field(f"Field_{n:02}", "F", Type.TEXT) for n in range(60)}
    return replace(hamburg, fields={"Accounts": fields})


def test_criteria_are_bracketed_in_pairs() -> None:
    assert both(["a", "b", "c"]) == "((a and b) and c)"


def test_a_quote_is_doubled() -> None:
    assert literal("o'hara") == "'o''hara'"


def test_a_window_asks_by_date_and_pages_by_id(told: Told, hamburg: Directories) -> None:
    api, script = told({"data": [{"id": "5"}], "info": {"more_records": True}}, (204, {}, b""))
    request = PageRequest(object="Contacts", directories=hamburg, window=WINDOW)

    first = ZOHO.page(api, request)
    second = ZOHO.page(api, replace(request, cursor=first.next or {}))

    asked = [body["select_query"] for body in script.bodies()]
    assert asked[0].endswith(
        "from Contacts where ((Modified_Time >= '2026-05-01T10:00:00+00:00' and "
        "Modified_Time < '2026-05-01T11:00:00+00:00') and id > '0') order by id asc limit 1000"
    )
    assert "id > '5')" in asked[1]
    assert (first.next, list(second.seen), second.next) == ({"after": "5"}, [], None)


def test_pictures_are_not_asked_for(hamburg: Directories) -> None:
    named = {"Photo": Field("Photo", "Photo", Type.TEXT, raw_type="imageupload"), "Name": Field("Name", "", Type.TEXT)}

    batches = asked_columns(replace(hamburg, fields={"Accounts": named}), "Accounts")

    assert batches == (("id", "Modified_Time", "Name"),)


def test_a_field_that_is_called_by_a_word_of_sql_is_quoted(told: Told, hamburg: Directories) -> None:
    named = {name: Field(name, name, Type.TEXT) for name in ("Date", "Date_1", "External")}
    api, script = told((204, {}, b""))

    ZOHO.page(api, PageRequest(object="Accounts", directories=replace(hamburg, fields={"Accounts": named})))

    query = script.bodies()[0]["select_query"]
    assert query.startswith("select id, Modified_Time, 'Date', Date_1, 'External' from Accounts where ")


def test_no_request_asks_for_more_than_fifty_fields(wide: Directories) -> None:
    batches = asked_columns(wide, "Accounts")

    assert [len(batch) for batch in batches] == [50, 14]
    assert {name for batch in batches for name in batch} >= set(wide.fields["Accounts"])
    assert all(batch[:2] == ("id", "Modified_Time") for batch in batches)


def test_a_row_that_changes_between_two_parts_keeps_its_older_date() -> None:
    early, late = "2026-05-01T12:00:00+02:00", "2026-05-01T11:00:00+00:00"
    first = [{"id": "1", "Modified_Time": early, "A": 1}, {"id": "2", "Modified_Time": early, "A": 2}]
    second = [{"id": "1", "Modified_Time": late, "B": 3}]

    assert joined(first, [second]) == [{"id": "1", "Modified_Time": early, "A": 1, "B": 3}]


def test_a_condition_is_a_header_and_304_is_an_answer(told: Told, hamburg: Directories) -> None:
    api, script = told((304, {}, b""))
    request = PageRequest(object="Deals", directories=hamburg, window=WINDOW, step="deleted")

    page = ZOHO.page(api, request)

    assert (list(page.seen), page.next) == ([], None)
    assert script.sent[0].headers["If-Modified-Since"] == "2026-05-01T10:00:00+00:00"
    assert script.sent[0].headers["Authorization"] == "Zoho-oauthtoken 1000.simulator"
    assert api.gate.spent == 2


def test_deletions_beyond_what_zoho_pages_are_left_to_the_sweep(told: Told, hamburg: Directories) -> None:
    refused: Any = (400, {}, b'{"code":"DISCRETE_PAGINATION_LIMIT_EXCEEDED","details":{},"status":"error"}')
    api, _ = told(refused)
    request = PageRequest(object="Deals", directories=hamburg, window=WINDOW, step="deleted", cursor={"page": 11})

    assert ZOHO.page(api, request).next is None


@pytest.mark.parametrize("code", ["NO_PERMISSION", "INVALID_MODULE"])
def test_a_module_that_is_not_used_is_empty_and_one_that_must_be_is_an_error(
    told: Told, hamburg: Directories, code: str
) -> None:
    refused: Any = (403, {}, b'{"code":"%s","details":{},"status":"error"}' % code.encode())
    api, _ = told(refused, refused)

    leads = ZOHO.page(api, PageRequest(object="Leads", directories=hamburg))
    with pytest.raises(Rejected):
        ZOHO.page(api, PageRequest(object="Deals", directories=hamburg))

    assert (list(leads.seen), leads.next) == ([], None)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://www.zohoapis.eu", "https://crm.zoho.eu/crm/org1"),
        ("https://www.zohoapis.com.au", "https://crm.zoho.com.au/crm/org1"),
        ("https://www.zohoapis.ca", "https://crm.zohocloud.ca/crm/org1"),
        ("https://sandbox.zohoapis.in", "https://crmsandbox.zoho.in/crm/org1"),
        ("http://127.0.0.1:8104", "https://crm.zoho.com/crm/org1"),
    ],
)
def test_records_are_looked_at_in_their_own_data_centre(url: str, page: str) -> None:
    assert pages_of(url, "org1") == page


@pytest.mark.parametrize(
    ("licence", "credits"),
    [
        ({"paid_type": "enterprise", "users_license_purchased": 6}, 56_000),
        ({"paid_type": "standard", "users_license_purchased": 900}, 100_000),
        ({"paid_type": "free"}, 5_000),
        (None, 5_000),
    ],
)
def test_an_edition_and_its_users_make_the_credits(licence: Any, credits: int) -> None:
    assert credits_of({"license_details": licence}) == credits


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("", " limit 5"),
        (" limit 3", " limit 3"),
        (" LIMIT 10, 2 ", " limit 10, 2"),
        (" limit 2 offset 10", " limit 10, 2"),
    ],
)
def test_an_admins_own_limit_bounds_the_answer(told: Told, limit: str, sent: str) -> None:
    api, script = told((204, {}, b""))
    assert ZOHO.query is not None

    ZOHO.query.ask(api, Question(text=f"select id from Deals where Amount > 5{limit}", limit=5))

    assert script.bodies()[0]["select_query"].endswith(f"Amount > 5{sent}")


def test_a_flood_of_spaces_in_a_question_is_looked_at_once(told: Told) -> None:
    api, script = told((204, {}, b""))
    assert ZOHO.query is not None

    ZOHO.query.ask(api, Question(text=f"select id{' ' * 1_000_000}from Deals limit 3", limit=5))

    assert script.bodies()[0]["select_query"].endswith("from Deals limit 3")
