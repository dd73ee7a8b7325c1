"""An uncertain action in Slack: its card offers the choice, a window asks for the record, and the card says the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from crmbridge.domain.actions import ActionStatus, Target
from crmbridge.domain.records import Kind
from crmbridge.services.deliver_outbound import deliver_outbound
from crmbridge.services.finish_action import finish_action
from crmbridge.services.ports import Deps

pytestmark = pytest.mark.usefixtures("installation", "hubspot")

Do = Callable[..., Any]
LINK = "https://app.hubspot.com/contacts/48/record"
MAX = {"user": {"id": "UMAX"}, "response_url": "https://hooks.slack.com/response/1"}


@pytest.fixture
def unsure(command: Do, serve: Do, submit: Do, deps: Deps) -> Any:
    """A task that UADA asked for in C0DEALS, of which nobody can tell."""
    command("task Call <Ada>")
    serve()
    submit()
    serve()
    return _unsure(deps)


def _unsure(deps: Deps) -> Any:
    asked = deps.actions.get("w1", deps.queues.actions.sent[-1].body["action"])  # type: ignore[attr-defined]  # a twin
    error = {"message": "HubSpot did not answer, and does not show what was sent"}
    finish_action(deps, asked.moved(ActionStatus.UNCERTAIN, deps.now(), error=error))
    deliver_outbound(deps, "w1", f"{asked.id}.uncertain.0")
    return deps.actions.get("w1", asked.id)


@pytest.fixture
def unsure_of_deal(interact: Do, serve: Do, submit: Do, deps: Deps, deal: str) -> Any:
    """The same, about a deal."""
    interact("block_actions", actions=[{"action_id": "open:create_task", "value": deal}], channel={"id": "C0DEALS"})
    serve()
    submit(subject="Call <Ada>")
    return _unsure(deps)


@pytest.fixture
def press(interact: Do, serve: Do) -> Do:
    def press(name: str, action: Any, **more: Any) -> None:
        interact("block_actions", actions=[{"action_id": name, "value": action.id}], **more)
        serve()
        serve()

    return press


def card(slack: Any) -> str:
    return orjson.dumps(slack.called("chat.update")[-1]["blocks"]).decode()


def blocks(slack: Any) -> dict[str, Any]:
    return {block.get("block_id", ""): block for block in slack.called("views.update")[-1]["view"]["blocks"]}


def test_its_card_says_why_and_offers_the_choice(unsure: Any, slack: Any) -> None:
    shown = slack.called("chat.update")[-1]["blocks"]

    offered = [(one["text"]["text"], one["action_id"]) for one in shown[-1]["elements"]]
    assert offered == [("It is there", "open:settle"), ("It was not done", "not_done"), ("Try again", "retry")]
    assert "does not show what was sent" in card(slack)


def test_an_update_has_a_record_and_needs_none_to_be_named(
    interact: Do, serve: Do, submit: Do, press: Do, slack: Any, deps: Deps, deal: str
) -> None:
    message = {"channel": {"id": "C0DEALS"}, "message": {"ts": "77.1", "text": ""}}
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deal}], **message)
    serve()
    submit(amount="50000")
    serve()
    unsure = _unsure(deps)
    assert '"It was done"' in card(slack)

    press("done", unsure)

    assert deps.actions.get("w1", unsure.id).found == Target("deals", "9")
    assert "Being looked for" in card(slack)


@pytest.mark.parametrize("word", ["42", " 42 ", f"{LINK}/0-27/42", f"<{LINK}/0-27/42?x=1|the task>"])
def test_an_id_or_a_link_says_what_it_became(
    unsure: Any, press: Do, submit: Do, serve: Do, slack: Any, deps: Deps, word: str
) -> None:
    press("open:settle", unsure)
    assert blocks(slack)["record"]["label"]["text"] == "The link or id of the task in HubSpot"

    assert submit(record=word) is None
    serve()

    settled = deps.actions.get("w1", unsure.id)
    assert (settled.status, settled.found) == (ActionStatus.SENDING, Target("tasks", "42"))
    assert "Being looked for in Acme" in card(slack)


def test_what_was_made_since_at_the_same_record_can_be_chosen(
    unsure_of_deal: Any, press: Do, submit: Do, slack: Any, deps: Deps, put_record: Do
) -> None:
    links = {"deals": ["9"]}
    made = {"links": links, "remote_created_at": deps.now()}
    put_record("tasks", "6", Kind.TASK, subject="Old", links=links, remote_created_at=deps.now() - timedelta(days=1))
    put_record("tasks", "7", Kind.TASK, subject="Call <Ada>", **made)
    put_record("calls", "8", Kind.ACTIVITY, subject="A call", **made)

    press("open:settle", unsure_of_deal)
    assert [one["text"]["text"] for one in blocks(slack)["candidate"]["element"]["options"]] == ["Call <Ada>"]
    submit(candidate="c1/tasks/7")

    assert deps.actions.get("w1", unsure_of_deal.id).found == Target("tasks", "7")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "open it in the CRM"),
        ("https://example.test/1", "no address of a record"),
        (f"{LINK}/0-3/9", "must name the task"),
        ("../../etc", "no address of a record"),
    ],
)
def test_what_no_task_can_be_is_said_under_the_field(
    unsure: Any, press: Do, submit: Do, deps: Deps, word: str, said: str
) -> None:
    press("open:settle", unsure)

    answer = submit(record=word)

    assert said in answer["errors"]["record"]
    assert deps.actions.get("w1", unsure.id).status is ActionStatus.UNCERTAIN


def test_what_was_not_done_has_failed_and_can_be_tried_again(unsure: Any, press: Do, slack: Any, deps: Deps) -> None:
    press("not_done", unsure)

    assert deps.actions.get("w1", unsure.id).status is ActionStatus.FAILED
    assert ("it was not done, as a person saw" in card(slack), '"retry"' in card(slack)) == (True, True)


@pytest.mark.parametrize("name", ["not_done", "retry"])
def test_who_may_not_decide_is_told_so_alone(unsure: Any, press: Do, slack: Any, deps: Deps, name: str) -> None:
    press(name, unsure, **MAX)

    assert "only an admin or who asked" in slack.called("respond")[-1]["text"]
    assert deps.actions.get("w1", unsure.id).status is ActionStatus.UNCERTAIN


def test_who_may_not_decide_is_asked_for_no_record(unsure: Any, press: Do, slack: Any) -> None:
    press("open:settle", unsure, **MAX)

    assert "only an admin or who asked" in orjson.dumps(blocks(slack)[""]).decode()
    assert list(blocks(slack)) == [""]


def test_who_comes_second_hears_that_it_is_decided(unsure: Any, press: Do, submit: Do, slack: Any, deps: Deps) -> None:
    press("open:settle", unsure)
    press("not_done", unsure)

    answer = submit(record="42")
    press("open:settle", unsure)

    assert "the action is failed" in answer["errors"]["record"]
    assert "the action is failed" in orjson.dumps(blocks(slack)[""]).decode()


def test_on_the_home_tab_it_is_decided_and_shown_at_once(unsure: Any, press: Do, slack: Any) -> None:
    press("not_done", unsure, view={"id": "VHOME", "type": "home", "private_metadata": ""})

    assert "it was not done" in orjson.dumps(slack.called("views.publish")[-1]["view"]).decode()


def test_where_slack_gives_no_address_the_app_writes_to_the_person(unsure: Any, press: Do, slack: Any) -> None:
    press("not_done", unsure, user={"id": "UMAX"}, view={"id": "VHOME", "type": "home", "private_metadata": ""})

    (said,) = [call for call in slack.called("chat.postMessage") if call["channel"] == "UMAX"]
    assert "only an admin or who asked" in said["text"]
