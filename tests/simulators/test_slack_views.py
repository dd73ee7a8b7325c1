"""Modals and Home: trigger ids, hashes, stacks, and what Slack does not accept as a view."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local.simulators import Running, running
from tests.simulators.slack_app import App, asking, button, modal, text

OPTION = {"text": text("High"), "value": "high"}
CHOICE = {"type": "static_select", "options": [OPTION]}


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as failure:
        call(**arguments)
    body: dict[str, Any] = failure.value.response.data
    return body


def trigger(slack: Running, **order: Any) -> str:
    return str(slack.control("POST", "command", json={"text": "task", **order})["trigger_id"])


def opened(slack: Running, bot: WebClient, **more: Any) -> dict[str, Any]:
    view: dict[str, Any] = bot.views_open(trigger_id=trigger(slack), view=modal(**more))["view"]
    return view


def views(slack: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = slack.state()["teams"]["T0ACME"]["views"]
    return found


def test_a_view_is_opened_for_the_person_of_the_trigger(slack: Running, bot: WebClient) -> None:
    shown = bot.views_open(trigger_id=trigger(slack, user="U0BEN"), view=modal(asking("subject"), private_metadata="m"))

    view = shown["view"]
    assert [(each["id"], each["user"]) for each in views(slack)] == [(view["id"], "U0BEN")]
    assert (view["type"], view["callback_id"], view["private_metadata"]) == ("modal", "task", "m")
    assert view["state"] == {"values": {"subject": {"typed": {"type": "plain_text_input", "value": None}}}}
    assert view["hash"]


def test_a_trigger_opens_one_thing(slack: Running, bot: WebClient) -> None:
    once = trigger(slack)
    bot.views_open(trigger_id=once, view=modal())

    assert refused(bot.views_open, trigger_id=once, view=modal())["error"] == "exchanged_trigger_id"


def test_a_trigger_lives_three_seconds(app: App) -> None:
    with running("slack", **app.settings()) as slack:
        old = trigger(slack)
        slack.advance(3.1)
        bot = WebClient("xoxb-simulator", base_url=f"{slack.url}/api/")

        assert refused(bot.views_open, trigger_id=old, view=modal())["error"] == "expired_trigger_id"


def test_a_trigger_of_another_team_is_none(slack: Running, bot: WebClient) -> None:
    foreign = trigger(slack, team="T0BETA", channel="C0GENERAL2")

    assert refused(bot.views_open, trigger_id=foreign, view=modal())["error"] == "invalid_trigger_id"
    assert refused(bot.views_open, trigger_id="12345.98765.abcd2358fdea", view=modal())["error"] == "invalid_trigger_id"


def test_a_flawed_view_uses_no_trigger_up(slack: Running, bot: WebClient) -> None:
    once = trigger(slack)

    flawed = refused(bot.views_open, trigger_id=once, view=modal(title=text("x" * 25)))

    assert flawed["error"] == "invalid_arguments"
    assert bot.views_open(trigger_id=once, view=modal())["ok"] is True


def test_an_update_keeps_what_was_entered(slack: Running, bot: WebClient) -> None:
    choice = {"type": "actions", "block_id": "urgency", "elements": [{**CHOICE, "action_id": "chosen"}]}
    view = bot.views_open(trigger_id=trigger(slack), view=modal(choice))["view"]
    order = {"view_id": view["id"], "action_id": "chosen", "value": "high"}
    slack.control("POST", "press", json=order)

    changed = bot.views_update(view_id=view["id"], hash=view["hash"], view=modal(choice, asking("body")))["view"]

    assert changed["state"]["values"]["urgency"]["chosen"]["selected_option"] == OPTION
    assert changed["state"]["values"]["body"]["typed"]["value"] is None
    assert changed["hash"] != view["hash"]


def test_an_old_hash_is_a_conflict(slack: Running, bot: WebClient) -> None:
    view = opened(slack, bot)
    bot.views_update(view_id=view["id"], view=modal())

    late = refused(bot.views_update, view_id=view["id"], hash=view["hash"], view=modal())

    assert late["error"] == "hash_conflict"


def test_a_view_can_be_found_by_its_external_id(slack: Running, bot: WebClient) -> None:
    opened(slack, bot, external_id="task-1")

    changed = bot.views_update(external_id="task-1", view=modal(external_id="task-1", title=text("Changed")))
    twice = refused(bot.views_open, trigger_id=trigger(slack), view=modal(external_id="task-1"))

    assert changed["view"]["title"]["text"] == "Changed"
    assert twice["error"] == "duplicate_external_id"
    assert refused(bot.views_update, view_id="V0NOWHERE", view=modal())["error"] == "not_found"


def test_three_views_are_a_full_stack(slack: Running, bot: WebClient) -> None:
    below = opened(slack, bot, **{"blocks": [{"type": "actions", "elements": [button("more")]}]})
    for _ in range(2):
        pressed = slack.control("POST", "press", json={"view_id": below["id"], "action_id": "more"})
        more = modal({"type": "actions", "elements": [button("more")]})
        below = bot.views_push(trigger_id=pressed["trigger_id"], view=more)["view"]
    pressed = slack.control("POST", "press", json={"view_id": below["id"], "action_id": "more"})

    assert len(views(slack)) == 3
    assert len({each["root_view_id"] for each in views(slack)}) == 1
    assert refused(bot.views_push, trigger_id=pressed["trigger_id"], view=modal())["error"] == "push_limit_reached"


def test_home_is_published_per_person(slack: Running, bot: WebClient) -> None:
    home = {"type": "home", "blocks": [{"type": "section", "text": text("Your tasks")}]}
    first = bot.views_publish(user_id="U0ANNA", view=home)["view"]
    bot.views_publish(user_id="U0ANNA", view=home)

    late = refused(bot.views_publish, user_id="U0ANNA", view=home, hash=first["hash"])

    assert set(slack.state()["teams"]["T0ACME"]["homes"]) == {"U0ANNA"}
    assert late["error"] == "hash_conflict"
    assert refused(bot.views_publish, user_id="U0ANNA", view=modal())["error"] == "invalid_arguments"


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"type": "modal", "title": text("T")}, "missing required field: blocks [json-pointer:/view]"),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        (modal(title=text("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit={"type": "mrkdwn", "text": "x"}), "must be one of plain_text [json-pointer:/view/submit/type]"),
        (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal({"type": "panel"}), "unsupported type: panel [json-pointer:/view/blocks/0/type]"),
        (modal(private_metadata="x" * 3_001),
         "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
        (modal({"type": "input", "label": text("L")}), "missing required field: element [json-pointer:/view/blocks/0]"),
        (modal(asking("a"), asking("a")), '`block_id` "a" already exists [json-pointer:/view/blocks/1/block_id]'),
        (modal(asking("a", type="button")), "unsupported type: button [json-pointer:/view/blocks/0/element/type]"),
        (modal(asking("a", type="static_select")),
         "missing required field: options [json-pointer:/view/blocks/0/element]"),
        (modal(asking("a", type="static_select", options=[OPTION] * 101)),
         "no more than 100 items allowed [json-pointer:/view/blocks/0/element/options]"),
        (modal(asking("a", type="static_select", options=[OPTION], initial_option={**OPTION, "value": "low"})),
         "initial option does not match any of the options [json-pointer:/view/blocks/0/element/initial_option]"),
        (modal(asking("a", type="static_select", options=[{"text": text("x" * 76), "value": "v"}])),
         "must be less than 76 characters [json-pointer:/view/blocks/0/element/options/0/text/text]"),
        (modal({"type": "section", "text": text("")}),
         "must be more than 0 characters [json-pointer:/view/blocks/0/text/text]"),
        (modal({"type": "section", "text": text("x" * 3_001)}),
         "must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]"),
        (modal({"type": "actions", "elements": []}), "missing required field: elements [json-pointer:/view/blocks/0]"),
        (modal({"type": "context", "elements": [text("x")] * 11}),
         "no more than 10 items allowed [json-pointer:/view/blocks/0/elements]"),
        (modal({"type": "image", "image_url": "https://x.test/a.png"}),
         "missing required field: alt_text [json-pointer:/view/blocks/0]"),
        (modal(asking("a"), submit=None),
         "missing required field: submit; a view with input blocks needs one [json-pointer:/view]"),
        ({"type": "home", "blocks": []}, "must be one of modal [json-pointer:/view/type]"),
    ],
)  # fmt: skip
def test_a_view_that_is_none_says_where(slack: Running, bot: WebClient, view: dict[str, Any], message: str) -> None:
    body = refused(bot.views_open, trigger_id="not even looked at", view=view)

    assert body["error"] == "invalid_arguments"
    assert f"[ERROR] {message}" in body["response_metadata"]["messages"]
