"""Pipedrive's budgets, and the trouble that can be asked for."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running, running

Pipe = Callable[..., requests.Response]
ME, PERSONS, DEALS = "/v1/users/me", "/api/v2/persons", "/api/v2/deals"


def left(answer: requests.Response) -> int:
    return int(answer.headers["x-daily-ratelimit-token-remaining"])


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [("GET", PERSONS, 10), ("GET", f"{PERSONS}/1", 1), ("GET", ME, 2), ("GET", "/api/v2/stages", 5),
     ("GET", f"{DEALS}/archived", 20), ("GET", "/api/v2/dealFields", 10), ("POST", DEALS, 5), ("GET", "/v1/notes", 20),
     ("DELETE", f"{DEALS}/3", 3), ("GET", "/v1/webhooks", 10), ("GET", "/v1/users", 20)],
)  # fmt: skip
def test_calls_cost_what_the_specification_says(
    wide_drive: Running, pipe: Pipe, method: str, path: str, cost: int
) -> None:
    before = left(pipe(wide_drive, "GET", ME))

    answer = pipe(wide_drive, method, path, json={"title": "T"} if method == "POST" else None)

    assert before - left(answer) == cost


def test_a_failed_call_costs_as_much_or_nothing(drive: Running, pipe: Pipe) -> None:
    pipe(drive, "POST", PERSONS, json={})
    drive.settings(failed_calls_cost=False)
    pipe(drive, "POST", PERSONS, json={})

    company = drive.state(summary=1)["companies"]["5550001"]
    assert company["tokens_used_today"] == 5


def test_the_burst_of_a_token_refills_after_two_seconds(pipe: Pipe) -> None:
    with running("pipedrive", contacts=2, companies=1, deals=1, token_burst=5) as sim:
        answers = [pipe(sim, "GET", ME) for _ in range(6)]
        sim.advance(2)
        after = pipe(sim, "GET", ME)

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert answers[-1].json() == {"success": False, "error": "request over limit", "errorCode": 429}
    assert answers[0].headers["x-ratelimit-limit"] == "5"
    assert (answers[-1].headers["x-ratelimit-remaining"], answers[-1].headers["x-ratelimit-reset"]) == ("0", "2")
    assert left(answers[-1]) > 0
    assert after.status_code == 200


def test_searches_have_a_burst_of_their_own(drive: Running, pipe: Pipe) -> None:
    answers = [pipe(drive, "GET", f"{PERSONS}/search", term="no one") for _ in range(11)]

    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert answers[0].headers["x-ratelimit-limit"] == "10"
    assert pipe(drive, "GET", ME).status_code == 200


def test_the_daily_tokens_belong_to_the_company_and_come_back_at_midnight(pipe: Pipe) -> None:
    with running("pipedrive", contacts=2, companies=1, deals=1, daily=13) as sim:
        users = list(sim.state(summary=1)["companies"]["5550001"]["api_tokens"])
        first = pipe(sim, "GET", PERSONS, token=users[0])
        spent = pipe(sim, "GET", PERSONS, token=users[1])
        small = pipe(sim, "GET", ME, token=users[1])
        sim.settings(daily_headers=False)
        silent = pipe(sim, "GET", PERSONS, token=users[1])
        sim.advance(24 * 3600)
        tomorrow = pipe(sim, "GET", PERSONS)

    assert [each.status_code for each in (first, spent, small, silent, tomorrow)] == [200, 429, 200, 429, 200]
    assert (left(spent), left(small)) == (3, 1)
    assert "x-daily-ratelimit-token-remaining" not in silent.headers


def test_who_hammers_on_is_shut_out_by_a_page_in_html(pipe: Pipe) -> None:
    with running("pipedrive", contacts=2, companies=1, deals=1, token_burst=1) as sim:
        sim.settings(ban_after_refusals=3)
        answers = [pipe(sim, "GET", ME) for _ in range(6)]
        sim.advance(61)
        after = pipe(sim, "GET", ME)

    assert [each.status_code for each in answers] == [200, 429, 429, 429, 403, 403]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert "Cloudflare" in answers[-1].text
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("policy", "status", "facts"),
    [("BURST", 429, {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "40"}),
     ("SEARCH", 429, {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "10"}),
     ("DAILY", 429, {"x-daily-ratelimit-token-remaining": "0"}),
     ("CLOUDFLARE", 403, {"content-type": "text/html; charset=UTF-8"})],
)  # fmt: skip
def test_every_refusal_can_be_asked_for(
    drive: Running, pipe: Pipe, policy: str, status: int, facts: dict[str, str]
) -> None:
    drive.faults({"kind": "rate_limit", "policy": policy, "path": "/persons"})

    refused, after = pipe(drive, "GET", PERSONS), pipe(drive, "GET", PERSONS)

    assert (refused.status_code, after.status_code) == (status, 200)
    assert {name: refused.headers[name] for name in facts} == facts


@pytest.mark.parametrize("fault", [{"kind": "commit_then_timeout", "body": "reset"}, {"kind": "commit_then_timeout"}])
def test_a_write_can_be_done_although_its_caller_never_learns_of_it(
    drive: Running, pipe: Pipe, fault: dict[str, Any]
) -> None:
    drive.faults({**fault, "method": "POST"})

    with pytest.raises(requests.RequestException):
        pipe(drive, "POST", DEALS, json={"title": "Unheard of"}, timeout=0.3)

    titles = [deal["title"] for deal in drive.state(object="deals")["live"]]
    assert titles.count("Unheard of") == 1


def test_a_write_can_be_done_long_after_its_caller_looked(drive: Running, pipe: Pipe) -> None:
    drive.faults({"kind": "commit_late", "method": "POST", "path": "/deals$", "late_ms": 60_000, "body": "html"})

    answer = pipe(drive, "POST", DEALS, json={"title": "Late"})
    before = [deal["title"] for deal in drive.state(object="deals")["live"]]
    drive.advance(61)

    assert answer.status_code == 503
    assert "Late" not in before
    assert drive.state(object="deals")["live"][-1]["title"] == "Late"


def test_a_token_can_end_in_the_middle(drive: Running, pipe: Pipe) -> None:
    drive.faults({"kind": "token_revoked", "path": "/persons"})

    assert pipe(drive, "GET", PERSONS).status_code == 401
    assert pipe(drive, "GET", ME).status_code == 401


def test_the_log_tells_the_pools_apart(drive: Running, pipe: Pipe) -> None:
    pipe(drive, "GET", ME)
    pipe(drive, "GET", f"{PERSONS}/search", term="no one")
    requests.post(f"{drive.url}/oauth/token", timeout=5)

    assert drive.requests(summary=1)["by_pool"] == {"api": 1, "search": 1, "oauth": 1}
