"""Channels and what they deliver."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.simulators import Running, running
from tests.simulators.conftest import Received
from tests.simulators.zoho_calls import ask, codes, first, insert

DAY = 86_400


@pytest.fixture
def suite() -> Iterator[Running]:
    with running("zoho", contacts=20, leads=8, companies=5, deals=8, tasks=6, activities=9) as sim:
        yield sim


@pytest.fixture
def watch(suite: Running, endpoint: Received) -> Callable[..., Any]:
    def enabled(*events: str, method: str = "POST", **wish: Any) -> Any:
        channel = {"channel_id": "1000000068001", "events": list(events), "notify_url": endpoint.url, "token": "t-1",
                   "notify_on_related_action": False, **wish}  # fmt: skip
        return ask(suite, method, "/v8/actions/watch", json={"watch": [channel]})

    return enabled


def bodies(suite: Running, endpoint: Received) -> list[dict[str, Any]]:
    suite.webhooks(flush=True)
    return [json.loads(body) for body, _ in endpoint.posts]


def in_days(suite: Running, days: float) -> str:
    moment = suite.advance(0)["now_ms"] / 1000 + days * DAY
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))


def test_one_post_tells_of_several_records_that_changed_alike(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    enabled = watch("Contacts.all", return_affected_field_values=True)
    ids = suite.state(object="Contacts", ids_only=1)["live"][:3]
    suite.mutate({"op": "update", "object": "Contacts", "ids": ids, "fields": {"Title": "CEO {n}"}})

    told = bodies(suite, endpoint)

    assert enabled.status_code == 201
    assert len(told) == 1
    body = told[0]
    assert (body["module"], body["operation"], body["ids"]) == ("Contacts", "update", ids)
    assert (body["channel_id"], body["token"], body["query_params"]) == ("1000000068001", "t-1", {})
    assert body["affected_fields"][0] == {ids[0]: ["Title"]}
    assert body["affected_values"][0] == {"record_id": ids[0], "values": {"Title": "CEO 0"}}


def test_creation_change_and_deletion_are_told_in_words_of_either_kind(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    watch("Contacts.all")
    contact = insert(suite, "Contacts", {"Last_Name": "N"}).json()["data"][0]["details"]["id"]
    ask(suite, "PUT", f"/v8/Contacts/{contact}", json={"data": [{"Title": "X"}]})
    ask(suite, "DELETE", f"/v8/Contacts/{contact}")
    seen = [body["operation"] for body in bodies(suite, endpoint)]
    suite.settings(operation_names="documented", channel_id_as_number=True)
    insert(suite, "Contacts", {"Last_Name": "N"})

    last = bodies(suite, endpoint)[-1]

    assert sorted(seen) == ["delete", "insert", "update"]
    assert (last["operation"], last["channel_id"], last["affected_fields"]) == ("create", 1000000068001, [])


def test_a_channel_hears_only_of_its_events_and_its_fields(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    stage = {"type": "field_selection", "module": {"api_name": "Deals"},
             "field_selection": {"field": {"api_name": "Stage"}}}  # fmt: skip
    watch("Deals.edit", notification_condition=[stage])
    deal = first(suite, "Deals")["id"]
    wishes: list[dict[str, Any]] = [{"Amount": 5}, {"Stage": "Closed Won"}]
    suite.mutate(*[{"op": "update", "object": "Deals", "id": deal, "fields": wish} for wish in wishes],
                 {"op": "delete", "object": "Deals", "id": deal})  # fmt: skip

    told = bodies(suite, endpoint)

    assert [body["operation"] for body in told] == ["update"]
    assert "Stage" in told[0]["affected_fields"][0][deal]
    assert told[0]["affected_values"] == []


def test_an_edited_contact_speaks_for_its_account_unless_told_not_to(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    worker = next(row for row in suite.state(object="Contacts")["live"] if row.get("Account_Name"))
    order = {"op": "update", "object": "Contacts", "id": worker["id"], "fields": {"Title": "X"}}
    watch("Accounts.edit")
    suite.mutate(order)
    silent = bodies(suite, endpoint)
    watch("Accounts.edit", notify_on_related_action=True)
    suite.mutate(order)

    told = bodies(suite, endpoint)

    assert silent == []
    assert (told[0]["module"], told[0]["ids"]) == ("Accounts", [worker["Account_Name"]["id"]])


def test_a_channel_lasts_an_hour_unless_renewed_and_a_week_at_most(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    too_long = watch("Contacts.all", channel_expiry=in_days(suite, 8))
    watch("Contacts.all")
    suite.advance(3_601)
    expired = ask(suite, "GET", "/v8/actions/watch")
    insert(suite, "Contacts", {"Last_Name": "unheard"})
    late_renewal = watch("Contacts.all", method="PUT")
    watch("Contacts.all", channel_expiry=in_days(suite, 6.9))
    suite.advance(6 * DAY)
    insert(suite, "Contacts", {"Last_Name": "heard"})

    told = bodies(suite, endpoint)

    assert codes(too_long, "watch") == ["INVALID_DATA"]
    assert expired.status_code == 204
    assert codes(late_renewal, "watch") == ["NOT_SUBSCRIBED"]
    assert len(told) == 1


def test_put_replaces_patch_changes_and_delete_ends(suite: Running, watch: Callable[..., Any]) -> None:
    watch("Contacts.all", "Deals.edit")
    watch("Contacts.create", method="PUT", token="t-2")
    replaced = ask(suite, "GET", "/v8/actions/watch", params={"channel_id": "1000000068001"}).json()["watch"]
    patch = {"channel_id": 1000000068001, "channel_expiry": in_days(suite, 5)}
    patched = ask(suite, "PATCH", "/v8/actions/watch", json={"watch": [patch]})
    ended = ask(suite, "DELETE", "/v8/actions/watch", params={"channel_ids": "1000000068001,5"})

    assert [(each["events"], each["token"]) for each in replaced] == [(["Contacts.create"], "t-2")]
    assert patched.json()["watch"][0]["details"]["events"][0]["channel_id"] == "1000000068001"
    assert (ended.status_code, codes(ended, "watch")) == (207, ["SUCCESS", "NOT_SUBSCRIBED"])
    assert ask(suite, "GET", "/v8/actions/watch").status_code == 204


@pytest.mark.parametrize(
    "wish",
    [
        {"token": "x" * 51},
        {"channel_id": "abc"},
        {"events": ["Nothing.all"]},
        {"notify_url": "ftp://x"},
        {"events": []},
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(watch: Callable[..., Any], wish: dict[str, Any]) -> None:
    answer = watch("Contacts.all", **wish)

    assert answer.status_code == 400
    assert codes(answer, "watch")[0] in {"INVALID_DATA", "MANDATORY_NOT_FOUND"}


def test_a_channel_falls_silent_with_its_user(suite: Running, endpoint: Received, watch: Callable[..., Any]) -> None:
    watch("Contacts.all")
    me = ask(suite, "GET", "/v8/users", params={"type": "CurrentUser"}).json()["users"][0]["id"]
    suite.mutate({"op": "update_user", "id": me, "status": "disabled"}, {"op": "create", "object": "Contacts",
                                                                       "fields": {"Last_Name": "X"}})  # fmt: skip

    assert bodies(suite, endpoint) == []
    assert ask(suite, "GET", "/v8/org").status_code == 401


def test_nothing_is_tried_again_unless_the_setting_says_so(
    suite: Running, endpoint: Received, watch: Callable[..., Any]
) -> None:
    endpoint.answers += [500, 500]
    watch("Contacts.create")
    insert(suite, "Contacts", {"Last_Name": "lost"})
    bodies(suite, endpoint)
    lost = suite.webhooks()["given_up"]
    suite.settings(notification_retries=2)
    insert(suite, "Contacts", {"Last_Name": "kept"})
    bodies(suite, endpoint)
    suite.webhooks(retry_now=True)
    suite.webhooks(flush=True)

    assert lost == 1
    assert suite.webhooks()["delivered"] == 1
    assert len(endpoint.posts) == 3


def test_duplicates_and_disorder_come_by_policy(suite: Running, endpoint: Received, watch: Callable[..., Any]) -> None:
    watch("Contacts.all", "Deals.all")
    suite.webhooks(duplicate_probability=1.0, shuffle=True, batch_size=1)
    suite.webhooks(pause=True)
    for number in range(4):
        contact = insert(suite, "Contacts", {"Last_Name": f"N{number}"}).json()["data"][0]["details"]["id"]
        suite.mutate({"op": "delete", "object": "Contacts", "id": contact})
    suite.webhooks(resume=True, max_concurrent=1)

    told = [(body["operation"], body["ids"][0]) for body in bodies(suite, endpoint)]

    assert len(told) == 16
    assert len(set(told)) == 8
    assert [record for _, record in told] != sorted(record for _, record in told)


@pytest.mark.parametrize(("kind", "token"), [("wrong_token", "somebody-else's-token"), ("no_token", None)])
def test_a_forgery_does_not_carry_the_token(
    suite: Running, endpoint: Received, watch: Callable[..., Any], kind: str, token: str | None
) -> None:
    watch("Contacts.all")

    suite.webhooks(forge={"kind": kind})

    assert json.loads(endpoint.posts[0][0]).get("token") == token


def test_a_finished_bulk_job_calls_back(suite: Running, endpoint: Received) -> None:
    body = {"query": {"module": {"api_name": "Leads"}}, "callback": {"url": endpoint.url, "method": "post"}}
    job = ask(suite, "POST", "/bulk/v8/read", json=body).json()["data"][0]["details"]["id"]
    suite.advance(2)

    told = bodies(suite, endpoint)

    assert [(each["job_id"], each["state"]) for each in told] == [(job, "COMPLETED")]
