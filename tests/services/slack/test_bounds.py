"""However long what people and CRMs wrote, Slack takes it: the team of these tests checks every block and view."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.actions import ActionStatus
from crmbridge.domain.connections import Account, Connection
from crmbridge.domain.directories import Directories, Field, Option, Stage
from crmbridge.domain.records import Kind, Type
from crmbridge.services.finish_action import finish_action
from crmbridge.services.ports import Deps

pytestmark = pytest.mark.usefixtures("installation")

Do = Callable[..., Any]
LONG = "<!channel> & “Ünicode” *bold* |pipe| " * 100
LABEL = LONG[:300]
MESSAGE = {"channel": {"id": "C0DEALS"}, "message": {"ts": "77.1", "text": LONG, "thread_ts": "70.1"}}


@pytest.fixture
def crowded(deps: Deps, hubspot: Connection) -> Connection:
    """An account with very many and very long stages and fields."""
    stages = {f"s{at}": Stage(f"s{at}", f"{at} {LABEL}", "default", LABEL, at) for at in range(150)}
    options = tuple(Option(f"v{at}" * (1 + at % 2 * 60), f"{at} {LABEL}") for at in range(150))
    fields = {
        f"custom_{at}": Field(
            f"custom_{at}", f"{at} {LABEL}", Type.OPTION if at % 2 else Type.TEXT, options=options, custom=True
        )
        for at in range(120)
    }
    account = Account("48", ui_url="https://app.hubspot.com", currency="EUR")
    deps.connections.save_directories("w1", "c1", Directories(account, stages=stages, fields={"deals": fields}))
    return hubspot


@pytest.fixture
def deals(crowded: Connection, put_record: Do) -> list[str]:
    """What people call deals when nobody stops them."""
    for id in range(10, 18):
        put_record("deals", str(id), Kind.DEAL, name=f"Long {id} {LONG}", stage="s1", pipeline="default")
    return [f"c1/deals/{id}" for id in range(10, 18)]


@pytest.mark.parametrize("word", ["find long", "link long"])
def test_what_is_found(command: Do, serve: Do, slack: Any, deals: list[str], word: str) -> None:
    command(word)
    serve()

    assert len(slack.called("respond")[0]["blocks"]) > 5


def test_a_form_of_very_many_fields(interact: Do, serve: Do, slack: Any, deals: list[str]) -> None:
    interact("block_actions", actions=[{"action_id": "open:update_deal", "value": deals[0]}], **MESSAGE)
    serve()

    (filled,) = slack.called("views.update")
    assert len(filled["view"]["blocks"]) > 10


@pytest.mark.parametrize("type", ["create_task", "log_call", "create_note", "update_deal"])
def test_a_shortcut_at_a_very_long_message(interact: Do, serve: Do, slack: Any, deals: list[str], type: str) -> None:
    interact("message_action", callback_id=type, **MESSAGE)
    serve()

    assert len(slack.called("views.update")) == 1


def test_the_window_of_a_channel(command: Do, serve: Do, slack: Any, deals: list[str], put_record: Do) -> None:
    command("link https://app.hubspot.com/contacts/48/record/0-3/10")
    for id in range(30):
        put_record("contacts", str(id), Kind.CONTACT, first_name=LONG, last_name=LONG)
    put_record("deals", "10", Kind.DEAL, name=LONG, links={"contacts": [str(id) for id in range(30)]})
    serve()

    command("link")
    serve()

    assert "Related" in orjson.dumps(slack.called("views.update")[-1]["view"]).decode()


@pytest.mark.usefixtures("hubspot")
def test_home_after_ten_long_tasks_of_which_nobody_can_tell(
    command: Do, serve: Do, submit: Do, post: Do, slack: Any, deps: Deps
) -> None:
    error = {"message": LONG, "next_step": LONG}
    for number in range(12):
        command("task x")
        serve()
        submit(subject=f"{number} {LONG}"[:3000])
        asked = deps.actions.get("w1", deps.queues.actions.sent[-1].body["action"])  # type: ignore[attr-defined]
        finish_action(deps, asked.moved(ActionStatus.UNCERTAIN, deps.now(), error=error))
        serve()

    opened = {"type": "app_home_opened", "user": "UADA", "tab": "home"}
    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev2", "event": opened})
    serve()

    assert "It was not done" in orjson.dumps(slack.called("views.publish")[0]["view"]).decode()


def test_a_link_to_a_deal_of_a_long_name(post: Do, serve: Do, slack: Any, deals: list[str]) -> None:
    links = [
        {"url": f"https://app.hubspot.com/contacts/48/record/0-3/{id}", "domain": "hubspot.com"} for id in (10, 11)
    ]
    event = {"type": "link_shared", "user": "UADA", "links": links, "channel": "C0DEALS", "message_ts": "8.1"}

    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev1", "event": event})
    serve()

    assert len(slack.called("chat.unfurl")[0]["unfurls"]) == 2
