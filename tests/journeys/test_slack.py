"""A Slack team as people use it: commands, forms, cards that become receipts, links, and a smart group's channel."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from crmbridge.services.deliver_outbound import deliver_outbound
from slack_sdk.signature import SignatureVerifier

from local.journey import steps
from local.journey.client import StepFailed
from local.journey.inside import Inside
from local.journey.slack_team import APP, CHANNEL, TEAM, Person, install, slack_team
from local.journey.steps import Story
from local.journey.world import Simulator, World

pytestmark = pytest.mark.journey

Json = Any

DAY = 86_400


@pytest.fixture(scope="module")
def slack(world: World) -> Iterator[Simulator]:
    with slack_team(world.stack.engine) as started:
        yield started


@pytest.fixture(scope="module")
def story(slack: Simulator, connected: Callable[..., Story]) -> Story:
    """Return a workspace with a synced CRM and the app in its Slack team."""
    story = connected()
    install(story)
    return story


@pytest.fixture
def anna(slack: Simulator, story: Story) -> Person:
    return Person(slack)


@pytest.fixture
def deal(story: Story) -> str:
    """Return a deal that has contacts."""
    return steps.deal_with_contact(story)[0]


def fields_of(story: Story, deal: str) -> Json:
    return story.admin.get(f"/v1/records/{story.connection}/deals/{deal}")["fields"]


def members(slack: Simulator, channel: str) -> set[str]:
    return set(slack.get("state")["teams"][TEAM]["channels"][channel]["members"])


def test_the_app_is_let_in(story: Story, slack: Simulator) -> None:
    assert story.admin.get("/v1/chat/slack")["team"] == TEAM
    assert slack.post("verify", {})["verified"]


def test_a_team_of_another_workspace_is_refused(story: Story) -> None:
    other = steps.begin_story(story.world, "team-without-slack")

    with pytest.raises(StepFailed, match="409"):
        install(other)


def test_what_is_found_is_shown_to_the_one_who_asked(anna: Person, story: Story, deal: str) -> None:
    name = fields_of(story, deal)["name"]

    anna.command(f"find {name}")

    assert anna.message(f"Found for “{name}”")["blocks"]


def test_a_task_of_a_command_is_one_task_whose_card_is_its_receipt(anna: Person, story: Story) -> None:
    before = steps.live_counts(story)["tasks"]
    anna.command("task Send the contract tomorrow")
    form = anna.filled_form()

    anna.do("submit", view_id=form["id"])
    again = sent_again(story, form)

    assert (again.status_code, again.text) == (200, "")
    receipt = anna.message("Send the contract", "white_check_mark")
    assert "/record/0-27/" in str(receipt["blocks"])
    assert steps.live_counts(story)["tasks"] == before + 1


def sent_again(story: Story, form: Json) -> requests.Response:
    """As when a person presses twice before the form has closed."""
    state = {block["block_id"]: {"value": block["element"] | {"value": begun(block)}} for block in form["blocks"]}
    view = {**form, "state": {"values": state}}
    payload = {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": "U0ANNA"}, "view": view}
    body, stamp = urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
    signature = SignatureVerifier(APP["webhook_secret"]).generate_signature(timestamp=stamp, body=body) or ""
    proven = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
    door = f"{story.world.api_url}/v1/chat/slack/interactions"
    return requests.post(door, data=body, headers=proven, timeout=30)


def begun(block: Json) -> Json:
    return block["element"].get("initial_value") or block["element"].get("initial_date")


def test_what_is_wrong_is_said_in_the_form_and_what_is_right_reaches_the_deal(
    anna: Person, story: Story, deal: str
) -> None:
    anna.command(f"link {address(story, deal)}")
    anna.message("This channel is about")
    asked = anna.messages()[0]["ts"]
    anna.do("shortcut", callback_id="update_deal", channel=CHANNEL, ts=asked)
    form = anna.filled_form()

    amount = next(one["block_id"] for one in form["blocks"] if one["block_id"].startswith("fields.amount"))
    wrong = anna.do("submit", view_id=form["id"], values={amount: "plenty"})
    anna.do("submit", view_id=form["id"], values={amount: "123456"})

    assert wrong["answer"]["response_action"] == "errors"
    assert "a number" in wrong["answer"]["errors"][amount]
    anna.message("Change of a deal", "white_check_mark")
    (changed,) = steps.in_crm(story, "deals", id=deal)["live"]
    assert changed["properties"]["amount"] == "123456"


@pytest.fixture
def unsure(
    anna: Person,
    story: Story,
    trouble: Callable[..., None],
    time_passes: Callable[..., None],
    deps: Callable[..., Inside],
) -> str:
    """Return the id of a task that is in HubSpot, asked for in Slack; nobody can tell that it is there."""
    lost = {"kind": "commit_then_timeout", "body": "reset"}
    never = {"kind": "status", "status": 500, "body": "html", "times": None}
    trouble(*({"method": "POST", "path": "/objects/tasks$", **rule} for rule in (lost, never)))
    anna.command("task Ask whether they still want it")
    anna.do("submit", view_id=anna.filled_form()["id"])
    action = story.admin.get(f"/v1/chats/{CHANNEL}/actions")["items"][0]["id"]
    steps.await_unknown(story, action)
    made = [one["id"] for one in steps.in_crm(story, "tasks")["live"] if is_asked(one)]
    tidied = {"crm_bridge_key": "", "hs_task_body": ""}
    steps.change_in_crm(story, {"op": "update", "object": "tasks", "ids": made, "properties": tidied})
    time_passes(story, action)
    deliver_outbound(deps(seconds=DAY), story.workspace, f"{action}.uncertain.0")
    story.world.hubspot.ask("DELETE", "faults")
    return str(made[0])


def is_asked(task: Json) -> bool:
    return bool(task["properties"]["hs_task_subject"] == "Ask whether they still want it")


def test_of_what_nobody_can_tell_its_card_asks_a_person_and_becomes_the_receipt(
    anna: Person, slack: Simulator, story: Story, unsure: str
) -> None:
    card = anna.message("Ask whether they still want it", "It was not done")
    Person(slack, "U0BEN").do("press", channel=CHANNEL, ts=card["ts"], action_id="not_done")
    assert anna.message("only an admin or who asked")["visible_to"] == "U0BEN"

    anna.do("press", channel=CHANNEL, ts=card["ts"], action_id="open:settle")
    form = anna.filled_form()
    refused = anna.do("submit", view_id=form["id"], values={"record": "https://example.test/1"})
    wrong = anna.do("submit", view_id=form["id"], values={"record": "987654321"})
    anna.message("Ask whether they still want it", "does not show that record")
    anna.do("press", channel=CHANNEL, ts=card["ts"], action_id="open:settle")
    anna.do("submit", view_id=anna.filled_form()["id"], values={"record": unsure})

    assert "no address of a record" in refused["answer"]["errors"]["record"]
    assert wrong["answer"] == ""
    receipt = anna.message("Ask whether they still want it", "white_check_mark", f"/0-27/{unsure}")
    assert receipt["ts"] == card["ts"]


def test_a_window_that_comes_too_late_is_explained(anna: Person, slack: Simulator, expiring: None) -> None:
    anna.command("task Never asked")

    assert "press again" in anna.message("Slack gives us three seconds")["text"]


@pytest.fixture
def expiring(slack: Simulator) -> Iterator[None]:
    slack.post("settings", {"trigger_seconds": 0.0})
    yield
    slack.post("settings", {"trigger_seconds": 3.0})


def test_a_link_shows_what_everybody_may_see(anna: Person, story: Story, deal: str) -> None:
    name, amount = (fields_of(story, deal)[field] for field in ("name", "amount"))

    posted = anna.do("link", channel=CHANNEL, url=address(story, deal))

    assert posted["state"] == "delivered"
    unfurled = str(anna.message(address(story, deal), name)["unfurls"])
    assert amount not in unfurled


def address(story: Story, deal: str) -> str:
    return str(story.admin.get(f"/v1/records/{story.connection}/deals/{deal}")["url"])


def test_home_shows_what_was_asked_for(anna: Person, slack: Simulator) -> None:
    anna.do("home")

    steps.awaited("Home", lambda: slack.get("state")["teams"][TEAM]["homes"].get("U0ANNA"))


def test_a_group_brings_people_into_its_channel_and_puts_out_no_others(slack: Simulator, story: Story) -> None:
    """The app is not in the channel, and Carla is there of her own."""
    rules = {"field": "deal_amount", "operator": "gte", "value": 0}
    wish = {"name": "Sellers", "channel": "C0SUPPORT", "rules": rules, "members": "owner", "paused": True}
    before = members(slack, "C0SUPPORT")
    group = f"/v1/groups/{story.admin.post('/v1/groups', {**wish, 'hold_people': 100, 'hold_percent': 100})['id']}"
    steps.awaited("members", lambda: story.admin.get(f"{group}/members")["items"] or None)
    sellers = steps.settled(lambda: [one["person"] for one in story.admin.get(f"{group}/members")["items"]], 3.0)
    hired = {f"U0NEW{number}": email for number, email in enumerate(sellers)}
    slack.post("mutate", [{"op": "add_user", "id": id, "name": id, "email": email} for id, email in hired.items()])

    story.admin.patch(group, {"paused": False})
    steps.awaited("sellers in the channel", lambda: hired.keys() <= members(slack, "C0SUPPORT") or None)
    story.admin.patch(group, {"rules": {"field": "deal_amount", "operator": "gte", "value": 10**12}})

    steps.awaited("only who was there", lambda: members(slack, "C0SUPPORT") - {"U0BRIDGEBOT"} == before or None)
    assert len(hired) > 1


def test_who_is_not_listed_may_look_where_an_admin_says_so(story: Story, slack: Simulator) -> None:
    story.admin.put("/v1/chat/slack", {"writers": "people"})
    carla = Person(slack, "U0CARLA")

    carla.command("task Never made")

    def told() -> Json | None:
        windows = slack.get("state")["teams"][TEAM]["views"]
        return next((one for one in windows if "ask an admin" in str(one["blocks"])), None)

    steps.awaited("refusal", told)
    assert story.admin.put("/v1/chat/slack", {"writers": "everyone"})["shows_amounts"] is False


def test_everything_was_acknowledged_in_time(slack: Simulator) -> None:
    asked = slack.get("interactions")["interactions"]

    assert len(asked) > 5
    assert [one for one in asked if one.get("acknowledged") is False] == []


def test_an_app_that_was_removed_is_forgotten(slack: Simulator, story: Story) -> None:
    slack.post("mutate", [{"op": "uninstall"}])

    steps.awaited("goodbye", lambda: story.admin.raw("GET", "/v1/chat/slack").status_code == 404 or None)
