"""One write to one CRM: what is made, told and stored, what waits, and what fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.connections import Caller, Health
from crmbridge.domain.errors import (
    Duplicate,
    MissingScope,
    PlatformError,
    ReauthRequired,
    RecordGone,
    Rejected,
    Throttled,
    Unavailable,
)
from crmbridge.domain.records import Kind, RecordKey, State, instant_text
from crmbridge.services.execute_action import execute_action
from crmbridge.services.ports import Deps
from crmbridge.services.read_actions import retry_action

OBJECTS = {"create_task": "tasks", "log_call": "calls", "create_contact": "contacts"}


class TestWhenAllGoesWell:
    @pytest.mark.parametrize("type", OBJECTS)
    def test_one_object_is_made(self, house: Deps, crm: Any, ask: Any, type: str) -> None:
        action = ask(type)

        execute_action(house, "w1", action.id)

        done = house.actions.get("w1", action.id)
        assert (done.status, crm.made()) == (ActionStatus.COMPLETED, ["n1"])
        assert crm.objects["n1"]["object"] == OBJECTS[type]

    def test_the_receipt_says_what_the_crm_made_of_it(self, house: Deps, ask: Any, clock: Any) -> None:
        action = ask()

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.url, receipt.after) == ("https://fake.test/48/tasks/n1", {"subject": "CALL ANN"})
        assert (receipt.linked, receipt.attempts, receipt.completed_at) == (False, 1, clock())

    def test_the_record_is_stored_as_our_own_doing(self, house: Deps, ask: Any) -> None:
        action = ask()

        execute_action(house, "w1", action.id)

        stored = house.records.get(RecordKey("w1", "c1", "tasks", "n1"))
        assert stored is not None
        assert (stored.record.fields["subject"], stored.cause.action) == ("CALL ANN", action.id)

    def test_an_update_shows_before_and_after(self, house: Deps, crm: Any, ask: Any) -> None:
        action = ask("update_deal")

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.before, receipt.after) == ({"amount": "50000"}, {"amount": "75000"})
        assert crm.objects["d1"]["fields"] == {"amount": "75000"}

    def test_the_chat_app_is_told(self, told: Any, house: Deps, ask: Any) -> None:
        action = ask(chat="ch1", message="m1")

        execute_action(house, "w1", action.id)

        ((type, data),) = told()
        assert type == "action.completed"
        assert (data["action"], data["chat"], data["message"], data["external_id"]) == (action.id, "ch1", "m1", "n1")

    def test_the_chat_app_hears_the_whole_receipt(self, told: Any, house: Deps, ask: Any) -> None:
        action = ask("update_deal")

        execute_action(house, "w1", action.id)

        ((_, data),) = told()
        assert (data["before"], data["after"], data["attempts"]) == ({"amount": "50000"}, {"amount": "75000"}, 1)
        assert data["completed_at"] == instant_text(house.now())

    def test_ringing_again_does_nothing(self, told: Any, house: Deps, crm: Any, ask: Any) -> None:
        action = ask()

        for _ in range(3):
            execute_action(house, "w1", action.id)

        assert (len(crm.sent), len(told())) == (1, 1)

    def test_a_second_worker_in_the_middle_does_nothing(self, house: Deps, crm: Any, ask: Any) -> None:
        action = ask()
        crm.on_send = lambda: execute_action(house, "w1", action.id)

        execute_action(house, "w1", action.id)

        assert (len(crm.sent), crm.made()) == (1, ["n1"])

    def test_a_merged_target_is_the_one_that_lives_on(
        self, house: Deps, crm: Any, ask: Any, put_record: Callable[..., RecordKey]
    ) -> None:
        action = ask("update_deal")
        put_record("deals", "d2", Kind.DEAL, amount=Decimal(1))
        crm.objects["d2"] = {"object": "deals", "fields": {}, "key": ""}
        put_record("deals", "d1", Kind.DEAL, state=State.MERGED, successor_id="d2")

        execute_action(house, "w1", action.id)

        assert crm.objects["d2"]["fields"] == {"amount": "75000"}


class TestWhatWaits:
    def test_a_throttled_action_waits_as_long_as_it_is_told(
        self, house: Deps, crm: Any, ask: Any, settle: Any, clock: Any
    ) -> None:
        crm.answers = [Throttled("too many", platform="fake", retry_after=300)]
        action = ask()
        execute_action(house, "w1", action.id)
        waiting = house.actions.get("w1", action.id)

        assert waiting.status is ActionStatus.WAITING
        assert waiting.next_attempt_at == clock() + timedelta(seconds=300)
        assert settle(action).status is ActionStatus.COMPLETED
        assert crm.made() == ["n1"]

    def test_a_crm_that_cannot_be_reached_is_asked_again(self, crm: Any, ask: Any, settle: Any) -> None:
        crm.answers = [Unavailable("no connection", platform="fake")] * 3

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n1"]

    def test_after_a_day_it_has_failed(self, told: Any, house: Deps, crm: Any, ask: Any, settle: Any) -> None:
        crm.answers = [Unavailable("no connection", platform="fake")] * 500

        failed = settle(ask(), minutes=60 * 30)

        assert (failed.status, failed.error["message"]) == (ActionStatus.FAILED, "no connection")
        assert [type for type, _ in told()] == ["action.failed"]
        assert len(crm.sent) < 60

    def test_a_lost_authorisation_waits_for_the_reconnect(
        self, house: Deps, crm: Any, ask: Any, settle: Any, clock: Any
    ) -> None:
        action = ask()
        connection = house.connections.get("w1", "c1")
        gone = house.connections.save(replace(connection, health=Health.NEEDS_RECONNECT))
        waiting = settle(action, minutes=60 * 48)
        house.connections.save(replace(gone, health=Health.CONNECTED))

        assert (waiting.status, crm.sent) == (ActionStatus.WAITING, [])
        assert settle(action).status is ActionStatus.COMPLETED

    def test_a_refused_token_waits_too(self, crm: Any, ask: Any, settle: Any) -> None:
        crm.answers = [ReauthRequired("gone", platform="fake")]

        assert settle(ask()).status is ActionStatus.COMPLETED
        assert crm.made() == ["n1"]


class TestWhatFails:
    def test_a_rejection_names_our_fields(self, told: Any, house: Deps, crm: Any, ask: Any) -> None:
        crm.answers = [Rejected("bad", platform="fake", request_id="r-1", fields={"hs_subject": "too long"})]
        action = ask()

        execute_action(house, "w1", action.id)

        failed = house.actions.get("w1", action.id)
        assert failed.status is ActionStatus.FAILED
        assert failed.error == {
            "message": "bad",
            "platform": "fake",
            "request_id": "r-1",
            "next_step": "change the input",
            "fields": {"subject": "too long"},
        }
        assert [type for type, _ in told()] == ["action.failed"]

    @pytest.mark.parametrize(
        "error", [RecordGone("gone", platform="fake"), MissingScope("no", platform="fake", scopes=["tasks"])], ids=repr
    )
    def test_what_cannot_be_done_fails_at_once(self, house: Deps, crm: Any, ask: Any, error: PlatformError) -> None:
        crm.answers = [error]
        action = ask()

        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.FAILED

    def test_what_exists_already_is_linked_and_not_overwritten(self, house: Deps, crm: Any, ask: Any) -> None:
        crm.objects["n7"] = {"object": "contacts", "fields": {"email": "ann@example.test", "title": "CEO"}, "key": ""}
        crm.answers = [Duplicate("exists", platform="fake", existing_id="n7")]
        action = ask("create_contact")

        execute_action(house, "w1", action.id)

        receipt = house.actions.get("w1", action.id).receipt
        assert receipt is not None
        assert (receipt.external_id, receipt.linked) == ("n7", True)
        assert crm.objects["n7"]["fields"]["title"] == "CEO"

    def test_a_duplicate_nobody_can_name_fails(self, house: Deps, crm: Any, ask: Any) -> None:
        crm.answers = [Duplicate("exists", platform="fake", existing_id=None)]
        action = ask("create_contact")

        execute_action(house, "w1", action.id)

        assert house.actions.get("w1", action.id).status is ActionStatus.FAILED

    def test_a_removed_connection_ends_it(self, house: Deps, crm: Any, ask: Any) -> None:
        action = ask()
        house.connections.delete(house.connections.get("w1", "c1"))

        execute_action(house, "w1", action.id)

        assert (house.actions.get("w1", action.id).status, crm.sent) == (ActionStatus.FAILED, [])

    def test_an_older_update_does_not_undo_a_later_one(self, house: Deps, crm: Any, ask: Any) -> None:
        first, second = ask("update_deal", "k1"), ask("update_deal", "k2", fields={"amount": "9"})
        execute_action(house, "w1", second.id)

        execute_action(house, "w1", first.id)

        assert house.actions.get("w1", first.id).status is ActionStatus.SUPERSEDED
        assert crm.objects["d1"]["fields"] == {"amount": "9"}

    def test_a_later_update_of_other_fields_is_not_in_the_way(self, house: Deps, ask: Any) -> None:
        first, second = ask("update_deal", "k1"), ask("update_deal", "k2", fields={"name": "Acme II"})
        execute_action(house, "w1", second.id)

        execute_action(house, "w1", first.id)

        assert house.actions.get("w1", first.id).status is ActionStatus.COMPLETED

    def test_a_failed_action_can_be_tried_again_under_its_key(
        self, told: Any, house: Deps, crm: Any, ask: Any, settle: Any, member: Caller
    ) -> None:
        crm.answers = [Rejected("bad", platform="fake"), Rejected("worse", platform="fake")]
        action = ask()
        settle(action)
        settle(retry_action(house, member, action.id))

        again = settle(retry_action(house, member, action.id))

        assert again.status is ActionStatus.COMPLETED
        assert [type for type, _ in told()] == ["action.failed", "action.failed", "action.completed"]
        assert {request.key for request in crm.sent} == {action.key}
