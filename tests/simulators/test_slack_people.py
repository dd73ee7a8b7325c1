"""What people do in Slack reaches the app: signed, in Slack's shapes, within three seconds, and again for events."""

import time
from typing import Any

import pytest
import requests
from slack_sdk import WebClient

from local.simulators import Running
from tests.simulators.slack_app import App, asking, button, modal, text

SELECT = {"type": "static_select", "action_id": "priority", "options": [
    {"text": {"type": "plain_text", "text": "High"}, "value": "high"},
    {"text": {"type": "plain_text", "text": "Low"}, "value": "low"},
]}  # fmt: skip


def act(slack: Running, what: str, **order: Any) -> dict[str, Any]:
    done: dict[str, Any] = slack.control("POST", what, json=order)
    return done


def card(bot: WebClient, *elements: dict[str, Any]) -> str:
    blocks = [{"type": "actions", "block_id": "card", "elements": list(elements) or [button("log_call", "deal-7")]}]
    return str(bot.chat_postMessage(channel="C0DEALS", text="A card", blocks=blocks)["ts"])


def messages(slack: Running, channel: str = "C0DEALS") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = slack.state(team="T0ACME")["channels"][channel]["messages"]
    return found


def opened(slack: Running, bot: WebClient, *blocks: dict[str, Any], **more: Any) -> str:
    trigger = act(slack, "command", text="task")["trigger_id"]
    return str(bot.views_open(trigger_id=trigger, view=modal(*blocks, **more))["view"]["id"])


def test_everything_is_signed_as_slacks_own_verifier_wants_it(slack: Running, app: App, bot: WebClient) -> None:
    ts = card(bot)
    act(slack, "command", text="find Ott")
    act(slack, "press", channel="C0DEALS", ts=ts, action_id="log_call")
    act(slack, "home")

    assert [each.path for each in app.sent] == ["/commands", "/interactions", "/events"]
    assert all(each.genuine for each in app.sent)


def test_a_command_is_a_form(slack: Running, app: App) -> None:
    done = act(slack, "command", text="find Ott & Söhne", channel="C0DEALS", user="U0BEN")

    form = app.last.form
    assert (form["command"], form["text"], form["user_id"], form["team_id"]) == (
        "/crm", "find Ott & Söhne", "U0BEN", "T0ACME",
    )  # fmt: skip
    assert (form["channel_name"], form["api_app_id"]) == ("big-deals", "A0CRMBRIDGE")
    assert (done["trigger_id"], done["response_url"]) == (form["trigger_id"], form["response_url"])
    assert done["acknowledged"] is True


def test_what_a_command_answers_at_once_is_a_message(slack: Running, app: App) -> None:
    app.answer = lambda _: {"text": "Searching"}
    alone = act(slack, "command", text="find", channel="C0DEALS")["message"]
    app.answer = lambda _: {"text": "Look here", "response_type": "in_channel"}
    shown = act(slack, "command", text="find", channel="C0DEALS")["message"]

    assert (alone["text"], alone["visible_to"]) == ("Searching", "U0ANNA")
    assert "visible_to" not in shown
    assert messages(slack)[-1]["text"] == "Look here"


