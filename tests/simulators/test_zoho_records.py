"""Reading records and what describes them."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulators import Running, running
from tests.simulators.zoho_calls import ask


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """For tests that only read, or that write records nobody else looks at."""
    with running("zoho", contacts=450, search_lag_seconds=0) as sim:
        yield sim


@pytest.fixture
def own() -> Iterator[Running]:
    with running("zoho", contacts=20, leads=8, companies=5, deals=8, tasks=6, activities=9) as sim:
        yield sim


def walk(sim: Running, module: str, **query: Any) -> list[dict[str, Any]]:
    """All pages by their tokens."""
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        body = ask(sim, "GET", f"/v8/{module}", params={"fields": "id", **query, **token}).json()
        rows += body["data"]
        if not body["info"]["more_records"]:
            return rows
        token = {"page_token": body["info"]["next_page_token"]}


def test_page_tokens_walk_through_all_records_newest_id_first(shared: Running) -> None:
    live = shared.state(object="Contacts", ids_only=1)["live"]

    rows = walk(shared, "Contacts")

    assert [row["id"] for row in rows] == live[::-1]


def test_values_have_the_shapes_of_their_types(shared: Running) -> None:
    names = "Full_Name,Owner,Account_Name,Modified_Time,Products_Of_Interest,Email_Opt_Out,Loyalty_Points,Renewal_Day"

    rows = ask(shared, "GET", "/v8/Contacts", params={"fields": names}).json()["data"]

    employed = next(row for row in rows if row["Account_Name"] and row["Products_Of_Interest"])
    assert set(employed["Owner"]) == {"name", "id", "email"}
    assert set(employed["Account_Name"]) == {"name", "id"}
    assert employed["Modified_Time"][-6:] in {"+01:00", "+02:00"}
    assert employed["Products_Of_Interest"][0] == "Starter"
    assert isinstance(employed["Email_Opt_Out"], bool)
    assert any(row["Loyalty_Points"] is None for row in rows)


@pytest.mark.parametrize(
    ("query", "code", "details"),
    [
        ({}, "REQUIRED_PARAM_MISSING", {"param_name": "fields"}),
        ({"fields": ",".join(f"F{n}" for n in range(51))}, "LIMIT_EXCEEDED", {"param_name": "fields", "limit": 50}),
        ({"fields": "id", "per_page": 201}, "LIMIT_EXCEEDED", {"param_name": "per_page", "limit": 200}),
        ({"fields": "id", "page": 11}, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", {"limit": 2000}),
        ({"fields": "id", "page": "x"}, "INVALID_DATA", {"param_name": "page"}),
        ({"fields": "id", "page_token": "x"}, "TOKEN_BOUND_DATA_MISMATCH", {"param_name": "page_token"}),
    ],
)
def test_listing_is_refused_with_its_reason(
    shared: Running, query: dict[str, Any], code: str, details: dict[str, Any]
) -> None:
    answer = ask(shared, "GET", "/v8/Contacts", params=query)

    assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (400, code, details)


def test_a_page_token_belongs_to_everything_that_was_asked_and_ends_after_a_day(own: Running) -> None:
    query = {"fields": "id", "per_page": 5}
    token = ask(own, "GET", "/v8/Contacts", params=query).json()["info"]["next_page_token"]

    other = ask(own, "GET", "/v8/Contacts", params={"fields": "id,Email", "per_page": 5, "page_token": token})
    dated = ask(own, "GET", "/v8/Contacts", params={**query, "page_token": token},
                headers={"If-Modified-Since": "2020-01-01T00:00:00Z"})  # fmt: skip
    both = ask(own, "GET", "/v8/Contacts", params={**query, "page": 2, "page_token": token})
    fine = ask(own, "GET", "/v8/Contacts", params={**query, "page_token": token})
    own.advance(86_401)
    late = ask(own, "GET", "/v8/Contacts", params={**query, "page_token": token})

    assert [each.json().get("code") for each in (other, dated, both, late)] == [
        "TOKEN_BOUND_DATA_MISMATCH", "TOKEN_BOUND_DATA_MISMATCH", "AMBIGUITY_DURING_PROCESSING", "EXPIRED_VALUE",
    ]  # fmt: skip
    assert fine.json()["info"]["page"] == 2


def test_page_tokens_stop_at_their_limit_while_there_is_more(own: Running) -> None:
    own.settings(token_rows=10)

    first_page = ask(own, "GET", "/v8/Contacts", params={"fields": "id", "per_page": 5}).json()["info"]
    token = first_page["next_page_token"]
    last = ask(own, "GET", "/v8/Contacts", params={"fields": "id", "per_page": 5, "page_token": token}).json()["info"]

    assert (last["more_records"], last["next_page_token"]) == (True, None)


def test_only_what_changed_since_is_listed(own: Running) -> None:
    chosen = own.state(object="Contacts", ids_only=1)["live"][3:5]
    since = {"If-Modified-Since": own.advance(5)["now"][:19] + "+00:00"}
    nothing = ask(own, "GET", "/v8/Contacts", params={"fields": "id"}, headers=since)
    own.advance(5)
    own.mutate({"op": "update", "object": "Contacts", "ids": chosen, "fields": {"Title": "CEO"}})

    query = {"fields": "Title", "sort_by": "Modified_Time", "sort_order": "asc"}
    changed = ask(own, "GET", "/v8/Contacts", params=query, headers=since).json()["data"]

    assert (nothing.status_code, nothing.content) == (304, b"")
    assert [(row["id"], row["Title"]) for row in changed] == [(each, "CEO") for each in chosen]


def test_what_is_not_there_answers_204_without_a_body(own: Running) -> None:
    empty = ask(own, "GET", "/v8/Contacts", params={"fields": "id", "page": 2})
    unknown = ask(own, "GET", "/v8/Contacts/4150868000000999999")
    own.settings(unknown_id="400")

    assert (empty.status_code, empty.content) == (204, b"")
    assert (unknown.status_code, unknown.content) == (204, b"")
    assert ask(own, "GET", "/v8/Contacts/4150868000000999999").status_code == 400


def test_deleted_records_are_listed_by_kind_and_date(own: Running) -> None:
    ids = own.state(object="Contacts", ids_only=1)["live"][:3]
    since = {"If-Modified-Since": own.advance(2)["now"][:19] + "+00:00"}
    own.advance(2)
    ask(own, "DELETE", "/v8/Contacts", params={"ids": ",".join(ids)})
    own.mutate(
        {"op": "purge", "object": "Contacts", "id": ids[0]}, {"op": "restore", "object": "Contacts", "id": ids[1]}
    )

    listed = {
        kind: ask(own, "GET", "/v8/Contacts/deleted", params={"type": kind}, headers=since).json()["data"]
        for kind in ("all", "recycle", "permanent")
    }
    own.advance(5)
    later = {"If-Modified-Since": own.advance(0)["now"][:19] + "+00:00"}

    assert {each["id"] for each in listed["all"]} == {ids[0], ids[2]}
    assert [each["id"] for each in listed["permanent"]] == [ids[0]]
    assert listed["recycle"][0]["display_name"]
    assert ask(own, "GET", "/v8/Contacts/deleted", headers=later).status_code == 204
    assert ask(own, "GET", f"/v8/Contacts/{ids[1]}").status_code == 200


def test_metadata_describe_stages_users_and_fields(shared: Running) -> None:
    layout = ask(shared, "GET", "/v8/settings/layouts", params={"module": "Deals"}).json()["layouts"][0]["id"]
    pipelines = ask(shared, "GET", "/v8/settings/pipeline", params={"layout_id": layout}).json()["pipeline"]
    fields = ask(shared, "GET", "/v8/settings/fields", params={"module": "Deals"}).json()["fields"]
    kinds = {kind: ask(shared, "GET", "/v8/users", params={"type": kind}).json()["users"]
             for kind in ("CurrentUser", "AllUsers", "ActiveUsers", "DeletedUsers")}  # fmt: skip

    stage = next(each for each in fields if each["api_name"] == "Stage")
    decision = next(each for each in stage["pick_list_values"] if each["actual_value"] == "Id. Decision Makers")
    assert (decision["display_value"], decision["forecast_type"]) == ("Identify Decision Makers", "Open")
    assert {each["forecast_type"] for each in pipelines[1]["maps"]} == {"Open", "Closed Won", "Closed Lost"}
    assert [len(users) for users in kinds.values()] == [1, 5, 4, 1]


def test_a_record_that_is_no_longer_shared_is_neither_there_nor_deleted(own: Running) -> None:
    contact = own.state(object="Contacts", ids_only=1)["live"][0]
    own.mutate({"op": "hide", "object": "Contacts", "id": contact})
    hidden = ask(own, "GET", f"/v8/Contacts/{contact}")
    deleted = {each["id"] for each in ask(own, "GET", "/v8/Contacts/deleted").json()["data"]}
    own.mutate({"op": "show", "object": "Contacts", "id": contact})

    assert hidden.status_code == 204
    assert contact not in deleted
    assert ask(own, "GET", f"/v8/Contacts/{contact}").status_code == 200


def test_amounts_have_a_currency_where_there_are_several(own: Running) -> None:
    us = {"token": "1000.simulator-2"}
    base = "/www.zohoapis.com/crm/v8"
    deal = {"Deal_Name": "D", "Stage": "Qualification", "Amount": 10}
    wishes = {"data": [deal, {**deal, "Currency": "EUR"}]}
    made = ask(own, "POST", f"{base}/Deals", json=wishes, **us).json()["data"]

    shown = [ask(own, "GET", f"{base}/Deals/{each['details']['id']}", **us).json()["data"][0] for each in made]

    assert [each["Currency"] for each in shown] == ["USD", "EUR"]
    assert [each["Exchange_Rate"] for each in shown] == [1.0, 0.925925926]
    assert ask(own, "GET", f"{base}/org", **us).json()["org"][0]["mc_status"]
    assert ask(own, "GET", "/v8/org/currencies").json()["code"] == "FEATURE_NOT_SUPPORTED"


def test_a_module_that_the_profile_may_not_see_answers_403(own: Running) -> None:
    own.mutate({"op": "forbid", "object": "Leads", "what": ["view"]})

    answer = ask(own, "GET", "/v8/Leads", params={"fields": "id"})

    assert (answer.status_code, answer.json()["code"]) == (403, "NO_PERMISSION")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v8/Nothing?fields=id", 400, "INVALID_MODULE"),
        ("GET", "/v9/Contacts", 404, "INVALID_URL_PATTERN"),
        ("PATCH", "/v8/Contacts", 405, "INVALID_REQUEST_METHOD"),
        ("POST", "/v8/Contacts", 400, "INVALID_DATA"),
        ("GET", "/v8/settings/pipeline", 400, "REQUIRED_PARAM_MISSING"),
    ],
)
def test_what_cannot_be_understood_is_said_in_zohos_envelope(
    shared: Running, method: str, path: str, status: int, code: str
) -> None:
    answer = ask(shared, method, path)

    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, "error")


def test_ten_thousand_people_are_there_at_once_and_listed_quickly() -> None:
    with running("zoho", contacts=10_000, leads=0, companies=500, deals=0, tasks=0, activities=0, orgs=1) as sim:
        query = {"fields": "Full_Name,Email,Account_Name,Owner,Modified_Time", "sort_by": "Modified_Time"}
        ask(sim, "GET", "/v8/Contacts", params=query)

        ask(sim, "GET", "/v8/Contacts", params={**query, "page": 9})

        assert sim.requests()["requests"][-1]["milliseconds"] < 100
