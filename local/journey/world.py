"""Everything a journey needs, started and stopped together; heard on 127.0.0.1 alone."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from local.engine import process
from local.engine.deploy import Stack, api_url, deploy
from local.journey.client import Bridge, StepFailed

Json = Any

WORKSPACE = "acme"
CHAT_SECRET = "whsec_bG9jYWwtY2hhdC1hcHAtc2lnbmluZy1rZXktMDAwMQ=="
CLIENT_ID = "5ad1c0de-0000-4000-8000-0000c0ffee01"
CLIENT_SECRET = "simulator-client-secret"
APP_ID = "880011"
PREFIX = "crm-bridge/dev"  # the default stage
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How big the first simulated HubSpot account is; `shares` are those of further ones in per cent of it."""

    contacts: int = 10_000
    companies: int = 2_000
    deals: int = 3_000
    tasks: int = 400
    activities: int = 600
    shares: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator in a process of its own, and its control routes."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, method: str, what: str, body: Json = None, **params: str | int) -> Json:
        answer = requests.request(method, f"{self.url}/_sim/{what}", json=body, params=params, timeout=120)
        if answer.status_code >= 400:
            raise StepFailed(f"{method} {self.url}/_sim/{what}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def get(self, what: str, **params: str | int) -> Json:
        return self.ask("GET", what, **params)

    def post(self, what: str, body: Json) -> Json:
        return self.ask("POST", what, body)


@dataclass(frozen=True, slots=True)
class World:
    """What runs, and where."""

    stack: Stack
    hubspot: Simulator
    chat: Simulator

    @property
    def api_url(self) -> str:
        return self.stack.api_url

    def sign_in(self, user: str = "ada", role: str = "admin", workspace: str = WORKSPACE) -> Bridge:
        """A caller with a token of the chat app's own issuer."""
        return Bridge(self.api_url, self.token(user, role, workspace))

    def share_chat_secret(self, workspace: str) -> None:
        """The simulated chat app has one signing secret; what a workspace gets by itself is one of its own."""
        secrets = self.stack.engine.client("secretsmanager")
        put_secret(secrets, f"{PREFIX}/chat/{workspace}", {"secret": CHAT_SECRET})

    def token(self, user: str, role: str, workspace: str = WORKSPACE) -> str:
        wish = {"user": user, "role": role, "workspace": workspace}
        return str(self.chat.post("token", wish)["token"])


@contextmanager
def world(sizes: Sizes, home: Path = process.BUILD) -> Iterator[World]:
    """Start engine and simulators and deploy; everything ends with the `with`, whatever happens in it."""
    with ExitStack() as cleanup:
        engine = process.start(home)
        cleanup.callback(process.stop, home)
        yield cleanup.enter_context(inhabited(engine, sizes))


@contextmanager
def inhabited(engine: process.Engine, sizes: Sizes) -> Iterator[World]:
    """The world on an engine that runs already."""
    home = engine.home
    with ExitStack() as cleanup:
        cleanup.callback(save_logs, engine, home / "functions.log")
        chat = cleanup.enter_context(simulator("chat", home, chat_options(home)))
        hubspot = cleanup.enter_context(simulator("hubspot", home, hubspot_options(sizes, api_url(engine))))
        make_secrets(engine, hubspot.url)
        stack = deploy(engine, parameters(api_url(engine), chat.url))
        yield World(stack, hubspot, chat)


@contextmanager
def simulator(platform: str, home: Path, options: Mapping[str, str | int]) -> Iterator[Simulator]:
    port = process.free_port(0)
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "local.simulators", platform, "--port", str(port), *flags]
    with (home / f"{platform}.log").open("wb") as log:
        running = subprocess.Popen(
            command, cwd=process.ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        started = Simulator(f"http://127.0.0.1:{port}", running)
        await_simulator(started, home / f"{platform}.log")
        yield started
    finally:
        running.terminate()
        running.wait(timeout=10)


def await_simulator(started: Simulator, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            requests.get(f"{started.url}/_sim/health", timeout=5)
        except requests.ConnectionError:
            if started.process.poll() is not None or time.monotonic() > deadline:
                raise StepFailed(f"a simulator did not start; {log} says why") from None
            time.sleep(0.05)
        else:
            return


def hubspot_options(sizes: Sizes, api: str) -> dict[str, str | int]:
    return {
        "contacts": sizes.contacts,
        "companies": sizes.companies,
        "deals": sizes.deals,
        "tasks": sizes.tasks,
        "activities": sizes.activities,
        "shares": " ".join(map(str, sizes.shares)),
        "client-id": CLIENT_ID,
        "client-secret": CLIENT_SECRET,
        "app-id": APP_ID,
        "webhook-url": f"{api}/v1/webhooks/hubspot",
    }


def chat_options(home: Path) -> dict[str, str | int]:
    return {"secret": CHAT_SECRET, "workspace": WORKSPACE, "key-file": str(home / "chat-issuer.pem")}


def parameters(api: str, issuer: str) -> dict[str, str]:
    """The template's parameters for a laptop: the addresses of what was started here, and no index lag to wait out."""
    return {
        "PublicUrl": api,
        "OidcIssuer": issuer,
        "OidcAudience": "crm-bridge",
        "ReturnUrls": issuer,
        "SyncLagSeconds": "0",
    }


def make_secrets(engine: process.Engine, hubspot: str) -> None:
    """What an operator stores once: our app at HubSpot, and the secret shared with the chat app."""
    secrets = engine.client("secretsmanager")
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_id": APP_ID}
    hosts = {"auth_url": hubspot, "api_url": hubspot}
    put_secret(secrets, f"{PREFIX}/apps/hubspot", {**app, **hosts})
    put_secret(secrets, f"{PREFIX}/chat/{WORKSPACE}", {"secret": CHAT_SECRET})


def put_secret(secrets: Any, name: str, value: Mapping[str, str]) -> None:
    text = json.dumps(value)
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)


def save_logs(engine: process.Engine, path: Path) -> None:
    """Write what the functions logged, oldest first: the engine forgets it when it stops."""
    path.write_text("\n".join(logged(engine)) + "\n")


def logged(engine: process.Engine) -> list[str]:
    logs = engine.client("logs")
    lines: list[tuple[int, str]] = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines += [(event["timestamp"], event["message"]) for page in pages for event in page["events"]]
    return [line.rstrip() for _, line in sorted(lines)]