def test_a_press_tells_message_container_and_action(slack: Running, app: App, bot: WebClient) -> None:
    ts = card(bot)

    act(slack, "press", channel="C0DEALS", ts=ts, action_id="log_call", user="U0BEN")

    payload = app.last.payload
    assert payload["type"] == "block_actions"
    assert payload["container"] == {"type": "message", "message_ts": ts, "channel_id": "C0DEALS", "is_ephemeral": False}
    assert payload["user"]["id"] == "U0BEN"
    action = payload["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == ("log_call", "card", "deal-7")
    assert payload["message"]["blocks"][0]["block_id"] == "card"


def test_a_select_sends_the_option_that_was_chosen(slack: Running, app: App, bot: WebClient) -> None:
    ts = card(bot, SELECT)

    act(slack, "press", channel="C0DEALS", ts=ts, action_id="priority", value="low")

    assert app.last.payload["actions"][0]["selected_option"]["text"]["text"] == "Low"
    with pytest.raises(RuntimeError, match="there are high, low"):
        act(slack, "press", channel="C0DEALS", ts=ts, action_id="priority", value="medium")


def test_shortcuts_are_on_a_message_or_global(slack: Running, app: App) -> None:
    ts = slack.mutate({"op": "post_message", "channel": "C0DEALS", "user": "U0BEN", "text": "Call them"})[0]["ts"]
    act(slack, "shortcut", callback_id="new_task", channel="C0DEALS", ts=ts)
    on_message = app.last.payload
    act(slack, "shortcut", callback_id="new_task")

    assert (on_message["type"], on_message["callback_id"], on_message["message"]["text"]) == (
        "message_action", "new_task", "Call them",
    )  # fmt: skip
    assert on_message["response_url"]
    assert app.last.payload["type"] == "shortcut"
    assert "response_url" not in app.last.payload


def test_an_app_that_takes_too_long_has_failed(slack: Running, app: App) -> None:
    slack.settings(acknowledge_seconds=0.2)
    app.delay = 0.5

    done = act(slack, "command", text="find")

    assert (done["acknowledged"], done["error"], done["status"]) == (False, "operation_timeout", None)
    assert done["milliseconds"] >= 200


def test_anything_but_200_is_a_failure(slack: Running, app: App) -> None:
    app.answer = lambda _: 500
    failed = act(slack, "command", text="find")
    slack.settings(commands_url="http://127.0.0.1:9/commands")
    nobody = act(slack, "command", text="find")

    assert (failed["error"], failed["status"]) == ("dispatch_failed", 500)
    assert nobody["error"] == "connection_failed"
    listed = slack.control("GET", "interactions")["interactions"]
    assert [each["error"] for each in listed] == ["dispatch_failed", "connection_failed"]


def test_an_app_can_open_a_modal_while_it_is_asked(slack: Running, app: App, bot: WebClient) -> None:
    def open_at_once(payload: dict[str, Any]) -> int:
        bot.views_open(trigger_id=payload["trigger_id"], view=modal())
        return 200

    app.answer = open_at_once

    assert act(slack, "command", text="task")["acknowledged"] is True
    assert len(slack.state(team="T0ACME")["views"]) == 1


def test_a_submission_carries_what_was_entered(slack: Running, app: App, bot: WebClient) -> None:
    view = opened(slack, bot, asking("subject"), asking("priority", **SELECT), asking("due", type="datepicker"))

    done = act(slack, "submit", view_id=view, values={"subject": "Call", "priority": "high", "due": "2026-12-01"})

    values = app.last.payload["view"]["state"]["values"]
    assert values["subject"]["typed"] == {"type": "plain_text_input", "value": "Call"}
    assert values["priority"]["priority"]["selected_option"]["value"] == "high"
    assert values["due"]["typed"] == {"type": "datepicker", "selected_date": "2026-12-01"}
    assert done["view"] == {"outcome": "closed", "id": view}
    assert slack.state(team="T0ACME")["views"] == []


def test_what_is_missing_cannot_be_submitted(slack: Running, app: App, bot: WebClient) -> None:
    view = opened(slack, bot, asking("subject", min_length=3))
    before = len(app.sent)

    with pytest.raises(RuntimeError, match="required"):
        act(slack, "submit", view_id=view)
    with pytest.raises(RuntimeError, match="from 3"):
        act(slack, "submit", view_id=view, values={"subject": "x"})

    assert len(app.sent) == before


@pytest.mark.parametrize(
    ("answer", "outcome", "left"),
    [({"response_action": "errors", "errors": {"subject": "Too short"}}, "errors", 1),
     ({"response_action": "update", "view": modal(asking("subject"))}, "updated", 1),
     ({"response_action": "push", "view": modal()}, "pushed", 2), ({"response_action": "clear"}, "cleared", 0),
     ({"response_action": "errors", "errors": {"nowhere": "x"}}, "open", 1),
     ({"response_action": "update", "view": {"type": "modal"}}, "open", 1), (500, "open", 1)],
)  # fmt: skip
def test_an_answer_decides_what_becomes_of_the_modal(
    slack: Running, app: App, bot: WebClient, answer: Any, outcome: str, left: int
) -> None:
    view = opened(slack, bot, asking("subject"))
    app.answer = lambda _: answer

    done = act(slack, "submit", view_id=view, values={"subject": "Call"})

    assert done["view"]["outcome"] == outcome
    assert len(slack.state(team="T0ACME")["views"]) == left


def test_a_closed_modal_is_told_of_when_it_asks_for_it(slack: Running, app: App, bot: WebClient) -> None:
    silent, loud = opened(slack, bot), opened(slack, bot, notify_on_close=True)
    act(slack, "close", view_id=silent)
    heard = len(app.sent)
    act(slack, "close", view_id=loud, clear=True)

    assert len(app.sent) == heard + 1
    assert (app.last.payload["type"], app.last.payload["is_cleared"]) == ("view_closed", True)


def test_an_external_select_asks_for_its_options(slack: Running, app: App, bot: WebClient) -> None:
    view = opened(slack, bot, asking("deal", type="external_select", min_query_length=1))
    app.answer = lambda payload: {"options": [{"text": text(payload["value"]), "value": "7"}]}

    done = act(slack, "suggest", view_id=view, action_id="typed", value="Ott")

    assert (app.last.payload["type"], app.last.payload["block_id"]) == ("block_suggestion", "deal")
    assert [each["value"] for each in done["options"]] == ["7"]


def test_a_link_of_the_apps_domain_is_unfurled(slack: Running, app: App, bot: WebClient) -> None:
    url = "https://acme.crm.test/deals/7"
    posted = act(slack, "link", channel="C0DEALS", url=url)
    event = app.last.payload["event"]

    block = {"type": "section", "block_id": "b", "text": text("Deal 7")}
    bot.chat_unfurl(channel=event["channel"], ts=event["message_ts"], unfurls={url: {"blocks": [block]}})

    assert (event["type"], event["links"]) == ("link_shared", [{"url": url, "domain": "crm.test"}])
    assert posted["state"] == "delivered"
    assert messages(slack)[-1]["unfurls"][url]["blocks"] == [block]


def test_a_button_of_a_card_under_a_link_says_which(slack: Running, app: App, bot: WebClient) -> None:
    url = "https://crm.test/deals/7"
    ts = act(slack, "link", channel="C0DEALS", url=url)["ts"]
    bot.chat_unfurl(
        channel="C0DEALS", ts=ts, unfurls={url: {"blocks": [{"type": "actions", "elements": [button("x")]}]}}
    )

    act(slack, "press", channel="C0DEALS", ts=ts, action_id="x")

    container = app.last.payload["container"]
    assert (container["type"], container["app_unfurl_url"]) == ("message_attachment", url)
    assert app.last.payload["app_unfurl"]["blocks"][0]["elements"][0]["action_id"] == "x"


def test_a_link_can_be_unfurled_while_it_is_being_written(slack: Running, app: App, bot: WebClient) -> None:
    url = "https://crm.test/deals/7"
    before = len(messages(slack))
    act(slack, "link", channel="C0DEALS", url=url, composer=True)
    event = app.last.payload["event"]

    bot.chat_unfurl(unfurl_id=event["unfurl_id"], source=event["source"], unfurls={url: {"blocks": []}})
    bot.chat_unfurl(channel=event["channel"], ts=event["message_ts"], unfurls={url: {"blocks": []}})

    assert (event["channel"], event["source"]) == ("COMPOSER", "composer")
    assert len(messages(slack)) == before


def test_a_person_from_outside_is_told_by_her_team(slack: Running, app: App) -> None:
    act(slack, "command", text="find", channel="C0SHARED", user="U0OUTSIDE")
    ts = slack.mutate({"op": "post_message", "channel": "C0SHARED", "user": "U0OUTSIDE", "text": "Hi"})[0]["ts"]
    act(slack, "shortcut", callback_id="x", channel="C0SHARED", ts=ts, user="U0OUTSIDE")

    assert app.last.payload["user"]["team_id"] == "T0OTHER"
    assert app.last.payload["team"]["id"] == "T0ACME"


def test_a_message_in_a_thread_says_so(slack: Running, app: App, bot: WebClient) -> None:
    root = card(bot)
    blocks = [{"type": "actions", "elements": [button("again")]}]
    reply = bot.chat_postMessage(channel="C0DEALS", text="x", thread_ts=root, blocks=blocks)["ts"]

    act(slack, "press", channel="C0DEALS", ts=reply, action_id="again")

    assert app.last.payload["container"]["thread_ts"] == root
    assert app.last.payload["message"]["thread_ts"] == root


def test_other_links_are_nobodys_business(slack: Running, app: App) -> None:
    done = act(slack, "link", channel="C0DEALS", url="https://example.test/x")

    assert (done["state"], app.sent) == ("unsent", [])


@pytest.mark.parametrize(
    ("more", "error"),
    [({"unfurls": {"https://other.test/": {}}}, "cannot_unfurl_url"), ({"ts": "1.1"}, "cannot_find_message"),
     ({"channel": "C0NOWHERE"}, "channel_not_found"), ({"unfurls": "null"}, "missing_unfurls"),
     ({"ts": ""}, "missing_ts"), ({"channel": ""}, "missing_channel")],
)  # fmt: skip
def test_what_hinders_an_unfurl_is_named(slack: Running, app: App, more: dict[str, Any], error: str) -> None:
    url = "https://crm.test/deals/7"
    ts = act(slack, "link", channel="C0DEALS", url=url)["ts"]
    headers = {"Authorization": "Bearer xoxb-simulator", "Content-Type": "application/json; charset=utf-8"}
    body = {"channel": "C0DEALS", "ts": ts, "unfurls": {url: {}}, **more}

    answer = requests.post(f"{slack.url}/api/chat.unfurl", json=body, headers=headers, timeout=5).json()

    assert answer["error"] == error


def test_home_is_told_of_with_what_it_shows(slack: Running, app: App, bot: WebClient) -> None:
    act(slack, "home", user="U0BEN")
    first = app.last.payload
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    bot.views_publish(user_id="U0BEN", view=home)
    act(slack, "home", user="U0BEN")

    assert (first["type"], first["event"]["type"], first["event"]["user"]) == (
        "event_callback", "app_home_opened", "U0BEN",
    )  # fmt: skip
    assert "view" not in first["event"]
    assert app.last.payload["event"]["view"]["type"] == "home"


def test_the_events_url_proves_itself(slack: Running, app: App) -> None:
    app.answer = lambda payload: {"challenge": payload["challenge"]}
    right = act(slack, "verify")
    app.answer = lambda _: {"challenge": "another"}

    assert right["verified"] is True
    assert act(slack, "verify")["verified"] is False


def test_an_event_that_is_not_taken_comes_again_with_a_reason(slack: Running, app: App) -> None:
    app.answer = lambda _: 500
    first = act(slack, "home")
    for seconds in (2, 61, 301):
        slack.advance(seconds)
        slack.webhooks(flush=True)

    tries = [(each.headers.get("x-slack-retry-num"), each.headers.get("x-slack-retry-reason")) for each in app.sent]
    assert first["state"] == "retrying"
    assert tries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({each.payload["event_id"] for each in app.sent}) == 1
    assert all(each.genuine for each in app.sent)


def test_nothing_is_told_to_an_app_that_is_gone(slack: Running, app: App) -> None:
    slack.mutate({"op": "uninstall"})
    slack.webhooks(flush=True)

    assert {each.payload["event"]["type"] for each in app.sent} == {"tokens_revoked", "app_uninstalled"}
    assert act(slack, "home")["state"] == "unsent"


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "old"])
def test_forgeries_do_not_pass_slacks_verifier(slack: Running, app: App, kind: str) -> None:
    slack.webhooks(forge={"kind": kind, "to": "interactions"})

    assert [each.genuine for each in app.sent] == [False]


