"""Limits, outages and writes that happen behind the client's back."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.simulators import Running

Rest = Callable[..., requests.Response]
Soql = Callable[..., Any]


def test_every_answer_tells_the_usage(cloud: Running, rest: Rest) -> None:
    usage = [rest(cloud, "GET", path).headers["sforce-limit-info"] for path in ("/limits", "/sobjects", "/nowhere")]

    assert usage == ["api-usage=1/115000", "api-usage=2/115000", "api-usage=3/115000"]
    limits = rest(cloud, "GET", "/limits").json()
    assert limits["DailyApiRequests"] == {"Max": 115_000, "Remaining": 114_996}


def test_the_daily_allowance_ends_in_a_403_and_comes_back_a_day_later(cloud: Running, rest: Rest) -> None:
    cloud.settings(daily_requests=2)
    answers = [rest(cloud, "GET", "/limits") for _ in range(3)]
    cloud.mutate({"op": "expire_tokens"})
    cloud.advance(86_460)

    again = rest(cloud, "GET", "/limits")

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert answers[2].json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert "retry-after" not in answers[2].headers
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [
        (None, 403, "REQUEST_LIMIT_EXCEEDED"),
        ("CONCURRENT", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("UNABLE_TO_LOCK_ROW", 400, "UNABLE_TO_LOCK_ROW"),
        ("SERVER_UNAVAILABLE", 503, "SERVER_UNAVAILABLE"),
        ("API_DISABLED_FOR_ORG", 403, "API_DISABLED_FOR_ORG"),
    ],
)
def test_a_fault_can_speak_any_of_the_refusals(
    cloud: Running, rest: Rest, policy: str | None, status: int, code: str
) -> None:
    cloud.faults({"kind": "rate_limit", "policy": policy})

    answer = rest(cloud, "GET", "/limits")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert rest(cloud, "GET", "/limits").status_code == 200


def test_a_layer_in_front_answers_in_html(cloud: Running, rest: Rest) -> None:
    cloud.faults({"kind": "rate_limit", "policy": "PROXY"}, {"kind": "status", "status": 502, "body": "html"})

    answers = [rest(cloud, "GET", "/limits") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [429, 502]
    assert all("html" in answer.headers["content-type"] for answer in answers)


def test_no_or_wrong_credentials_are_a_dead_session(shared_cloud: Running, rest: Rest) -> None:
    answer = rest(shared_cloud, "GET", "/limits", token="made up")

    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_session_can_end_between_two_requests(cloud: Running, rest: Rest) -> None:
    cloud.faults({"kind": "token_revoked", "skip": 1})

    assert [rest(cloud, "GET", "/limits").status_code for _ in range(3)] == [200, 401, 401]


def test_a_write_can_be_done_though_nobody_said_so(cloud: Running, rest: Rest, soql: Soql) -> None:
    cloud.faults({"kind": "commit_then_timeout", "path": "/sobjects/Contact$", "body": "reset"})

    with pytest.raises(requests.ConnectionError):
        rest(cloud, "POST", "/sobjects/Contact", json={"LastName": "Ghost"})

    assert soql(cloud, "SELECT Id FROM Contact WHERE LastName = 'Ghost'")["totalSize"] == 1


def test_a_write_can_be_done_after_the_client_looked(cloud: Running, rest: Rest, soql: Soql) -> None:
    cloud.faults({"kind": "commit_late", "path": "/sobjects/Contact$", "body": "reset", "late_ms": 30_000})
    with pytest.raises(requests.ConnectionError):
        rest(cloud, "POST", "/sobjects/Contact", json={"LastName": "Late"})
    query = "SELECT Id FROM Contact WHERE LastName = 'Late'"
    looked = soql(cloud, query)["totalSize"]

    cloud.advance(31)

    assert (looked, soql(cloud, query)["totalSize"]) == (0, 1)


def test_versions_are_listed_to_anyone_and_old_ones_are_gone(shared_cloud: Running, ask: Rest) -> None:
    listed = requests.get(f"{shared_cloud.url}/services/data/", timeout=5).json()

    assert listed[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    token = "00D5g0000000001!simulator"
    assert ask(shared_cloud, "GET", "/services/data/v29.0/limits", token=token).status_code == 410
    assert ask(shared_cloud, "GET", "/services/data/v99.0/limits", token=token).status_code == 404


def test_an_address_can_be_too_long(shared_cloud: Running, rest: Rest) -> None:
    query = f"SELECT Id FROM Contact WHERE LastName = '{'x' * 17_000}'"

    assert rest(shared_cloud, "GET", "/query", params={"q": query}).status_code == 414


def test_what_cannot_be_done_is_answered_with_400(cloud: Running) -> None:
    for order in ({"op": "dance"}, {"op": "update", "object": "Contact", "id": "nope", "fields": {}},
                  {"op": "create", "org": "9", "object": "Contact"}, {"op": "create"}):  # fmt: skip
        assert requests.post(f"{cloud.url}/_sim/mutate", json=order, timeout=5).status_code == 400


def test_the_truth_lists_rows_and_tombstones(cloud: Running) -> None:
    gone = cloud.mutate({"op": "delete", "object": "Contact", "count": 2})[0]["ids"]

    state = cloud.state(object="Contact", limit=5)

    assert state["counts"]["live"] == 28
    assert {row["Id"] for row in state["deleted"]} == set(gone)
    assert len(state["live"]) == 5
    assert len(cloud.state(object="Contact", after=state["next"], ids_only=1)["live"]) == 23
