"""Cards of actions: posted once, then what the action is; and what was found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from crmbridge.domain.actions import ActionStatus, Receipt, Twin
from crmbridge.domain.errors import ChatError
from crmbridge.domain.workspaces import Endpoint
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.finish_action import finish_action
from crmbridge.services.ports import Deps
from crmbridge.storage.vault import MemoryVault

pytestmark = pytest.mark.usefixtures("installation", "hubspot")

Do = Callable[..., Any]


@pytest.fixture
def asked(command: Do, serve: Do, submit: Do, deps: Deps) -> Any:
    """An action that UADA asked for in C0DEALS, its card posted."""
    command("task Call <Ada>")
    serve()
    submit()
    serve()
    return deps.actions.get("w1", deps.queues.actions.sent[0].body["action"])  # type: ignore[attr-defined]  # a twin


def ended(deps: Deps, action: Any, status: ActionStatus, **more: Any) -> None:
    done = action.moved(status, deps.now(), **more)
    finish_action(deps, done)
    deliver_outbound(deps, "w1", f"{action.id}.{status}.{action.retried}")


def shown(call: dict[str, Any]) -> str:
    return orjson.dumps(call["blocks"]).decode()


def test_the_card_is_posted_where_it_was_asked_for(asked: Any, slack: Any) -> None:
    (posted,) = slack.called("chat.postMessage")

    assert posted["channel"] == "C0DEALS"
    assert "On its way" in shown(posted)
    assert "Call &lt;Ada&gt;" in shown(posted)


def test_the_card_becomes_the_receipt_with_its_link(asked: Any, slack: Any, deps: Deps) -> None:
    url = "https://app.hubspot.com/contacts/48/record/0-27/5"
    receipt = Receipt(object="tasks", external_id="5", url=url, completed_at=deps.now(), attempts=1)

    ended(deps, asked, ActionStatus.COMPLETED, receipt=receipt)

    (updated,) = slack.called("chat.update")
    assert (updated["channel"], updated["ts"]) == ("C0DEALS", "1.1")
    assert f"<{url}|Task: Call &lt;Ada&gt;>" in shown(updated)


def test_the_card_names_what_a_late_request_has_made_beside_it(asked: Any, slack: Any, deps: Deps) -> None:
    twin = Twin("tasks", "6", "https://app.hubspot.com/contacts/48/record/0-27/6")
    receipt = Receipt(object="tasks", external_id="5", completed_at=deps.now(), attempts=2, twins=(twin,))

    ended(deps, asked, ActionStatus.COMPLETED, receipt=receipt)

    (updated,) = slack.called("chat.update")
    assert "has it more than once" in shown(updated)
    assert f"<{twin.url}|6>" in shown(updated)


def test_a_failed_action_says_what_to_do_and_can_be_tried_again(
    asked: Any, slack: Any, deps: Deps, interact: Do, serve: Do
) -> None:
    error = {"message": "HubSpot refused it", "next_step": "change the input"}
    ended(deps, asked, ActionStatus.FAILED, error=error)
    card = shown(slack.called("chat.update")[-1])

    interact("block_actions", actions=[{"action_id": "retry", "value": asked.id}], channel={"id": "C0DEALS"})
    serve()
    serve()

    assert "HubSpot refused it" in card
    assert "Next: change the input" in card
    assert deps.actions.get("w1", asked.id).status is ActionStatus.PENDING
    assert "On its way" in shown(slack.called("chat.update")[-1])


def test_somebody_elses_action_is_not_theirs_to_retry(
    asked: Any, slack: Any, deps: Deps, interact: Do, serve: Do
) -> None:
    ended(deps, asked, ActionStatus.FAILED, error={"message": "no"})
    where = {"user": {"id": "UMAX"}, "response_url": "https://hooks.slack.com/response/1"}

    interact("block_actions", actions=[{"action_id": "retry", "value": asked.id}], **where)
    serve()

    assert deps.actions.get("w1", asked.id).status is ActionStatus.FAILED
    assert "only an admin or who asked" in slack.called("respond")[-1]["text"]


def test_a_second_card_of_a_crash_goes_when_somebody_presses_it(
    asked: Any, slack: Any, deps: Deps, interact: Do, serve: Do
) -> None:
    ended(deps, asked, ActionStatus.FAILED, error={"message": "no"})
    press = {"actions": [{"action_id": "retry", "value": asked.id}], "channel": {"id": "C0DEALS"}}

    interact("block_actions", message={"ts": "1.1"}, **press)
    serve()
    kept = slack.called("chat.delete")
    interact("block_actions", message={"ts": "0.9"}, **press)
    serve()

    assert (kept, slack.called("chat.delete")) == ([], [{"channel": "C0DEALS", "ts": "0.9"}])


def test_where_the_app_may_not_speak_the_person_alone_is_told(command: Do, serve: Do, submit: Do, slack: Any) -> None:
    slack.refuses["chat.postMessage"] = lambda given: "not_in_channel" if given["channel"] == "C0DEALS" else None

    command("task Call Ada")
    serve()
    submit()
    serve()

    assert [call["channel"] for call in slack.called("chat.postMessage")] == ["C0DEALS", "UADA"]


def test_another_company_in_the_channel_reads_no_card(command: Do, serve: Do, submit: Do, slack: Any) -> None:
    slack.shared.add("C0DEALS")

    command("task Call Ada")
    serve()
    submit()
    serve()

    assert [call["channel"] for call in slack.called("chat.postMessage")] == ["UADA"]


def test_a_decision_is_shown_in_its_turn_among_the_events_of_the_chat(
    asked: Any, slack: Any, deps: Deps, interact: Do, serve: Do
) -> None:
    ended(deps, asked, ActionStatus.FAILED, error={"message": "no"})
    known = {message.group for message in deps.queues.chat.sent if "outbound" in message.body}  # type: ignore[attr-defined]

    interact("block_actions", actions=[{"action_id": "retry", "value": asked.id}], channel={"id": "C0DEALS"})
    serve()

    (rung,) = [message for message in deps.queues.chat.take() if "card" in message.body]  # type: ignore[attr-defined]
    assert {rung.group} == known


def test_a_receipt_does_not_wait_for_another_chat_app_that_is_down(
    asked: Any, slack: Any, deps: Deps, chat: Any
) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    chat.refusal = ChatError("it is down")

    ended(deps, asked, ActionStatus.UNCERTAIN)

    assert len(slack.called("chat.update")) == 1
    assert deps.outbound.get("w1", f"{asked.id}.uncertain.0") is not None


def test_another_chat_app_hears_of_what_slack_did_not_take(asked: Any, slack: Any, deps: Deps, chat: Any) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    slack.refuses["chat.update"] = (503, {})

    ended(deps, asked, ActionStatus.UNCERTAIN)

    assert [told["data"]["action"] for _, told in chat.heard] == [asked.id]
    assert deps.outbound.get("w1", f"{asked.id}.uncertain.0") is not None


def test_another_chat_app_hears_of_it_while_the_secret_of_slacks_app_is_gone(asked: Any, deps: Deps, chat: Any) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    vault = MemoryVault()
    vault.keep_bot_token("w1", "xoxb-1")

    ended(replace(deps, vault=vault), asked, ActionStatus.UNCERTAIN)

    waiting = deps.outbound.get("w1", f"{asked.id}.uncertain.0")
    assert [told["data"]["action"] for _, told in chat.heard] == [asked.id]
    assert waiting is not None
    assert "docs/slack.md" in waiting.error


@pytest.mark.parametrize("down", ["slack", "endpoint"])
def test_who_has_heard_of_it_is_not_told_again_because_the_other_was_down(
    asked: Any, slack: Any, deps: Deps, chat: Any, clock: Any, down: str
) -> None:
    deps.workspaces.set_endpoint("w1", Endpoint("https://chat.test/events"))
    if down == "slack":
        slack.refuses["chat.update"] = (503, {})
    else:
        chat.refusal = ChatError("it is down")
    ended(deps, asked, ActionStatus.UNCERTAIN)
    for _ in range(3):
        clock.advance(3600)
        deliver_outbound(deps, "w1", f"{asked.id}.uncertain.0")
    slack.refuses.clear()
    chat.refusal = None
    clock.advance(3600)

    deliver_outbound(deps, "w1", f"{asked.id}.uncertain.0")

    updates = len(slack.called("chat.update"))
    assert (updates > 2 if down == "slack" else updates == 1, len(chat.heard)) == (True, 1)
    assert deps.outbound.get("w1", f"{asked.id}.uncertain.0") is None


def test_a_receipt_that_slack_did_not_take_waits_as_a_row(asked: Any, slack: Any, deps: Deps, clock: Any) -> None:
    slack.refuses["chat.update"] = (429, {}, {"retry-after": "30"})
    ended(deps, asked, ActionStatus.UNCERTAIN)
    slack.refuses.clear()
    clock.advance(3600)

    (waiting,) = deps.outbound.due(deps.now())
    deliver_outbound(deps, *waiting)

    assert [*deps.outbound.due(deps.now())] == []
    assert len(slack.called("chat.update")) == 2


def test_actions_that_were_not_asked_for_in_slack_have_no_card(asked: Any, slack: Any, deps: Deps) -> None:
    other = replace(asked, id="other", key="other", version=0)
    deps.actions.claim(other)

    ended(deps, other, ActionStatus.UNCERTAIN)

    assert slack.called("chat.update") == []


def test_the_channel_does_not_hear_what_a_note_says(interact: Do, serve: Do, submit: Do, slack: Any) -> None:
    message = {"channel": {"id": "C0DEALS"}, "message": {"ts": "77.1", "text": "They cannot pay", "thread_ts": "70.1"}}
    interact("message_action", callback_id="create_note", **message)
    serve()
    submit()
    serve()

    (posted,) = slack.called("chat.postMessage")
    assert posted["thread_ts"] == "70.1"
    assert "Note" in shown(posted)
    assert "cannot pay" not in shown(posted)


def test_a_card_does_not_stand_under_what_one_person_alone_sees(
    interact: Do, serve: Do, submit: Do, slack: Any, deal: str
) -> None:
    where = {"container": {"type": "message", "message_ts": "77.1", "channel_id": "C0DEALS", "is_ephemeral": True}}
    interact("block_actions", actions=[{"action_id": "open:log_call", "value": deal}], **where)
    serve()
    submit(body="Talked")
    serve()

    (posted,) = slack.called("chat.postMessage")
    assert posted["channel"] == "C0DEALS"
    assert "thread_ts" not in posted


def test_what_is_found_is_for_the_one_who_asked(command: Do, serve: Do, slack: Any, deal: str) -> None:
    command("find ren")
    serve()

    (said,) = slack.called("respond")
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert "Renewal" in shown(said)
    assert "40000 EUR" in shown(said)


def test_who_finds_nothing_is_told_how_to_look(command: Do, serve: Do, slack: Any) -> None:
    command("find <!channel>")
    serve()

    (said,) = slack.called("respond")
    assert "from their beginning" in said["text"]
    assert "<!channel>" not in shown(said)


def test_one_letter_is_too_little_to_look_for(command: Do, serve: Do, slack: Any) -> None:
    command("find a")
    command("find “zz”")
    serve()

    first, second = slack.called("respond")
    assert first["text"] == "the name is too short; type more of it, or a whole e-mail address"
    assert "begins with “zz”" in second["text"]


def test_what_slack_refuses_us_is_told_to_whoever_asked(command: Do, serve: Do, slack: Any) -> None:
    slack.refuses["users.info"] = {"error": "missing_scope", "needed": "users:read"}

    command("find ren")
    serve()

    assert "(users:read): an admin installs the app again" in slack.called("respond")[0]["text"]


def test_people_without_an_address_are_told_so(command: Do, serve: Do, slack: Any) -> None:
    slack.users["UMAX"]["profile"] = {}

    command("find ren", "UMAX")
    serve()

    assert "whose e-mail address Slack knows" in slack.called("respond")[0]["text"]


def test_home_shows_what_one_asked_for(asked: Any, post: Do, serve: Do, slack: Any) -> None:
    opened = {"type": "app_home_opened", "user": "UADA", "tab": "home"}

    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev2", "event": opened})
    serve()

    (home,) = slack.called("views.publish")
    assert home["user_id"] == "UADA"
    assert "Call &lt;Ada&gt;" in orjson.dumps(home["view"]).decode()


def test_who_let_the_app_in_hears_of_trouble_where_nobody_else_does(slack: Any, deps: Deps) -> None:
    event = {"type": "connection.needs_reconnect", "data": {"connection": "c1"}}
    deps.outbound.add("w1", "e1", event, deps.now())

    deliver_outbound(deps, "w1", "e1")

    (said,) = slack.called("chat.postMessage")
    assert (said["channel"], "reconnects" in said["text"]) == ("UADA", True)
