"""Limits and trouble: what a caller meets, and what really happened behind it."""

from collections.abc import Callable

import pytest
import requests

from local.simulators import Running

Ask = Callable[..., requests.Response]
CONTACTS = "/crm/v3/objects/contacts"


def lives(sim: Running) -> int:
    count: int = sim.state(object="contacts", limit=1)["counts"]["live"]
    return count


def test_a_private_app_gets_its_hundred_calls_in_ten_seconds(hub: Running, ask: Ask) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer pat-na1-simulator"
        answers = [session.get(f"{hub.url}/account-info/v3/details", timeout=5) for _ in range(101)]
    hub.advance(10)
    after = ask(hub, "GET", "/account-info/v3/details")

    assert [each.status_code for each in answers].count(429) == 1
    assert answers[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert answers[0].headers["x-hubspot-ratelimit-remaining"] == "99"
    assert after.headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 101)
    assert hub.requests(summary=1)["throttled"] == 1


def test_search_has_a_pool_of_five_a_second_and_says_nothing_about_it(hub: Running, ask: Ask) -> None:
    answers = [ask(hub, "POST", f"{CONTACTS}/search", json={}) for _ in range(30)]

    refused = [each.json()["policyName"] for each in answers if each.status_code == 429]
    assert [each.status_code for each in answers[:5]] == [200] * 5
    assert set(refused) == {"SECONDLY"}
    assert not [name for name in answers[0].headers if "ratelimit" in name]


def test_the_daily_limit_is_shared_by_the_private_apps_of_an_account(hub: Running, ask: Ask) -> None:
    hub.settings(daily=2)

    answers = [ask(hub, "GET", "/crm/v3/owners") for _ in range(3)]
    hub.advance(24 * 3600)
    tomorrow = ask(hub, "GET", "/account-info/v3/api-usage/daily/private-apps").json()["results"][0]

    assert answers[-1].json()["policyName"] == "DAILY"
    assert (tomorrow["currentUsage"], tomorrow["usageLimit"]) == (1, 2)


@pytest.mark.parametrize(("body", "starts"), [("html", "<!DOCTYPE"), ("json", '{"status":"error"'), ("empty", "")])
def test_a_failing_status_comes_with_the_chosen_body_and_changes_nothing(
    hub: Running, ask: Ask, body: str, starts: str
) -> None:
    hub.faults({"kind": "status", "status": 502, "body": body, "method": "POST", "path": "/contacts$"})

    failed = ask(hub, "POST", CONTACTS, json={"properties": {"lastname": "N"}})
    worked = ask(hub, "POST", CONTACTS, json={"properties": {"lastname": "N"}})

    assert failed.status_code == 502
    assert failed.text.startswith(starts)
    assert worked.status_code == 201
    assert lives(hub) == 31


@pytest.mark.parametrize("body", ["reset", "half", "hang"])
def test_a_write_can_be_done_although_its_caller_never_learns_of_it(hub: Running, ask: Ask, body: str) -> None:
    hub.faults({"kind": "commit_then_timeout", "method": "POST", "body": body})

    with pytest.raises(requests.RequestException):
        ask(hub, "POST", CONTACTS, json={"properties": {"lastname": "N"}}, timeout=0.3)

    assert lives(hub) == 31
    assert hub.requests(path="/contacts")["requests"][-1]["committed"]


def test_a_write_can_be_done_long_after_its_caller_gave_up_and_looked(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "commit_late", "method": "POST", "path": "/contacts$", "late_ms": 60_000})
    properties = {"email": "late@example.test"}

    with pytest.raises(requests.Timeout):
        ask(hub, "POST", CONTACTS, json={"properties": properties}, timeout=0.2)
    looked_up = ask(hub, "GET", f"{CONTACTS}/late@example.test", params={"idProperty": "email"})
    hub.advance(61)
    later = ask(hub, "GET", f"{CONTACTS}/late@example.test", params={"idProperty": "email"})

    assert looked_up.status_code == 404
    assert later.status_code == 200


def test_a_write_can_be_answered_after_its_callers_patience(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "commit_then_timeout", "method": "POST", "late_ms": 300})

    with pytest.raises(requests.Timeout):
        ask(hub, "POST", CONTACTS, json={"properties": {"lastname": "N"}}, timeout=0.1)

    assert lives(hub) == 31


def test_a_lock_is_told_in_the_words_of_the_rule(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "status", "status": 423, "content": {"message": "Locked"}, "retry_after": 2})

    answer = ask(hub, "GET", "/crm/v3/owners")

    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (423, {"message": "Locked"}, "2")


def test_faults_can_skip_repeat_and_be_cleared(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "status", "status": 500, "path": "owners", "skip": 1, "times": None})

    before = [ask(hub, "GET", "/crm/v3/owners").status_code for _ in range(3)]
    hub.no_faults()

    assert before == [200, 500, 500]
    assert ask(hub, "GET", "/crm/v3/owners").status_code == 200


def test_a_token_can_be_revoked_in_the_middle_of_a_run(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "token_revoked", "path": "owners", "skip": 1})

    answers = [ask(hub, "GET", "/crm/v3/owners") for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 401, 401]
    assert answers[1].json()["category"] == "INVALID_AUTHENTICATION"


def test_a_forced_429_can_speak_either_dialect(hub: Running, ask: Ask) -> None:
    hub.faults({"kind": "rate_limit"}, {"kind": "rate_limit", "policy": "RATE_LIMITS", "retry_after": 7})

    plain, other = (ask(hub, "GET", "/crm/v3/owners") for _ in range(2))

    assert plain.json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert "retry-after" not in plain.headers
    assert (other.json()["category"], other.headers["retry-after"]) == ("RATE_LIMITS", "7")


def test_a_rule_with_a_mistake_is_refused(hub: Running) -> None:
    with pytest.raises(RuntimeError, match="unknown field in a fault rule: knd"):
        hub.faults({"knd": "status"})


def test_requests_are_counted_by_route_and_pool(hub: Running, ask: Ask) -> None:
    contact = hub.state(object="contacts", ids_only=1)["live"][0]

    ask(hub, "GET", f"{CONTACTS}/{contact}")
    ask(hub, "POST", f"{CONTACTS}/search", json={})

    summary = hub.requests(summary=1)
    assert summary["by_route"] == {f"GET {CONTACTS}/{{id}}": 1, f"POST {CONTACTS}/search": 1}
    assert summary["by_pool"] == {"burst": 1, "search": 1}
    assert hub.forget_requests()["summary"]["total"] == 0


def test_requests_are_told_apart_by_the_account_they_were_made_for(hub: Running, ask: Ask) -> None:
    ask(hub, "GET", CONTACTS)
    ask(hub, "GET", CONTACTS, token="pat-na1-simulator-2")
    ask(hub, "GET", CONTACTS, token="nobody's")

    totals = {account: hub.requests(summary=1, account=account)["total"] for account in ("147000101", "147000102", "9")}
    assert totals == {"147000101": 1, "147000102": 1, "9": 0}
    assert hub.requests(summary=1)["total"] == 3
