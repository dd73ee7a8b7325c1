"""A Slack team beside the simulated CRMs: our app is let in, and its people do what people do there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from local.engine.deploy import api_url
from local.engine.process import Engine
from local.journey.client import StepFailed
from local.journey.steps import Story, awaited, come_back
from local.journey.world import PREFIX, Simulator, put_secret, simulator

Json = Any

TEAM = "T0ACME"
CHANNEL = "C0DEALS"
APP = {
    "client_id": "1000000000001.2000000000002",
    "client_secret": "simulator-slack-client-secret",
    "webhook_secret": "5ad1c0de51ac00005ad1c0de51ac0000",
}


@contextmanager
def slack_team(engine: Engine) -> Iterator[Simulator]:
    """The simulator, and our app's secret as an operator stores it."""
    doors = ("commands", "interactions", "events")
    flags = {f"{door}-url": f"{api_url(engine)}/v1/chat/slack/{door}" for door in doors}
    with simulator("slack", engine.home, {**flags, "unfurl-domains": "hubspot.com"}) as started:
        hosts = {"auth_url": started.url, "api_url": f"{started.url}/api"}
        put_secret(engine.client("secretsmanager"), f"{PREFIX}/apps/slack", {**APP, **hosts})
        yield started


def install(story: Story, team: str = TEAM) -> None:
    """An admin opens the consent page and allows it."""
    started = story.admin.post("/v1/chat/slack/install", {})
    answer = requests.get(f"{started['authorize_url']}&_sim_approve={team}", timeout=30, allow_redirects=False)
    if answer.status_code not in (302, 303):
        raise StepFailed(f"Slack's consent page answered {answer.status_code}: {answer.text[:300]}")
    come_back(answer.headers["location"])


def work_in_slack(story: Story, slack: Simulator) -> dict[str, Json]:
    """Install, ask for a task, send its form, and wait until the card is the receipt."""
    install(story)
    anna, began = Person(slack), time.monotonic()
    anna.command("task Call the customer tomorrow")
    form = anna.filled_form()
    opened = time.monotonic()
    anna.do("submit", view_id=form["id"])
    anna.message("Call the customer", "white_check_mark")
    slowest = max(one.get("milliseconds") or 0 for one in slack.get("interactions")["interactions"])
    return {
        "form_seconds": round(opened - began, 2),
        "receipt_seconds": round(time.monotonic() - opened, 2),
        "slowest_milliseconds": round(slowest),
    }


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the team, with the app before them."""

    slack: Simulator
    user: str = "U0ANNA"
    channel: str = CHANNEL

    def do(self, what: str, **given: Json) -> Json:
        """Command, press, shortcut, submit, link, home: what came of it. Slack must have been answered in time."""
        answer = self.slack.post(what, {"user": self.user, **given})
        if "acknowledged" in answer and not answer["acknowledged"]:
            raise StepFailed(f"Slack was not answered in time: {answer}")
        return answer

    def command(self, text: str) -> Json:
        return self.do("command", channel=self.channel, command="/crm", text=text)

    def messages(self) -> list[Json]:
        """What the channel holds, also what this person alone sees."""
        found: list[Json] = self.slack.get("state")["teams"][TEAM]["channels"][self.channel]["messages"]
        return found

    def message(self, *words: str) -> Json:
        """The newest one with all these words in it, as soon as it is there."""

        def look() -> Json | None:
            shown = [(one, f"{one.get('text')} {one.get('blocks')} {one.get('unfurls')}") for one in self.messages()]
            return next((one for one, text in reversed(shown) if all(word in text for word in words)), None)

        return awaited(f"message in Slack with {' and '.join(words)}", look)

    def filled_form(self) -> Json:
        """The form that is open before this person, once it can be sent."""

        def look() -> Json | None:
            views = self.slack.get("state")["teams"][TEAM]["views"]
            return next((one for one in views if one.get("submit")), None)

        return awaited("form in Slack", look)