def test_a_response_url_takes_five_posts_in_half_an_hour(slack: Running) -> None:
    done = act(slack, "command", text="find", channel="C0DEALS")

    answers = [requests.post(done["response_url"], json={"text": f"no. {n}"}, timeout=5) for n in range(6)]
    other = act(slack, "command", text="find", channel="C0DEALS")["response_url"]
    slack.advance(1_801)
    late = requests.post(other, json={"text": "late"}, timeout=5)

    assert [each.status_code for each in answers] == [200] * 5 + [404]
    assert (answers[0].text, answers[-1].json()["error"]) == ("ok", "used_url")
    assert (late.status_code, late.json()["error"]) == (404, "expired_url")
    assert messages(slack)[-1]["visible_to"] == "U0ANNA"


def test_a_response_url_can_replace_the_card_or_take_it_away(slack: Running, bot: WebClient) -> None:
    ts = card(bot)
    done = act(slack, "press", channel="C0DEALS", ts=ts, action_id="log_call")

    requests.post(done["response_url"], json={"replace_original": True, "text": "Logged"}, timeout=5)
    replaced = next(each for each in messages(slack) if each["ts"] == ts)
    requests.post(done["response_url"], json={"delete_original": True}, timeout=5)

    assert (replaced["text"], replaced["blocks"]) == ("Logged", [])
    assert ts not in [each["ts"] for each in messages(slack)]


@pytest.mark.parametrize(
    ("what", "order", "word"),
    [("press", {"channel": "C0DEALS", "ts": "1.1", "action_id": "x"}, "message_not_found"),
     ("press", {"view_id": "V0", "action_id": "x"}, "not_found"), ("command", {"user": "U0GONE"}, "user_not_found"),
     ("command", {"channel": "G0BOARD"}, "channel_not_found"), ("shortcut", {}, "callback_id is missing"),
     ("home", {"team": "T0"}, "no team T0")],
)  # fmt: skip
def test_what_nobody_can_do_is_said(slack: Running, what: str, order: dict[str, Any], word: str) -> None:
    with pytest.raises(RuntimeError, match=word):
        act(slack, what, **order)


def test_acknowledging_is_timed(slack: Running, app: App) -> None:
    app.delay = 0.05

    began = time.monotonic()
    done = act(slack, "command", text="find")

    assert 50 <= done["milliseconds"] <= (time.monotonic() - began) * 1_000
