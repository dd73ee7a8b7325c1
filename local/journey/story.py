"""`python -m local run`: the whole journey on one machine, told as it happens."""

import argparse
import json
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import requests

from local.engine.process import BUILD, EngineFailed
from local.journey import show, steps
from local.journey.client import StepFailed
from local.journey.neighbours import Neighbour, neighbours, visit
from local.journey.panel import hubspot_desk, neighbour_desk, round_trip
from local.journey.rules import act_by_rule
from local.journey.slack_team import slack_team, work_in_slack
from local.journey.steps import Story
from local.journey.truth import differences
from local.journey.world import Simulator, Sizes, World, world

Json = Any

PLURALS = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "task": "tasks",
    "activity": "activities",
}


class Told:
    """The steps so far: what each found, how long it took; becomes `build/journey.json`."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.steps: dict[str, Json] = {}
        self.failed: str | None = None

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[dict[str, Json]]:
        """One step; an exception inside it is what the journey failed with."""
        facts: dict[str, Json] = {}
        began = time.monotonic()
        show.say(f"[bold]{title}[/bold]")
        try:
            yield facts
        except Exception:
            self.failed = name
            raise
        finally:
            facts["seconds"] = round(time.monotonic() - began, 2)
            self.steps[name] = facts

    def save(self, error: str | None) -> None:
        BUILD.mkdir(exist_ok=True)
        whole = {
            "ok": error is None,
            "failed_step": self.failed,
            "error": error,
            "seconds": round(time.monotonic() - self.began, 2),
            "steps": self.steps,
        }
        (BUILD / "journey.json").write_text(json.dumps(whole, indent=2) + "\n")


def run(arguments: list[str]) -> int:
    """Exit 0 after the journey (`--once`) or at Ctrl-C; 1 with the step that failed and why."""
    asked = parsed(arguments)
    told = Told()
    error: str | None = None
    try:
        with ExitStack() as running:
            with told.step("start", "Starting the engine and the simulators, deploying template.yaml"):
                here = running.enter_context(world(Sizes(asked.contacts, asked.companies, asked.deals)))
                others = running.enter_context(neighbours(here.stack.engine))
                slack = running.enter_context(slack_team(here.stack.engine))
            story = journey(told, here)
            with told.step("slack", "Letting the app into a Slack team, and asking for a task there") as facts:
                facts.update(work_in_slack(story, slack))
            for neighbour, crm in others.items():
                with told.step(
                    neighbour.platform, f"Connecting {neighbour.title}, and bringing its records in"
                ) as facts:
                    facts.update(visit(story, neighbour, crm))
                    there = replace(story, connection=facts["connection"])
                    facts.update(round_trip(neighbour_desk(there, neighbour, crm)))
            farewell(story, told, others, slack)
            if not asked.once:
                stay_up()
    except (StepFailed, EngineFailed, requests.RequestException) as failed:
        error = f"{failed}"
        show.say(f"[red]The step {told.failed!r} failed:[/red] {error}")
    except Exception as bug:
        error = repr(bug)
        raise
    finally:
        told.save(error)
    return 1 if error else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local run")
    parser.add_argument("--once", action="store_true", help="exit after the journey")
    parser.add_argument("--contacts", type=int, default=Sizes().contacts)
    parser.add_argument("--companies", type=int, default=Sizes().companies)
    parser.add_argument("--deals", type=int, default=Sizes().deals)
    return parser.parse_args(arguments)


def journey(told: Told, here: World) -> Story:
    story = Story(here, here.sign_in())
    with told.step("connect", "Connecting HubSpot through its own authorize page"):
        steps.introduce_chat_app(story)
        steps.connect_hubspot(story)
    with told.step("sync", "Bringing the records in") as sync, show.progress() as bars:
        finished = steps.await_run(story, show.RunBars(bars, steps.totals(story)))
        sync.update(counts=finished["counts"], **steps.calls_of_sync(story))
    with told.step("compare", "Comparing every record with the CRM") as compared:
        compared["records"] = steps.compare(story, differences)
    with told.step("group", "Gathering a channel by a rule over deals") as gathered:
        gathered.update(steps.gather_group(story))
    with told.step("webhook", "Changing a deal in HubSpot") as heard:
        heard.update(steps.change_a_deal(story))
    with told.step("rule", "Letting a rule act on a deal that grows") as acted:
        acted.update(act_by_rule(story))
    with told.step("actions", "Pressing buttons under a chat message, each twice") as pressed:
        pressed.update(steps.press_buttons(story))
    with told.step("panel", "Editing a deal in the panel beside a chat, and in HubSpot") as edited:
        edited.update(round_trip(hubspot_desk(story)))
    story.facts = told.steps
    return story


def farewell(story: Story, told: Told, others: Mapping[Neighbour, Simulator], slack: Simulator) -> None:
    visited = {one.title: visited_row(told.steps[one.platform]) for one in others}
    show.table("What happened", {**rows(told.steps), **visited})
    url, connection = story.world.api_url, story.connection
    deal = told.steps["webhook"]["deal"]
    show.table(
        "Where it is",
        {
            "API": url,
            "OpenAPI": f"{url}/v1/openapi.json",
            "HubSpot simulator": f"{story.world.hubspot.url}/_sim/state",
            **{f"{one.title} simulator": f"{crm.url}/_sim/state" for one, crm in others.items()},
            "Slack simulator": f"{slack.url}/_sim/state",
            "chat app": f"{story.world.chat.url}/_sim/state",
            "API key": story.api_key,
        },
    )
    show.say("Ask it yourself:\n")
    show.plain(f"curl -s -H 'Authorization: Bearer {story.api_key}' '{url}/v1/records/{connection}/deals/{deal}'\n")


def rows(steps_told: Mapping[str, Json]) -> dict[str, str]:
    sync, group, webhook = steps_told["sync"], steps_told["group"], steps_told["webhook"]
    records = ", ".join(f"{counts['read']:,} {PLURALS[kind]}" for kind, counts in sync["counts"].items())
    return {
        "started and deployed in": f"{steps_told['start']['seconds']:.1f} s",
        "records": records,
        "synced in": f"{sync['seconds']:.1f} s",
        "API calls": f"{sync['calls']} (documented minimum {sync['minimum']})",
        "429s": str(sync["throttled"]),
        "equal to the CRM": f"{steps_told['compare']['records']:,} records compared",
        "channel gathered": f"after {group['seconds']:.1f} s, with {group['members']} in it",
        "deal changed in HubSpot": f"record after {webhook['record_seconds']:.2f} s, "
        f"channel after {webhook['channel_seconds']:.2f} s",
        "a rule acted": f"its task was in HubSpot after {steps_told['rule']['task_seconds']:.2f} s, once",
        "actions": f"{steps_told['actions']['completed']} completed, {steps_told['actions']['objects']} objects "
        f"in HubSpot after {steps_told['actions']['clicks']} clicks",
        "edited in the panel": edited_row(steps_told["panel"]),
        "asked for in Slack": slack_row(steps_told["slack"]),
    }


def edited_row(step: Mapping[str, Json]) -> str:
    return f"confirmed after {step['edit_seconds']:.2f} s; a change in the CRM seen after {step['back_seconds']:.2f} s"


def slack_row(step: Mapping[str, Json]) -> str:
    waited = f"Slack never waited longer than {step['slowest_milliseconds']} ms"
    return f"form after {step['form_seconds']:.2f} s, receipt after {step['receipt_seconds']:.2f} s; {waited}"


def visited_row(step: Mapping[str, Json]) -> str:
    records = f"{step['records']:,} records with {step['calls']} calls, equal to the CRM"
    return f"{records}; panel: {edited_row(step)}"


def stay_up() -> None:
    """Until Ctrl-C, or until asked to end in any other polite way."""
    ended = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    show.say("Running until Ctrl-C.")
    ended.wait()
    show.say("\nStopping.")
