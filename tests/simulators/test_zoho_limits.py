"""Credits, concurrency and trouble, in Zoho's own words."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local.simulators import Running, running
from tests.simulators.zoho_calls import ACCOUNTS_EU, ask, coql, insert


@pytest.fixture
def suite() -> Iterator[Running]:
    with running("zoho", contacts=30, leads=4, companies=5, deals=5, tasks=3, activities=3) as sim:
        yield sim


def used(sim: Running) -> int:
    credits: int = sim.state(summary=1)["orgs"]["4150868000000000001"]["credits_used"]
    return credits


def lives(sim: Running) -> int:
    count: int = sim.state(object="Contacts", limit=1)["counts"]["live"]
    return count


def test_calls_cost_what_zoho_says(suite: Running) -> None:
    query = "select id from Contacts where id is not null limit"
    calls: list[Callable[[], requests.Response]] = [
        lambda: ask(suite, "GET", "/v8/Contacts", params={"fields": "id"}),
        lambda: ask(suite, "GET", "/v8/Contacts/deleted"),
        lambda: coql(suite, f"{query} 200"),
        lambda: coql(suite, f"{query} 2000"),
        lambda: insert(suite, "Contacts", *[{"Last_Name": "X"}] * 25),
        lambda: ask(suite, "POST", "/bulk/v8/read", json={"query": {"module": {"api_name": "Leads"}}}),
    ]

    spent = []
    for call in calls:
        before = used(suite)
        call()
        spent.append(used(suite) - before)

    assert spent == [1, 2, 1, 3, 3, 50]


def test_the_remaining_credits_are_told_once_half_of_them_are_gone(suite: Running) -> None:
    suite.settings(daily_credits=4)

    answers = [ask(suite, "GET", "/v8/org") for _ in range(5)]
    suite.advance(86_401)
    tomorrow = ask(suite, "GET", "/v8/org")

    assert [each.headers.get("x-api-credits-remaining") for each in answers[:4]] == [None, "2", "1", "0"]
    assert (answers[4].status_code, answers[4].json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert tomorrow.status_code == 200


@pytest.mark.parametrize(("limit", "path"), [("concurrency", "/v8/org"), ("heavy_concurrency", "/v8/coql")])
def test_calls_that_meet_beyond_the_limit_are_refused(suite: Running, limit: str, path: str) -> None:
    suite.settings(latency_ms=300, **{limit: 2})
    query = {"select_query": "select id from Contacts where id is not null"}

    def call(_: int) -> int:
        return ask(suite, "POST" if "coql" in path else "GET", path, json=query).status_code

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(call, range(5)))

    assert sorted(statuses) == [200, 200, 429, 429, 429]


def test_the_log_knows_in_whose_name_a_call_was_made(suite: Running) -> None:
    ask(suite, "GET", "/v8/org")
    ask(suite, "GET", "/www.zohoapis.com/crm/v8/org", token="1000.simulator-2")

    assert suite.requests(summary=1, account="4150868000000000001")["total"] == 1


def test_a_rate_limit_on_request_speaks_the_dialect_of_its_door(suite: Running) -> None:
    suite.faults({"kind": "rate_limit", "policy": "CREDITS", "times": 2})

    refused = ask(suite, "GET", "/v8/org")
    token = requests.post(f"{suite.url}{ACCOUNTS_EU}/oauth/v2/token", data={}, timeout=5)

    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert refused.headers["x-api-credits-remaining"] == "0"
    assert (token.status_code, token.json()["error"]) == (400, "Access Denied")


def test_a_write_can_land_although_nobody_was_told(suite: Running) -> None:
    suite.faults({"kind": "commit_then_timeout", "method": "POST", "path": "/Contacts$", "body": "reset"})
    before = lives(suite)

    with pytest.raises(requests.ConnectionError):
        insert(suite, "Contacts", {"Last_Name": "X"})

    assert lives(suite) == before + 1


def test_a_write_can_land_after_it_was_looked_for(suite: Running) -> None:
    late = {"kind": "commit_late", "method": "POST", "path": "/Contacts$", "body": "html", "late_ms": 60_000}
    suite.faults({**late, "status": 504})
    lost = insert(suite, "Contacts", {"Last_Name": "X", "CRM_Bridge_Key": "k"})

    early = coql(suite, "select id from Contacts where CRM_Bridge_Key = 'k'")
    suite.advance(61)

    assert lost.status_code == 504
    assert early.status_code == 204
    assert coql(suite, "select id from Contacts where CRM_Bridge_Key = 'k'").status_code == 200


def test_a_token_ends_in_the_middle_of_work(suite: Running) -> None:
    suite.faults({"kind": "token_revoked", "path": "/Contacts"})

    assert ask(suite, "GET", "/v8/org").status_code == 200
    assert ask(suite, "GET", "/v8/Contacts", params={"fields": "id"}).json()["code"] == "INVALID_TOKEN"
    assert ask(suite, "GET", "/v8/org").status_code == 401


def test_a_change_can_surface_after_its_stamp(suite: Running) -> None:
    since = {"If-Modified-Since": suite.advance(0)["now"][:19] + "+00:00"}
    suite.mutate({"op": "create", "object": "Contacts", "fields": {"Last_Name": "Late"},
                  "at": "2026-01-01T00:00:00+00:00"})  # fmt: skip

    found = ask(suite, "GET", "/v8/Contacts", params={"fields": "Last_Name"}, headers=since)

    assert found.status_code == 304
    assert coql(suite, "select id from Contacts where Last_Name = 'Late'").json()["info"]["count"] == 1
