"""Reads are tried again, writes never; a token the CRM refuses for good stops everything."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from crmbridge.domain.connections import Connection, Health, TokenSet
from crmbridge.domain.errors import ReauthRequired, Rejected, Throttled, Unavailable
from crmbridge.platforms.http import Api
from crmbridge.services.open_api import READ_ATTEMPTS, open_api
from crmbridge.services.ports import Deps

Script = Callable[..., None]


@pytest.fixture
def api(deps: Deps, make_connection: Callable[..., Connection], clock: Any) -> Api:
    connection = make_connection()
    ends = clock() + timedelta(hours=1)
    deps.vault.create(connection, TokenSet(access_token="a0", refresh_token="r0", expires_at=ends))
    return open_api(deps, connection, "full")


@pytest.fixture
def script(remote: Any) -> Script:
    """What the CRM answers, in this order; then always 200."""

    def write(*answers: Any) -> None:
        left: Iterator[Any] = iter(answers)
        remote.answer = lambda asked: next(left, (200, {"ok": True}))

    return write


def test_a_read_that_failed_is_tried_again(api: Api, script: Script) -> None:
    script((503, None), (502, {"message": "<html>"}))

    assert api.get("/x") == {"ok": True}
    assert api.calls == 3


def test_a_crm_that_keeps_failing_is_given_up_for_now(api: Api, script: Script) -> None:
    script(*[(503, None)] * 9)

    with pytest.raises(Unavailable):
        api.get("/x")

    assert api.calls == READ_ATTEMPTS


def test_a_write_is_sent_once_whatever_becomes_of_it(api: Api, script: Script) -> None:
    script((503, None))

    with pytest.raises(Unavailable) as failed:
        api.write("POST", "/x", {})

    assert api.calls == 1
    assert failed.value.outcome_unknown


def test_what_the_crm_refuses_is_not_asked_again(api: Api, script: Script) -> None:
    script((400, {"message": "no"}))

    with pytest.raises(Rejected):
        api.get("/x")

    assert api.calls == 1


def test_a_long_wait_is_left_to_a_row(api: Api, script: Script, clock: Any) -> None:
    script((429, {"policyName": "TEN_SECONDLY_ROLLING"}))
    before = clock()

    with pytest.raises(Throttled) as refused:
        api.get("/x")

    assert refused.value.retry_after == 10
    assert clock() - before < timedelta(seconds=1)


def test_a_short_wait_is_waited_in_place(api: Api, script: Script, clock: Any) -> None:
    script((429, {"policyName": "SECONDLY"}, {"Retry-After": "1"}))
    before = clock()

    api.post("/crm/v3/objects/contacts/search", {}, pool="search")

    assert clock() - before >= timedelta(seconds=1)


def test_a_token_refused_once_is_replaced_and_the_call_repeated(api: Api, remote: Any) -> None:
    def answer(asked: Any) -> Any:
        if asked.path.endswith("/token"):
            return 200, {"access_token": "a1", "expires_in": 1800}
        return (401, {}) if asked.headers["Authorization"] == "Bearer a0" else (200, {"ok": True})

    remote.answer = answer

    assert api.get("/x") == {"ok": True}


def test_a_crm_that_takes_no_token_at_all_needs_a_reconnect(api: Api, remote: Any, deps: Deps) -> None:
    reply = {"access_token": "a1", "expires_in": 1800}
    remote.answer = lambda asked: (200, reply) if asked.path.endswith("/token") else (401, {})

    with pytest.raises(ReauthRequired):
        api.get("/x")

    assert deps.connections.get("w1", "c1").health is Health.NEEDS_RECONNECT
    with pytest.raises(ReauthRequired):
        open_api(deps, deps.connections.get("w1", "c1"), "full")


def test_all_lanes_of_an_account_share_its_budget(api: Api, script: Script, deps: Deps) -> None:
    script()
    api.get("/x")
    open_api(deps, deps.connections.get("w1", "c1"), "click").get("/x")

    usage = deps.guards.usage("hubspot#48#990012", deps.platform("hubspot").pools)

    assert usage["burst"]["left"] == 108
