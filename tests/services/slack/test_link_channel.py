"""What a channel is about: linked by a command, shown in a window, and what forms begin with."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from crmbridge.domain.records import Kind
from crmbridge.services.ports import Deps

pytestmark = pytest.mark.usefixtures("installation", "deal")

Do = Callable[..., Any]


def linked(deps: Deps) -> str | None:
    link = deps.sidepanels.link("w1", "C0DEALS")
    return str(link.record) if link else None


@pytest.mark.parametrize(
    "words",
    [
        "Renewal",
        "ren",
        "https://app.hubspot.com/contacts/48/record/0-3/9",
        "<https://app.hubspot.com/contacts/48/record/0-3/9>",
    ],
)
def test_a_channel_is_linked_by_name_or_by_address(command: Do, serve: Do, deps: Deps, slack: Any, words: str) -> None:
    command(f"link {words}")
    serve()

    assert linked(deps) == "c1/deals/9"
    assert "This channel is about *Renewal*" in slack.called("respond")[0]["text"]


def test_of_several_the_person_chooses(
    command: Do, interact: Do, serve: Do, deps: Deps, slack: Any, put_record: Do
) -> None:
    put_record("deals", "10", Kind.DEAL, name="Renewal of the other", stage="s1", pipeline="default")
    command("link Ren")
    serve()
    offered = [block["accessory"] for block in slack.called("respond")[0]["blocks"] if "accessory" in block]
    assert linked(deps) is None

    chosen = {"action_id": offered[1]["action_id"], "value": offered[1]["value"]}
    interact("block_actions", actions=[chosen], channel={"id": "C0DEALS"})
    serve()

    assert linked(deps) == offered[1]["value"]


def test_what_is_not_there_is_not_linked(command: Do, serve: Do, deps: Deps, slack: Any) -> None:
    command("link Nobody")
    serve()

    assert linked(deps) is None
    assert "no record here begins with" in slack.called("respond")[0]["text"]


def test_a_channel_is_unlinked(command: Do, serve: Do, deps: Deps) -> None:
    command("link Renewal")
    command("unlink")
    serve()

    assert linked(deps) is None


def test_the_window_shows_the_record_and_what_was_done(command: Do, serve: Do, submit: Do, slack: Any) -> None:
    command("link Renewal")
    command("task Call Ada")
    serve()
    submit()
    command("link")
    serve()

    window = slack.called("views.update")[-1]["view"]
    text = orjson.dumps(window["blocks"]).decode()
    assert window["title"]["text"] == "This channel in the CRM"
    assert "submit" not in window
    assert "Renewal" in text
    assert "Call Ada" in text


def test_the_window_of_a_channel_about_nothing_says_how_to_link_it(command: Do, serve: Do, slack: Any) -> None:
    command("link")
    serve()

    assert "/crm link" in slack.called("views.update")[0]["view"]["blocks"][0]["text"]["text"]


def test_forms_begin_with_what_the_channel_is_about(command: Do, serve: Do, submit: Do, slack: Any, deps: Deps) -> None:
    command("link Renewal")
    command("task Call Ada")
    serve()

    submit()

    action = deps.actions.get("w1", deps.queues.actions.sent[0].body["action"])  # type: ignore[attr-defined]  # a twin
    assert [(link.object, link.external_id) for link in action.links] == [("deals", "9")]


def test_home_names_the_channels_one_works_in(command: Do, serve: Do, submit: Do, post: Do, slack: Any) -> None:
    command("link Renewal")
    command("task Call Ada")
    serve()
    submit()
    opened = {"type": "app_home_opened", "user": "UADA", "tab": "home"}
    post("events", {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev3", "event": opened})
    serve()

    assert "<#C0DEALS>: <https://app.hubspot.com" in orjson.dumps(slack.called("views.publish")[0]["view"]).decode()
